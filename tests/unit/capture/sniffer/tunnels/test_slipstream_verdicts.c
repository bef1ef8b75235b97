/* What a message of Slipstream is, and the order of the verdicts: what is wrong in several ways
 * gets the first. test_slipstream.c has the headers. */
#include "capture/sniffer/tunnels/rules.h"
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

#include <string.h>

enum { TYPE_AAAA = 28, HANDSHAKE = 0xe0, ANY_OPCODE = 0x7800 };

static int configure_format(void **state)
{
    configure_one(state);
    configure_tunnel((struct tunnel){.format = TUNNEL_SLIPSTREAM});
    return 0;
}

/* What Slipstream does not look at: opcode, class, OPT, answers, octets behind the last record. */
static struct message with_faults(const struct message *query)
{
    struct message message = *query;
    set16(&message, FLAGS_AT, ANY_OPCODE | 0x07ff);
    set16(&message, ANCOUNT_AT, 3);
    set16(&message, NSCOUNT_AT, 0xffff);
    set16(&message, ARCOUNT_AT, 2);
    set16(&message, message.length - 2, 3);
    put_opt(&message, 0);
    put_opt(&message, 0);
    put_zeros(&message, 5);
    return message;
}

/* The verdict is the same with and without them, and of a first fragment. */
static void assert_slipstream(const struct message *query, enum wire_outcome expected)
{
    const struct message faulty = with_faults(query);
    assert_responses(query, 1u << 0 | 1u << 3, expected == WIRE_QUERY);
    assert_responses(&faulty, 1u << 0 | 1u << 3, expected == WIRE_QUERY);
    for (unsigned whole = 0; whole <= 1; whole++) {
        assert_int_equal(judge_query(query, query->length, whole == 1), expected);
        assert_int_equal(judge_query(&faulty, faulty.length, whole == 1), expected);
        assert_int_equal(findings.domain->index, 0);
    }
}

/* Names of another type, whatever else is wrong with them. */
static void test_type(void **state)
{
    (void)state;
    struct message bare = question("", 0, TYPE_AAAA);
    assert_slipstream(&bare, WIRE_REJECTED_QTYPE);
    struct message encoding = question("!", 1, TYPE_A);
    assert_slipstream(&encoding, WIRE_REJECTED_QTYPE);
    struct message path = payload_question(slipstream_path, sizeof slipstream_path, false);
    set16(&path, path.length - 4, TYPE_A);
    assert_slipstream(&path, WIRE_REJECTED_QTYPE);
    set16(&path, path.length - 4, TYPE_TXT);
    assert_slipstream(&path, WIRE_QUERY);
    assert_int_equal(findings.strength, WIRE_WEAK);
}

/* A name of so many characters is short, but none that an encoder writes: encoding goes first. */
static void test_encoding(void **state)
{
    (void)state;
    struct message bare = question("", 0, TYPE_TXT);
    assert_slipstream(&bare, WIRE_REJECTED_SHORT);
    for (size_t count = 1; count <= 48; count++) {
        char text[48];
        memset(text, 'a', sizeof text);
        struct message message = question(text, count, TYPE_TXT);
        bool tail = count % 8 == 1 || count % 8 == 3 || count % 8 == 6;
        enum wire_outcome canonical = count < 34 ? WIRE_REJECTED_SHORT : WIRE_REJECTED_FRAMING;
        assert_slipstream(&message, tail ? WIRE_REJECTED_ENCODING : canonical);
        /* A bit to spare that is set. */
        text[count - 1] = 'b';
        message = question(text, count, TYPE_TXT);
        assert_slipstream(&message, count % 8 == 0 ? canonical : WIRE_REJECTED_ENCODING);
        text[count - 1] = '1';
        message = question(text, count, TYPE_TXT);
        assert_slipstream(&message, WIRE_REJECTED_ENCODING);
    }
}

static void assert_payload_of_slipstream(const uint8_t *payload, size_t length,
                                         enum wire_outcome expected)
{
    struct message message = payload_question(payload, length, false);
    assert_slipstream(&message, expected);
}

/* Too short for a packet, for its form, or cut off, before what is wrong with it. */
static void test_short(void **state)
{
    (void)state;
    uint8_t payload[PAYLOAD_MAX] = {0};
    assert_payload_of_slipstream(payload, 20, WIRE_REJECTED_SHORT);
    assert_payload_of_slipstream(payload, 21, WIRE_REJECTED_FRAMING);
    payload[0] = 0x40;
    assert_payload_of_slipstream(payload, 28, WIRE_REJECTED_SHORT);
    assert_payload_of_slipstream(payload, 29, WIRE_QUERY);
    payload[0] = HANDSHAKE;
    payload[5] = 21; /* octets of the id */
    assert_payload_of_slipstream(payload, 27, WIRE_REJECTED_FRAMING);
    payload[4] = 1; /* the version */
    assert_payload_of_slipstream(payload, 27, WIRE_REJECTED_SHORT);
    assert_payload_of_slipstream(payload, 28, WIRE_REJECTED_FRAMING);
    payload[5] = 20;
    assert_payload_of_slipstream(payload, 27, WIRE_QUERY);
    assert_int_equal(findings.strength, WIRE_STRONG);
    assert_int_equal(findings.slipstream.at, 6);
    assert_int_equal(findings.slipstream.octets, 20);
    payload[0] = 0xc0;
    assert_payload_of_slipstream(payload, 27, WIRE_QUERY);
    assert_int_equal(findings.strength, WIRE_NO_SESSION);
}

/* QR, the question and the domain go before all: they are any format's. */
static void test_question(void **state)
{
    (void)state;
    struct message path = payload_question(slipstream_path, sizeof slipstream_path, false);
    struct message message = with_faults(&path);
    for (unsigned count = 0; count <= 3; count++) {
        set16(&message, QDCOUNT_AT, count);
        assert_int_equal(judge_query(&message, message.length, true),
                         count == 1 ? WIRE_QUERY : WIRE_MALFORMED);
    }
    set16(&message, FLAGS_AT, 0x8000);
    assert_int_equal(judge_query(&message, message.length, true), WIRE_IGNORED_NOT_QUERY);
    for (size_t length = 0; length <= path.length; length++) {
        assert_int_equal(judge_query(&path, length, false),
                         length < path.length ? WIRE_MALFORMED : WIRE_QUERY);
    }
    struct message other = {0};
    put_query(&other, slipstream_path, sizeof slipstream_path, "funnel.example.com");
    assert_int_equal(judge_query(&other, other.length, true), WIRE_OTHER_DOMAIN);
    /* Whose it is cannot be told where there is more than a query has. */
    set16(&other, ANCOUNT_AT, 1);
    assert_int_equal(judge_query(&other, other.length, true), WIRE_MALFORMED);
    set16(&other, FLAGS_AT, 0x8400);
    assert_int_equal(judge_response(&other, other.length), WIRE_IGNORED_NOT_RESPONSE);
}

static void test_random_mutations(void **state)
{
    (void)state;
    static const uint8_t forms[2] = {0x40, 0xc0};
    assert_random_mutations(false, 0, forms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_type, configure_format),
        cmocka_unit_test_setup(test_encoding, configure_format),
        cmocka_unit_test_setup(test_short, configure_format),
        cmocka_unit_test_setup(test_question, configure_format),
        cmocka_unit_test_setup(test_random_mutations, configure_format),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
