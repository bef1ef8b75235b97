/* What the looks have found so far: hints.c keeps it, and conditions.c reads it. */
#ifndef EXPORTER_HINTS_WATCH_H
#define EXPORTER_HINTS_WATCH_H

#include "common/domain.h"
#include "common/options.h"
#include "exporter/counts/window.h"
#include "exporter/hints/networks.h"
#include "exporter/state/hints.h"

#include <stdbool.h>
#include <stdint.h>

struct state;

/* Time is counted in looks, so that the time that the host slept is none. So many looks in a row
 * cover these minutes, wherever in the first one it began. */
enum {
    HINTS_LOOK_SECONDS = WINDOW_SAMPLE_SECONDS,
    HINTS_FIVE_MINUTES = 300 / HINTS_LOOK_SECONDS + 1,
    HINTS_TEN_MINUTES = 600 / HINTS_LOOK_SECONDS + 1,
    HINTS_HOUR = 3600 / HINTS_LOOK_SECONDS,
};

enum {
    HINTS_LOG_SECONDS = 600,
    HINTS_PORT_QUERIES_MIN = 100, /* at two ports in 5 minutes, before they are compared */
    HINTS_REJECTED_MIN = 5,       /* in each look, without a format that they prove */
    HINTS_SESSIONS_MIN = 100,     /* that count unproved, before there is a flood */
};

/* The counters in the window: queries and those from loopback of each port, packets lost. */
enum {
    HINTS_COUNTER_LOST = 2 * OPTIONS_PORTS_MAX,
    HINTS_COUNTERS,
};

/* Looks with one thing and without another. */
struct hints_row {
    uint32_t looks; /* since the latest with the other */
    uint32_t idle;  /* in a row with neither; as long as HINTS_FIVE_MINUTES it begins again */
};

/* What came under a domain in an hour. */
struct hints_span {
    uint64_t queries;
    uint64_t rejected;
    bool established; /* a session was, at a look */
};

struct hints_domain {
    uint64_t queries; /* totals at the latest look, as the next two */
    uint64_t responses;
    uint64_t rejected;
    struct hints_row unanswered; /* queries and no response */
    struct hints_row unasked;    /* responses and no query */
    uint32_t unread;             /* looks in a row with many rejected and no session that counts */
    struct hints_span spans[2];  /* the present hour and the one before */
};

struct hints_log {
    bool told;       /* what the log says of it: it has begun, and not ended */
    bool ever;       /* the log has a line of it */
    uint32_t second; /* of that line */
};

struct hints_watch {
    struct state *state;  /* not owned */
    uint32_t latest;      /* second / HINTS_LOOK_SECONDS of the latest look */
    uint32_t looks;       /* since the start */
    struct window window; /* of HINTS_COUNTERS */
    struct hints_domain domains[DOMAINS_MAX];
    uint32_t full_looks;     /* in a row in which the table of sessions was full */
    uint32_t unproved_looks; /* in a row in which most that count were unproved */
    uint64_t turned_away;    /* evicted and refused sessions at the latest look */
    struct networks_watch networks;
    struct hints_log logs[HINTS];
};

_Static_assert((int)HINTS_COUNTERS <= (int)WINDOW_VALUES_MAX, "the window has room for each");

#endif
