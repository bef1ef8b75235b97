/* Rules of a few domains, and their verdicts on messages. Include after cmocka. */
#ifndef TESTS_UNIT_VERDICTS_H
#define TESTS_UNIT_VERDICTS_H

#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "tunnel.example.com"

enum {
    CLIENT_ID_OCTETS = 8,
    MTU = 1232,
    /* DOMAIN leaves 255 - 20 octets of the name, four of them for lengths: 231 characters. */
    PAYLOAD_MAX = 144,
};

static struct options options;
static struct tunnels_rules rules;
static struct tunnels_findings findings;

static inline void configure(const char *const domains[], unsigned count)
{
    memset(&options, 0, sizeof options);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(domain_parse(domains[i], &options.domains[i]), 0);
    }
    options.domain_count = count;
    options.mtu = MTU;
    options.framing = FRAMING_STRICT;
    memset(&rules, 0xa5, sizeof rules);
    tunnels_rules_make(&options, &rules);
}

/* Makes the rules of these domains again. */
static inline void set_framing(enum framing framing)
{
    options.framing = framing;
    memset(&rules, 0xa5, sizeof rules);
    tunnels_rules_make(&options, &rules);
}

static inline void set_mtu(uint32_t mtu)
{
    options.mtu = mtu;
    set_framing(FRAMING_STRICT);
}

static inline int configure_one(void **state)
{
    (void)state;
    configure((const char *const[]){DOMAIN}, 1);
    return 0;
}

static inline enum wire_outcome judge_query(const struct message *message, size_t captured,
                                            bool whole)
{
    uint8_t *copy = exact_copy(message->octets, captured);
    memset(&findings, 0xa5, sizeof findings);
    enum wire_outcome verdict = tunnels_classify_query(&rules, copy, captured, whole, &findings);
    free(copy);
    assert_int_not_equal(verdict, WIRE_IGNORED_NOT_RESPONSE);
    assert_int_not_equal(verdict, WIRE_RESPONSE);
    return verdict;
}

static inline enum wire_outcome judge_response(const struct message *message, size_t captured)
{
    uint8_t *copy = exact_copy(message->octets, captured);
    memset(&findings, 0xa5, sizeof findings);
    enum wire_outcome verdict = tunnels_classify_response(&rules, copy, captured, &findings);
    free(copy);
    assert_true(verdict == WIRE_RESPONSE || verdict == WIRE_IGNORED_NOT_RESPONSE);
    return verdict;
}

static inline void assert_session(const struct message *message)
{
    assert_int_equal(judge_query(message, message->length, true), WIRE_QUERY);
    assert_in_range(findings.strength, WIRE_WEAK, WIRE_STRENGTHS - 1);
}

static inline void assert_rejected(const struct message *message, enum wire_outcome reason)
{
    assert_int_equal(judge_query(message, message->length, true), reason);
    assert_int_equal(findings.domain->index, 0);
}

/* That the findings has this payload. */
static inline void assert_payload(const uint8_t *payload, size_t length)
{
    static const uint8_t zeros[BASE32_STEP] = {0};
    assert_int_equal(base32_octet_count(findings.value_count), length);
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(base32_octet(findings.values, i), payload[i]);
    }
    assert_memory_equal(findings.values + findings.value_count, zeros, sizeof zeros);
}

/* A payload of ClientID, `padding` marked octets and, with `packet` above 0, one of that length. */
static inline size_t make_payload(uint8_t *payload, unsigned padding, unsigned packet)
{
    size_t length = 0;
    for (unsigned i = 0; i < CLIENT_ID_OCTETS; i++) {
        payload[length++] = (uint8_t)random_next();
    }
    payload[length++] = (uint8_t)(0xe0 + padding);
    for (unsigned i = 0; i < padding; i++) {
        payload[length++] = (uint8_t)random_next();
    }
    if (packet > 0) {
        payload[length++] = (uint8_t)packet;
        for (unsigned i = 0; i < packet; i++) {
            payload[length++] = (uint8_t)random_next();
        }
    }
    return length;
}

/* One domain, of this tunnel. */
static inline void configure_tunnel(struct tunnel tunnel)
{
    options.tunnels[0] = tunnel;
    set_framing(FRAMING_STRICT);
}

/* A poll of vaydns with an id of two octets. */
static const uint8_t vaydns_poll[6] = {0xab, 0xcd, 1, 2, 3, 4};

static const uint8_t dnsttex_poll[15] = {1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 10, 11, 12, 13, 14};

/* A short header of QUIC, and no more octets than it needs. */
static const uint8_t slipstream_path[29] = {0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9};

/* A query without data, as a client of the format sends it. */
static inline struct message weak_query(enum tunnel_format format, const char *domain)
{
    struct message message = {0};
    put_dns_header(&message, 0x0100, 1);
    if (format == TUNNEL_DNSTTEX) {
        put_hex_payload(&message, dnsttex_poll, sizeof dnsttex_poll);
    } else if (format == TUNNEL_SLIPSTREAM) {
        put_payload(&message, slipstream_path, sizeof slipstream_path);
    } else if (format == TUNNEL_VAYDNS) {
        put_payload(&message, vaydns_poll, sizeof vaydns_poll);
    } else {
        put_payload(&message, poll_payload, POLL_OCTETS);
    }
    put_name(&message, domain);
    put16(&message, TYPE_TXT);
    put16(&message, CLASS_IN);
    put_opt(&message, 4096);
    return message;
}

/* A name under the domain, and its type, with nothing else in the message. */
static inline struct message question(const char *text, size_t length, unsigned type)
{
    struct message message = {0};
    put_dns_header(&message, 0x0100, 0);
    put_labels(&message, text, length);
    put_name(&message, DOMAIN);
    put16(&message, type);
    put16(&message, CLASS_IN);
    return message;
}

static inline struct message payload_question(const uint8_t *payload, size_t length, bool hex)
{
    char text[512];
    size_t count = encode_in(hex ? base32hex_alphabet : base32_alphabet, payload, length, text);
    return question(text, count, TYPE_TXT);
}

/* The response with each RCODE: it counts where the query does, with those that are a server's. */
static inline void assert_responses(const struct message *query, unsigned codes, bool counts)
{
    for (unsigned code = 0; code <= 0xf; code++) {
        struct message response = *query;
        set16(&response, FLAGS_AT, 0x8400 | code);
        bool answer = counts && (codes >> code & 1) != 0;
        assert_int_equal(judge_response(&response, response.length),
                         answer ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE);
    }
}

/* Of payloads whose octet `mark` is one of two, with random octets behind it: whatever comes,
 * nothing outside the message is read. */
static inline void assert_random_mutations(bool hex, size_t mark, const uint8_t marks[2])
{
    unsigned counted = 0;
    enum { ROUNDS = 100000 };
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t payload[PAYLOAD_MAX];
        size_t length = 15 + random_below(PAYLOAD_MAX - 15);
        for (size_t i = 0; i < length; i++) {
            payload[i] = random_below(2) == 0 ? (uint8_t)random_next() : 0;
        }
        payload[mark] = marks[random_below(2)];
        struct message message = payload_question(payload, length, hex);
        for (uint32_t changes = random_below(3); changes > 0; changes--) {
            message.octets[random_below((uint32_t)message.length)] = (uint8_t)random_next();
        }
        size_t captured = message.length - (random_below(8) == 0 ? random_below(40) : 0);
        enum wire_outcome outcome = judge_query(&message, captured, random_below(2) == 0);
        counted += outcome == WIRE_QUERY;
        set16(&message, FLAGS_AT, 0x8400);
        outcome = judge_response(&message, captured);
        counted += outcome == WIRE_RESPONSE;
    }
    assert_in_range(counted, ROUNDS / 10, 2 * ROUNDS - ROUNDS / 10);
}

#define TEST(name) cmocka_unit_test_setup(name, configure_one)

#endif
