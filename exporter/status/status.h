/*
 * The status page: the values of view.h as one HTML document without scripts, picture files or
 * anything else to fetch.
 */
#ifndef EXPORTER_STATUS_STATUS_H
#define EXPORTER_STATUS_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;

enum {
    /* The longest page: half of it is for 32 domains of 240 characters, two rankings and a
     * graph. */
    STATUS_BYTES = 64 * 1024,
};

/*
 * Writes the page, without NUL, into STATUS_BYTES of buffer. `now` in seconds of CLOCK_BOOTTIME,
 * `today` in seconds since 1970. Returns its length, or -ENOMEM.
 */
long status_render(const struct state *state, uint32_t now, uint64_t today,
                   char buffer[STATUS_BYTES]);

#endif
