/*
 * Writing HTML into a buffer. Nothing is written past its end: `full` says that something did not
 * fit, and the page is not whole.
 */
#ifndef EXPORTER_STATUS_HTML_H
#define EXPORTER_STATUS_HTML_H

#include <stdbool.h>
#include <stddef.h>

struct foreign_text;

struct html_page {
    char *start;
    size_t size;   /* of the buffer; one byte of it is for a NUL */
    size_t length; /* of what is written */
    bool full;     /* something did not fit */
};

/* HTML as it is. No argument may be text of others. */
void html_put(struct html_page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Text of the command line, with what HTML treats specially escaped, also for an attribute's value.
 */
void html_put_name(struct html_page *page, const char *text);

/* The same of foreign text, in an element of its own: a name that is written from right to left
 * leaves the order of what is beside it alone. Not for an attribute. */
void html_put_foreign(struct html_page *page, const struct foreign_text *text);

#endif
