/* What each domain's queries and responses were in the last minutes, to tell whether its server
 * answers now. */
#ifndef EXPORTER_COUNTS_RECENT_H
#define EXPORTER_COUNTS_RECENT_H

#include "exporter/counts/window.h"

#include <stdint.h>

struct recent_totals {
    uint64_t queries;
    uint64_t responses;
};

struct recent {
    struct window window; /* two values for each domain */
};

struct groups;

/* `now` as in window.h, here and below. */
void recent_start(uint32_t now, struct recent *out);

/* Takes a sample if it is due: call it at least once in each sample's time. */
void recent_note(struct recent *recent, const struct groups *groups, uint32_t now);

/* What a domain's totals have grown by in the last WINDOW_SECONDS. */
struct recent_totals recent_read(const struct recent *recent, const struct groups *groups,
                                 uint32_t domain, uint32_t now);

#endif
