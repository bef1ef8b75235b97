/*
 * How many HTTP connections the exporter ended before they were answered in full, by the cause. Not
 * among them: handshakes that fail, and requests that libmicrohttpd hangs up on, whose end it does
 * not tell from others.
 */
#ifndef EXPORTER_DROPS_H
#define EXPORTER_DROPS_H

#include <stdint.h>

enum drop {
    DROP_LIMIT,    /* refused: at a limit of connections.h, and none could be given up for it */
    DROP_REPLACED, /* given up for a newcomer: its request had not come */
    DROP_TIMEOUT,  /* no progress for HTTP_TIMEOUT_SECONDS */
    DROP_DEADLINE, /* open for CONNECTIONS_DEADLINE_SECONDS */
    DROP_MEMORY,   /* refused: the system had no memory for it */
    DROPS,         /* how many causes */
};

/* The value of the label `reason`, by index. */
extern const char *const drops_reasons[DROPS];

struct drops {
    uint64_t counts[DROPS]; /* index: enum drop */
};

#endif
