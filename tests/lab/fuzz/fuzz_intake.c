/*
 * A compromised sniffer against the exporter: any messages, in any order. The input is a list of
 * messages, each with an byte that says which parts are put right, so that what lies behind a
 * check is reached as well. Held: a refused message changes nothing, each record of the others is
 * counted once and in one group, no table holds more than its limit, a session is one that a query
 * named, only ids that last are remembered, each session that counted is active or has ended, and
 * of the active ones those are established that have shown data and have lasted.
 */
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/repeats.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/table.h"
#include "exporter/state/intake.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    DOMAINS = 5,
    PORTS = 2,
    GROUPS = 8,
    SESSIONS = 16,
    REMEMBERED = 1000,
    /* Time goes on by these seconds, so that an input comes to established sessions. */
    STEP = SESSIONS_ESTABLISHED / 5,
    WINDOW = 5 * STEP,
    SHORT_WINDOW = 2 * STEP,
    /* The domains' formats: each query of the first three names a session, of SLIPSTREAM some do,
     * of OPAQUE none. Ids of VAYDNS are of two bytes, so they do not last. */
    DNSTT = 0,
    VAYDNS = 1,
    XDNS = 2,
    SLIPSTREAM = 3,
    OPAQUE = 4,
    /* What is put right before the message is handed over. */
    FIX_HEADER = 1,
    FIX_COUNT = 2,
    FIX_RECORDS = 4,
    FIX_LENGTH = 8,
    NEXT_STEP = 16,
    FIX_STATS = 32,
    /* What is left as it came all the same. */
    LEAVE_DOMAIN = 64,
    LEAVE_BYTES = 128,
};

static struct counts counts;
static struct intake intake;
static uint64_t named;       /* queries taken that name a session */
static uint64_t named_bytes; /* and their bytes */

static uint64_t sum_of_state(void)
{
    uint64_t sum = counts.sessions.used + counts.sessions.evicted + counts.sessions.refused +
                   counts.groups.group_count + counts.distinct.current.used;
    for (uint32_t i = 0; i < counts.groups.group_count; i++) {
        const struct group *group = &counts.groups.entries[i];
        sum = sum * 31 + group->active + group->peak + group->sessions + group->queries +
              group->responses + group->bytes_in + group->bytes_out + group->repeated +
              group->established;
        for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
            sum = sum * 31 + group->rejected[reason];
        }
    }
    for (unsigned i = 0; i < WIRE_PORTS_MAX; i++) {
        sum = sum * 31 + intake.stats.ports[i].queries + intake.stats.ports[i].loopback;
    }
    return sum * 31 + intake.stats.header.sequence + intake.expected.sequence;
}

/* What a rejected query proves. */
static void fix_evidence(struct wire_record *record)
{
    static const uint8_t formats[] = {TUNNEL_DNSTT, TUNNEL_VAYDNS, TUNNEL_DNSTTEX,
                                      TUNNEL_SLIPSTREAM};
    struct wire_evidence evidence = wire_evidence(record);
    const bool vaydns = evidence.format % 4 == 1;
    evidence.format = formats[evidence.format % 4];
    evidence.clientid_size = vaydns ? evidence.clientid_size % TUNNEL_CLIENT_ID_MAX + 1 : 0;
    evidence.record_type = vaydns ? evidence.record_type % TUNNEL_ANY : TUNNEL_TXT;
    wire_set_evidence(record, evidence);
}

static void fix_record(struct wire_record *record, uint8_t what)
{
    const unsigned recorded = WIRE_OUTCOMES - WIRE_REJECTED_FIRST;
    record->outcome = (uint8_t)(WIRE_REJECTED_FIRST + record->outcome % recorded);
    /* What was 0 is a weak one, as most of the corpus is to reach the sessions. */
    record->strength = (uint8_t)((record->strength + 1) % WIRE_STRENGTHS);
    if ((what & LEAVE_DOMAIN) == 0) {
        record->domain %= DOMAINS;
    }
    if (record->domain != XDNS && record->strength > WIRE_STRONG) {
        record->strength = WIRE_STRONG;
    }
    if (wire_is_rejected(record->outcome) || record->domain == OPAQUE) {
        record->strength = WIRE_NO_SESSION;
    }
    if ((what & LEAVE_BYTES) == 0) {
        record->bytes |= WIRE_MESSAGE_BYTES_MIN;
        record->bytes = record->bytes > WIRE_MESSAGE_BYTES_MAX ? 100 : record->bytes;
    }
    if (wire_is_rejected(record->outcome) && (record->token & 1) != 0) {
        fix_evidence(record);
        return;
    }
    record->token = record->strength == WIRE_NO_SESSION ? 0 : record->token | 1;
    if (record->outcome != WIRE_QUERY || record->strength == WIRE_NO_SESSION) {
        memset(record->fingerprint, 0, sizeof record->fingerprint);
    }
}

/* All of the ports' counters grow by a little. */
static void fix_ports(struct wire_stats *stats)
{
    const uint64_t more = stats->received % 4;
    memcpy(stats->ports, intake.stats.ports, sizeof stats->ports);
    for (unsigned i = 0; i < PORTS; i++) {
        stats->ports[i].queries += more;
        stats->ports[i].loopback += more / 2;
    }
    stats->loopback_other_domain = intake.stats.loopback_other_domain + more / 2;
    stats->outcomes[WIRE_OTHER_DOMAIN] = intake.stats.outcomes[WIRE_OTHER_DOMAIN] + more;
    stats->received = intake.stats.received + PORTS * more;
}

static void fix_stats(struct wire_stats *stats)
{
    *stats = (struct wire_stats){.header = stats->header, .received = stats->received};
    fix_ports(stats);
    for (unsigned outcome = WIRE_REJECTED_FIRST; outcome < WIRE_OUTCOMES; outcome++) {
        stats->outcomes[outcome] = intake.records[outcome];
        stats->received += intake.records[outcome];
    }
}

static size_t put_right(union wire_message *message, size_t length, uint8_t what)
{
    struct wire_header *header = &message->header;
    if (what & FIX_HEADER) {
        bool first = intake.expected.sequence == 0;
        header->magic = WIRE_MAGIC;
        header->type = first ? WIRE_HELLO : (uint16_t)(WIRE_BATCH + (header->type & 1));
        header->sequence = intake.expected.sequence;
        if (first) {
            message->hello.version = WIRE_VERSION;
            message->hello.record_size = sizeof(struct wire_record);
            message->hello.domains = DOMAINS;
            memset(message->hello.reserved, 0, sizeof message->hello.reserved);
        }
    }
    if (what & FIX_COUNT) {
        header->count = header->type == WIRE_BATCH ? (uint16_t)(header->count % 40 + 1) : 0;
    }
    if ((what & FIX_RECORDS) && header->type == WIRE_BATCH) {
        for (unsigned i = 0; i < header->count && i < WIRE_BATCH_RECORDS; i++) {
            fix_record(&message->batch.records[i], what);
        }
    }
    if ((what & FIX_STATS) && header->type == WIRE_STATS) {
        fix_stats(&message->stats);
    }
    if ((what & FIX_LENGTH) == 0) {
        return length;
    }
    switch (header->type) {
    case WIRE_HELLO:
        return sizeof message->hello;
    case WIRE_BATCH:
        return wire_batch_length(header->count);
    default:
        return sizeof message->stats;
    }
}

/* Of a message that was taken. */
static void count_named(const union wire_message *message)
{
    if (message->header.type == WIRE_BATCH) {
        for (unsigned i = 0; i < message->header.count; i++) {
            const struct wire_record *record = &message->batch.records[i];
            assert(record->token != 0 || record->strength == WIRE_NO_SESSION);
            assert((record->token != 0) == (record->strength != WIRE_NO_SESSION) ||
                   wire_is_rejected(record->outcome));
            if (record->outcome == WIRE_QUERY && record->token != 0) {
                named++;
                named_bytes += record->bytes;
            }
        }
    }
}

static void talk(const uint8_t *data, size_t size)
{
    uint32_t now = 1;
    while (size >= 3) {
        static union wire_message message;
        uint8_t what = data[0];
        size_t length = (size_t)(data[1] | data[2] << 8);
        size_t given = size - 3 < length ? size - 3 : length;
        data += 3;
        size -= 3;
        memset(&message, 0, sizeof message);
        memcpy(&message, data, given < sizeof message ? given : sizeof message);
        data += given;
        size -= given;
        length = put_right(&message, length, what);
        now += what & NEXT_STEP ? STEP : 0;

        uint64_t before = sum_of_state();
        if (intake_take(&intake, &message, length, now) != INTAKE_OK) {
            assert(sum_of_state() == before);
            return; /* the exporter ends here */
        }
        count_named(&message);
    }
}

/* Entries of the table that are in the metrics; the others are of sessions that are not proved. */
static uint64_t count_counted(void)
{
    uint64_t entries = 0;
    uint64_t counted = 0;
    for (uint64_t slot = 0; slot < counts.sessions.slot_count; slot++) {
        const struct session_entry *entry = &counts.sessions.slots[slot];
        entries += entry->token != 0;
        counted += entry->token != 0 && entry->counted;
        assert(!entry->proved || entry->counted);
        const uint32_t first = (uint32_t)entry->first_high << 16 | (uint32_t)entry->first_low;
        const bool lasted = counts.sessions.swept - first >= SESSIONS_ESTABLISHED;
        assert(entry->established == (entry->counted && entry->data && lasted));
    }
    assert(entries == counts.sessions.used);
    return counted;
}

static uint64_t count_established(void)
{
    uint64_t established = 0;
    for (uint64_t slot = 0; slot < counts.sessions.slot_count; slot++) {
        established += counts.sessions.slots[slot].established;
    }
    return established;
}

/* The groups have those established that the table has. */
static void check_established(void)
{
    uint64_t established[DOMAINS] = {0};
    uint64_t sum = 0;
    for (uint32_t i = 0; i < counts.groups.group_count; i++) {
        const struct group *group = &counts.groups.entries[i];
        assert(group->established <= group->active);
        established[group->domain] += group->established;
    }
    for (unsigned domain = 0; domain < DOMAINS; domain++) {
        assert(counts.groups.domains[domain].established == established[domain]);
        sum += established[domain];
    }
    assert(sum == count_established());
    assert(established[OPAQUE] == 0);
}

/* Each session that counted is active or has ended, and no byte of it is lost or counted twice. */
static void check_ended(uint64_t sessions, uint64_t bytes_out)
{
    uint64_t came = count_counted();
    uint64_t received = 0;
    uint64_t sent = 0;
    for (unsigned domain = 0; domain < DOMAINS; domain++) {
        const struct sessions_ended *ended = &counts.sessions.ended[domain];
        const uint64_t count = histogram_up_to(&ended->seconds, HISTOGRAM_BUCKETS);
        assert(histogram_up_to(&ended->received, HISTOGRAM_BUCKETS) == count);
        assert(histogram_up_to(&ended->sent, HISTOGRAM_BUCKETS) == count);
        assert(ended->received.sum >= count * WIRE_MESSAGE_BYTES_MIN);
        assert(ended->seconds.sum <= count * counts.sessions.swept);
        assert(domain != OPAQUE || count == 0);
        came += count;
        received += ended->received.sum;
        sent += ended->sent.sum;
    }
    for (uint64_t slot = 0; slot < counts.sessions.slot_count; slot++) {
        received += counts.sessions.slots[slot].received;
        sent += counts.sessions.slots[slot].sent;
    }
    assert(came >= sessions && came <= named);
    assert(received <= named_bytes && sent <= bytes_out);
}

/* A first query is none that came again. */
static void check_repeated(void)
{
    uint64_t repeated = 0;
    for (uint32_t i = 0; i < counts.groups.group_count; i++) {
        const struct group *group = &counts.groups.entries[i];
        assert(group->repeated <= group->queries);
        assert(group->domain != OPAQUE || group->repeated == 0);
        repeated += group->repeated;
    }
    assert(repeated + (named > 0) <= named);
}

/* The groups' sums are those of what was taken in. */
static void check_account(void)
{
    uint64_t active[DOMAINS] = {0};
    uint64_t counted[WIRE_OUTCOMES] = {0};
    uint64_t sessions[DOMAINS] = {0};
    uint64_t bytes_out = 0;
    for (uint32_t i = 0; i < counts.groups.group_count; i++) {
        const struct group *group = &counts.groups.entries[i];
        assert(group->domain < DOMAINS && group->peak >= group->active);
        active[group->domain] += group->active;
        sessions[group->domain] += group->sessions;
        counted[WIRE_QUERY] += group->queries;
        counted[WIRE_RESPONSE] += group->responses;
        bytes_out += group->bytes_out;
        assert(group->bytes_in >= group->queries * WIRE_MESSAGE_BYTES_MIN);
        assert(group->bytes_out <= group->responses * WIRE_MESSAGE_BYTES_MAX);
        for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
            counted[WIRE_REJECTED_FIRST + reason] += group->rejected[reason];
        }
    }
    assert(memcmp(counted, intake.records, sizeof counted) == 0);
    uint64_t sum = 0;
    for (unsigned domain = 0; domain < DOMAINS; domain++) {
        assert(counts.groups.domains[domain].active == active[domain]);
        sum += active[domain];
    }
    assert(sum == count_counted() && counts.sessions.used <= SESSIONS);
    const uint64_t lasting = sessions[DNSTT] + sessions[XDNS] + sessions[SLIPSTREAM];
    assert(lasting + sessions[VAYDNS] <= named);
    assert(counts.distinct.current.used == lasting);
    assert(sessions[OPAQUE] == 0 && active[OPAQUE] == 0);
    /* A query that let no session in was counted all the same. */
    assert(named <= counted[WIRE_QUERY]);
    assert(counts.sessions.used + counts.sessions.evicted + counts.sessions.refused <= named);
    assert(counts.groups.group_count <= GROUPS + DOMAINS);
    check_established();
    check_ended(lasting + sessions[VAYDNS], bytes_out);
    check_repeated();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct options options = {
        .domain_count = DOMAINS,
        .port_count = PORTS,
        .tunnels = {[DNSTT] = {.format = TUNNEL_DNSTT},
                    [VAYDNS] = {.format = TUNNEL_VAYDNS,
                                .clientid_size = TUNNEL_VAYDNS_ID_DEFAULT,
                                .active_window = SHORT_WINDOW},
                    [XDNS] = {.format = TUNNEL_XDNS},
                    [SLIPSTREAM] = {.format = TUNNEL_SLIPSTREAM},
                    [OPAQUE] = {.format = TUNNEL_OPAQUE}},
        .groups_max = GROUPS,
        .sessions_max = SESSIONS,
        .sessions_remember = REMEMBERED,
        .sessions_min_queries = 1,
        .active_window = WINDOW,
    };
    if (counts_create(&options, 1, &counts) != 0) {
        abort();
    }
    intake_start(&options, NULL, &counts, &intake);
    named = 0;
    named_bytes = 0;
    talk(data, size);
    check_account();
    table_unmap(counts.sessions.slots, counts.sessions.slot_count, sizeof(struct session_entry));
    distinct_destroy(&counts.distinct);
    groups_destroy(&counts.groups);
    repeats_destroy(&counts.repeats);
    return 0;
}
