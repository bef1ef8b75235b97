/*
 * Which countries and which autonomous systems have the most active sessions, over all domains:
 * the bars of the status page.
 */
#ifndef EXPORTER_STATUS_RANKING_H
#define EXPORTER_STATUS_RANKING_H

#include "exporter/counts/geo.h"

#include <stddef.h>
#include <stdint.h>

enum {
    RANKING_ROWS = 10, /* what a person sees at a glance */
};

enum ranking_kind {
    RANKING_COUNTRIES, /* key: as geo.country */
    RANKING_ASNS,      /* key: as geo.asn */
};

/* A group with active sessions. */
struct ranking_group {
    struct geo geo;
    uint32_t active; /* above 0 */
};

struct ranking_row {
    uint32_t key;
    uint32_t active;
};

struct ranking {
    struct ranking_row rows[RANKING_ROWS]; /* most active first, then by key; none of 0 */
    unsigned count;
    uint64_t rest; /* sessions of all further keys */
};

/*
 * Ranks groups by their sums for each key. `secret`: of the hash, so that senders cannot choose
 * slots by country and ASN. `round`: as in the options; sums are rounded before they are ranked, so
 * that their order says no more than they do. Needs for a moment up to 32 bytes, and some
 * nanoseconds, for each group. Returns 0 or -ENOMEM.
 */
int ranking_make(const struct ranking_group *groups, size_t count, enum ranking_kind kind,
                 uint64_t secret, uint32_t round, struct ranking *out);

#endif
