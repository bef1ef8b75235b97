/*
 * Strings of JSON (RFC 8259), with their quotes. What HTML and JavaScript treat specially is
 * escaped too: a page can have them in it. Each function writes at `at` and returns where it ended.
 */
#ifndef EXPORTER_TEXT_JSON_H
#define EXPORTER_TEXT_JSON_H

#include "exporter/text/foreign_text.h"

enum {
    JSON_QUOTES = 2,
    JSON_BYTE_MAX = 6, /* bytes for one byte of the text */
    JSON_FOREIGN_MAX = JSON_QUOTES + JSON_BYTE_MAX * FOREIGN_TEXT_MAX,
};

/* Text of this program or of its command line: at most JSON_QUOTES + JSON_BYTE_MAX * strlen(text)
 * bytes. U+FFFD is written for a byte that is not UTF-8. */
char *json_put_string(char *at, const char *text);

/* At most JSON_FOREIGN_MAX bytes. */
char *json_put_foreign(char *at, const struct foreign_text *text);

#endif
