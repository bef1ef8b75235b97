/*
 * Counts of HTTP requests and connections. Not counted as dropped: failed handshakes, and requests
 * that libmicrohttpd itself closes, since it reports their end like any other.
 */
#ifndef EXPORTER_STATE_HTTP_COUNTERS_H
#define EXPORTER_STATE_HTTP_COUNTERS_H

#include <stdint.h>

/* How many codes are counted separately: those that this endpoint and libmicrohttpd send, and
 * `other`, which stays 0 unless one of them sends a new code. */
enum { HTTP_CODES = 11 };

/* Why the exporter ended a connection before it was answered in full. */
enum http_drop {
    HTTP_DROP_LIMIT,    /* refused: at a limit of connections.h, and none could be replaced */
    HTTP_DROP_REPLACED, /* replaced by a newcomer: its request had not come */
    HTTP_DROP_TIMEOUT,  /* no progress for HTTP_TIMEOUT_SECONDS */
    HTTP_DROP_DEADLINE, /* open for CONNECTIONS_DEADLINE_SECONDS */
    HTTP_DROP_MEMORY,   /* refused: the system had no memory for it */
    HTTP_DROPS,         /* how many causes */
};

/* The values of the labels `code` and `reason`, by index, and what a reason means in a few words.
 */
const char *http_code_value(uint32_t index);
const char *http_drop_value(uint32_t index);
const char *http_drop_meaning(uint32_t index);

struct http_counters {
    uint64_t replies[HTTP_CODES]; /* requests answered; index as in http_code_value */
    uint64_t drops[HTTP_DROPS];   /* index: enum http_drop */
};

/* Counts a reply by its status. */
void http_counters_reply(struct http_counters *counters, unsigned status);

#endif
