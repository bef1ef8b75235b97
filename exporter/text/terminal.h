/* Foreign text in a column of a terminal. */
#ifndef EXPORTER_TEXT_TERMINAL_H
#define EXPORTER_TEXT_TERMINAL_H

#include "exporter/text/foreign_text.h"

enum terminal_characters {
    TERMINAL_UTF8,
    TERMINAL_ASCII, /* a question mark for each other character */
};

enum {
    TERMINAL_COLUMNS_MAX = 200, /* more are taken for so many */
    TERMINAL_ELLIPSIS_MAX = 3,  /* bytes */
    TERMINAL_FOREIGN_MAX = FOREIGN_TEXT_MAX + TERMINAL_ELLIPSIS_MAX + TERMINAL_COLUMNS_MAX,
};

/*
 * Writes so many columns, at most TERMINAL_FOREIGN_MAX bytes, and returns where it ended. A shorter
 * text has spaces behind it; a longer one is cut between two characters and ends in an ellipsis:
 * "…", or "..." of ASCII. Marks that begin the text are left out of UTF-8: a terminal would put
 * them on the character before it.
 */
char *terminal_put_foreign(char *at, const struct foreign_text *text, unsigned columns,
                           enum terminal_characters characters);

#endif
