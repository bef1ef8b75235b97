#include "exporter/status/status.h"

#include "exporter/status/page.h"
#include "exporter/status/view.h"
#include "exporter/text/terminal.h"
#include "exporter/text/writer.h"

#include <errno.h>
#include <stdbool.h>

static void render(const struct view *view, enum status_form form, struct writer *page)
{
    if (form == STATUS_HTML) {
        page_html(view, page);
    } else if (form == STATUS_JSON) {
        page_json(view, page);
    } else {
        const bool ascii = form == STATUS_TEXT_ASCII || form == STATUS_TEXT_ASCII_COLOR;
        const bool color = form == STATUS_TEXT_COLOR || form == STATUS_TEXT_ASCII_COLOR;
        page_text(view, (struct page_style){ascii ? TERMINAL_ASCII : TERMINAL_UTF8, color}, page);
    }
}

long status_render(const struct state *state, enum status_form form, uint32_t now, uint64_t today,
                   char buffer[STATUS_BYTES]) // NOLINT(readability-non-const-parameter)
{
    struct view view;
    const int error = view_make(state, now, today, &view);
    if (error != 0) {
        return error;
    }
    struct writer page = {.start = buffer, .size = STATUS_BYTES};
    render(&view, form, &page);
    return page.full ? -ENOMEM : (long)page.length;
}
