/* Text in HTML, with what HTML treats specially escaped. */
#ifndef EXPORTER_STATUS_HTML_H
#define EXPORTER_STATUS_HTML_H

struct foreign_text;
struct writer;

/* Text of the command line, also for an attribute's value. */
void html_put_name(struct writer *page, const char *text);

/* Foreign text, in an element of its own: a name that is written from right to left leaves the
 * order of what is beside it alone. Not for an attribute. */
void html_put_foreign(struct writer *page, const struct foreign_text *text);

#endif
