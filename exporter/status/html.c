#include "exporter/status/html.h"

#include "exporter/text/foreign_text.h"
#include "exporter/text/writer.h"

#include <string.h>

void html_put_name(struct writer *page, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("<>&\"'", *text) != NULL) {
            writer_put(page, "&#%d;", *text);
        } else {
            writer_put(page, "%c", *text);
        }
    }
}

void html_put_foreign(struct writer *page, const struct foreign_text *text)
{
    writer_put(page, "<bdi>");
    html_put_name(page, text->text);
    writer_put(page, "</bdi>");
}
