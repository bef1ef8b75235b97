/*
 * Looks every HINTS_LOOK_SECONDS whether the set-up seems wrong (exporter/state/hints.h), keeps
 * what it finds in the state, and logs a hint when it begins and when it ends: each at most once in
 * HINTS_LOG_SECONDS, whatever a sender does.
 */
#ifndef EXPORTER_HINTS_HINTS_H
#define EXPORTER_HINTS_HINTS_H

#include "common/domain.h"
#include "exporter/counts/window.h"
#include "exporter/hints/networks.h"
#include "exporter/state/hints.h"
#include "exporter/system/timer.h"

#include <stdbool.h>
#include <stdint.h>

struct state;

enum {
    HINTS_LOOK_SECONDS = WINDOW_SAMPLE_SECONDS,
    HINTS_LOG_SECONDS = 600,
    HINTS_START_SECONDS = 600, /* nothing has come in for so long since the start */
    /* Queries, or responses, in 5 minutes that are more than a stray one. */
    HINTS_QUERIES_MIN = 20,
    HINTS_PORT_QUERIES_MIN = 100, /* at two ports, before they are compared */
    HINTS_REJECTED_MIN = 200,     /* without a format that they prove */
    HINTS_SESSIONS_MIN = 100,     /* unproved ones, before there is a flood */
};

/* A domain's queries since its latest response, and the other way round. */
struct hints_silence {
    uint64_t queries; /* totals at the latest look */
    uint64_t responses;
    uint64_t unanswered;  /* queries since the latest response */
    uint64_t unasked;     /* responses since the latest query */
    uint32_t no_response; /* looks in a row with queries and without a response */
    uint32_t no_query;    /* looks in a row with responses and without a query */
};

struct hints_log {
    bool told;       /* what the log says of it: it has begun, and not ended */
    bool ever;       /* the log has a line of it */
    uint32_t second; /* of that line */
};

struct hints_watch {
    struct state *state; /* not owned */
    uint32_t started;
    uint32_t latest;      /* second / HINTS_LOOK_SECONDS of the latest look */
    struct window window; /* of hints.c's counters */
    struct hints_silence silences[DOMAINS_MAX];
    uint32_t full_looks;     /* in a row in which the table of sessions was full */
    uint32_t unproved_looks; /* in a row in which most of its entries were unproved */
    uint64_t turned_away;    /* evicted and refused sessions at the latest look */
    struct networks_watch networks;
    struct hints_log logs[HINTS];
};

/* `now` in seconds of CLOCK_BOOTTIME. The state must outlive it. */
void hints_start(struct state *state, uint32_t now, struct hints_watch *out);

/* Looks when it is time. */
struct timer hints_timer(struct hints_watch *watch);

#endif
