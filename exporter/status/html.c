#include "exporter/status/html.h"

#include "exporter/text/foreign_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void html_put(struct html_page *page, const char *format, ...)
{
    size_t room = page->size - page->length;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(page->start + page->length, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room) {
        page->full = true;
    } else {
        page->length += (size_t)length;
    }
}

void html_put_name(struct html_page *page, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("<>&\"'", *text) != NULL) {
            html_put(page, "&#%d;", *text);
        } else {
            html_put(page, "%c", *text);
        }
    }
}

void html_put_foreign(struct html_page *page, const struct foreign_text *text)
{
    html_put(page, "<bdi>");
    html_put_name(page, text->text);
    html_put(page, "</bdi>");
}
