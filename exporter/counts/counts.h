/*
 * All that is counted of traffic: groups, active sessions, the sessions already counted once, and
 * the latest queries. A record of the sniffer's goes in by one call.
 */
#ifndef EXPORTER_COUNTS_COUNTS_H
#define EXPORTER_COUNTS_COUNTS_H

#include "common/domain.h"
#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/evidence.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/history.h"
#include "exporter/counts/recent.h"
#include "exporter/counts/repeats.h"
#include "exporter/counts/sessions.h"
#include "exporter/system/timer.h"

#include <stdbool.h>
#include <stdint.h>

struct options;

/* Its parts point at each other: it is not to be copied or moved while it counts. */
struct counts {
    struct groups groups;
    struct distinct distinct;
    struct sessions_rule rules[DOMAINS_MAX];
    struct sessions sessions;
    struct repeats repeats;
    struct history histories[HISTORY_SPANS]; /* of how many are active */
    struct recent recent;
    struct evidence evidence[DOMAINS_MAX]; /* what rejected queries of each domain prove */
};

/* Makes them by the options' limits. `now` in seconds of CLOCK_BOOTTIME, here and below; it never
 * decreases. Returns 0 or -errno. Lives as long as the process. */
int counts_create(const struct options *options, uint32_t now, struct counts *out);

/*
 * Bytes of address space that the limits can ask for: every table at its largest, and the smaller
 * one beside that which grows last. A table that is copied needs both for a moment.
 */
uint64_t counts_memory_max(const struct options *options);

/* A query of a session in group `from`, that counts in `group`. */
static inline void counts_take_session(struct counts *counts, const struct wire_record *query,
                                       uint32_t from, uint32_t group, uint32_t now)
{
    const uint64_t key = repeats_key(query->token, wire_fingerprint(query));
    counts->groups.entries[group].repeated += repeats_see(&counts->repeats, key, now);
    sessions_query(&counts->sessions, query, from, now);
}

/*
 * Counts a valid record (wire_check) of a resolver's country and ASN. Returns their group, which
 * may be closed. `closes`: groups.min_clients is not 0; a constant of the caller's, so that it
 * costs nothing where it is not asked for. Always inline for that, and as it is called for each
 * packet.
 */
__attribute__((always_inline)) static inline uint32_t counts_take(struct counts *counts,
                                                                  const struct wire_record *record,
                                                                  struct geo geo, uint32_t now,
                                                                  bool closes)
{
    const uint32_t from = groups_find(&counts->groups, record->domain, geo);
    const uint32_t group = closes ? groups_counting(&counts->groups, from) : from;
    if (record->outcome == WIRE_QUERY) {
        groups_count_query(&counts->groups, group, record->bytes);
        if (record->strength != WIRE_NO_SESSION) {
            counts_take_session(counts, record, from, group, now);
        }
    } else if (record->outcome == WIRE_RESPONSE) {
        groups_count_response(&counts->groups, group, record->bytes);
        if (record->strength != WIRE_NO_SESSION) {
            sessions_response(&counts->sessions, record);
        }
    } else {
        groups_count_rejected(&counts->groups, group, record->outcome);
        if (record->token != 0) {
            evidence_note(&counts->evidence[record->domain], wire_fingerprint(record),
                          record->token);
        }
    }
    return from;
}

/* Sweeps once a second while sessions are active, and notes how many are. */
struct timer counts_timer(struct counts *counts);

/* Asks the processor for the memory that counts_take of this record reads: call it some records
 * ahead. Always inline, here as in what it calls: GCC leaves out a call that only prefetches. */
__attribute__((always_inline)) static inline void counts_prefetch(const struct counts *counts,
                                                                  const struct wire_record *record)
{
    if (record->strength == WIRE_NO_SESSION) {
        return;
    }
    sessions_prefetch(&counts->sessions, record->token);
    if (record->outcome == WIRE_QUERY) {
        repeats_prefetch(&counts->repeats, repeats_key(record->token, wire_fingerprint(record)));
    }
}

#endif
