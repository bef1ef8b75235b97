#include "common/tunnel.h"
#include "common/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

enum { DOMAINS = 4, PORTS = 3, SEQUENCE = 7, RECORDS = 5, PAST = 64 };

/* One message and what is expected when it comes; a test spoils one thing in it. */
struct arrival {
    union wire_message message;
    size_t length;
    struct wire_expectation expected;
};

static struct arrival arrival; /* 32 KiB: not for the stack */

/* The first domain's queries name a session each, the next one's not all, the third one's never;
 * those of the last have every strength of a session. */
static const struct wire_strengths strengths[DOMAINS] = {{WIRE_WEAK, WIRE_STRONG},
                                                         {WIRE_NO_SESSION, WIRE_STRONG},
                                                         {WIRE_NO_SESSION, WIRE_NO_SESSION},
                                                         {WIRE_WEAK, WIRE_STRONG_POLL}};

/* What lies past a message's length must not matter. */
static void start(enum wire_type type, size_t length, uint16_t count, uint64_t sequence)
{
    unsigned char *octets = (unsigned char *)&arrival.message;
    size_t past = sizeof arrival.message - length;
    memset(octets, 0, length);
    memset(octets + length, 0xff, past < PAST ? past : PAST);
    arrival.message.header = (struct wire_header){
        .magic = WIRE_MAGIC, .type = (uint16_t)type, .count = count, .sequence = sequence};
    arrival.length = length;
    arrival.expected =
        (struct wire_expectation){.sequence = sequence, .domains = DOMAINS, .ports = PORTS};
    memcpy(arrival.expected.strengths, strengths, sizeof strengths);
}

static void good_hello(void)
{
    start(WIRE_HELLO, sizeof(struct wire_hello), 0, 0);
    arrival.message.hello.version = WIRE_VERSION;
    arrival.message.hello.record_size = sizeof(struct wire_record);
    arrival.message.hello.domains = DOMAINS;
}

static void good_batch_of(uint16_t count)
{
    start(WIRE_BATCH, wire_batch_length(count), count, SEQUENCE);
    for (unsigned i = 0; i < count; i++) {
        struct wire_record *record = &arrival.message.batch.records[i];
        *record = (struct wire_record){.token = i + 1,
                                       .bytes = 120,
                                       .outcome = WIRE_QUERY,
                                       .strength = WIRE_STRONG,
                                       .fingerprint = {1, 2, 3}};
        if (i % 3 == 1) {
            *record = (struct wire_record){.token = UINT64_MAX,
                                           .bytes = 1232,
                                           .outcome = WIRE_RESPONSE,
                                           .strength = WIRE_WEAK,
                                           .domain = 1};
        } else if (i % 3 == 2) {
            *record =
                (struct wire_record){.bytes = 40, .outcome = WIRE_REJECTED_QTYPE, .domain = 2};
        }
    }
}

static void good_batch(void)
{
    good_batch_of(RECORDS);
}

static void good_stats(void)
{
    start(WIRE_STATS, sizeof(struct wire_stats), 0, SEQUENCE);
    struct wire_stats *stats = &arrival.message.stats;
    for (unsigned outcome = 0; outcome < WIRE_OUTCOMES; outcome++) {
        stats->outcomes[outcome] = 1 + outcome;
        stats->received += 1 + outcome;
    }
    stats->interface_down = 12;
    stats->loopback_other_domain = 2;
    for (unsigned i = 0; i < PORTS; i++) {
        stats->ports[i] = (struct wire_port){.queries = 10 * i, .loopback = i};
    }
}

static enum wire_fault judge(void)
{
    return wire_check(&arrival.message, arrival.length, &arrival.expected);
}

static void test_good_ones(void **state)
{
    (void)state;
    good_hello();
    assert_int_equal(judge(), WIRE_FAULT_NONE);
    good_stats();
    assert_int_equal(judge(), WIRE_FAULT_NONE);
    for (unsigned count = 1; count <= WIRE_BATCH_RECORDS; count++) {
        good_batch_of((uint16_t)count);
        assert_int_equal(judge(), WIRE_FAULT_NONE);
    }
}

static void test_every_other_length(void **state)
{
    (void)state;
    void (*const good[])(void) = {good_hello, good_batch, good_stats};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        good[i]();
        size_t right = arrival.length;
        for (size_t length = 0; length <= sizeof arrival.message + 100; length++) {
            arrival.length = length;
            assert_int_equal(judge(), length == right ? WIRE_FAULT_NONE : WIRE_FAULT_LENGTH);
        }
    }
    good_batch_of(WIRE_BATCH_RECORDS);
    arrival.length++;
    assert_int_equal(judge(), WIRE_FAULT_LENGTH);
}

static void test_every_other_count(void **state)
{
    (void)state;
    for (unsigned count = 0; count <= UINT16_MAX; count++) {
        good_batch();
        arrival.message.header.count = (uint16_t)count;
        assert_int_equal(judge(), count == RECORDS ? WIRE_FAULT_NONE : WIRE_FAULT_LENGTH);
        good_hello();
        arrival.message.header.count = (uint16_t)count;
        assert_int_equal(judge(), count == 0 ? WIRE_FAULT_NONE : WIRE_FAULT_RESERVED);
        good_stats();
        arrival.message.header.count = (uint16_t)count;
        assert_int_equal(judge(), count == 0 ? WIRE_FAULT_NONE : WIRE_FAULT_RESERVED);
    }
    /* A count of no or of too many records is wrong also with the length that belongs to it. */
    good_batch();
    arrival.message.header.count = 0;
    arrival.length = wire_batch_length(0);
    assert_int_equal(judge(), WIRE_FAULT_LENGTH);
    good_batch_of(WIRE_BATCH_RECORDS);
    arrival.message.header.count = WIRE_BATCH_RECORDS + 1;
    arrival.length = wire_batch_length(WIRE_BATCH_RECORDS + 1);
    assert_int_equal(judge(), WIRE_FAULT_LENGTH);
}

static void test_header(void **state)
{
    (void)state;
    void (*const good[])(void) = {good_hello, good_batch, good_stats};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        for (unsigned bit = 0; bit < 32; bit++) {
            good[i]();
            arrival.message.header.magic ^= UINT32_C(1) << bit;
            assert_int_equal(judge(), WIRE_FAULT_MAGIC);
        }
        for (unsigned bit = 0; bit < 64; bit++) {
            good[i]();
            arrival.message.header.sequence ^= UINT64_C(1) << bit;
            assert_int_equal(judge(), WIRE_FAULT_SEQUENCE);
        }
        for (unsigned type = WIRE_STATS + 1; type <= UINT16_MAX + 1; type++) {
            good[i]();
            arrival.message.header.type = (uint16_t)type; /* the last one is 0 */
            assert_int_equal(judge(), WIRE_FAULT_TYPE);
        }
    }
}

static void test_hello_first_and_once(void **state)
{
    (void)state;
    good_hello();
    arrival.message.header.sequence = arrival.expected.sequence = 1;
    assert_int_equal(judge(), WIRE_FAULT_TYPE);
    good_hello();
    arrival.expected.sequence = 1;
    assert_int_equal(judge(), WIRE_FAULT_TYPE);
    good_batch();
    arrival.message.header.sequence = arrival.expected.sequence = 0;
    assert_int_equal(judge(), WIRE_FAULT_TYPE);
    good_stats();
    arrival.message.header.sequence = arrival.expected.sequence = 0;
    assert_int_equal(judge(), WIRE_FAULT_TYPE);
}

static void test_hello_of_another_build(void **state)
{
    (void)state;
    for (unsigned value = 0; value <= UINT16_MAX; value++) {
        good_hello();
        arrival.message.hello.version = (uint16_t)value;
        assert_int_equal(judge(), value == WIRE_VERSION ? WIRE_FAULT_NONE : WIRE_FAULT_VERSION);
        good_hello();
        arrival.message.hello.record_size = (uint16_t)value;
        assert_int_equal(judge(), value == sizeof(struct wire_record) ? WIRE_FAULT_NONE
                                                                      : WIRE_FAULT_VERSION);
    }
    for (unsigned value = 0; value <= UINT8_MAX; value++) {
        good_hello();
        arrival.message.hello.domains = (uint8_t)value;
        assert_int_equal(judge(), value == DOMAINS ? WIRE_FAULT_NONE : WIRE_FAULT_VERSION);
    }
    for (unsigned i = 0; i < sizeof arrival.message.hello.reserved; i++) {
        good_hello();
        arrival.message.hello.reserved[i] = 1;
        assert_int_equal(judge(), WIRE_FAULT_RESERVED);
    }
}

/* The octets of evidence: format, size of an id, record type. */
static bool allows_evidence(const uint8_t octets[3])
{
    static const struct {
        uint8_t size_least, size_most, types;
    } rows[UINT8_MAX + 1] = {[TUNNEL_DNSTT] = {0, 0, 1},
                             [TUNNEL_VAYDNS] = {1, 8, 9},
                             [TUNNEL_DNSTTEX] = {0, 0, 1},
                             [TUNNEL_SLIPSTREAM] = {0, 0, 1}};
    return octets[1] >= rows[octets[0]].size_least && octets[1] <= rows[octets[0]].size_most &&
           octets[2] < rows[octets[0]].types;
}

/* The rules of a record, said another way than in the code: what each outcome may have, with a
 * session and without. What a query or a response may be without depends on its domain. */
static bool rules_allow(const struct wire_record *record)
{
    static const char *const rules[WIRE_OUTCOMES] = {
        [WIRE_REJECTED_OPCODE] = "evidence",  [WIRE_REJECTED_QTYPE] = "evidence",
        [WIRE_REJECTED_EDNS] = "evidence",    [WIRE_REJECTED_ENCODING] = "evidence",
        [WIRE_REJECTED_SHORT] = "evidence",   [WIRE_REJECTED_FRAMING] = "evidence",
        [WIRE_QUERY] = "session fingerprint", [WIRE_RESPONSE] = "session",
    };
    static const char *const domains[DOMAINS] = {"session", "session none", "none", "session"};
    static const uint8_t most[DOMAINS] = {2, 2, 0, 4};
    if (record->outcome >= WIRE_OUTCOMES || rules[record->outcome] == NULL ||
        record->domain >= DOMAINS) {
        return false;
    }
    const char *rule = rules[record->outcome];
    const char *domain = wire_is_rejected(record->outcome) ? "none" : domains[record->domain];
    bool session =
        record->token > 0 && record->strength >= 1 && record->strength <= most[record->domain];
    bool none = record->token == 0 && record->strength == 0;
    bool fingerprint = wire_fingerprint(record) > 0;
    if (record->token > 0 && record->strength == 0) {
        return strcmp(rule, "evidence") == 0 && allows_evidence(record->fingerprint) &&
               record->bytes >= 12 && record->bytes <= 65527;
    }
    return ((none && strstr(domain, "none") != NULL) ||
            (session && strstr(rule, "session") != NULL && strstr(domain, "session") != NULL)) &&
           (!fingerprint || (session && strstr(rule, "fingerprint") != NULL)) &&
           record->bytes >= 12 && record->bytes <= 65527;
}

static void assert_record(const struct wire_record *record)
{
    for (unsigned at = 0; at < RECORDS; at += RECORDS - 1) {
        good_batch();
        arrival.message.batch.records[at] = *record;
        assert_int_equal(judge(), rules_allow(record) ? WIRE_FAULT_NONE : WIRE_FAULT_RECORD);
    }
}

static void test_records(void **state)
{
    (void)state;
    const uint64_t tokens[] = {0, 1, UINT64_C(1) << 32, UINT64_MAX};
    for (unsigned outcome = 0; outcome <= UINT8_MAX; outcome++) {
        for (unsigned strength = 0; strength <= 2 * WIRE_STRENGTHS; strength++) {
            for (unsigned i = 0; i < DOMAINS * 4 * 4; i++) {
                struct wire_record record = {.token = tokens[i / 4 % 4],
                                             .bytes = 12,
                                             .domain = (uint8_t)(i / 16),
                                             .outcome = (uint8_t)outcome,
                                             .strength = (uint8_t)strength};
                if (i % 4 > 0) {
                    record.fingerprint[i % 4 - 1] = 0x80;
                }
                assert_record(&record);
            }
        }
    }
}

/* Each value of the octet, with a session and without. */
static void test_strengths(void **state)
{
    (void)state;
    for (unsigned outcome = WIRE_REJECTED_FIRST; outcome < WIRE_OUTCOMES; outcome++) {
        for (unsigned strength = 0; strength <= UINT8_MAX; strength++) {
            for (unsigned i = 0; i < DOMAINS * 2; i++) {
                struct wire_record record = {.token = i % 2,
                                             .bytes = 100,
                                             .domain = (uint8_t)(i / 2),
                                             .outcome = (uint8_t)outcome,
                                             .strength = (uint8_t)strength};
                assert_record(&record);
            }
        }
    }
}

/* Each value of each of the three octets. */
static void test_evidence(void **state)
{
    (void)state;
    for (unsigned outcome = WIRE_REJECTED_FIRST; outcome < WIRE_OUTCOMES; outcome++) {
        for (unsigned i = 0; i < 10 * 12 * 12; i++) {
            struct wire_record record = {.token = i + 1, .bytes = 100, .outcome = (uint8_t)outcome};
            wire_set_evidence(&record,
                              (struct wire_evidence){.format = (uint8_t)(i % 10),
                                                     .clientid_size = (uint8_t)(i / 10 % 12),
                                                     .record_type = (uint8_t)(i / 120)});
            assert_record(&record);
        }
    }
    for (unsigned at = 0; at < WIRE_FINGERPRINT_OCTETS; at++) {
        for (unsigned value = 0; value <= UINT8_MAX; value++) {
            struct wire_record record = {.token = 1, .bytes = 100, .outcome = WIRE_REJECTED_QTYPE};
            wire_set_evidence(&record, (struct wire_evidence){TUNNEL_VAYDNS, 2, TUNNEL_A});
            record.fingerprint[at] = (uint8_t)value;
            assert_record(&record);
        }
    }
}

static void test_evidence_of_a_record(void **state)
{
    (void)state;
    struct wire_record record = {.token = 1, .domain = 3};
    wire_set_evidence(&record, (struct wire_evidence){TUNNEL_VAYDNS, 8, TUNNEL_CAA});
    assert_int_equal(record.domain, 3);
    assert_int_equal(wire_evidence(&record).format, TUNNEL_VAYDNS);
    assert_int_equal(wire_evidence(&record).clientid_size, 8);
    assert_int_equal(wire_evidence(&record).record_type, TUNNEL_CAA);
}

/* What the strengths say. */
static void test_meaning_of_strengths(void **state)
{
    (void)state;
    static const struct {
        bool proves, has_data;
    } rows[WIRE_STRENGTHS] = {
        [WIRE_STRONG] = {true, true},
        [WIRE_WEAK_DATA] = {false, true},
        [WIRE_STRONG_POLL] = {true, false},
    };
    assert_int_equal(WIRE_STRENGTHS, 5);
    for (uint8_t strength = 0; strength < WIRE_STRENGTHS; strength++) {
        assert_int_equal(wire_proves(strength), rows[strength].proves);
        assert_int_equal(wire_has_data(strength), rows[strength].has_data);
    }
}

static void test_record_ranges(void **state)
{
    (void)state;
    for (unsigned outcome = WIRE_REJECTED_FIRST; outcome < WIRE_OUTCOMES; outcome++) {
        bool session = !wire_is_rejected(outcome);
        struct wire_record record = {.token = session ? 1 : 0,
                                     .outcome = (uint8_t)outcome,
                                     .strength = session ? WIRE_STRONG : WIRE_NO_SESSION};
        memset(record.address, 0xff, sizeof record.address);
        for (unsigned bytes = 0; bytes <= UINT16_MAX; bytes++) {
            record.bytes = (uint16_t)bytes;
            assert_record(&record);
        }
        record.bytes = 100;
        for (unsigned domain = 0; domain <= UINT8_MAX; domain++) {
            record.domain = (uint8_t)domain;
            assert_record(&record);
        }
    }
}

static void assert_too_much(uint64_t *outcome, uint64_t value)
{
    *outcome = value;
    assert_int_equal(judge(), WIRE_FAULT_ACCOUNT);
}

static void test_account(void **state)
{
    (void)state;
    good_stats();
    arrival.message.stats.received++;
    assert_int_equal(judge(), WIRE_FAULT_NONE);
    good_stats();
    arrival.message.stats.received--;
    assert_int_equal(judge(), WIRE_FAULT_ACCOUNT);

    uint64_t *const outcomes = arrival.message.stats.outcomes;
    for (unsigned i = 0; i < WIRE_OUTCOMES; i++) {
        good_stats();
        assert_too_much(&outcomes[i], outcomes[i] + 1);
        /* A sum that wraps around to a small one, over one outcome and over two. */
        good_stats();
        assert_too_much(&outcomes[i], UINT64_MAX);
        for (unsigned j = 0; j < i; j++) {
            good_stats();
            outcomes[j] += UINT64_C(1) << 63;
            assert_too_much(&outcomes[i], outcomes[i] + (UINT64_C(1) << 63));
        }
    }
    good_stats();
    arrival.message.stats.received = UINT64_MAX;
    uint64_t others = WIRE_OUTCOMES * (WIRE_OUTCOMES + 1) / 2 - (1 + WIRE_QUERY);
    outcomes[WIRE_QUERY] = UINT64_MAX - others;
    assert_int_equal(judge(), WIRE_FAULT_NONE);
    outcomes[WIRE_QUERY]++;
    assert_int_equal(judge(), WIRE_FAULT_ACCOUNT);
    /* How often the interface was down is no packet. */
    good_stats();
    arrival.message.stats.interface_down = UINT64_MAX;
    assert_int_equal(judge(), WIRE_FAULT_NONE);
}

static void assert_ports(bool right)
{
    assert_int_equal(judge(), right ? WIRE_FAULT_NONE : WIRE_FAULT_PORTS);
}

static void test_each_port(void **state)
{
    (void)state;
    struct wire_stats *stats = &arrival.message.stats;
    for (unsigned i = 0; i < WIRE_PORTS_MAX; i++) {
        good_stats();
        stats->ports[i].queries += 1;
        assert_ports(i < PORTS);
        stats->ports[i].loopback = stats->ports[i].queries;
        assert_ports(i < PORTS);
        stats->ports[i].loopback++;
        assert_ports(false);
        good_stats();
        arrival.expected.ports = (uint8_t)(i + 1);
        assert_ports(i + 1 >= PORTS);
        /* A sum that wraps around to a small one. */
        good_stats();
        stats->ports[i].queries = UINT64_MAX;
        assert_ports(false);
        good_stats();
        arrival.expected.ports = WIRE_PORTS_MAX;
        stats->ports[i].queries += UINT64_C(1) << 63;
        stats->ports[(i + 1) % WIRE_PORTS_MAX].queries += UINT64_C(1) << 63;
        assert_ports(false);
    }
}

static void test_sums_of_ports(void **state)
{
    (void)state;
    struct wire_stats *stats = &arrival.message.stats;
    good_stats();
    stats->ports[0].queries = stats->received - 30;
    assert_ports(true);
    stats->ports[0].queries++;
    assert_ports(false);
    good_stats();
    stats->loopback_other_domain = 3; /* the sum of those of the ports */
    assert_ports(true);
    stats->loopback_other_domain++;
    assert_ports(false);
    good_stats();
    stats->ports[2].loopback = 20;
    stats->loopback_other_domain = stats->outcomes[WIRE_OTHER_DOMAIN];
    assert_ports(true);
    stats->loopback_other_domain++;
    assert_ports(false);
}

/* Each outcome has its name, and those of one name stand together, which the sums rely on. */
static void test_outcome_texts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WIRE_OUTCOMES; i++) {
        const struct wire_outcome_text *text = &wire_outcome_texts[i];
        bool split = wire_is_rejected(i) || (i >= WIRE_IGNORED_FIRST && i < WIRE_MALFORMED);
        assert_true(text->outcome != NULL && text->outcome[0] != '\0');
        assert_int_equal(split, text->reason != NULL);
        assert_true(text->meaning != NULL && text->meaning[0] != '\0');
        assert_int_equal(wire_is_rejected(i), strcmp(text->outcome, "rejected") == 0);
        for (unsigned j = 0; j < i; j++) {
            const struct wire_outcome_text *other = &wire_outcome_texts[j];
            bool same = strcmp(text->outcome, other->outcome) == 0;
            assert_true(!same || strcmp(wire_outcome_texts[i - 1].outcome, text->outcome) == 0);
            assert_true(!same || strcmp(text->reason, other->reason) != 0);
        }
    }
}

static void test_texts(void **state)
{
    (void)state;
    for (int fault = WIRE_FAULT_NONE; fault < WIRE_FAULT_COUNT; fault++) {
        const char *text = wire_fault_text((enum wire_fault)fault);
        assert_non_null(text);
        assert_true(strlen(text) > 0);
        assert_null(strchr(text, '\n'));
        for (int other = fault + 1; other <= WIRE_FAULT_COUNT; other++) {
            assert_string_not_equal(text, wire_fault_text((enum wire_fault)other));
        }
    }
}

static void test_fingerprint(void **state)
{
    (void)state;
    struct wire_record record = {.fingerprint = {0x12, 0x34, 0xff}};
    assert_int_equal(wire_fingerprint(&record), 0xff3412);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_ones),
        cmocka_unit_test(test_every_other_length),
        cmocka_unit_test(test_every_other_count),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_hello_first_and_once),
        cmocka_unit_test(test_hello_of_another_build),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_strengths),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_evidence_of_a_record),
        cmocka_unit_test(test_meaning_of_strengths),
        cmocka_unit_test(test_record_ranges),
        cmocka_unit_test(test_account),
        cmocka_unit_test(test_each_port),
        cmocka_unit_test(test_sums_of_ports),
        cmocka_unit_test(test_outcome_texts),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
