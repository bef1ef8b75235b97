/*
 * What each domain's queries and responses were some minutes ago, to tell whether its server
 * answers now. Totals at the beginning of each RECENT_SAMPLE_SECONDS, in a ring.
 */
#ifndef EXPORTER_COUNTS_RECENT_H
#define EXPORTER_COUNTS_RECENT_H

#include "common/domain.h"

#include <stdint.h>

enum {
    RECENT_SECONDS = 300,
    RECENT_SAMPLE_SECONDS = 15,
    RECENT_SAMPLES = RECENT_SECONDS / RECENT_SAMPLE_SECONDS,
};

struct recent_totals {
    uint64_t queries;
    uint64_t responses;
};

struct recent {
    struct recent_totals samples[RECENT_SAMPLES][DOMAINS_MAX]; /* that of second s is in
                                                                  s / RECENT_SAMPLE_SECONDS */
    uint32_t latest; /* seconds / RECENT_SAMPLE_SECONDS of the newest sample */
};

struct groups;

/* All totals are 0 before the start. `now` in seconds of CLOCK_BOOTTIME, here and below; it never
 * falls. */
void recent_start(uint32_t now, struct recent *out);

/* Takes a sample if it is time. Called at least once in each sample's time while the host runs. */
void recent_note(struct recent *recent, const struct groups *groups, uint32_t now);

/* What a domain's totals have grown by in the last RECENT_SECONDS, less than one sample's time more
 * or less. */
struct recent_totals recent_read(const struct recent *recent, const struct groups *groups,
                                 uint32_t domain, uint32_t now);

#endif
