/* What the rules of a domain are made of: its options, and what its tunnel's server takes. */
#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/verdicts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Without EDNS, or with a size below 512, the server takes a query as one that allows 512. */
static void test_payload_size(void **state)
{
    (void)state;
    static const uint32_t mtus[] = {1, 500, 511, 512, 513, MTU, UINT16_MAX - 1, UINT16_MAX};
    for (size_t i = 0; i < sizeof mtus / sizeof *mtus; i++) {
        struct message message = {0};
        set_mtu(mtus[i]);
        put_query(&message, poll_payload, POLL_OCTETS, DOMAIN);
        size_t opt = message.length - 11;
        for (unsigned size = 0; size <= UINT16_MAX; size++) {
            set16(&message, opt + 3, size);
            unsigned allowed = size < 512 ? 512 : size;
            assert_int_equal(judge_query(&message, message.length, true),
                             allowed < mtus[i] ? WIRE_REJECTED_EDNS : WIRE_QUERY);
        }
        message.length = opt;
        set16(&message, ARCOUNT_AT, 0);
        assert_int_equal(judge_query(&message, message.length, true),
                         mtus[i] > 512 ? WIRE_REJECTED_EDNS : WIRE_QUERY);
    }
}

/* Two OPT records and another version are refused whatever the MTU. */
static void test_edns_at_a_low_mtu(void **state)
{
    (void)state;
    set_mtu(1);
    struct message message = {0};
    put_query(&message, poll_payload, POLL_OCTETS, DOMAIN);
    size_t version = message.length - 11 + 6;
    message.octets[version] = 1;
    assert_rejected(&message, WIRE_REJECTED_EDNS);
    message.octets[version] = 0;
    assert_session(&message);
    put_opt(&message, 4096);
    set16(&message, ARCOUNT_AT, 2);
    assert_rejected(&message, WIRE_REJECTED_EDNS);
}

/* The tunnel's own, whatever those beside it have. */
static void test_mtu_of_each_domain(void **state)
{
    (void)state;
    static const uint32_t own[] = {500, 0, 1400};
    static const char *const domains[] = {"a.example", "b.example", "c.example"};
    configure(domains, 3);
    for (unsigned i = 0; i < 3; i++) {
        options.tunnels[i].mtu = own[i];
    }
    set_mtu(MTU);
    for (unsigned i = 0; i < 3; i++) {
        struct message message = {0};
        put_query(&message, poll_payload, POLL_OCTETS, domains[i]);
        for (unsigned size = 400; size < 1500; size++) {
            set16(&message, message.length - 11 + 3, size);
            bool served = i == 0 || size >= (i == 1 ? MTU : 1400);
            assert_int_equal(judge_query(&message, message.length, true),
                             served ? WIRE_QUERY : WIRE_REJECTED_EDNS);
            assert_int_equal(findings.domain->index, i);
        }
    }
}

static void test_longest_domain_wins(void **state)
{
    (void)state;
    static const char *const names[] = {"example.com", "t.example.com", "a.t.example.com",
                                        "b.t.example.com"};
    enum { COUNT = sizeof names / sizeof *names };
    /* In each of several orders. */
    for (unsigned order = 0; order < 64; order++) {
        const char *domains[COUNT];
        unsigned place[COUNT];
        memcpy(domains, names, sizeof names);
        for (unsigned i = COUNT - 1; i > 0; i--) {
            unsigned other = random_below(i + 1);
            const char *moved = domains[i];
            domains[i] = domains[other];
            domains[other] = moved;
        }
        configure(domains, COUNT);
        for (unsigned i = 0; i < COUNT; i++) {
            for (unsigned j = 0; j < COUNT; j++) {
                place[i] = domains[j] == names[i] ? j : place[i];
            }
        }
        for (unsigned i = 0; i < COUNT; i++) {
            struct message query = {0};
            put_query(&query, poll_payload, POLL_OCTETS, names[i]);
            assert_session(&query);
            assert_int_equal(findings.domain->index, place[i]);
            struct message response = {0};
            put_response(&response, poll_payload, POLL_OCTETS, names[i], 50);
            assert_int_equal(judge_response(&response, response.length), WIRE_RESPONSE);
            assert_int_equal(findings.domain->index, place[i]);
        }
        /* "c" is a label like any other, and so of the payload; "0" would be no base32. */
        struct message under = {0};
        put_query(&under, poll_payload, POLL_OCTETS, "0.t.example.com");
        assert_int_equal(judge_query(&under, under.length, true), WIRE_REJECTED_ENCODING);
        assert_int_equal(findings.domain->index, place[1]);
    }
}

static void test_as_many_domains_as_can_be(void **state)
{
    (void)state;
    static char texts[DOMAINS_MAX][32];
    const char *domains[DOMAINS_MAX];
    for (unsigned i = 0; i < DOMAINS_MAX; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "%.*s%u.example", (int)(i % 7), "xxxxxxx", i);
        domains[i] = texts[i];
    }
    configure(domains, DOMAINS_MAX);
    for (unsigned i = 0; i < DOMAINS_MAX; i++) {
        struct message message = {0};
        put_query(&message, poll_payload, POLL_OCTETS, texts[i]);
        assert_session(&message);
        assert_int_equal(findings.domain->index, i);
    }
}

/* Case is a letter's alone: an octet beside the letters is equal to itself only, although no domain
 * that is configured has one. */
static void test_octets_beside_the_letters(void **state)
{
    (void)state;
    static const uint8_t octets[] = {'`', 'a', 'z', '{', '_', '-', '9'};
    enum { OWN = 1 }; /* the first octet of the first label */
    for (size_t i = 0; i < sizeof octets; i++) {
        const uint8_t octet = octets[i];
        struct message message = {0};
        options.domains[0].wire[OWN] = octet;
        set_framing(FRAMING_STRICT);
        put_query(&message, poll_payload, POLL_OCTETS, DOMAIN);
        const size_t at = message.length - 15 - options.domains[0].wire_length + OWN;
        for (unsigned other = 0; other <= UINT8_MAX; other++) {
            message.octets[at] = (uint8_t)other;
            bool letter = octet >= 'a' && octet <= 'z';
            bool same = other == octet || (letter && other == octet - 0x20u);
            assert_int_equal(judge_query(&message, message.length, true),
                             same ? WIRE_QUERY : WIRE_OTHER_DOMAIN);
        }
    }
}

static void test_longest_possible_domain(void **state)
{
    (void)state;
    char text[DOMAIN_WIRE_MAX];
    memset(text, 'd', sizeof text);
    text[59] = text[119] = text[179] = '.';
    text[DOMAIN_WIRE_MAX - 2] = '\0';
    configure((const char *const[]){text}, 1);
    assert_int_equal(options.domains[0].wire_length, DOMAIN_WIRE_MAX);
    struct message message = {0};
    put_query(&message, poll_payload, CLIENT_ID_OCTETS, text);
    assert_rejected(&message, WIRE_REJECTED_FRAMING);
    set_framing(FRAMING_ANY);
    assert_session(&message);
}

struct types_case {
    struct tunnel tunnel;
    unsigned types[3]; /* that its server answers */
};

/* Judges a query, and the response to it, of each type there is. */
static void assert_types(const struct types_case *row)
{
    bool xdns = row->tunnel.format == TUNNEL_XDNS;
    struct message query = weak_query(row->tunnel.format, DOMAIN);
    configure_tunnel(row->tunnel);
    for (unsigned type = 0; type <= UINT16_MAX; type++) {
        bool answered = type == row->types[0] || (row->types[1] != 0 && type == row->types[1]) ||
                        (row->types[2] != 0 && type == row->types[2]);
        set16(&query, query.length - 11 - 4, type);
        assert_int_equal(judge_query(&query, query.length, true),
                         answered ? WIRE_QUERY : WIRE_REJECTED_QTYPE);
        if (answered) {
            /* A poll shows little, but xdns's shows as much as its data do. */
            assert_int_equal(findings.strength,
                             xdns && type == TYPE_TXT ? WIRE_STRONG_POLL : WIRE_WEAK);
        }
        struct message response = query;
        set16(&response, FLAGS_AT, 0x8400);
        assert_int_equal(judge_response(&response, response.length),
                         answered ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE);
    }
}

static void test_types_of_each_tunnel(void **state)
{
    (void)state;
    static const struct types_case rows[] = {
        {{.format = TUNNEL_DNSTT}, {16}},
        {{.format = TUNNEL_NOIZDNS}, {16}},
        {{.format = TUNNEL_XDNS, .record_type = TUNNEL_TXT}, {16}},
        {{.format = TUNNEL_XDNS, .record_type = TUNNEL_A}, {1}},
        {{.format = TUNNEL_XDNS, .record_type = TUNNEL_AAAA}, {28}},
        {{.format = TUNNEL_XDNS, .record_type = TUNNEL_ANY}, {16, 1, 28}},
        {{.format = TUNNEL_DNSTTEX}, {16}},
        {{.format = TUNNEL_SLIPSTREAM}, {16}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_TXT, .clientid_size = 2}, {16}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_NULL, .clientid_size = 2}, {10}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_CNAME, .clientid_size = 2}, {5}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_A, .clientid_size = 2}, {1}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_AAAA, .clientid_size = 2}, {28}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_MX, .clientid_size = 2}, {15}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_NS, .clientid_size = 2}, {2}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_SRV, .clientid_size = 2}, {33}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_CAA, .clientid_size = 2}, {257}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_types(&rows[i]);
    }
}

/* The flag is of dnstt alone: beside it the others keep their rules. */
static void test_framing_any_of_each_tunnel(void **state)
{
    (void)state;
    static const char *const domains[] = {"d.example", "n.example", "x.example",
                                          "v.example", "e.example", "s.example"};
    enum { COUNT = sizeof domains / sizeof *domains };
    configure(domains, COUNT);
    options.tunnels[1].format = TUNNEL_NOIZDNS;
    options.tunnels[2].format = TUNNEL_XDNS;
    options.tunnels[3] = (struct tunnel){.format = TUNNEL_VAYDNS, .clientid_size = 2};
    options.tunnels[4].format = TUNNEL_DNSTTEX;
    options.tunnels[5].format = TUNNEL_SLIPSTREAM;
    for (int framing = FRAMING_STRICT; framing <= FRAMING_ANY; framing++) {
        set_framing((enum framing)framing);
        for (unsigned i = 0; i < COUNT; i++) {
            /* No frame of any, in either alphabet, and no header of QUIC. */
            const uint8_t payload[25] = {0};
            struct message message = {0};
            put_query(&message, payload, sizeof payload, domains[i]);
            bool taken = i == 0 && framing == FRAMING_ANY;
            assert_int_equal(judge_query(&message, message.length, true),
                             taken ? WIRE_QUERY : WIRE_REJECTED_FRAMING);
            assert_int_equal(findings.domain->index, i);
            set16(&message, FLAGS_AT, 0x8400);
            assert_int_equal(judge_response(&message, message.length),
                             taken ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE);
        }
    }
}

/* That the mask has the bits of so many octets, and which values hold nothing else. */
static void assert_id_bits(uint32_t octets)
{
    uint8_t mask[sizeof findings.domain->id_mask];
    memcpy(mask, findings.domain->id_mask, sizeof mask);
    for (size_t bit = 0; bit < sizeof mask * 5; bit++) {
        assert_int_equal(mask[bit / 5] >> (4 - bit % 5) & 1, bit < (size_t)octets * 8);
    }
    for (size_t i = 0; i < sizeof mask; i++) {
        assert_int_equal(mask[i] & 0xe0, 0);
        assert_int_equal(i < findings.domain->id_values, mask[i] == 0x1f);
    }
    assert_int_equal(findings.domain->id_octets, octets);
}

static void test_ids_of_vaydns(void **state)
{
    (void)state;
    for (uint32_t id = 1; id <= TUNNEL_CLIENT_ID_MAX; id++) {
        uint8_t payload[PAYLOAD_MAX] = {1, 2, 3, 4, 5, 6, 7, 8};
        configure_tunnel((struct tunnel){.format = TUNNEL_VAYDNS, .clientid_size = id});
        for (size_t length = 0; length <= 30; length++) {
            struct message message = {0};
            put_query(&message, payload, length, DOMAIN);
            if (length == id + 4) {
                assert_session(&message);
                assert_int_equal(findings.strength, WIRE_WEAK);
                assert_payload(payload, length);
            } else {
                assert_rejected(&message,
                                length < id ? WIRE_REJECTED_SHORT : WIRE_REJECTED_FRAMING);
            }
            assert_id_bits(id);
        }
    }
}

static void test_ids_of_the_others(void **state)
{
    (void)state;
    static const enum tunnel_format formats[] = {TUNNEL_DNSTT, TUNNEL_NOIZDNS, TUNNEL_XDNS,
                                                 TUNNEL_DNSTTEX};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct message message = weak_query(formats[i], DOMAIN);
        configure_tunnel((struct tunnel){.format = formats[i]});
        assert_session(&message);
        assert_id_bits(CLIENT_ID_OCTETS);
    }
}

/* Its ids have no one place: all of a name makes one query another. */
static void test_ids_of_slipstream(void **state)
{
    (void)state;
    struct message message = weak_query(TUNNEL_SLIPSTREAM, DOMAIN);
    configure_tunnel((struct tunnel){.format = TUNNEL_SLIPSTREAM});
    assert_session(&message);
    assert_int_equal(findings.domain->id_octets, CLIENT_ID_OCTETS);
    assert_int_equal(findings.domain->id_values, 0);
}

/* Of each type, the record type whose queries have it; none where there is none. */
static void test_record_types(void **state)
{
    (void)state;
    static const uint16_t codes[TUNNEL_ANY] = {16, 10, 5, 1, 28, 15, 2, 33, 257};
    unsigned known = 0;
    for (unsigned type = 0; type <= UINT16_MAX; type++) {
        enum tunnel_record_type record_type = tunnels_record_type((uint16_t)type);
        assert_in_range(record_type, TUNNEL_TXT, TUNNEL_ANY);
        if (record_type != TUNNEL_ANY) {
            assert_int_equal(codes[record_type], type);
            known++;
        }
    }
    assert_int_equal(known, TUNNEL_ANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_payload_size),
        TEST(test_edns_at_a_low_mtu),
        TEST(test_mtu_of_each_domain),
        TEST(test_longest_domain_wins),
        TEST(test_as_many_domains_as_can_be),
        TEST(test_octets_beside_the_letters),
        TEST(test_longest_possible_domain),
        TEST(test_types_of_each_tunnel),
        TEST(test_framing_any_of_each_tunnel),
        TEST(test_ids_of_vaydns),
        TEST(test_ids_of_the_others),
        TEST(test_ids_of_slipstream),
        cmocka_unit_test(test_record_types),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
