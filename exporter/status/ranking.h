/*
 * Which countries and which autonomous systems have the most active sessions, over all domains:
 * the bars of the status page.
 */
#ifndef EXPORTER_STATUS_RANKING_H
#define EXPORTER_STATUS_RANKING_H

#include <stdint.h>

struct groups;

enum {
    RANKING_ROWS = 10, /* what a person sees at a glance */
};

enum ranking_kind {
    RANKING_COUNTRIES, /* key: as geo.country */
    RANKING_ASNS,      /* key: as geo.asn */
};

struct ranking_row {
    uint32_t key;
    uint32_t active;
};

struct ranking {
    struct ranking_row rows[RANKING_ROWS]; /* most active first, then by key; none of 0 */
    unsigned count;
    uint64_t other; /* sessions in groups named other: country and ASN are no longer known */
    uint64_t rest;  /* sessions of all further keys */
};

/*
 * Ranks the groups as they are now. Needs for a moment up to 32 bytes, and some nanoseconds, for
 * each group with active sessions. Returns 0 or -ENOMEM.
 */
int ranking_make(const struct groups *groups, enum ranking_kind kind, struct ranking *out);

#endif
