/* What a message of dnsttEx is, and the order of the verdicts: what is wrong in several ways gets
 * the first. test_dnsttex.c has the frames. */
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

enum { ANY_OPCODE = 0x7800 };

static int configure_format(void **state)
{
    configure_one(state);
    configure_tunnel((struct tunnel){.format = TUNNEL_DNSTTEX});
    return 0;
}

static void put_version(struct message *message, unsigned version)
{
    put_opt(message, 0);
    message->octets[message->length - 5] = (uint8_t)version;
}

/* Mended fault by fault, each verdict comes in its turn. Of a first fragment nothing past the
 * question counts. */
static void test_order(void **state)
{
    (void)state;
    struct message message = question("w", 1, TYPE_A);
    const size_t bare_octets = question("", 0, TYPE_A).length;
    put_version(&message, 1);
    put_version(&message, 1);
    set16(&message, ARCOUNT_AT, 2);
    set16(&message, FLAGS_AT, ANY_OPCODE);
    assert_rejected(&message, WIRE_REJECTED_OPCODE);
    assert_int_equal(judge_query(&message, message.length, false), WIRE_REJECTED_OPCODE);
    set16(&message, FLAGS_AT, 0);
    assert_rejected(&message, WIRE_REJECTED_EDNS);
    assert_int_equal(judge_query(&message, message.length, false), WIRE_REJECTED_QTYPE);

    struct message bare = question("", 0, TYPE_A);
    put_version(&bare, 1);
    set16(&bare, ARCOUNT_AT, 1);
    assert_rejected(&bare, WIRE_REJECTED_SHORT);
    assert_int_equal(judge_query(&bare, bare.length, false), WIRE_REJECTED_SHORT);
    set16(&bare, bare_octets - 4, TYPE_TXT);
    assert_rejected(&bare, WIRE_REJECTED_SHORT);

    message.length -= 11;
    set16(&message, ARCOUNT_AT, 1);
    assert_rejected(&message, WIRE_REJECTED_QTYPE);
    set16(&message, message.length - 11 - 4, TYPE_TXT);
    assert_rejected(&message, WIRE_REJECTED_EDNS);
    assert_int_equal(judge_query(&message, message.length, false), WIRE_REJECTED_ENCODING);
    message.octets[message.length - 5] = 0;
    assert_rejected(&message, WIRE_REJECTED_ENCODING);
}

/* A tail that no encoder writes is framing, and so goes behind what is short. */
static void test_payloads(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 40; count++) {
        char text[40];
        memset(text, '0', sizeof text);
        struct message message = question(text, count, TYPE_TXT);
        /* Fourteen characters are eight octets, and fifteen are nine. */
        enum wire_outcome expected = count < 15 ? WIRE_REJECTED_SHORT : WIRE_REJECTED_FRAMING;
        /* Zeros of seven octets behind the id are a poll. */
        expected = count == 24 ? WIRE_QUERY : expected;
        for (unsigned whole = 0; whole <= 1; whole++) {
            assert_int_equal(judge_query(&message, message.length, whole == 1), expected);
        }
        assert_responses(&message, 1u << 0, expected == WIRE_QUERY);
        text[count - 1] = 'w';
        message = question(text, count, TYPE_TXT);
        assert_rejected(&message, WIRE_REJECTED_ENCODING);
        assert_responses(&message, 1u << 0, false);
    }
}

/* Spare bits that no encoder sets, in the three last characters that a poll, data or a probe of
 * these lengths can have; a packet or a probe is read nevertheless, without them. */
static void test_canonical(void **state)
{
    (void)state;
    uint8_t payload[40] = {1, 2, 3, 4, 5, 6, 7, 8, 0xff};
    for (size_t length = 17; length <= sizeof payload; length++) {
        char text[80];
        size_t count = encode_in(base32hex_alphabet, payload, length, text);
        struct message message = question(text, count, TYPE_TXT);
        assert_int_equal(judge_query(&message, message.length, true), WIRE_QUERY);
        assert_int_equal(findings.strength, WIRE_NO_SESSION);
        assert_payload(payload, length);
        assert_responses(&message, 1u << 0, true);
        if (count % 8 != 0) {
            text[count - 1] = '1';
            message = question(text, count, TYPE_TXT);
            assert_rejected(&message, WIRE_REJECTED_FRAMING);
            assert_responses(&message, 1u << 0, false);
        }
    }
}

/* It asks for no size, whatever the MTU, and not for EDNS at all. */
static void test_edns(void **state)
{
    (void)state;
    set_mtu(UINT16_MAX);
    struct message poll = payload_question(dnsttex_poll, sizeof dnsttex_poll, true);
    assert_session(&poll);
    assert_int_equal(findings.strength, WIRE_WEAK);
    assert_payload(dnsttex_poll, sizeof dnsttex_poll);
    struct message sized = poll;
    put_opt(&sized, 0);
    set16(&sized, ARCOUNT_AT, 1);
    for (unsigned size = 0; size <= UINT16_MAX; size++) {
        set16(&sized, sized.length - 8, size);
        assert_session(&sized);
    }
    for (unsigned version = 1; version <= UINT8_MAX; version++) {
        sized.octets[sized.length - 5] = (uint8_t)version;
        assert_rejected(&sized, WIRE_REJECTED_EDNS);
        assert_int_equal(judge_query(&sized, sized.length, false), WIRE_QUERY);
    }
    sized.octets[sized.length - 5] = 0;
    put_opt(&sized, 0);
    set16(&sized, ARCOUNT_AT, 2);
    assert_rejected(&sized, WIRE_REJECTED_EDNS);
    assert_int_equal(judge_query(&sized, sized.length, false), WIRE_QUERY);
}

/* A message is whole, and has no answers. Every opcode but the first is refused. */
static void test_message(void **state)
{
    (void)state;
    struct message poll = payload_question(dnsttex_poll, sizeof dnsttex_poll, true);
    struct message longer = poll;
    put8(&longer, 0);
    assert_int_equal(judge_query(&longer, longer.length, true), WIRE_MALFORMED);
    assert_int_equal(judge_query(&longer, longer.length, false), WIRE_QUERY);
    for (size_t counts = ANCOUNT_AT; counts <= NSCOUNT_AT; counts += 2) {
        struct message answered = poll;
        set16(&answered, counts, 1);
        for (unsigned whole = 0; whole <= 1; whole++) {
            assert_int_equal(judge_query(&answered, answered.length, whole == 1), WIRE_MALFORMED);
        }
    }
    for (unsigned flags = 0; flags < 0x8000; flags++) {
        set16(&poll, FLAGS_AT, flags);
        assert_int_equal(judge_query(&poll, poll.length, true),
                         (flags & ANY_OPCODE) == 0 ? WIRE_QUERY : WIRE_REJECTED_OPCODE);
    }
}

/* Of the question alone: a response has no rule on what comes behind it. */
static void test_responses(void **state)
{
    (void)state;
    struct message poll = payload_question(dnsttex_poll, sizeof dnsttex_poll, true);
    set16(&poll, ANCOUNT_AT, 1);
    set16(&poll, ARCOUNT_AT, 9);
    put_zeros(&poll, 3);
    assert_responses(&poll, 1u << 0, true);
    struct message bare = question("", 0, TYPE_TXT);
    assert_responses(&bare, 1u << 0, false);
    set16(&poll, poll.length - 3 - 4, TYPE_A);
    assert_responses(&poll, 1u << 0, false);
}

static void test_random_mutations(void **state)
{
    (void)state;
    static const uint8_t marks[2] = {0xff, 0xe0}; /* a probe, and several packets */
    assert_random_mutations(true, CLIENT_ID_OCTETS, marks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_order, configure_format),
        cmocka_unit_test_setup(test_payloads, configure_format),
        cmocka_unit_test_setup(test_canonical, configure_format),
        cmocka_unit_test_setup(test_edns, configure_format),
        cmocka_unit_test_setup(test_message, configure_format),
        cmocka_unit_test_setup(test_responses, configure_format),
        cmocka_unit_test_setup(test_random_mutations, configure_format),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
