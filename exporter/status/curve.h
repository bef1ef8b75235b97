/* How many sessions were active, drawn with characters of a terminal. */
#ifndef EXPORTER_STATUS_CURVE_H
#define EXPORTER_STATUS_CURVE_H

#include "exporter/text/terminal.h"

struct view_history;
struct writer;

/* The hour: rows of columns with an axis of values and one of times. A time without data is blank,
 * one with nobody active is not. */
void curve_put(struct writer *page, const struct view_history *history,
               enum terminal_characters characters);

/* A longer span in one line, behind its name. */
void curve_put_line(struct writer *page, const char *name, const struct view_history *history,
                    enum terminal_characters characters);

#endif
