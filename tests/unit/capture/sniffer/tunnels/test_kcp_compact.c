/* KCP with dnsttEx's header; test_kcp.c has that of the others. */
#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/tunnels/kcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/compact_kcp.h"
#include "tests/unit/message.h"
#include "tests/unit/random.h"
#include "tests/unit/values.h"

#include <stdbool.h>
#include <stdlib.h>

enum { CONVERSATION = 0x1234, BEFORE_MAX = 10 };

static struct message one_segment(unsigned length, size_t data)
{
    struct message packet = {0};
    put_compact(&packet, CONVERSATION, length, data);
    return packet;
}

/* Whether it is one behind `begin` octets of something else, in a block that ends with the zeros
 * that values end with. */
static bool is_packet_at(const struct message *packet, size_t begin)
{
    struct message payload = {0};
    put_random(&payload, begin);
    put(&payload, packet->octets, packet->length);
    uint8_t *values = read_values(&payload);
    bool result = kcp_is_compact_packet(values, begin, payload.length);
    free(values);
    assert_int_equal(result, model_compact(packet->octets, packet->length));
    return result;
}

/* The answer is the same wherever in the values the octets begin. */
static bool is_packet(const struct message *packet)
{
    bool result = is_packet_at(packet, 0);
    for (size_t begin = 1; begin <= BEFORE_MAX; begin++) {
        assert_int_equal(is_packet_at(packet, begin), result);
    }
    return result;
}

static void test_one_segment(void **state)
{
    (void)state;
    for (unsigned data = 0; data <= PAYLOAD_MAX - COMPACT_HEADER - BEFORE_MAX; data++) {
        struct message packet = one_segment(data, data);
        assert_true(is_packet(&packet));
    }
}

/* The last segment ends exactly at the end. */
static void test_length(void **state)
{
    (void)state;
    for (size_t data = 0; data < 60; data++) {
        for (unsigned length = 0; length < 120; length++) {
            /* Octets for data that begin no segment of the conversation. */
            struct message packet = one_segment(length, 0);
            for (size_t i = 0; i < data; i++) {
                put8(&packet, 0xee);
            }
            assert_int_equal(is_packet(&packet), length == data);
        }
    }
}

/* None that only looks right when its upper octet is left out, or when a sum wraps around. */
static void test_huge_lengths(void **state)
{
    (void)state;
    static const unsigned lengths[] = {0x100,
                                       0x105,
                                       0x8005,
                                       UINT16_MAX,
                                       UINT16_MAX - 4,
                                       UINT16_MAX - COMPACT_HEADER,
                                       UINT16_MAX - COMPACT_HEADER + 1,
                                       UINT16_MAX - COMPACT_HEADER + 6};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t data = 0; data <= 30; data += 5) {
            struct message packet = one_segment(lengths[i], data);
            assert_false(is_packet(&packet));
            /* Behind one that is right, too. */
            struct message second = one_segment(3, 3);
            put(&second, packet.octets, packet.length);
            assert_false(is_packet(&second));
        }
    }
    for (unsigned bit = 0; bit < 16; bit++) {
        struct message packet = one_segment(7u ^ 1u << bit, 7);
        assert_false(is_packet(&packet));
    }
}

/* Acknowledgements go before data. */
static struct message three_segments(void)
{
    struct message packet = one_segment(0, 0);
    put_compact(&packet, CONVERSATION, 0, 0);
    put_compact(&packet, CONVERSATION, 30, 30);
    return packet;
}

/* The conversation and the length tell; what lies between them says nothing. */
static void test_several_segments(void **state)
{
    (void)state;
    struct message packet = three_segments();
    assert_true(is_packet(&packet));
    for (size_t at = 0; at < 3 * COMPACT_HEADER; at += COMPACT_HEADER) {
        for (size_t i = 0; i < COMPACT_HEADER; i++) {
            struct message changed = packet;
            changed.octets[at + i] ^= 0x80;
            assert_int_equal(is_packet(&changed), i >= 2 && i < COMPACT_LENGTH_AT);
        }
    }
    struct message many = {0};
    for (unsigned i = 0; i < 10; i++) {
        put_compact(&many, CONVERSATION, i % 2, i % 2);
        assert_true(is_packet(&many));
    }
}

static void test_other_conversation(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 16; bit++) {
        struct message packet = one_segment(4, 4);
        put_compact(&packet, CONVERSATION ^ 1u << bit, 4, 4);
        assert_false(is_packet(&packet));
        /* Of the first alone, any number is right. */
        struct message first = {0};
        put_compact(&first, 1u << bit, 4, 4);
        assert_true(is_packet(&first));
    }
    struct message zeros = {0};
    for (size_t length = COMPACT_HEADER; length <= 5 * COMPACT_HEADER; length++) {
        zeros.length = length;
        assert_int_equal(is_packet(&zeros), length % COMPACT_HEADER == 0);
    }
}

/* Where no segment begins at the first octet, none behind it is looked for. */
static void test_segment_behind_an_octet(void **state)
{
    (void)state;
    for (size_t octets = 1; octets < COMPACT_HEADER; octets++) {
        struct message packet = {0};
        for (size_t i = 0; i < octets; i++) {
            put8(&packet, 0xee);
        }
        put_zeros(&packet, COMPACT_HEADER);
        assert_false(is_packet(&packet));
    }
    /* A first segment whose data are cut off, and which could be taken for none at all. */
    struct message packet = {0};
    put_zeros(&packet, COMPACT_LENGTH_AT);
    put16_little(&packet, COMPACT_HEADER + 1);
    put_zeros(&packet, COMPACT_HEADER);
    assert_false(is_packet(&packet));
}

/* What is left behind the last segment is too short for another. */
static void test_octets_left_over(void **state)
{
    (void)state;
    for (size_t over = 1; over < COMPACT_HEADER; over++) {
        struct message packet = one_segment(10, 10);
        struct message next = one_segment(0, 0);
        put(&packet, next.octets, over);
        assert_false(is_packet(&packet));
    }
    struct message packet = three_segments();
    for (size_t length = COMPACT_HEADER; length < packet.length; length++) {
        struct message cut = packet;
        cut.length = length;
        assert_int_equal(is_packet(&cut),
                         length == COMPACT_HEADER || length == 2 * (size_t)COMPACT_HEADER);
    }
}

/* What follows the end counts for nothing. */
static void test_end_before_the_last_value(void **state)
{
    (void)state;
    struct message packet = one_segment(6, 6);
    size_t length = packet.length;
    put_zeros(&packet, 20);
    uint8_t *values = read_values(&packet);
    for (size_t end = COMPACT_HEADER; end <= packet.length; end++) {
        assert_int_equal(kcp_is_compact_packet(values, 0, end), end == length);
    }
    free(values);
}

/* Small lengths in random octets: many of them are packets. */
static void test_random_octets(void **state)
{
    (void)state;
    unsigned packets = 0;
    for (unsigned round = 0; round < 100000; round++) {
        struct message packet = {0};
        put_random(&packet, COMPACT_HEADER + random_below(40));
        for (size_t i = 0; i < packet.length; i++) {
            packet.octets[i] = random_below(4) == 0 ? (uint8_t)random_below(30) : 0;
        }
        packets += is_packet_at(&packet, random_below(9));
    }
    assert_in_range(packets, 1000, 90000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_segment),        cmocka_unit_test(test_length),
        cmocka_unit_test(test_huge_lengths),       cmocka_unit_test(test_several_segments),
        cmocka_unit_test(test_other_conversation), cmocka_unit_test(test_segment_behind_an_octet),
        cmocka_unit_test(test_octets_left_over),   cmocka_unit_test(test_end_before_the_last_value),
        cmocka_unit_test(test_random_octets),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
