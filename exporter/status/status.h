/* The status page: made from the state in one of its forms. */
#ifndef EXPORTER_STATUS_STATUS_H
#define EXPORTER_STATUS_STATUS_H

#include <stddef.h>
#include <stdint.h>

struct state;

enum {
    /* All hints, as long as they can be. */
    STATUS_HINTS_BYTES = 16 * 1024,
    /* The longest page: of the rest, half is for 32 domains of 240 characters, two rankings and the
     * graphs. */
    STATUS_BYTES = 96 * 1024 + STATUS_HINTS_BYTES,
};

enum status_form {
    STATUS_HTML,
    STATUS_JSON,
    STATUS_TEXT, /* from here on for a terminal: UTF-8 or ASCII, without and with colour */
    STATUS_TEXT_ASCII,
    STATUS_TEXT_COLOR,
    STATUS_TEXT_ASCII_COLOR,
    STATUS_FORMS, /* how many */
};

/*
 * Writes the page, without NUL, into STATUS_BYTES of buffer. `now` in seconds of CLOCK_BOOTTIME,
 * `today` in seconds since 1970. Returns its length, or -ENOMEM.
 */
long status_render(const struct state *state, enum status_form form, uint32_t now, uint64_t today,
                   char buffer[STATUS_BYTES]);

#endif
