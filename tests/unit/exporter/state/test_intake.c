#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/repeats.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/table.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/geoip/outcome.h"
#include "exporter/state/intake.h"
#include "exporter/text/foreign_text.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SESSION_DOMAINS = 2,
    OPAQUE = SESSION_DOMAINS, /* a domain without sessions */
    DOMAINS,
    PORTS = 2,
    WINDOW = 30,
    NOW = 1000,
};

struct bench {
    struct counts counts;
    struct intake intake;
};

static union wire_message message; /* 32 KiB: not for the stack */

static void bench_start(struct bench *bench, struct geoip *geoip)
{
    const struct options options = {
        .domain_count = DOMAINS,
        .port_count = PORTS,
        .tunnels = {[OPAQUE] = {.format = TUNNEL_OPAQUE}},
        .groups_max = 100,
        .sessions_max = 100000,
        .sessions_remember = 100000,
        .sessions_min_queries = 1,
        .active_window = WINDOW,
    };
    assert_int_equal(counts_create(&options, NOW, &bench->counts), 0);
    intake_start(&options, geoip, &bench->counts, &bench->intake);
}

static void bench_end(struct bench *bench)
{
    table_unmap(bench->counts.sessions.slots, bench->counts.sessions.slot_count,
                sizeof(struct session_entry));
    groups_destroy(&bench->counts.groups);
    distinct_destroy(&bench->counts.distinct);
    repeats_destroy(&bench->counts.repeats);
}

/* --- What the sniffer sends --- */

static void put_header(enum wire_type type, uint16_t count, uint64_t sequence)
{
    message.header = (struct wire_header){
        .magic = WIRE_MAGIC, .type = (uint16_t)type, .count = count, .sequence = sequence};
}

static enum intake_fault send_hello(struct bench *bench)
{
    message.hello = (struct wire_hello){
        .version = WIRE_VERSION, .record_size = sizeof(struct wire_record), .domains = DOMAINS};
    put_header(WIRE_HELLO, 0, 0);
    return intake_take(&bench->intake, &message, sizeof message.hello, NOW);
}

/* The records are in the message already. */
static enum intake_fault send_batch(struct bench *bench, uint16_t count, uint32_t now)
{
    put_header(WIRE_BATCH, count, bench->intake.expected.sequence);
    return intake_take(&bench->intake, &message, wire_batch_length(count), now);
}

static enum intake_fault send_stats(struct bench *bench, const struct wire_stats *stats)
{
    message.stats = *stats;
    put_header(WIRE_STATS, 0, bench->intake.expected.sequence);
    return intake_take(&bench->intake, &message, sizeof message.stats, NOW);
}

static struct wire_record query(uint64_t token, uint8_t domain, uint16_t bytes, uint8_t fingerprint)
{
    return (struct wire_record){.token = token,
                                .bytes = bytes,
                                .outcome = WIRE_QUERY,
                                .strength = WIRE_WEAK,
                                .domain = domain,
                                .fingerprint = {fingerprint}};
}

static struct wire_record query_without_session(uint8_t domain, uint16_t bytes)
{
    return (struct wire_record){.bytes = bytes, .outcome = WIRE_QUERY, .domain = domain};
}

static struct wire_record response(uint64_t token, uint8_t domain, uint16_t bytes)
{
    return (struct wire_record){.token = token,
                                .bytes = bytes,
                                .outcome = WIRE_RESPONSE,
                                .strength = token != 0 ? WIRE_WEAK : WIRE_NO_SESSION,
                                .domain = domain};
}

static struct wire_record rejected(enum wire_outcome reason, uint8_t domain)
{
    return (struct wire_record){.bytes = 50, .outcome = (uint8_t)reason, .domain = domain};
}

/* HELLO, six records, and the account of these. */
static const struct wire_stats first_stats = {
    .received = 20,
    .outcomes = {[WIRE_KERNEL_DROPPED] = 1,
                 [WIRE_IGNORED_DIRECTION] = 1,
                 [WIRE_IGNORED_NOT_UDP] = 1,
                 [WIRE_IGNORED_FRAGMENT] = 1,
                 [WIRE_IGNORED_NOT_QUERY] = 1,
                 [WIRE_IGNORED_NOT_RESPONSE] = 1,
                 [WIRE_MALFORMED] = 2,
                 [WIRE_OTHER_DOMAIN] = 3,
                 [WIRE_REJECTED_EDNS] = 1,
                 [WIRE_QUERY] = 3,
                 [WIRE_RESPONSE] = 2},
    .interface_down = 1,
    .loopback_other_domain = 1,
    .ports = {{.queries = 9, .loopback = 1}, {.queries = 2, .loopback = 1}}};

static void put_first_batch(void)
{
    message.batch.records[0] = query(1, 0, 100, 1);
    message.batch.records[1] = query(2, 1, 110, 1);
    message.batch.records[2] = response(1, 0, 1000);
    message.batch.records[3] = query(1, 0, 120, 2);
    message.batch.records[4] = rejected(WIRE_REJECTED_EDNS, 1);
    message.batch.records[5] = response(2, 1, 65527);
}

static void start_conversation(struct bench *bench)
{
    bench_start(bench, NULL);
    assert_int_equal(send_hello(bench), INTAKE_OK);
    put_first_batch();
    assert_int_equal(send_batch(bench, 6, NOW), INTAKE_OK);
    assert_int_equal(send_stats(bench, &first_stats), INTAKE_OK);
}

/* --- All that a message could change --- */

struct picture {
    struct bench bench;
    struct group groups[100 + DOMAINS];
    struct group_domain domains[DOMAINS];
    struct session_entry entries[1024];
    uint64_t tokens[1024];
    uint64_t repeats; /* of the queries seen, a sum */
};

/* Of all entries, each in its place. */
static uint64_t sum_of_repeats(const struct repeats *repeats)
{
    uint64_t sum = 0;
    for (size_t place = 0; place < REPEATS_PLACES; place++) {
        for (size_t way = 0; way < REPEATS_WAYS; way++) {
            sum = sum * 31 + repeats->places[place].entries[way];
        }
    }
    return sum;
}

static void take_picture(const struct bench *bench, struct picture *out)
{
    assert_int_equal(bench->counts.sessions.slot_count, 1024);
    assert_int_equal(bench->counts.distinct.current.slot_count, 1024);
    out->bench = *bench;
    memcpy(out->groups, bench->counts.groups.entries, sizeof out->groups);
    memcpy(out->domains, bench->counts.groups.domains, sizeof out->domains);
    memcpy(out->entries, bench->counts.sessions.slots, sizeof out->entries);
    memcpy(out->tokens, bench->counts.distinct.current.slots, sizeof out->tokens);
    out->repeats = sum_of_repeats(&bench->counts.repeats);
}

/* Field by field, since there are bytes without a meaning between them. */
static void assert_same_counts(const struct counts *after, const struct counts *before)
{
    assert_int_equal(after->groups.group_count, before->groups.group_count);
    assert_int_equal(after->groups.capped, before->groups.capped);
    assert_int_equal(after->distinct.current.used, before->distinct.current.used);
    assert_int_equal(after->distinct.previous.used, before->distinct.previous.used);
    assert_int_equal(after->distinct.carried, before->distinct.carried);
    assert_int_equal(after->distinct.forgotten, before->distinct.forgotten);
    assert_int_equal(after->sessions.used, before->sessions.used);
    assert_int_equal(after->sessions.swept, before->sessions.swept);
    assert_int_equal(after->sessions.evicted, before->sessions.evicted);
    assert_int_equal(after->sessions.refused, before->sessions.refused);
    assert_memory_equal(&after->sessions.ended, &before->sessions.ended,
                        sizeof after->sessions.ended);
    assert_int_equal(after->repeats.epoch, before->repeats.epoch);
    assert_memory_equal(&after->histories, &before->histories, sizeof after->histories);
    assert_memory_equal(&after->recent, &before->recent, sizeof after->recent);
}

/* Nothing but the reason may differ. */
static void assert_unchanged(const struct bench *bench, const struct picture *before)
{
    static struct picture after;
    take_picture(bench, &after);
    after.bench.intake.wire = before->bench.intake.wire;
    assert_memory_equal(&after.bench.intake, &before->bench.intake, sizeof after.bench.intake);
    assert_same_counts(&after.bench.counts, &before->bench.counts);
    assert_memory_equal(after.groups, before->groups, sizeof after.groups);
    assert_memory_equal(after.domains, before->domains, sizeof after.domains);
    assert_memory_equal(after.entries, before->entries, sizeof after.entries);
    assert_memory_equal(after.tokens, before->tokens, sizeof after.tokens);
    assert_int_equal(after.repeats, before->repeats);
}

/* --- Tests --- */

static void test_conversation(void **state)
{
    (void)state;
    struct bench bench;
    start_conversation(&bench);
    assert_int_equal(bench.intake.expected.sequence, 3);
    assert_int_equal(bench.intake.records[WIRE_QUERY], 3);
    assert_int_equal(bench.intake.records[WIRE_RESPONSE], 2);
    assert_int_equal(bench.intake.records[WIRE_REJECTED_EDNS], 1);
    assert_int_equal(bench.intake.stats.received, 20);
    assert_int_equal(bench.intake.stats.interface_down, 1);
    assert_int_equal(bench.counts.groups.group_count, DOMAINS);

    const struct group *groups = bench.counts.groups.entries;
    assert_int_equal(groups[0].active, 1);
    assert_int_equal(groups[0].sessions, 1);
    assert_int_equal(groups[0].queries, 2);
    assert_int_equal(groups[0].bytes_in, 220);
    assert_int_equal(groups[0].responses, 1);
    assert_int_equal(groups[0].bytes_out, 1000);
    assert_int_equal(groups[0].rejected[WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST], 0);
    assert_int_equal(groups[1].active, 1);
    assert_int_equal(groups[1].sessions, 1);
    assert_int_equal(groups[1].queries, 1);
    assert_int_equal(groups[1].bytes_in, 110);
    assert_int_equal(groups[1].responses, 1);
    assert_int_equal(groups[1].bytes_out, 65527);
    assert_int_equal(groups[1].rejected[WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST], 1);

    /* An account that stands still is no fault, and one that follows the records is none. */
    assert_int_equal(send_stats(&bench, &first_stats), INTAKE_OK);
    message.batch.records[0] = query(2, 1, 90, 1);
    assert_int_equal(send_batch(&bench, 1, NOW + WINDOW + 1), INTAKE_OK);
    struct wire_stats later = first_stats;
    later.received++;
    later.outcomes[WIRE_QUERY]++;
    assert_int_equal(send_stats(&bench, &later), INTAKE_OK);
    assert_int_equal(bench.intake.stats.outcomes[WIRE_QUERY], 4);

    /* That query came after a window: it found both sessions gone, and its own back. */
    assert_int_equal(groups[0].active, 0);
    assert_int_equal(groups[1].active, 1);
    assert_int_equal(groups[1].sessions, 1);
    assert_int_equal(bench.counts.sessions.swept, NOW + WINDOW + 1);
    bench_end(&bench);
}

/* Both are counted as what they are, and no session comes of either. */
static void test_no_session(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, NULL);
    assert_int_equal(send_hello(&bench), INTAKE_OK);
    message.batch.records[0] = query_without_session(OPAQUE, 100);
    message.batch.records[1] = response(0, OPAQUE, 200);
    assert_int_equal(send_batch(&bench, 2, NOW), INTAKE_OK);
    const struct group *group = &bench.counts.groups.entries[OPAQUE];
    assert_int_equal(group->queries, 1);
    assert_int_equal(group->bytes_in, 100);
    assert_int_equal(group->responses, 1);
    assert_int_equal(group->bytes_out, 200);
    assert_int_equal(group->active, 0);
    assert_int_equal(group->sessions, 0);
    assert_int_equal(bench.counts.sessions.used, 0);
    assert_int_equal(bench.counts.distinct.current.used, 0);

    /* A fingerprint is one of a session's query. */
    message.batch.records[0].fingerprint[2] = 1;
    assert_int_equal(send_batch(&bench, 1, NOW), INTAKE_WIRE);
    assert_int_equal(bench.intake.wire, WIRE_FAULT_RECORD);
    assert_int_equal(group->queries, 1);
    bench_end(&bench);
}

/* A rejected query that proves another format names no session, whatever its token is. */
static void test_evidence(void **state)
{
    (void)state;
    struct bench bench;
    start_conversation(&bench);
    const struct group *group = &bench.counts.groups.entries[0];
    const uint64_t queries = group->queries;
    const uint64_t sessions_used = bench.counts.sessions.used;
    message.batch.records[0] = rejected(WIRE_REJECTED_FRAMING, 0);
    message.batch.records[0].token = 1; /* as that of a session */
    wire_set_evidence(&message.batch.records[0],
                      (struct wire_evidence){TUNNEL_VAYDNS, 4, TUNNEL_NULL});
    message.batch.records[1] = rejected(WIRE_REJECTED_QTYPE, 0);
    message.batch.records[1].token = 77;
    assert_int_equal(send_batch(&bench, 2, NOW + WINDOW), INTAKE_OK);
    assert_int_equal(group->rejected[WIRE_REJECTED_FRAMING - WIRE_REJECTED_FIRST], 1);
    assert_int_equal(group->rejected[WIRE_REJECTED_QTYPE - WIRE_REJECTED_FIRST], 1);
    assert_int_equal(group->queries, queries);
    assert_int_equal(bench.counts.sessions.used, sessions_used);
    assert_int_equal(bench.counts.distinct.current.used, 2);

    /* It made no session last longer. */
    sessions_sweep(&bench.counts.sessions, NOW + WINDOW + 1);
    assert_int_equal(bench.counts.sessions.used, 0);

    message.batch.records[0].fingerprint[1] = 9;
    assert_int_equal(send_batch(&bench, 1, NOW + WINDOW), INTAKE_WIRE);
    assert_int_equal(bench.intake.wire, WIRE_FAULT_RECORD);
    bench_end(&bench);
}

static void test_nothing_before_hello(void **state)
{
    (void)state;
    struct bench bench;
    static struct picture before;
    bench_start(&bench, NULL);
    take_picture(&bench, &before);
    put_first_batch();
    assert_int_equal(send_batch(&bench, 6, NOW), INTAKE_WIRE);
    assert_int_equal(bench.intake.wire, WIRE_FAULT_TYPE);
    assert_int_equal(send_stats(&bench, &(struct wire_stats){0}), INTAKE_WIRE);
    assert_int_equal(bench.intake.wire, WIRE_FAULT_TYPE);
    assert_unchanged(&bench, &before);
    assert_int_equal(bench.intake.expected.sequence, 0);
    bench_end(&bench);
}

/* One good message of five records that are all new, and what makes it a wrong one. */
enum { BATCH = 5 };

struct fault_case {
    const char *name;
    size_t offset; /* of the bytes that are changed */
    size_t size;
    uint64_t value;
    enum wire_fault fault;
};

#define IN_HEADER(member)                                                                          \
    offsetof(struct wire_header, member), sizeof(((struct wire_header *)NULL)->member)
#define IN_LAST(member)                                                                            \
    offsetof(struct wire_batch, records) + (BATCH - 1) * sizeof(struct wire_record) +              \
        offsetof(struct wire_record, member),                                                      \
        sizeof(((struct wire_record *)NULL)->member)
#define IN_STATS(member)                                                                           \
    offsetof(struct wire_stats, member), sizeof(((struct wire_stats *)NULL)->member)

static const struct fault_case batch_faults[] = {
    {"another magic", IN_HEADER(magic), 0x44534e54, WIRE_FAULT_MAGIC},
    {"an unknown type", IN_HEADER(type), 4, WIRE_FAULT_TYPE},
    {"a second HELLO", IN_HEADER(type), WIRE_HELLO, WIRE_FAULT_TYPE},
    {"a batch called STATS", IN_HEADER(type), WIRE_STATS, WIRE_FAULT_LENGTH},
    {"fewer records than said", IN_HEADER(count), BATCH + 1, WIRE_FAULT_LENGTH},
    {"more records than said", IN_HEADER(count), BATCH - 1, WIRE_FAULT_LENGTH},
    {"a repeat", IN_HEADER(sequence), 2, WIRE_FAULT_SEQUENCE},
    {"a gap", IN_HEADER(sequence), 4, WIRE_FAULT_SEQUENCE},
    {"a query without a token", IN_LAST(token), 0, WIRE_FAULT_RECORD},
    {"too few bytes", IN_LAST(bytes), 11, WIRE_FAULT_RECORD},
    {"too many bytes", IN_LAST(bytes), 65528, WIRE_FAULT_RECORD},
    {"an outcome that is not recorded", IN_LAST(outcome), WIRE_OTHER_DOMAIN, WIRE_FAULT_RECORD},
    {"no outcome", IN_LAST(outcome), WIRE_OUTCOMES, WIRE_FAULT_RECORD},
    {"a response with a fingerprint", IN_LAST(outcome), WIRE_RESPONSE, WIRE_FAULT_RECORD},
    {"a rejected query with a token", IN_LAST(outcome), WIRE_REJECTED_QTYPE, WIRE_FAULT_RECORD},
    {"a token without a session", IN_LAST(strength), WIRE_NO_SESSION, WIRE_FAULT_RECORD},
    {"a session of a domain without", IN_LAST(domain), OPAQUE, WIRE_FAULT_RECORD},
    {"an outcome with a strength but not a session", IN_LAST(outcome), WIRE_REJECTED_SHORT,
     WIRE_FAULT_RECORD},
    {"no strength", IN_LAST(strength), WIRE_STRENGTHS, WIRE_FAULT_RECORD},
    {"a domain too many", IN_LAST(domain), DOMAINS, WIRE_FAULT_RECORD},
};

static const struct fault_case stats_faults[] = {
    {"a count in STATS", IN_HEADER(count), 1, WIRE_FAULT_RESERVED},
    {"STATS called a batch", IN_HEADER(type), WIRE_BATCH, WIRE_FAULT_LENGTH},
    {"less received than judged", IN_STATS(received), 15, WIRE_FAULT_ACCOUNT},
    {"more queries of a port than received", IN_STATS(ports[0].queries), 20, WIRE_FAULT_PORTS},
    {"more from loopback than came in", IN_STATS(ports[1].loopback), 3, WIRE_FAULT_PORTS},
    {"a port that is not watched", IN_STATS(ports[PORTS].queries), 1, WIRE_FAULT_PORTS},
    {"more look-ups than from loopback", IN_STATS(loopback_other_domain), 3, WIRE_FAULT_PORTS},
    {"a sum that wraps around", IN_STATS(outcomes[WIRE_MALFORMED]), UINT64_MAX, WIRE_FAULT_ACCOUNT},
};

static void put_new_batch(struct bench *bench)
{
    for (unsigned i = 0; i < BATCH; i++) {
        message.batch.records[i] = query(100 + i, 0, 100, 9);
    }
    put_header(WIRE_BATCH, BATCH, bench->intake.expected.sequence);
}

static void put_new_stats(struct bench *bench)
{
    message.stats = first_stats;
    message.stats.received++;
    message.stats.outcomes[WIRE_MALFORMED]++;
    put_header(WIRE_STATS, 0, bench->intake.expected.sequence);
}

static void spoil(const struct fault_case *fault_case)
{
    unsigned char *bytes = (unsigned char *)&message + fault_case->offset;
    const uint64_t whole = fault_case->value;
    const uint32_t half = (uint32_t)whole;
    const uint16_t quarter = (uint16_t)whole;
    switch (fault_case->size) {
    case sizeof whole:
        memcpy(bytes, &whole, sizeof whole);
        break;
    case sizeof half:
        memcpy(bytes, &half, sizeof half);
        break;
    case sizeof quarter:
        memcpy(bytes, &quarter, sizeof quarter);
        break;
    default:
        *bytes = (unsigned char)whole;
    }
}

static void run_fault(const struct fault_case *fault_case, void (*put)(struct bench *bench),
                      size_t length)
{
    static struct picture before;
    struct bench bench;
    start_conversation(&bench);
    take_picture(&bench, &before);
    put(&bench);
    spoil(fault_case);
    enum intake_fault fault = intake_take(&bench.intake, &message, length, NOW + 1000);
    if (fault != INTAKE_WIRE || bench.intake.wire != fault_case->fault) {
        fail_msg("%s: fault %d, wire %d", fault_case->name, (int)fault, (int)bench.intake.wire);
    }
    assert_unchanged(&bench, &before);
    assert_string_equal(intake_fault_text(&bench.intake, fault),
                        wire_fault_text(fault_case->fault));

    /* The same message unspoilt is taken. */
    put(&bench);
    assert_int_equal(intake_take(&bench.intake, &message, length, NOW + 1000), INTAKE_OK);
    assert_int_equal(bench.intake.expected.sequence, 4);
    bench_end(&bench);
}

static void test_wire_faults_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof batch_faults / sizeof *batch_faults; i++) {
        run_fault(&batch_faults[i], put_new_batch, wire_batch_length(BATCH));
    }
    for (size_t i = 0; i < sizeof stats_faults / sizeof *stats_faults; i++) {
        run_fault(&stats_faults[i], put_new_stats, sizeof message.stats);
    }
}

static void test_cut_messages_change_nothing(void **state)
{
    (void)state;
    static struct picture before;
    struct bench bench;
    start_conversation(&bench);
    take_picture(&bench, &before);
    const size_t lengths[] = {0,
                              1,
                              sizeof(struct wire_header),
                              wire_batch_length(BATCH) - 1,
                              wire_batch_length(BATCH) + 1,
                              sizeof message + 1,
                              SIZE_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        put_new_batch(&bench);
        assert_int_equal(intake_take(&bench.intake, &message, lengths[i], NOW), INTAKE_WIRE);
        assert_int_equal(bench.intake.wire, WIRE_FAULT_LENGTH);
        assert_unchanged(&bench, &before);
    }
    bench_end(&bench);
}

static void test_hello_faults(void **state)
{
    (void)state;
    struct bench bench;
    static struct picture before;
    bench_start(&bench, NULL);
    take_picture(&bench, &before);
    bench.intake.expected.domains++;
    assert_int_equal(send_hello(&bench), INTAKE_WIRE);
    assert_int_equal(bench.intake.wire, WIRE_FAULT_VERSION);
    bench.intake.expected.domains--;
    assert_unchanged(&bench, &before);
    assert_int_equal(send_hello(&bench), INTAKE_OK);
    assert_int_equal(send_hello(&bench), INTAKE_WIRE);
    assert_int_equal(bench.intake.wire, WIRE_FAULT_TYPE);
    bench_end(&bench);
}

static void test_counters_never_fall(void **state)
{
    (void)state;
    struct wire_stats stats = first_stats;
    enum { COUNTERS = (sizeof stats - sizeof stats.header) / sizeof(uint64_t) };
    uint64_t *counters[COUNTERS] = {&stats.received, &stats.interface_down,
                                    &stats.loopback_other_domain};
    for (unsigned outcome = 0; outcome < WIRE_OUTCOMES; outcome++) {
        counters[3 + outcome] = &stats.outcomes[outcome];
    }
    for (unsigned port = 0; port < WIRE_PORTS_MAX; port++) {
        counters[3 + WIRE_OUTCOMES + 2 * port] = &stats.ports[port].queries;
        counters[4 + WIRE_OUTCOMES + 2 * port] = &stats.ports[port].loopback;
    }
    static struct picture before;
    struct bench bench;
    start_conversation(&bench);
    take_picture(&bench, &before);
    for (unsigned i = 0; i < COUNTERS; i++) {
        stats = first_stats;
        if (*counters[i] == 0) {
            continue; /* it cannot fall */
        }
        (*counters[i])--;
        assert_int_equal(send_stats(&bench, &stats), INTAKE_FELL);
        assert_unchanged(&bench, &before);
    }
    bench_end(&bench);
}

static void test_account_agrees_with_records(void **state)
{
    (void)state;
    struct wire_stats stats = first_stats;
    struct wire_record more[WIRE_OUTCOMES] = {
        [WIRE_QUERY] = query(7, 0, 100, 1), [WIRE_RESPONSE] = response(7, 0, 100)};
    for (unsigned outcome = WIRE_REJECTED_FIRST; outcome < WIRE_QUERY; outcome++) {
        more[outcome] = rejected(outcome, 0);
    }
    static struct picture before;
    struct bench bench;
    start_conversation(&bench);
    for (unsigned i = WIRE_REJECTED_FIRST; i < WIRE_OUTCOMES; i++) {
        /* A record too many in the account. */
        take_picture(&bench, &before);
        stats = bench.intake.stats;
        stats.received++;
        stats.outcomes[i]++;
        assert_int_equal(send_stats(&bench, &stats), INTAKE_DISAGREES);
        assert_unchanged(&bench, &before);

        /* A record that is not in the account. */
        message.batch.records[0] = more[i];
        assert_int_equal(send_batch(&bench, 1, NOW), INTAKE_OK);
        take_picture(&bench, &before);
        struct wire_stats old = bench.intake.stats;
        assert_int_equal(send_stats(&bench, &old), INTAKE_DISAGREES);
        assert_unchanged(&bench, &before);
        assert_int_equal(send_stats(&bench, &stats), INTAKE_OK);
    }
    bench_end(&bench);
}

/* --- A long conversation against plain sums --- */

enum { TOKENS = 3000, FINGERPRINTS = 2, BATCHES = 150 };

struct sums {
    uint64_t queries[DOMAINS];
    uint64_t responses[DOMAINS];
    uint64_t bytes_in[DOMAINS];
    uint64_t bytes_out[DOMAINS];
    uint64_t rejected[DOMAINS][WIRE_REJECTED_COUNT];
    uint64_t repeated[DOMAINS];
    uint32_t seen[TOKENS];                 /* second; 0: never */
    uint32_t latest[TOKENS][FINGERPRINTS]; /* the same of each of its fingerprints */
};

static struct wire_record random_query(struct sums *sums, uint32_t number, uint8_t domain,
                                       uint16_t bytes, uint32_t now)
{
    const uint8_t fingerprint = (uint8_t)random_below(FINGERPRINTS);
    uint32_t *latest = &sums->latest[number][fingerprint];
    sums->repeated[domain] += *latest > 0 && now - *latest <= REPEATS_SECONDS;
    *latest = now;
    sums->seen[number] = now;
    return query(random_token(number), domain, bytes, fingerprint);
}

static struct wire_record random_record(struct sums *sums, uint32_t now)
{
    uint32_t number = random_below(TOKENS);
    bool session = random_below(4) > 0;
    uint8_t domain = session ? (uint8_t)(number % SESSION_DOMAINS) : OPAQUE;
    uint16_t bytes = (uint16_t)(12 + random_below(65527 - 12 + 1));
    uint32_t kind = random_below(3);
    if (kind == 0) {
        sums->queries[domain]++;
        sums->bytes_in[domain] += bytes;
        if (!session) {
            return query_without_session(domain, bytes);
        }
        return random_query(sums, number, domain, bytes, now);
    }
    if (kind == 1) {
        sums->responses[domain]++;
        sums->bytes_out[domain] += bytes;
        return response(session ? random_token(number) : 0, domain, bytes);
    }
    uint32_t reason = random_below(WIRE_REJECTED_COUNT);
    sums->rejected[domain][reason]++;
    return rejected(WIRE_REJECTED_FIRST + reason, domain);
}

/* What came of sessions is of those that ended and those that are there. */
static void assert_session_bytes(const struct counts *counts, const struct sums *sums)
{
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        uint64_t received = counts->sessions.ended[domain].received.sum;
        uint64_t sent = counts->sessions.ended[domain].sent.sum;
        for (uint64_t slot = 0; slot < counts->sessions.slot_count; slot++) {
            const struct session_entry *entry = &counts->sessions.slots[slot];
            if (entry->token != 0 && entry->group == domain) {
                received += entry->received;
                sent += entry->sent;
            }
        }
        assert_int_equal(received, domain == OPAQUE ? 0 : sums->bytes_in[domain]);
        assert_true(sent <= (domain == OPAQUE ? 0 : sums->bytes_out[domain]));
        assert_true(domain == OPAQUE || sums->bytes_out[domain] == 0 || sent > 0);
        /* A place may have forgotten one, if seldom. */
        const uint64_t repeated = counts->groups.entries[domain].repeated;
        assert_true(repeated <= sums->repeated[domain] && repeated + 2 >= sums->repeated[domain]);
    }
}

static void assert_sums(const struct bench *bench, const struct sums *sums, uint32_t now)
{
    uint64_t all_active = 0;
    uint64_t all_sessions = 0;
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        uint32_t active = 0;
        uint64_t sessions = 0;
        for (uint32_t number = domain; domain != OPAQUE && number < TOKENS;
             number += SESSION_DOMAINS) {
            active += sums->seen[number] > 0 && now - sums->seen[number] <= WINDOW;
            sessions += sums->seen[number] > 0;
        }
        const struct group *group = &bench->counts.groups.entries[domain];
        assert_int_equal(group->active, active);
        assert_int_equal(group->sessions, sessions);
        assert_int_equal(group->queries, sums->queries[domain]);
        assert_int_equal(group->responses, sums->responses[domain]);
        assert_int_equal(group->bytes_in, sums->bytes_in[domain]);
        assert_int_equal(group->bytes_out, sums->bytes_out[domain]);
        assert_memory_equal(group->rejected, sums->rejected[domain], sizeof group->rejected);
        all_active += active;
        all_sessions += sessions;
    }
    /* A query without a session has left nothing in the tables. */
    assert_int_equal(bench->counts.sessions.used, all_active);
    assert_int_equal(bench->counts.distinct.current.used, all_sessions);
}

static void test_long_conversation(void **state)
{
    (void)state;
    static struct sums sums;
    struct bench bench;
    bench_start(&bench, NULL);
    assert_int_equal(send_hello(&bench), INTAKE_OK);
    uint32_t now = NOW;
    for (unsigned batch = 0; batch < BATCHES; batch++) {
        now += random_below(4) == 0 ? random_below(2 * WINDOW) : 0;
        /* Short ones too, where there is nothing to fetch ahead. */
        uint32_t most = random_below(3) == 0 ? 12 : WIRE_BATCH_RECORDS;
        uint16_t count = (uint16_t)(batch == 0 ? WIRE_BATCH_RECORDS : 1 + random_below(most));
        for (unsigned i = 0; i < count; i++) {
            message.batch.records[i] = random_record(&sums, now);
        }
        assert_int_equal(send_batch(&bench, count, now), INTAKE_OK);
        sessions_sweep(&bench.counts.sessions, now);
        assert_sums(&bench, &sums, now);
        assert_session_bytes(&bench.counts, &sums);
    }
    struct wire_stats stats = {0};
    for (unsigned domain = 0; domain < DOMAINS; domain++) {
        stats.outcomes[WIRE_QUERY] += sums.queries[domain];
        stats.outcomes[WIRE_RESPONSE] += sums.responses[domain];
        for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
            stats.outcomes[WIRE_REJECTED_FIRST + reason] += sums.rejected[domain][reason];
        }
    }
    for (unsigned outcome = 0; outcome < WIRE_OUTCOMES; outcome++) {
        stats.received += stats.outcomes[outcome];
    }
    assert_int_equal(send_stats(&bench, &stats), INTAKE_OK);
    assert_true(sums.queries[OPAQUE] > 0);
    assert_true(sums.repeated[0] > 20 && sums.repeated[OPAQUE] == 0);
    bench_end(&bench);
}

/* --- Places --- */

enum { ORGANIZATIONS = 10 };

static char folder[] = "/tmp/test_intake.XXXXXX";

static void set_address(struct wire_record *record, uint8_t third)
{
    const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, 10, 77, third, 9};
    memcpy(record->address, address, sizeof address);
}

static struct geoip *open_both(void)
{
    static char country[PATH_MAX]; /* not owned by whom they are given to */
    static char asn[PATH_MAX];
    (void)snprintf(country, sizeof country, "%s/country.mmdb", folder);
    (void)snprintf(asn, sizeof asn, "%s/asn.mmdb", folder);
    struct geoip *geoip = NULL;
    struct geoip_error error;
    assert_int_equal(geoip_open(country, asn, ORGANIZATIONS, &geoip, &error), 0);
    return geoip;
}

/* Of the databases: 10.77.1.0/24 is DE and 64496, 10.77.2.0/24 is FR and 64497. */
static void test_places(void **state)
{
    (void)state;
    struct geoip *geoip = open_both();
    struct bench bench;
    bench_start(&bench, geoip);
    assert_int_equal(send_hello(&bench), INTAKE_OK);
    struct wire_record *records = message.batch.records;
    records[0] = query(1, 1, 100, 1);
    set_address(&records[0], 1);
    records[1] = response(1, 1, 200);
    set_address(&records[1], 2);
    records[2] = rejected(WIRE_REJECTED_QTYPE, 1);
    set_address(&records[2], 200);
    records[3] = query(1, 1, 101, 2);
    set_address(&records[3], 2);
    assert_int_equal(send_batch(&bench, 4, NOW), INTAKE_OK);

    assert_int_equal(bench.counts.groups.group_count, DOMAINS + 2);
    const struct group *groups = bench.counts.groups.entries;
    assert_int_equal(groups[1].rejected[WIRE_REJECTED_QTYPE - WIRE_REJECTED_FIRST], 1);
    assert_int_equal(groups[DOMAINS].geo.country, GEO_COUNTRY('D', 'E'));
    assert_int_equal(groups[DOMAINS].geo.asn, 64496);
    assert_int_equal(groups[DOMAINS].domain, 1);
    assert_int_equal(groups[DOMAINS].queries, 1);
    assert_int_equal(groups[DOMAINS].sessions, 1);
    assert_int_equal(groups[DOMAINS].active, 0);
    assert_int_equal(groups[DOMAINS + 1].geo.country, GEO_COUNTRY('F', 'R'));
    assert_int_equal(groups[DOMAINS + 1].geo.asn, 64497);
    assert_int_equal(groups[DOMAINS + 1].queries, 1);
    assert_int_equal(groups[DOMAINS + 1].responses, 1);
    assert_int_equal(groups[DOMAINS + 1].sessions, 0);
    assert_int_equal(groups[DOMAINS + 1].active, 1);
    assert_int_equal(bench.counts.groups.domains[1].peak, 1);
    bench_end(&bench);
    geoip_close(geoip);
}

static void send_from(struct bench *bench, struct wire_record record, uint8_t third)
{
    set_address(&record, third);
    message.batch.records[0] = record;
    assert_int_equal(send_batch(bench, 1, NOW), INTAKE_OK);
}

static const char *name_of(const struct geoip *geoip, uint32_t asn)
{
    const struct foreign_text *name = organizations_find(geoip_organizations(geoip), asn);
    return name != NULL ? name->text : "(none)";
}

/* By whatever comes first from an ASN. */
static void test_names_of_networks(void **state)
{
    (void)state;
    struct geoip *geoip = open_both();
    const struct organizations *names = geoip_organizations(geoip);
    struct bench bench;
    bench_start(&bench, geoip);
    assert_int_equal(send_hello(&bench), INTAKE_OK);
    assert_int_equal(names->count, 0);
    send_from(&bench, query(1, 1, 100, 1), 1);
    assert_string_equal(name_of(geoip, 64496), "Example Network 64496");
    send_from(&bench, response(1, 1, 200), 2);
    assert_string_equal(name_of(geoip, 64497), "Example Network 64497");
    send_from(&bench, rejected(WIRE_REJECTED_QTYPE, 1), 3);
    assert_string_equal(name_of(geoip, UINT32_MAX), "Example Network 4294967295");
    send_from(&bench, query(2, 1, 100, 1), 200); /* of no ASN */
    send_from(&bench, query(2, 1, 100, 1), 1);
    assert_int_equal(names->count, 3);
    bench_end(&bench);
    geoip_close(geoip);
}

/* What is only part of an `other` group is not named. */
static void test_no_names_beyond_the_cap(void **state)
{
    (void)state;
    struct geoip *geoip = open_both();
    struct bench bench;
    bench_start(&bench, geoip);
    bench.counts.groups.group_max = bench.counts.groups.group_count + 1;
    assert_int_equal(send_hello(&bench), INTAKE_OK);
    send_from(&bench, query(1, 1, 100, 1), 1);
    send_from(&bench, query(2, 1, 100, 1), 2);
    assert_int_equal(bench.counts.groups.capped, 1);
    assert_string_equal(name_of(geoip, 64496), "Example Network 64496");
    assert_string_equal(name_of(geoip, 64497), "(none)");
    /* Whatever the place of an `other` group is, which means nothing. */
    bench.counts.groups.entries[bench.counts.groups.group_count - 1].geo.asn = 64498;
    send_from(&bench, query(3, 1, 100, 1), 3);
    assert_int_equal(geoip_organizations(geoip)->count, 1);
    bench_end(&bench);
    geoip_close(geoip);
}

/* An answer of the cache asks for no name: that would cost each packet something. */
static void test_cached_addresses_are_not_named_again(void **state)
{
    (void)state;
    struct geoip *geoip = open_both();
    uint8_t address[16];
    struct wire_record record = query(1, 1, 100, 1);
    set_address(&record, 1);
    memcpy(address, record.address, sizeof address);
    bool fresh;
    (void)geoip_lookup(geoip, address, &fresh);
    struct bench bench;
    bench_start(&bench, geoip);
    assert_int_equal(send_hello(&bench), INTAKE_OK);
    send_from(&bench, record, 1);
    assert_string_equal(name_of(geoip, 64496), "(none)");
    bench_end(&bench);
    geoip_close(geoip);
}

static void test_texts(void **state)
{
    (void)state;
    struct intake intake = {.wire = WIRE_FAULT_RECORD};
    const char *texts[] = {
        intake_fault_text(&intake, INTAKE_OK), intake_fault_text(&intake, INTAKE_WIRE),
        intake_fault_text(&intake, INTAKE_FELL), intake_fault_text(&intake, INTAKE_DISAGREES),
        intake_fault_text(&intake, (enum intake_fault)(INTAKE_DISAGREES + 1))};
    assert_string_equal(texts[1], wire_fault_text(WIRE_FAULT_RECORD));
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_true(strlen(texts[i]) > 0);
        assert_null(strchr(texts[i], '\n'));
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(texts[i], texts[j]);
        }
    }
}

static int make_databases(void **state)
{
    (void)state;
    char command[PATH_MAX];
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(command, sizeof command, "perl tests/data/make_databases.pl %s", folder);
    return system(command) == 0 ? 0 : -1;
}

static int remove_databases(void **state)
{
    (void)state;
    char command[PATH_MAX];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversation),
        cmocka_unit_test(test_no_session),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_nothing_before_hello),
        cmocka_unit_test(test_wire_faults_change_nothing),
        cmocka_unit_test(test_cut_messages_change_nothing),
        cmocka_unit_test(test_hello_faults),
        cmocka_unit_test(test_counters_never_fall),
        cmocka_unit_test(test_account_agrees_with_records),
        cmocka_unit_test(test_long_conversation),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_names_of_networks),
        cmocka_unit_test(test_no_names_beyond_the_cap),
        cmocka_unit_test(test_cached_addresses_are_not_named_again),
        cmocka_unit_test(test_texts),
    };
    random_start();
    return cmocka_run_group_tests(tests, make_databases, remove_databases);
}
