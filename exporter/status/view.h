/*
 * What a person wants to know at a glance, as values: what the status page shows in every form. But
 * for the past and the last minutes, these are what the metrics show. No address, session id
 * or query name is among them.
 */
#ifndef EXPORTER_STATUS_VIEW_H
#define EXPORTER_STATUS_VIEW_H

#include "common/domain.h"
#include "common/wire.h"
#include "exporter/counts/history.h"
#include "exporter/counts/recent.h"
#include "exporter/status/ranking.h"

#include <stdbool.h>
#include <stdint.h>

struct state;

enum {
    VIEW_VERSION = 1, /* of the JSON form; one that changes the meaning of a key has another */
    /* Days: an older database is shown as old. Free ones are built once a month. */
    VIEW_DATABASE_DAYS = 45,
    VIEW_CHECKS_MAX = 8,
    VIEW_CHECK_BYTES = 96, /* of what a check found, the NUL included */
};

/* Since the start. */
struct view_totals {
    uint64_t sessions;
    uint64_t queries;
    uint64_t repeated;
    uint64_t responses;
    uint64_t bytes_in;
    uint64_t bytes_out;
};

struct view_domain {
    const char *name;
    const char *format;
    uint32_t window_seconds; /* a session is active for so long after a query */
    uint32_t active;
    uint32_t established;
    uint32_t peak;
    struct view_totals totals;
    struct recent_totals recent; /* in the last WINDOW_SECONDS */
    uint64_t ended;              /* counted sessions since the start */
    uint64_t median_seconds;     /* of their lengths; 0 without one */
};

/* Active sessions over a span, as history_read gives them. */
struct view_history {
    uint32_t samples[HISTORY_SAMPLES];
    uint32_t sample_seconds;
    uint32_t peak; /* the most of them */
};

/* One thing that can be wrong. */
struct view_check {
    const char *key; /* for programs */
    const char *name;
    bool good;
    char text[VIEW_CHECK_BYTES];
};

struct view {
    const struct state *state; /* for what never changes: the options */
    uint64_t time;             /* seconds since 1970, here and below */
    uint64_t started;          /* when counting began */
    uint64_t up_seconds;
    unsigned domain_count;
    struct view_domain domains[DOMAINS_MAX];
    uint64_t active; /* in all domains */
    uint64_t established;
    uint32_t window_least; /* of the domains' */
    uint32_t window_most;
    struct view_history histories[HISTORY_SPANS];
    uint64_t rejected[WIRE_REJECTED_COUNT]; /* since the start; index as in struct group */
    /* By active sessions, each only with its database. */
    struct ranking countries;
    struct ranking networks;
    uint64_t other; /* sessions in groups named other: country and ASN are no longer known */
    unsigned check_count;
    struct view_check checks[VIEW_CHECKS_MAX];
};

/*
 * `now` in seconds of CLOCK_BOOTTIME, `today` in seconds since 1970. Takes some nanoseconds, and
 * for a moment up to 44 bytes, for each group. Returns 0 or -ENOMEM.
 */
int view_make(const struct state *state, uint32_t now, uint64_t today, struct view *out);

/* The largest value that the bars of a ranking show, its last ones included. */
static inline uint64_t view_longest_bar(const struct view *view, const struct ranking *ranking)
{
    uint64_t most = ranking->count > 0 ? ranking->rows[0].active : 0;
    most = view->other > most ? view->other : most;
    return ranking->rest > most ? ranking->rest : most;
}

#endif
