#include "exporter/state/intake.h"

#include "common/options.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/geoip/geoip.h"

#include <stdbool.h>
#include <string.h>

enum {
    /* How many records ahead a session's entry is prefetched: enough to hide memory latency. */
    PREFETCH_RECORDS = 16,
    STATS_COUNTERS = (sizeof(struct wire_stats) - sizeof(struct wire_header)) / sizeof(uint64_t),
};

_Static_assert((int)OPTIONS_PORTS_MAX <= (int)WIRE_PORTS_MAX, "each port has its counters");

/* The counters: all of a message after its header. */
static void copy_counters(const struct wire_stats *stats, uint64_t out[STATS_COUNTERS])
{
    const unsigned char *bytes = (const unsigned char *)stats;
    memcpy(out, bytes + sizeof stats->header, STATS_COUNTERS * sizeof(uint64_t));
}

static bool fell(const struct wire_stats *before, const struct wire_stats *after)
{
    uint64_t old[STATS_COUNTERS];
    uint64_t new[STATS_COUNTERS];
    copy_counters(before, old);
    copy_counters(after, new);
    for (unsigned i = 0; i < STATS_COUNTERS; i++) {
        if (new[i] < old[i]) {
            return true;
        }
    }
    return false;
}

static enum intake_fault take_stats(struct intake *intake, const struct wire_stats *stats)
{
    if (fell(&intake->stats, stats)) {
        return INTAKE_FELL;
    }
    for (unsigned outcome = WIRE_REJECTED_FIRST; outcome < WIRE_OUTCOMES; outcome++) {
        if (stats->outcomes[outcome] != intake->records[outcome]) {
            return INTAKE_DISAGREES;
        }
    }
    intake->stats = *stats;
    return INTAKE_OK;
}

/* The metrics name the network of each ASN that has a group. Separate from count, as it is rare. */
__attribute__((noinline)) static void
note_organization(const struct intake *intake, const struct wire_record *record, uint32_t group)
{
    struct group *entry = &intake->counts->groups.entries[group];
    if (!entry->other && !entry->hidden && entry->geo.asn != GEO_UNKNOWN.asn) {
        geoip_note_organization(intake->geoip, record->address, entry->geo.asn);
    }
    entry->unnamed = false;
}

__attribute__((always_inline)) static inline void
count(struct intake *intake, const struct wire_record *record, uint32_t now, bool closes)
{
    struct geo geo = GEO_UNKNOWN;
    bool fresh = false;
    if (intake->geoip != NULL) {
        geo = geoip_lookup(intake->geoip, record->address, &fresh);
    }
    intake->records[record->outcome]++;
    uint32_t group = counts_take(intake->counts, record, geo, now, closes);
    if (fresh || (closes && intake->counts->groups.entries[group].unnamed)) {
        note_organization(intake, record, group);
    }
}

__attribute__((always_inline)) static inline void
take_records(struct intake *intake, const struct wire_batch *batch, uint32_t now, bool closes)
{
    const struct wire_record *end = batch->records + batch->header.count;
    const struct wire_record *ahead = batch->records;
    for (unsigned i = 0; ahead < end && i < PREFETCH_RECORDS; i++) {
        counts_prefetch(intake->counts, ahead++);
    }
    for (const struct wire_record *record = batch->records; record < end; record++) {
        if (ahead < end) {
            counts_prefetch(intake->counts, ahead++);
        }
        count(intake, record, now, closes);
    }
}

/* Twice the same code, so that what is asked for by few costs only them. */
static void take_batch(struct intake *intake, const struct wire_batch *batch, uint32_t now)
{
    if (intake->counts->groups.min_clients == 0) {
        take_records(intake, batch, now, false);
    } else {
        take_records(intake, batch, now, true);
    }
}

void intake_start(const struct options *options, struct geoip *geoip, struct counts *counts,
                  struct intake *out)
{
    *out = (struct intake){
        .expected = {.domains = (uint8_t)options->domain_count,
                     .ports = (uint8_t)options->port_count},
        .geoip = geoip,
        .counts = counts,
    };
    for (unsigned i = 0; i < options->domain_count; i++) {
        out->expected.strengths[i] = wire_strengths_of(&options->tunnels[i]);
    }
}

enum intake_fault intake_take(struct intake *intake, const union wire_message *message,
                              size_t length, uint32_t now)
{
    enum wire_fault wire = wire_check(message, length, &intake->expected);
    if (wire != WIRE_FAULT_NONE) {
        intake->wire = wire;
        return INTAKE_WIRE;
    }
    if (message->header.type == WIRE_STATS) {
        enum intake_fault fault = take_stats(intake, &message->stats);
        if (fault != INTAKE_OK) {
            return fault;
        }
    } else if (message->header.type == WIRE_BATCH) {
        take_batch(intake, &message->batch, now);
    }
    intake->expected.sequence++;
    return INTAKE_OK;
}

const char *intake_fault_text(const struct intake *intake, enum intake_fault fault)
{
    switch (fault) {
    case INTAKE_OK:
        return "no fault";
    case INTAKE_WIRE:
        return wire_fault_text(intake->wire);
    case INTAKE_FELL:
        return "a counter decreased";
    case INTAKE_DISAGREES:
        return "the counters disagree with the records received";
    }
    return "unknown fault";
}
