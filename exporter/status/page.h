/* The status page in each of its forms: the values of view.h as text that a writer takes. */
#ifndef EXPORTER_STATUS_PAGE_H
#define EXPORTER_STATUS_PAGE_H

#include "exporter/text/terminal.h"

#include <stdbool.h>

struct view;
struct writer;

/* How the text form looks. All zero: UTF-8 without colour. */
struct page_style {
    enum terminal_characters characters;
    bool color; /* escapes of ECMA-48 around what is good or wrong, all of them our own */
};

/* One HTML document without scripts, picture files or anything else to fetch. */
void page_html(const struct view *view, struct writer *page);

/* Lines of at most PAGE_TEXT_COLUMNS columns. */
void page_text(const struct view *view, struct page_style style, struct writer *page);
enum { PAGE_TEXT_COLUMNS = 80 };

/* One JSON object, as docs/status.schema.json describes it. */
void page_json(const struct view *view, struct writer *page);

#endif
