/* What STATS counts of each port: the queries that came in to it, and those from this host. */
#include "capture/sniffer/classify.h"
#include "capture/sniffer/parse/dns.h"
#include "common/wire.h"

#include "tests/unit/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/classifier.h"

#include <linux/if_packet.h>
#include <netinet/in.h>

enum { PORT_AT = 1 }; /* the index of PORT */

/* Judges a packet, and holds what was counted of it to `queries` and `loopback`: 0 or 1. */
static enum wire_outcome assert_counted(const struct message *packet, unsigned type,
                                        unsigned queries, unsigned loopback)
{
    struct wire_stats expected = {0};
    memset(&stats, 0, sizeof stats);
    enum wire_outcome outcome = judge_message(packet, type);
    expected.ports[PORT_AT] = (struct wire_port){.queries = queries, .loopback = loopback};
    expected.loopback_other_domain = outcome == WIRE_OTHER_DOMAIN ? loopback : 0;
    assert_memory_equal(&stats, &expected, sizeof expected);
    return outcome;
}

/* Whatever becomes of a query. */
static void test_outcomes(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    struct message packet = carry(&query, 4, CLIENT_PORT, PORT);
    assert_int_equal(assert_counted(&packet, PACKET_HOST, 1, 0), WIRE_QUERY);
    struct message other = query_message("example.com");
    packet = carry(&other, 6, CLIENT_PORT, PORT);
    assert_int_equal(assert_counted(&packet, PACKET_HOST, 1, 0), WIRE_OTHER_DOMAIN);
    struct message refused = query;
    set16(&refused, refused.length - 8, 1231);
    packet = carry(&refused, 4, CLIENT_PORT, PORT);
    assert_int_equal(assert_counted(&packet, PACKET_HOST, 1, 0), WIRE_REJECTED_EDNS);
    struct message joined = query;
    put(&joined, query.octets, query.length);
    packet = carry(&joined, 4, CLIENT_PORT, PORT);
    assert_int_equal(assert_counted(&packet, PACKET_HOST, 1, 0), WIRE_IGNORED_JOINED);
    struct message response = {0};
    put_response(&response, poll_payload, POLL_OCTETS, DOMAIN, 10);
    packet = carry(&response, 4, CLIENT_PORT, PORT);
    assert_int_equal(assert_counted(&packet, PACKET_HOST, 0, 0), WIRE_IGNORED_NOT_QUERY);
}

/* A header is enough, and less is none. */
static void test_lengths(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    for (size_t length = 0; length < query.length; length++) {
        struct message part = {.length = length};
        memcpy(part.octets, query.octets, length);
        struct message packet = carry(&part, 4, CLIENT_PORT, PORT);
        assert_int_equal(
            assert_counted(&packet, PACKET_HOST, length >= DNS_HEADER_OCTETS ? 1 : 0, 0),
            WIRE_MALFORMED);
    }
}

static void test_directions(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    struct message response = {0};
    put_response(&response, poll_payload, POLL_OCTETS, DOMAIN, 10);
    struct message packet = carry(&query, 4, CLIENT_PORT, PORT);
    assert_counted(&packet, PACKET_OUTGOING, 0, 0);
    assert_counted(&packet, PACKET_OTHERHOST, 0, 0);
    packet = carry(&query, 4, PORT, CLIENT_PORT);
    assert_counted(&packet, PACKET_HOST, 0, 0);
    packet = carry(&response, 4, PORT, CLIENT_PORT);
    assert_int_equal(assert_counted(&packet, PACKET_OUTGOING, 0, 0), WIRE_RESPONSE);
    packet.octets[9] = IPPROTO_TCP;
    assert_counted(&packet, PACKET_HOST, 0, 0);
}

/* Each of the ports, as many as there can be. */
static void test_ports(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    options.port_count = OPTIONS_PORTS_MAX;
    for (unsigned i = 0; i < OPTIONS_PORTS_MAX; i++) {
        options.ports[i] = (uint16_t)(9000 + 7 * i);
    }
    classifier_make(&options, &classifier);
    for (unsigned i = 0; i < OPTIONS_PORTS_MAX; i++) {
        struct message packet = carry(&query, 4, CLIENT_PORT, 9000 + 7 * i);
        for (unsigned again = 0; again <= i; again++) {
            assert_recorded(judge_message(&packet, PACKET_HOST));
        }
    }
    for (unsigned i = 0; i < OPTIONS_PORTS_MAX; i++) {
        assert_int_equal(stats.ports[i].queries, i + 1);
        assert_int_equal(stats.ports[i].loopback, 0);
    }
    struct message packet = carry(&query, 4, CLIENT_PORT, 9001);
    assert_int_equal(judge_message(&packet, PACKET_HOST), WIRE_IGNORED_NOT_UDP);
}

enum { IPV4_SOURCE_AT = 12, IPV6_SOURCE_AT = 8 };

static void test_loopback4(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    struct message other = query_message("localhost.example.com");
    struct message packet = carry(&query, 4, CLIENT_PORT, PORT);
    struct message foreign = carry(&other, 4, CLIENT_PORT, PORT);
    for (unsigned first = 0; first <= UINT8_MAX; first++) {
        for (unsigned last = 0; last <= UINT8_MAX; last++) {
            const uint8_t address[] = {(uint8_t)first, 0, 0, (uint8_t)last};
            memcpy(packet.octets + IPV4_SOURCE_AT, address, sizeof address);
            memcpy(foreign.octets + IPV4_SOURCE_AT, address, sizeof address);
            assert_counted(&packet, PACKET_HOST, 1, first == 127);
            assert_int_equal(assert_counted(&foreign, PACKET_HOST, 1, first == 127),
                             WIRE_OTHER_DOMAIN);
        }
    }
}

static void test_loopback6(void **state)
{
    (void)state;
    static const uint8_t loopback[16] = {[15] = 1};
    static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 127, 0, 0, 53};
    struct message query = query_message("example.com");
    struct message packet = carry(&query, 6, CLIENT_PORT, PORT);
    uint8_t *source = packet.octets + IPV6_SOURCE_AT;
    for (unsigned bit = 0; bit < 128; bit++) {
        memcpy(source, loopback, sizeof loopback);
        assert_counted(&packet, PACKET_HOST, 1, 1);
        source[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        assert_counted(&packet, PACKET_HOST, 1, 0);
        memcpy(source, mapped, sizeof mapped);
        assert_counted(&packet, PACKET_HOST, 1, 1);
        source[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        assert_counted(&packet, PACKET_HOST, 1, bit < 104 ? 0 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_outcomes), TEST(test_lengths),   TEST(test_directions),
        TEST(test_ports),    TEST(test_loopback4), TEST(test_loopback6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
