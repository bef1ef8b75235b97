#include "capture/sniffer/classify.h"
#include "capture/sniffer/parse/dns.h"
#include "common/wire.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/classifier.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>

static void assert_ignored(const struct message *message, unsigned type, enum wire_outcome reason)
{
    assert_int_equal(judge_message(message, type), reason);
}

static struct message response_message(unsigned answer)
{
    struct message dns = {0};
    put_response(&dns, poll_payload, POLL_OCTETS, DOMAIN, answer);
    return dns;
}

static void assert_response_record(size_t bytes, const uint8_t *address)
{
    assert_true(record.token == poll_token());
    assert_memory_equal(record.address, address, sizeof record.address);
    assert_int_equal(record.bytes, bytes);
    assert_int_equal(record.outcome, WIRE_RESPONSE);
    assert_int_equal(record.strength, WIRE_WEAK);
    assert_int_equal(record.domain, 1);
    assert_int_equal(wire_fingerprint(&record), 0);
}

static void test_query(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    for (unsigned version = 4; version <= 6; version += 2) {
        struct message packet = carry(&dns, version, CLIENT_PORT, PORT);
        assert_recorded(judge_message(&packet, PACKET_HOST));
        assert_true(record.token == poll_token());
        assert_memory_equal(record.address, version == 4 ? mapped_source : ipv6_source, 16);
        assert_int_equal(record.bytes, dns.length);
        assert_int_equal(record.outcome, WIRE_QUERY);
        assert_int_equal(record.strength, WIRE_WEAK);
        assert_int_equal(record.domain, 1);
        assert_int_equal(wire_fingerprint(&record), poll_fingerprint());
    }
}

static void test_response(void **state)
{
    (void)state;
    struct message dns = response_message(600);
    for (unsigned version = 4; version <= 6; version += 2) {
        struct message packet = carry(&dns, version, PORT, CLIENT_PORT);
        assert_recorded(judge_message(&packet, PACKET_OUTGOING));
        assert_response_record(dns.length, version == 4 ? mapped_destination : ipv6_destination);
    }
}

static void test_rejected(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    set16(&dns, dns.length - 8, 1231);
    struct message packet = carry(&dns, 4, CLIENT_PORT, PORT);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_true(record.token == 0);
    assert_memory_equal(record.address, mapped_source, 16);
    assert_int_equal(record.bytes, dns.length);
    assert_int_equal(record.outcome, WIRE_REJECTED_EDNS);
    assert_int_equal(record.domain, 1);
    assert_int_equal(wire_fingerprint(&record), 0);
}

static void test_dns_verdicts_without_a_record(void **state)
{
    (void)state;
    struct message foreign = query_message("example.com");
    struct message packet = carry(&foreign, 4, CLIENT_PORT, PORT);
    assert_int_equal(judge_message(&packet, PACKET_HOST), WIRE_OTHER_DOMAIN);

    struct message response = response_message(10);
    packet = carry(&response, 4, CLIENT_PORT, PORT);
    assert_ignored(&packet, PACKET_HOST, WIRE_IGNORED_NOT_QUERY);

    struct message query = query_message(DOMAIN);
    packet = carry(&query, 4, PORT, CLIENT_PORT);
    assert_ignored(&packet, PACKET_OUTGOING, WIRE_IGNORED_NOT_RESPONSE);

    struct message trailing = query_message(DOMAIN);
    put8(&trailing, 0);
    packet = carry(&trailing, 4, CLIENT_PORT, PORT);
    assert_int_equal(judge_message(&packet, PACKET_HOST), WIRE_MALFORMED);
}

/* Every length of a message below its own, the header's twelve octets included. */
static void test_short_messages(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    struct message response = response_message(10);
    for (size_t length = 0; length < query.length; length++) {
        struct message part = {.length = length};
        memcpy(part.octets, query.octets, length);
        struct message packet = carry(&part, 4, CLIENT_PORT, PORT);
        assert_int_equal(judge_message(&packet, PACKET_HOST), WIRE_MALFORMED);
        if (length < query.length - 11) {
            memcpy(part.octets, response.octets, length);
            packet = carry(&part, 6, PORT, CLIENT_PORT);
            assert_ignored(&packet, PACKET_OUTGOING, WIRE_IGNORED_NOT_RESPONSE);
        }
    }
}

static void test_directions(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    struct message response = response_message(10);
    struct message to_port = carry(&query, 4, CLIENT_PORT, PORT);
    struct message from_port = carry(&response, 4, PORT, CLIENT_PORT);
    struct message elsewhere = carry(&query, 4, CLIENT_PORT, 54);
    for (unsigned type = 0; type < 8; type++) {
        if (type == PACKET_HOST || type == PACKET_OUTGOING) {
            assert_ignored(&elsewhere, type, WIRE_IGNORED_NOT_UDP);
        } else {
            assert_ignored(&to_port, type, WIRE_IGNORED_DIRECTION);
            assert_ignored(&from_port, type, WIRE_IGNORED_DIRECTION);
            assert_ignored(&elsewhere, type, WIRE_IGNORED_DIRECTION);
            /* It is not even parsed. */
            const struct message nothing = {0};
            assert_ignored(&nothing, type, WIRE_IGNORED_DIRECTION);
        }
    }
    /* What the host asks a server elsewhere, and what that answers. */
    assert_ignored(&to_port, PACKET_OUTGOING, WIRE_IGNORED_DIRECTION);
    assert_ignored(&from_port, PACKET_HOST, WIRE_IGNORED_DIRECTION);
    /* Between two configured ports the direction says which of them counts. */
    struct message both = carry(&query, 4, OTHER_PORT, PORT);
    assert_recorded(judge_message(&both, PACKET_HOST));
    assert_int_equal(record.outcome, WIRE_QUERY);
    both = carry(&response, 4, OTHER_PORT, PORT);
    assert_recorded(judge_message(&both, PACKET_OUTGOING));
    assert_int_equal(record.outcome, WIRE_RESPONSE);
}

static void test_ports(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    for (unsigned port = 0; port <= UINT16_MAX; port += port < 6000 ? 1 : 251) {
        bool ours = port == PORT || port == OTHER_PORT;
        struct message packet = carry(&query, 4, CLIENT_PORT, port);
        if (ours) {
            assert_recorded(judge_message(&packet, PACKET_HOST));
        } else {
            assert_ignored(&packet, PACKET_HOST, WIRE_IGNORED_NOT_UDP);
        }
    }
}

static void test_other_and_broken_packets(void **state)
{
    (void)state;
    static const unsigned types[] = {PACKET_HOST, PACKET_OUTGOING};
    struct message query = query_message(DOMAIN);
    for (size_t i = 0; i < 2; i++) {
        struct message packet = carry(&query, 4, CLIENT_PORT, PORT);
        packet.octets[9] = IPPROTO_TCP;
        assert_ignored(&packet, types[i], WIRE_IGNORED_NOT_UDP);
        packet.octets[9] = IPPROTO_UDP;
        set16(&packet, 6, 0x00b9);
        assert_ignored(&packet, types[i], WIRE_IGNORED_FRAGMENT);
        set16(&packet, 6, 0);
        packet.octets[0] = 0x44;
        assert_int_equal(judge_message(&packet, types[i]), WIRE_MALFORMED);
        packet.octets[0] = 0x45;
        assert_int_equal(judge_part(&packet, packet.length, ETH_P_ARP, types[i], false),
                         WIRE_IGNORED_NOT_UDP);
    }
}

/* A response that leaves as two fragments is counted once, by the first one's UDP length. */
static void test_fragmented_response(void **state)
{
    (void)state;
    struct message dns = response_message(1600);
    struct message ipv4 = carry(&dns, 4, PORT, CLIENT_PORT);
    ipv4.length = IPV4_HEADER + 1480;
    set16(&ipv4, 2, (unsigned)ipv4.length);
    set16(&ipv4, 6, 0x2000);
    assert_recorded(judge_message(&ipv4, PACKET_OUTGOING));
    assert_response_record(dns.length, mapped_destination);
    set16(&ipv4, 6, 1480 / 8);
    assert_ignored(&ipv4, PACKET_OUTGOING, WIRE_IGNORED_FRAGMENT);

    struct message ipv6 = {0};
    put_ipv6(&ipv6, IPPROTO_FRAGMENT, 8 + 1232);
    put(&ipv6, "\x11\0\0\1\0\0\0\1", 8);
    put_udp(&ipv6, PORT, CLIENT_PORT, dns.length);
    put(&ipv6, dns.octets, 1232 - UDP_HEADER);
    assert_recorded(judge_message(&ipv6, PACKET_OUTGOING));
    assert_response_record(dns.length, ipv6_destination);
    set16(&ipv6, IPV6_HEADER + 2, 1232 / 8 * 8);
    assert_ignored(&ipv6, PACKET_OUTGOING, WIRE_IGNORED_FRAGMENT);
}

/* A query's first fragment is classified by its question alone, if it has that. */
static void test_fragmented_query(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    size_t question_end = dns.length - 11;
    set16(&dns, dns.length - 8, 512); /* OPT's size: would be rejected if it were looked at */
    struct message whole = carry(&dns, 4, CLIENT_PORT, PORT);
    for (size_t kept = 0; kept <= dns.length; kept++) {
        struct message packet = whole;
        packet.length = IPV4_HEADER + UDP_HEADER + kept;
        set16(&packet, 2, (unsigned)packet.length);
        set16(&packet, 6, 0x2000);
        enum wire_outcome outcome = judge_message(&packet, PACKET_HOST);
        if (kept < question_end) {
            assert_int_equal(outcome, WIRE_MALFORMED);
        } else {
            assert_recorded(outcome);
            assert_int_equal(record.outcome, WIRE_QUERY);
            assert_int_equal(record.bytes, dns.length);
        }
    }
    assert_recorded(judge_message(&whole, PACKET_HOST));
    assert_true(wire_is_rejected(record.outcome));
}

/* So is a query of which not all was kept. */
static void test_snapped_query(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    size_t question_end = dns.length - 11;
    set16(&dns, dns.length - 8, 512);
    struct message packet = carry(&dns, 4, CLIENT_PORT, PORT);
    size_t headers = IPV4_HEADER + UDP_HEADER;
    for (size_t captured = 0; captured < packet.length; captured++) {
        enum wire_outcome outcome = judge_part(&packet, captured, ETH_P_IP, PACKET_HOST, false);
        if (captured < headers + question_end) {
            assert_int_equal(outcome, WIRE_MALFORMED);
        } else {
            assert_recorded(outcome);
            assert_int_equal(record.outcome, WIRE_QUERY);
            assert_int_equal(record.bytes, dns.length);
        }
    }
}

/* Responses are kept up to a snap length that holds the question. */
static void test_snapped_response(void **state)
{
    (void)state;
    struct message dns = response_message(1000);
    struct message packet = carry(&dns, 6, PORT, CLIENT_PORT);
    size_t headers = IPV6_HEADER + UDP_HEADER;
    size_t question_end = query_message(DOMAIN).length - 11;
    for (size_t captured = 0; captured <= packet.length; captured++) {
        enum wire_outcome outcome =
            judge_part(&packet, captured, ETH_P_IPV6, PACKET_OUTGOING, false);
        if (captured < headers) {
            assert_int_equal(outcome, WIRE_MALFORMED);
        } else if (captured < headers + question_end) {
            assert_int_equal(outcome, WIRE_IGNORED_NOT_RESPONSE);
        } else {
            assert_recorded(outcome);
            assert_response_record(dns.length, ipv6_destination);
        }
    }
}

static void test_extension_headers(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    struct message packet = {0};
    put_ipv6(&packet, IPPROTO_HOPOPTS, 8 + 16 + UDP_HEADER + dns.length);
    put(&packet, "\x3c\0\1\4\0\0\0\0", 8); /* destination options follow */
    put(&packet, "\x11\1\1\14\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    put_udp(&packet, CLIENT_PORT, PORT, dns.length);
    put(&packet, dns.octets, dns.length);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_int_equal(record.outcome, WIRE_QUERY);
    assert_int_equal(record.bytes, dns.length);
    assert_memory_equal(record.address, ipv6_source, 16);
}

static void test_vlan_forms(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    struct message response = response_message(10);
    for (unsigned version = 4; version <= 6; version += 2) {
        unsigned network = version == 4 ? ETH_P_IP : ETH_P_IPV6;
        /* The tag went with the link header. */
        struct message packet = carry(&query, version, CLIENT_PORT, PORT);
        assert_recorded(judge_part(&packet, packet.length, network, PACKET_HOST, true));
        /* The data begin at the network header although the protocol is the tag's. */
        struct message leaving = carry(&response, version, PORT, CLIENT_PORT);
        assert_recorded(judge_part(&leaving, leaving.length, ETH_P_8021Q, PACKET_OUTGOING, false));
        assert_response_record(response.length,
                               version == 4 ? mapped_destination : ipv6_destination);
        /* An inner tag stands before it. */
        struct message inner = {0};
        put16(&inner, 0x0064);
        put16(&inner, network);
        put(&inner, packet.octets, packet.length);
        assert_recorded(judge_part(&inner, inner.length, ETH_P_8021AD, PACKET_HOST, false));
        assert_int_equal(record.bytes, query.length);
        assert_recorded(judge_part(&inner, inner.length, network, PACKET_HOST, true));
        assert_int_equal(record.bytes, query.length);
    }
}

static void test_trailing_padding_is_no_part_of_the_message(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    struct message packet = carry(&query, 4, CLIENT_PORT, PORT);
    put_zeros(&packet, 18);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_int_equal(record.outcome, WIRE_QUERY);
    assert_int_equal(record.bytes, query.length);
    /* Octets that UDP counts in are one. */
    set16(&packet, 2, (unsigned)packet.length);
    set16(&packet, IPV4_HEADER + 4, (unsigned)packet.length - IPV4_HEADER);
    assert_int_equal(judge_message(&packet, PACKET_HOST), WIRE_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_query),
        TEST(test_response),
        TEST(test_rejected),
        TEST(test_dns_verdicts_without_a_record),
        TEST(test_short_messages),
        TEST(test_directions),
        TEST(test_ports),
        TEST(test_other_and_broken_packets),
        TEST(test_fragmented_response),
        TEST(test_fragmented_query),
        TEST(test_snapped_query),
        TEST(test_snapped_response),
        TEST(test_extension_headers),
        TEST(test_vlan_forms),
        TEST(test_trailing_padding_is_no_part_of_the_message),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
