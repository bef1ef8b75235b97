/*
 * What a scrape needs from one moment: the account, and the gauges of every domain and group. Their
 * sums are exact because they are copied together. Scrapes that begin within the same second and
 * overlap share a copy, so that many or slow ones cost little memory.
 */
#ifndef EXPORTER_EXPOSITION_SNAPSHOT_H
#define EXPORTER_EXPOSITION_SNAPSHOT_H

#include "common/domain.h"
#include "exporter/counts/groups.h"
#include "exporter/exposition/metrics.h"
#include "exporter/state/state.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SNAPSHOT_FRESH_MS = 1000,
    /* Copies at a time. If slow scrapes hold all of them, the youngest is shared at any age; a
     * connection's deadline limits that age. */
    SNAPSHOT_COPIES_MAX = 4,
};

struct snapshot {
    const struct state *of; /* what it is a copy of; not owned */
    uint64_t milliseconds;  /* of CLOCK_BOOTTIME, when it was made */
    unsigned users;
    struct state state; /* as it was, with the values filled in that are so where they are shown */
    uint32_t domain_count;
    struct group_domain domains[DOMAINS_MAX];
    uint32_t group_count;
    struct metrics_gauges gauges[]; /* group_count of them */
};

/* A copy to read, shared or new. Returns 0 or -ENOMEM. Release each one once. */
int snapshot_take(const struct state *state, const struct snapshot **out);
void snapshot_release(const struct snapshot *snapshot);

/* Bytes that all copies together may take. */
uint64_t snapshot_memory_max(uint32_t group_max);

#endif
