/*
 * What a person wants to know at a glance, as values: what the status page shows in every form. But
 * for the last hour and the last minutes, these are what the metrics show. No address, session id
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
    /* Days: an older database is shown as old. Free ones are built once a month. */
    VIEW_DATABASE_DAYS = 45,
    VIEW_CHECKS_MAX = 8,
    VIEW_CHECK_BYTES = 96, /* of what a check found, the NUL included */
};

struct view_domain {
    const char *name;
    const char *format;
    uint32_t active;
    uint32_t established;
    struct recent_totals recent; /* in the last RECENT_SECONDS */
    uint64_t ended;              /* counted sessions since the start */
    uint64_t median_seconds;     /* of their lengths; 0 without one */
};

/* One thing that can be wrong. */
struct view_check {
    const char *name;
    bool good;
    char text[VIEW_CHECK_BYTES];
};

struct view {
    const struct state *state; /* for what never changes: the options */
    unsigned domain_count;
    struct view_domain domains[DOMAINS_MAX];
    uint64_t active; /* in all domains */
    uint64_t established;
    uint32_t window_least; /* seconds that a session is active after a query, over the domains */
    uint32_t window_most;
    uint32_t hour[HISTORY_SAMPLES]; /* as history_read gives it */
    uint32_t hour_peak;
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

enum { VIEW_WORD_BYTES = 32 };

/* How much of the queries was answered: "98 %", or "no queries". */
void view_answered(const struct recent_totals *recent, char out[VIEW_WORD_BYTES]);

/* A length of time in the largest unit that it has two of, or its seconds: "90 s", "12 min". */
void view_duration(uint64_t seconds, char out[VIEW_WORD_BYTES]);

/* The key of a ranking's row: "DE", "AS3320", or "unknown". */
void view_key(enum ranking_kind kind, uint32_t key, char out[VIEW_WORD_BYTES]);

#endif
