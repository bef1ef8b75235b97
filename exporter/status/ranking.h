/*
 * Which countries and which autonomous systems have the most active sessions, over all domains:
 * the bars of the status page.
 */
#ifndef EXPORTER_STATUS_RANKING_H
#define EXPORTER_STATUS_RANKING_H

#include <stdint.h>

struct groups;

enum {
    RANKING_ROWS = 10, /* what a person takes in at a glance */
};

enum ranking_kind {
    RANKING_COUNTRIES, /* key: as place.country */
    RANKING_ASNS,      /* key: as place.asn */
};

struct ranking_row {
    uint32_t key;
    uint32_t active;
};

struct ranking {
    struct ranking_row rows[RANKING_ROWS]; /* most active first, then by key; none of 0 */
    unsigned count;
    uint64_t other; /* sessions in groups named other, whose place is not known any more */
    uint64_t rest;  /* sessions of all further keys */
};

/*
 * Ranks the groups as they are now. Takes, for a moment, up to 32 bytes for each group that has
 * active sessions; some nanoseconds for each group. Returns 0 or -ENOMEM.
 */
int ranking_make(const struct groups *groups, enum ranking_kind kind, struct ranking *out);

#endif
