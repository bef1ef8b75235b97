#include "capture/sniffer/parse/dns.h"
#include "capture/sniffer/tunnels/detect.h"
#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/compact_kcp.h"
#include "tests/unit/format_rows.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "t.example.com"

enum {
    KCP_HEADER = 24,
    COMMAND_FIRST = 81,
    COMMAND_LAST = 84,
    MARK = 0xe0,
    PADDING_MAX = 16,
    INITIAL = 0,
    ZERO_RTT,
    HANDSHAKE,
    RETRY,
    TYPE_HTTPS = 65,
};

/* The types of queries, by the record type that a tunnel's flag names. */
static const unsigned types[TUNNEL_ANY] = {16, 10, 5, 1, 28, 15, 2, 33, 257};

/* --- Payloads --- */

/* A segment of KCP's, or what begins as one: `length` is what it says of its data. */
static void put_segment(struct message *payload, uint32_t conversation, unsigned command,
                        unsigned length, size_t data)
{
    put(payload, &conversation, sizeof conversation);
    put8(payload, command);
    put_random(payload, 15);
    put16_little(payload, length);
    put16(payload, 0);
    put_random(payload, data);
}

/* Of the octets behind an id of any size, one alone could be a length with a command behind it. */
static struct message vaydns_data(size_t id, size_t data)
{
    struct message payload = {0};
    put_random(&payload, id);
    put8(&payload, (unsigned)(KCP_HEADER + data));
    put_segment(&payload, (uint32_t)random_next(), COMMAND_FIRST, (unsigned)data, data);
    for (size_t i = 1; i <= 8 + 5; i++) {
        if (i != id && i != id + 5) {
            payload.octets[i] |= 0xc0;
        }
    }
    return payload;
}

static struct message dnstt_data(size_t padding, size_t data)
{
    struct message payload = {0};
    put_random(&payload, 8);
    put8(&payload, (unsigned)(MARK + padding));
    put_random(&payload, padding);
    put8(&payload, (unsigned)(KCP_HEADER + data));
    put_segment(&payload, (uint32_t)random_next(), COMMAND_LAST, (unsigned)data, data);
    return payload;
}

static struct message quic_long(unsigned type, unsigned version, size_t octets, size_t rest)
{
    struct message payload = {0};
    put8(&payload, 0xc0 | type << 4);
    put16(&payload, 0);
    put16(&payload, version);
    put8(&payload, (unsigned)octets);
    put_random(&payload, octets);
    put8(&payload, 8);
    put_random(&payload, 8 + rest);
    return payload;
}

static struct message dnsttex_data(size_t data)
{
    struct message payload = {0};
    put_random(&payload, 8);
    put8(&payload, (unsigned)(COMPACT_HEADER + data));
    put_compact(&payload, (unsigned)random_next() & 0xffff, (unsigned)data, data);
    return payload;
}

/* --- What a name proves --- */

static struct detect_proof proof;

/* Reads a name that consists of these labels and the domain, in a message that ends `behind` octets
 * later. */
static bool detect(const struct message *labels, unsigned type, size_t behind)
{
    static struct detect_proof before;
    struct message name = *labels;
    put_name(&name, DOMAIN);
    put_zeros(&name, behind);
    uint8_t *copy = exact_copy(name.octets, name.length);
    memset(&findings, 0xa5, sizeof findings);
    memset(&before, 0x5a, sizeof before);
    proof = before;
    configure(DOMAIN, (struct tunnel){.format = TUNNEL_OPAQUE});
    findings.domain = &rules.domains[0];
    findings.question = (struct dns_question){
        .name = copy, .name_length = (uint8_t)(name.length - behind), .type = (uint16_t)type};
    bool proved = detect_format(&findings, WIRE_REJECTED_QTYPE, copy + name.length, &proof);
    free(copy);
    return proved;
}

static struct message labels_of(const struct message *payload, bool hex)
{
    struct message labels = {0};
    (hex ? put_hex_payload : put_payload)(&labels, payload->octets, payload->length);
    return labels;
}

static void assert_proved(bool proved, struct wire_evidence evidence, size_t at, size_t octets)
{
    assert_true(proved);
    assert_int_equal(proof.evidence.format, evidence.format);
    assert_int_equal(proof.evidence.clientid_size, evidence.clientid_size);
    assert_int_equal(proof.evidence.record_type, evidence.record_type);
    assert_int_equal(proof.id_at, at);
    assert_int_equal(proof.id_octets, octets);
}

/* A payload in base32 proves this, whatever follows its name, and nothing in another type. */
static void assert_proves(const struct message *payload, struct wire_evidence evidence, size_t at,
                          size_t octets)
{
    struct message labels = labels_of(payload, false);
    assert_proved(detect(&labels, TYPE_TXT, 0), evidence, at, octets);
    assert_proved(detect(&labels, TYPE_TXT, 40), evidence, at, octets);
    for (size_t i = at; i < at + octets; i++) {
        assert_int_equal(base32_octet(findings.values, i), payload->octets[i]);
    }
}

static void assert_proves_nothing(const struct message *payload)
{
    struct message labels = labels_of(payload, false);
    assert_false(detect(&labels, TYPE_TXT, 0));
    assert_false(detect(&labels, TYPE_A, 0));
}

static void assert_only_txt(const struct message *labels)
{
    assert_true(detect(labels, TYPE_TXT, 0));
    for (unsigned type = 0; type <= 300; type++) {
        assert_int_equal(detect(labels, type, 0), type == TYPE_TXT);
    }
}

/* --- VayDNS --- */

static void test_vaydns(void **state)
{
    (void)state;
    for (size_t id = 1; id <= TUNNEL_CLIENT_ID_MAX; id++) {
        for (size_t data = 0; id + 1 + KCP_HEADER + data <= 140; data++) {
            struct message payload = vaydns_data(id, data);
            assert_proves(&payload, (struct wire_evidence){TUNNEL_VAYDNS, (uint8_t)id, TUNNEL_TXT},
                          0, id);
        }
    }
}

static void test_types_of_vaydns(void **state)
{
    (void)state;
    struct message payload = vaydns_data(4, 30);
    struct message labels = labels_of(&payload, false);
    for (unsigned type = 0; type <= UINT16_MAX; type++) {
        unsigned record_type = 0;
        while (record_type < TUNNEL_ANY && types[record_type] != type) {
            record_type++;
        }
        bool proved = detect(&labels, type, 0);
        assert_int_equal(proved, record_type < TUNNEL_ANY);
        if (proved) {
            assert_proved(proved, (struct wire_evidence){TUNNEL_VAYDNS, 4, (uint8_t)record_type}, 0,
                          4);
        }
    }
}

/* Each octet of the header that says something, one off. */
static void test_no_packet_of_vaydns(void **state)
{
    (void)state;
    enum { ID = 2, LENGTH = ID, COMMAND = ID + 5, DATA = ID + 21 };
    struct message good = vaydns_data(ID, 30);
    for (unsigned command = 0; command <= UINT8_MAX; command++) {
        struct message payload = good;
        payload.octets[COMMAND] = (uint8_t)command;
        if (command >= COMMAND_FIRST && command <= COMMAND_LAST) {
            assert_proves(&payload, (struct wire_evidence){TUNNEL_VAYDNS, ID, TUNNEL_TXT}, 0, ID);
        } else {
            assert_proves_nothing(&payload);
        }
    }
    for (int more = -1; more <= 1; more += 2) {
        struct message payload = good;
        payload.octets[LENGTH] = (uint8_t)(payload.octets[LENGTH] + more);
        assert_proves_nothing(&payload);
        payload = good;
        payload.octets[DATA] = (uint8_t)(payload.octets[DATA] + more);
        assert_proves_nothing(&payload);
    }
    struct message payload = good;
    payload.octets[DATA + 3] = 1;
    assert_proves_nothing(&payload);
}

/* --- dnstt, which stands for noizdns and xdnstt too --- */

static void test_dnstt(void **state)
{
    (void)state;
    for (size_t padding = 0; padding <= 2 * PADDING_MAX - 1; padding++) {
        for (size_t data = 0; 10 + padding + KCP_HEADER + data <= 140; data++) {
            struct message payload = dnstt_data(padding, data);
            if (padding <= PADDING_MAX) {
                assert_proves(&payload, (struct wire_evidence){.format = TUNNEL_DNSTT}, 0, 8);
            } else {
                assert_proves_nothing(&payload);
            }
        }
    }
    struct message payload = dnstt_data(3, 50);
    struct message labels = labels_of(&payload, false);
    assert_only_txt(&labels);
}

/* xdns's is such a packet. */
static void test_frame_without_kcp(void **state)
{
    (void)state;
    enum { PADDING = 3, COMMAND = 8 + 1 + PADDING + 1 + 4, DATA = COMMAND + 16 };
    struct message payload = dnstt_data(PADDING, 40);
    payload.octets[COMMAND] = COMMAND_LAST + 1;
    assert_proves_nothing(&payload);
    payload = dnstt_data(PADDING, 40);
    payload.octets[DATA]--;
    assert_proves_nothing(&payload);
}

/* --- Slipstream --- */

static void test_slipstream(void **state)
{
    (void)state;
    for (unsigned type = INITIAL; type <= RETRY; type++) {
        for (size_t octets = 0; octets <= 21; octets++) {
            struct message payload = quic_long(type, 1, octets, 60);
            if (type != RETRY && octets >= 1 && octets <= 20) {
                assert_proves(&payload, (struct wire_evidence){.format = TUNNEL_SLIPSTREAM}, 6,
                              octets);
            } else {
                assert_proves_nothing(&payload);
            }
        }
    }
    struct message payload = quic_long(HANDSHAKE, 2, 8, 60);
    assert_proves_nothing(&payload);
    payload = quic_long(ZERO_RTT, 1, 8, 60);
    struct message labels = labels_of(&payload, false);
    assert_only_txt(&labels);
    /* A short header is anybody's. */
    payload.octets[0] = 0x40;
    assert_proves_nothing(&payload);
}

/* --- dnsttEx --- */

static void test_dnsttex(void **state)
{
    (void)state;
    const struct wire_evidence evidence = {.format = TUNNEL_DNSTTEX};
    unsigned proved = 0;
    for (size_t data = 0; 9 + COMPACT_HEADER + data <= 140; data++) {
        struct message payload = dnsttex_data(data);
        struct message labels = labels_of(&payload, true);
        /* What could be base32 as well is taken for that. */
        if (detect(&labels, TYPE_TXT, 0)) {
            assert_proved(true, evidence, 0, 8);
            proved++;
        }
    }
    assert_in_range(proved, 110, 120);

    struct message payload = dnsttex_data(0); /* the least that proves anything */
    payload.octets[0] = 0;                    /* which begins with 0: none of base32's */
    struct message labels = labels_of(&payload, true);
    assert_proved(detect(&labels, TYPE_TXT, 0), evidence, 0, 8);
    assert_only_txt(&labels);
    labels.octets[1] = 'w';
    assert_false(detect(&labels, TYPE_TXT, 0));
}

static void test_no_packet_of_dnsttex(void **state)
{
    (void)state;
    static const struct {
        size_t octets;
        uint8_t mark;
    } rows[] = {{15, 0x00}, {24, 0xff}, {40, 0xff}, {60, 40}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message payload = {0};
        put_random(&payload, rows[i].octets);
        payload.octets[0] = 0;
        payload.octets[8] = rows[i].mark;
        struct message labels = labels_of(&payload, true);
        assert_false(detect(&labels, TYPE_TXT, 0));
    }
}

/* --- Names that prove nothing --- */

static void test_polls(void **state)
{
    (void)state;
    struct message payload = {0};
    put(&payload, poll_payload, POLL_OCTETS);
    assert_proves_nothing(&payload);
    for (size_t id = 1; id <= TUNNEL_CLIENT_ID_MAX; id++) {
        payload = (struct message){0};
        put_random(&payload, id + 4);
        assert_proves_nothing(&payload);
    }
    /* The longest padding, in a name that is long enough for a packet. */
    payload = (struct message){0};
    put_random(&payload, 8);
    put8(&payload, MARK + PADDING_MAX);
    put_random(&payload, PADDING_MAX);
    assert_proves_nothing(&payload);
}

/* Of nothing and of every other length, one character a label as well as many. */
static void test_random_names(void **state)
{
    (void)state;
    for (unsigned run = 0; run < 20000; run++) {
        const size_t count = random_below(200);
        const size_t label = 1 + random_below(63);
        const bool hex = random_below(2) == 0;
        struct message labels = {0};
        for (size_t at = 0; at < count && labels.length + label < 230; at += label) {
            put8(&labels, (unsigned)label);
            for (size_t i = 0; i < label; i++) {
                const char *alphabet = hex ? base32hex_alphabet : base32_alphabet;
                put8(&labels, (unsigned char)alphabet[random_below(32)]);
            }
        }
        assert_false(detect(&labels, TYPE_TXT, random_below(20)));
    }
}

/* An encoder leaves no bits set that encode nothing. */
static void test_spare_bits(void **state)
{
    (void)state;
    struct message payload = vaydns_data(2, 30);
    struct message labels = labels_of(&payload, false);
    assert_true(detect(&labels, TYPE_TXT, 0));
    labels.octets[labels.length - 1]++;
    assert_false(detect(&labels, TYPE_TXT, 0));
    struct message hex = {0};
    payload = dnsttex_data(0);
    payload.octets[0] = 0;
    hex = labels_of(&payload, true);
    assert_true(detect(&hex, TYPE_TXT, 0));
    hex.octets[hex.length - 1]++;
    assert_false(detect(&hex, TYPE_TXT, 0));
}

/* Ids of one octet and of two, either of which a packet follows. */
static void test_two_proofs(void **state)
{
    (void)state;
    enum { OCTETS = 27, COMMAND = 6, LENGTH = 22 };
    struct message payload = {0};
    put_zeros(&payload, OCTETS);
    payload.octets[1] = OCTETS - 2;
    payload.octets[2] = OCTETS - 3;
    payload.octets[COMMAND] = COMMAND_FIRST;
    payload.octets[COMMAND + 1] = COMMAND_FIRST;
    payload.octets[LENGTH] = 1;
    assert_proves_nothing(&payload);
    payload.octets[COMMAND + 1] = 0;
    assert_proves(&payload, (struct wire_evidence){TUNNEL_VAYDNS, 1, TUNNEL_TXT}, 0, 1);
    payload.octets[COMMAND + 1] = COMMAND_FIRST;
    payload.octets[COMMAND] = 0;
    assert_proves(&payload, (struct wire_evidence){TUNNEL_VAYDNS, 2, TUNNEL_TXT}, 0, 2);
}

/* Any other octet behind an id may have that value too: a command tells them apart. */
static void test_many_lengths(void **state)
{
    (void)state;
    enum { ID = 8, OCTETS = ID + 1 + KCP_HEADER + 20 };
    for (unsigned more = 0; more < 1u << (ID - 1); more++) {
        struct message payload = {0};
        put_zeros(&payload, ID);
        put8(&payload, KCP_HEADER + 20);
        put_segment(&payload, 0, COMMAND_FIRST, 20, 20);
        for (unsigned id = 1; id < ID; id++) {
            if ((more >> (id - 1) & 1) != 0) {
                payload.octets[id] = (uint8_t)(OCTETS - 1 - id);
            }
        }
        assert_proves(&payload, (struct wire_evidence){TUNNEL_VAYDNS, ID, TUNNEL_TXT}, 0, ID);
        /* A command behind the length of an id of 5 octets. */
        payload.octets[10] = COMMAND_LAST;
        if ((more >> 4 & 1) != 0) {
            assert_proves_nothing(&payload);
        }
    }
}

/* Labels of one character, more octets than they encode. */
static void test_short_labels(void **state)
{
    (void)state;
    struct message payload = dnsttex_data(0);
    payload.octets[0] = 0;
    for (size_t characters = 0; characters <= 34; characters++) {
        char text[64];
        struct message labels = {0};
        encode_in(base32hex_alphabet, payload.octets, payload.length, text);
        for (size_t i = 0; i < characters; i++) {
            put_labels(&labels, text + i, 1);
        }
        assert_int_equal(detect(&labels, TYPE_TXT, 0), characters == 34);
    }
    struct message labels = {0};
    assert_false(detect(&labels, TYPE_TXT, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vaydns),
        cmocka_unit_test(test_types_of_vaydns),
        cmocka_unit_test(test_no_packet_of_vaydns),
        cmocka_unit_test(test_dnstt),
        cmocka_unit_test(test_frame_without_kcp),
        cmocka_unit_test(test_slipstream),
        cmocka_unit_test(test_dnsttex),
        cmocka_unit_test(test_no_packet_of_dnsttex),
        cmocka_unit_test(test_polls),
        cmocka_unit_test(test_random_names),
        cmocka_unit_test(test_spare_bits),
        cmocka_unit_test(test_two_proofs),
        cmocka_unit_test(test_many_lengths),
        cmocka_unit_test(test_short_labels),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
