/* A token bucket: one request in each interval, and some in advance. */
#ifndef EXPORTER_WEB_CONFIG_RATE_LIMIT_H
#define EXPORTER_WEB_CONFIG_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
    uint32_t interval; /* milliseconds; 0: no limit */
    uint32_t burst;    /* 1 or more, where there is a limit */
    uint64_t tokens;   /* requests that are free now */
    uint64_t filled;   /* when the latest of them came, milliseconds */
};

/* Starts full. `now` in milliseconds of any clock that does not step back, as below. */
void rate_limit_start(uint32_t interval, uint32_t burst, uint64_t now, struct rate_limit *out);

/* Whether a request may be served now; if so, it is counted. */
bool rate_limit_take(struct rate_limit *limit, uint64_t now);

#endif
