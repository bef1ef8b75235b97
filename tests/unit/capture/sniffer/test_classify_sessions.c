/* How a record names the session of a query, in each format. */
#include "capture/sniffer/parse/dns.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/classifier.h"

#include <linux/if_packet.h>
#include <string.h>

static void test_token_is_the_session_s(void **state)
{
    (void)state;
    struct message one = query_message(DOMAIN);
    struct message other = query_message("other.example");
    struct message packet = carry(&one, 4, CLIENT_PORT, PORT);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    struct wire_record first = record;
    packet = carry(&other, 4, CLIENT_PORT, PORT);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_int_equal(record.domain, 0);
    assert_true(record.token != first.token);
    assert_int_equal(wire_fingerprint(&record), wire_fingerprint(&first));

    uint8_t payload[POLL_OCTETS];
    memcpy(payload, poll_payload, POLL_OCTETS);
    payload[POLL_OCTETS - 1]++;
    struct message next = {0};
    put_query(&next, payload, POLL_OCTETS, DOMAIN);
    packet = carry(&next, 6, CLIENT_PORT, OTHER_PORT);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_true(record.token == first.token);
    assert_int_not_equal(wire_fingerprint(&record), wire_fingerprint(&first));
}

/* A resolver that mixes case sends the same query again. */
static void test_fingerprint_of_a_retry(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    for (unsigned round = 0; round < 100; round++) {
        struct message retry = dns;
        for (size_t i = DNS_HEADER_OCTETS; i < dns.length - 15; i++) {
            uint8_t octet = dns.octets[i];
            bool upper = octet >= 'a' && octet <= 'z' && random_below(2) == 0;
            retry.octets[i] = (uint8_t)(octet - (upper ? 0x20 : 0));
        }
        struct message packet = carry(&retry, 4, CLIENT_PORT, PORT);
        assert_recorded(judge_message(&packet, PACKET_HOST));
        assert_true(record.token == poll_token());
        assert_int_equal(wire_fingerprint(&record), poll_fingerprint());
    }
}

/* A query with a packet proves its session, and so does the response to it. */
static void test_strength(void **state)
{
    (void)state;
    uint8_t payload[8 + 1 + 1 + 24] = {1, 2, 3, 4, 5, 6, 7, 8, 0xe0, 24};
    struct message dns = {0};
    put_query(&dns, payload, sizeof payload, "other.example");
    assert_query_record(&dns, WIRE_STRONG);
    uint64_t token = record.token;
    assert_true(token != 0);

    struct message answer = {0};
    put_response(&answer, payload, sizeof payload, "other.example", 10);
    struct message packet = carry(&answer, 4, PORT, CLIENT_PORT);
    assert_recorded(judge_message(&packet, PACKET_OUTGOING));
    assert_int_equal(record.outcome, WIRE_RESPONSE);
    assert_int_equal(record.strength, WIRE_STRONG);
    assert_true(record.token == token);
    assert_int_equal(wire_fingerprint(&record), 0);
}

/* Two octets name the session; the four after them are what makes one query another. */
static void test_short_client_id(void **state)
{
    (void)state;
    configure_tunnel((struct tunnel){.format = TUNNEL_VAYDNS, .clientid_size = 2});
    uint8_t payload[6] = {0xab, 0xcd, 1, 2, 3, 4};
    struct message first = {0};
    put_query(&first, payload, sizeof payload, "other.example");
    assert_query_record(&first, WIRE_WEAK);
    struct wire_record before = record;
    for (size_t bit = 0; bit < sizeof payload * 8; bit++) {
        payload[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
        struct message other = {0};
        put_query(&other, payload, sizeof payload, "other.example");
        assert_query_record(&other, WIRE_WEAK);
        assert_true((record.token != before.token) == (bit < 16));
        /* The value that holds the id's last bit is folded with what follows it. */
        assert_true((wire_fingerprint(&record) != wire_fingerprint(&before)) == (bit >= 15));
        payload[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
    }
}

/* A format without sessions: queries and bytes, and nothing that could name one. */
static void test_no_session(void **state)
{
    (void)state;
    configure_tunnel((struct tunnel){.format = TUNNEL_OPAQUE});
    struct message dns = query_message("other.example");
    assert_query_record(&dns, WIRE_NO_SESSION);
    assert_true(record.token == 0);
    assert_int_equal(wire_fingerprint(&record), 0);

    struct message answer = {0};
    put_response(&answer, poll_payload, POLL_OCTETS, "other.example", 10);
    set16(&answer, FLAGS_AT, 0x8403);
    struct message packet = carry(&answer, 4, PORT, CLIENT_PORT);
    assert_recorded(judge_message(&packet, PACKET_OUTGOING));
    assert_int_equal(record.outcome, WIRE_RESPONSE);
    assert_int_equal(record.strength, WIRE_NO_SESSION);
    assert_true(record.token == 0);
    assert_int_equal(wire_fingerprint(&record), 0);
    assert_int_equal(record.bytes, answer.length);
}

// NEW

/* --- slipstream --- */

enum { QUIC_ID = 8, LONG_ID_AT = 6, SHORT_ID_AT = 1, PATH_OCTETS = 40 };

/* A long header of this type (2: Handshake) with the server's id of so many octets, all `id`. */
static struct message long_payload(unsigned type, unsigned id, unsigned octets)
{
    struct message payload = {0};
    put8(&payload, 0xc0 | type << 4);
    put16(&payload, 0);
    put16(&payload, 1);
    put8(&payload, octets);
    for (unsigned i = 0; i < octets; i++) {
        put8(&payload, id);
    }
    put8(&payload, 0);
    put_zeros(&payload, 20);
    return payload;
}

static struct message path_payload(unsigned id)
{
    struct message payload = {0};
    put8(&payload, 0x40);
    for (unsigned i = 0; i < QUIC_ID; i++) {
        put8(&payload, id);
    }
    put_zeros(&payload, PATH_OCTETS - payload.length);
    return payload;
}

/* The record of a query with this payload under the other domain. */
static struct wire_record record_of(const struct message *payload, enum wire_strength strength)
{
    struct message dns = {0};
    put_query(&dns, payload->octets, payload->length, "other.example");
    assert_query_record(&dns, strength);
    return record;
}

/* That the response to it carries the same token, with this RCODE. */
static void assert_response_to(const struct message *payload, unsigned code,
                               const struct wire_record *query)
{
    struct message answer = {0};
    put_response(&answer, payload->octets, payload->length, "other.example", 10);
    set16(&answer, FLAGS_AT, 0x8400 | code);
    struct message packet = carry(&answer, 4, PORT, CLIENT_PORT);
    assert_recorded(judge_message(&packet, PACKET_OUTGOING));
    assert_int_equal(record.outcome, WIRE_RESPONSE);
    assert_int_equal(record.strength, query->strength);
    assert_true(record.token == query->token);
    assert_int_equal(wire_fingerprint(&record), 0);
}

static int configure_slipstream(void **state)
{
    configure(state);
    configure_tunnel((struct tunnel){.format = TUNNEL_SLIPSTREAM});
    return 0;
}

/* A Handshake and a path are of one session where they name one id. */
static void test_slipstream(void **state)
{
    (void)state;
    struct message handshake = long_payload(2, 0xab, QUIC_ID);
    struct message path = path_payload(0xab);
    struct wire_record first = record_of(&handshake, WIRE_STRONG);
    assert_true(first.token != 0);
    assert_response_to(&handshake, 0, &first);
    struct wire_record second = record_of(&path, WIRE_WEAK);
    assert_true(second.token == first.token);
    assert_int_not_equal(wire_fingerprint(&second), wire_fingerprint(&first));
    assert_response_to(&path, 3, &second);

    struct message other = path_payload(0xac);
    assert_true(record_of(&other, WIRE_WEAK).token != first.token);
    /* Two ids of which one begins the other. */
    struct message shorter = long_payload(2, 0xab, QUIC_ID - 1);
    assert_true(record_of(&shorter, WIRE_STRONG).token != first.token);
}

/* Of the eight octets behind the first, each bit; and the fingerprint is of all octets. */
static void test_bits_of_a_path(void **state)
{
    (void)state;
    struct message payload = path_payload(0x5a);
    const struct wire_record before = record_of(&payload, WIRE_WEAK);
    for (size_t bit = 2; bit < payload.length * 8; bit++) {
        payload.octets[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
        const struct wire_record changed = record_of(&payload, WIRE_WEAK);
        bool of_id = bit / 8 >= SHORT_ID_AT && bit / 8 < SHORT_ID_AT + QUIC_ID;
        assert_true((changed.token != before.token) == of_id);
        assert_int_not_equal(wire_fingerprint(&changed), wire_fingerprint(&before));
        payload.octets[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
    }
}

/* An id of any length, up to its last octet. */
static void test_ids_of_handshakes(void **state)
{
    (void)state;
    for (unsigned octets = 1; octets <= 20; octets++) {
        struct message payload = long_payload(2, 0x77, octets);
        const struct wire_record before = record_of(&payload, WIRE_STRONG);
        const size_t after = LONG_ID_AT + octets + 1;
        for (size_t bit = 8 * (size_t)LONG_ID_AT; bit < payload.length * 8; bit++) {
            if (bit / 8 == LONG_ID_AT + octets) {
                continue; /* the length of the client's own id */
            }
            payload.octets[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
            const struct wire_record changed = record_of(&payload, WIRE_STRONG);
            assert_true((changed.token != before.token) == (bit / 8 < after));
            payload.octets[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
        }
    }
}

/* What begins a connection names none: its id is the client's choice. */
static void test_initial(void **state)
{
    (void)state;
    for (unsigned type = 0; type <= 1; type++) {
        struct message payload = long_payload(type, 0xab, QUIC_ID);
        struct wire_record initial = record_of(&payload, WIRE_NO_SESSION);
        assert_true(initial.token == 0);
        assert_int_equal(wire_fingerprint(&initial), 0);
        assert_response_to(&payload, 0, &initial);
        assert_response_to(&payload, 3, &initial);
    }
}

/* Resolvers mix the case of a name that they send again. */
static void assert_same_in_another_case(const struct message *dns, enum wire_strength strength)
{
    assert_query_record(dns, strength);
    const struct wire_record before = record;
    assert_int_not_equal(wire_fingerprint(&before), 0);
    for (unsigned round = 0; round < 50; round++) {
        struct message retry = *dns;
        for (size_t i = DNS_HEADER_OCTETS; dns->octets[i] != 0; i++) {
            uint8_t octet = dns->octets[i];
            bool upper = octet >= 'a' && octet <= 'z' && random_below(2) == 0;
            retry.octets[i] = (uint8_t)(octet - (upper ? 0x20 : 0));
        }
        assert_query_record(&retry, strength);
        assert_true(record.token == before.token);
        assert_int_equal(wire_fingerprint(&record), wire_fingerprint(&before));
    }
}

static void test_case_of_a_path(void **state)
{
    (void)state;
    struct message payload = path_payload(0x9c);
    struct message dns = {0};
    put_query(&dns, payload.octets, payload.length, "other.example");
    assert_same_in_another_case(&dns, WIRE_WEAK);
}

/* --- dnsttex --- */

static int configure_dnsttex(void **state)
{
    configure(state);
    configure_tunnel((struct tunnel){.format = TUNNEL_DNSTTEX});
    return 0;
}

static struct message hex_query(const uint8_t *payload, size_t length)
{
    struct message dns = {0};
    put_dns_header(&dns, 0x0100, 0);
    put_hex_payload(&dns, payload, length);
    put_name(&dns, "other.example");
    put16(&dns, TYPE_TXT);
    put16(&dns, CLASS_IN);
    return dns;
}

static const uint8_t dnsttex_poll[15] = {1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 10, 11, 12, 13, 14};

/* Eight octets name the session, and those behind them are what makes one query another. */
static void test_dnsttex(void **state)
{
    (void)state;
    uint8_t payload[sizeof dnsttex_poll];
    memcpy(payload, dnsttex_poll, sizeof payload);
    struct message dns = hex_query(payload, sizeof payload);
    assert_query_record(&dns, WIRE_WEAK);
    const struct wire_record before = record;
    assert_true(before.token != 0);
    for (size_t bit = 0; bit < sizeof payload * 8; bit++) {
        if (bit / 8 == QUIC_ID) {
            continue; /* the mark */
        }
        payload[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
        dns = hex_query(payload, sizeof payload);
        assert_query_record(&dns, WIRE_WEAK);
        assert_true((record.token != before.token) == (bit < 64));
        /* The value that holds the id's last bits is folded with what follows it. */
        assert_true((wire_fingerprint(&record) != wire_fingerprint(&before)) == (bit >= 60));
        payload[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
    }
    dns = hex_query(payload, sizeof payload);
    assert_same_in_another_case(&dns, WIRE_WEAK);
}

/* Data of the same client have its token, and are strong; a probe has none. */
static void test_data_and_probe_of_dnsttex(void **state)
{
    (void)state;
    uint8_t payload[8 + 1 + 12];
    struct message poll = hex_query(dnsttex_poll, sizeof dnsttex_poll);
    assert_query_record(&poll, WIRE_WEAK);
    const struct wire_record before = record;
    memset(payload, 0, sizeof payload);
    memcpy(payload, dnsttex_poll, 8);
    payload[8] = 12;
    struct message data = hex_query(payload, sizeof payload);
    assert_query_record(&data, WIRE_STRONG);
    assert_true(record.token == before.token);
    payload[8] = 0xff;
    struct message probe = hex_query(payload, sizeof payload);
    assert_query_record(&probe, WIRE_NO_SESSION);
    assert_true(record.token == 0);
    assert_int_equal(wire_fingerprint(&record), 0);
    /* The response is of a session as the query is. */
    set16(&data, FLAGS_AT, 0x8400);
    struct message packet = carry(&data, 4, PORT, CLIENT_PORT);
    assert_recorded(judge_message(&packet, PACKET_OUTGOING));
    assert_int_equal(record.strength, WIRE_STRONG);
    assert_true(record.token == before.token);
    set16(&probe, FLAGS_AT, 0x8400);
    packet = carry(&probe, 4, PORT, CLIENT_PORT);
    assert_recorded(judge_message(&packet, PACKET_OUTGOING));
    assert_int_equal(record.outcome, WIRE_RESPONSE);
    assert_true(record.token == 0);
}

#define SLIPSTREAM(name) cmocka_unit_test_setup(name, configure_slipstream)
#define DNSTTEX(name)    cmocka_unit_test_setup(name, configure_dnsttex)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_token_is_the_session_s),
        TEST(test_fingerprint_of_a_retry),
        TEST(test_strength),
        TEST(test_short_client_id),
        TEST(test_no_session),
        SLIPSTREAM(test_slipstream),
        SLIPSTREAM(test_bits_of_a_path),
        SLIPSTREAM(test_ids_of_handshakes),
        SLIPSTREAM(test_initial),
        SLIPSTREAM(test_case_of_a_path),
        DNSTTEX(test_dnsttex),
        DNSTTEX(test_data_and_probe_of_dnsttex),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
