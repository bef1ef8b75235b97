#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/tunnels/kcp.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONVERSATION = 0x12345678,
    PUSH = 81,
    TELL = 84,
    COMMAND_AT = 4,
    LENGTH_AT = 20,
    PACKET_MAX = 150, /* octets: more than fit into a name */
};

static void put32_little(struct message *packet, uint32_t value)
{
    for (unsigned shift = 0; shift < 32; shift += 8) {
        put8(packet, value >> shift & 0xff);
    }
}

static void set32_little(struct message *packet, size_t at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        packet->octets[at + i] = (uint8_t)(value >> 8 * i);
    }
}

/* A segment of this conversation that says how much data it has, and has `data` octets. */
static void put_segment(struct message *packet, uint32_t conversation, unsigned command,
                        uint32_t length, size_t data)
{
    put32_little(packet, conversation);
    put8(packet, command);
    for (unsigned i = COMMAND_AT + 1; i < LENGTH_AT; i++) {
        put8(packet, (unsigned)random_next() & 0xff);
    }
    put32_little(packet, length);
    for (size_t i = 0; i < data; i++) {
        put8(packet, (unsigned)random_next() & 0xff);
    }
}

static struct message one_segment(unsigned command, uint32_t length, size_t data)
{
    struct message packet = {0};
    put_segment(&packet, CONVERSATION, command, length, data);
    return packet;
}

/* Whether it is one behind `begin` octets of something else, in a block that ends with the zeros
 * that values end with. */
static bool is_packet_at(const struct message *packet, size_t begin)
{
    struct message payload = {0};
    struct message labels = {0};
    uint8_t values[BASE32_BUFFER_SIZE];
    for (size_t i = 0; i < begin; i++) {
        put8(&payload, (unsigned)random_next() & 0xff);
    }
    put(&payload, packet->octets, packet->length);
    put_payload(&labels, payload.octets, payload.length);
    int count = base32_read_labels(labels.octets, labels.length, values);
    assert_in_range(count, 1, sizeof values - BASE32_STEP);
    uint8_t *copy = exact_copy(values, (size_t)count + BASE32_STEP);
    bool result = kcp_is_packet(copy, begin, payload.length);
    free(copy);
    return result;
}

/* The answer is the same wherever in the values the octets begin. */
static bool is_packet(const struct message *packet)
{
    bool result = is_packet_at(packet, 0);
    for (size_t begin = 1; begin <= 10; begin++) {
        assert_int_equal(is_packet_at(packet, begin), result);
    }
    return result;
}

static void test_one_segment(void **state)
{
    (void)state;
    for (uint32_t data = 0; data <= PACKET_MAX - KCP_HEADER_OCTETS - 20; data++) {
        for (unsigned command = PUSH; command <= TELL; command++) {
            struct message packet = one_segment(command, data, data);
            assert_true(is_packet(&packet));
        }
    }
}

static void test_commands(void **state)
{
    (void)state;
    for (unsigned command = 0; command <= UINT8_MAX; command++) {
        struct message packet = one_segment(command, 5, 5);
        assert_int_equal(is_packet(&packet), command >= PUSH && command <= TELL);
    }
}

/* The last segment ends exactly at the end. */
static void test_length(void **state)
{
    (void)state;
    for (size_t data = 0; data < 60; data++) {
        for (uint32_t length = 0; length < 120; length++) {
            /* Zeros stand for data: no segment, were they read as the header of one. */
            struct message packet = one_segment(PUSH, length, 0);
            put_zeros(&packet, data);
            assert_int_equal(is_packet(&packet), length == data);
        }
    }
}

/* None that only looks right when its upper octets are left out, or when a sum wraps around. */
static void test_huge_lengths(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {0x100,
                                       0x10000,
                                       0x1000000,
                                       0x1000005,
                                       0x80000005,
                                       UINT32_MAX,
                                       UINT32_MAX - 4,
                                       UINT32_MAX - KCP_HEADER_OCTETS,
                                       UINT32_MAX - KCP_HEADER_OCTETS + 1,
                                       UINT32_MAX - KCP_HEADER_OCTETS + 6};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t data = 0; data <= 30; data += 5) {
            struct message packet = one_segment(PUSH, lengths[i], data);
            assert_false(is_packet(&packet));
            /* Behind one that is right, too. */
            struct message second = one_segment(PUSH, 3, 3);
            put(&second, packet.octets, packet.length);
            assert_false(is_packet(&second));
        }
    }
    for (unsigned bit = 0; bit < 32; bit++) {
        struct message packet = one_segment(PUSH, 7u ^ UINT32_C(1) << bit, 7);
        assert_false(is_packet(&packet));
    }
}

/* Acknowledgements go before data. */
static struct message three_segments(void)
{
    struct message packet = {0};
    put_segment(&packet, CONVERSATION, PUSH + 1, 0, 0);
    put_segment(&packet, CONVERSATION, TELL, 0, 0);
    put_segment(&packet, CONVERSATION, PUSH, 30, 30);
    return packet;
}

static void test_several_segments(void **state)
{
    (void)state;
    struct message packet = three_segments();
    assert_true(is_packet(&packet));
    for (size_t at = 0; at < 3 * KCP_HEADER_OCTETS; at += KCP_HEADER_OCTETS) {
        for (size_t i = 0; i < KCP_HEADER_OCTETS; i++) {
            struct message changed = packet;
            changed.octets[at + i] ^= 0x80;
            bool free_octet = i > COMMAND_AT && i < LENGTH_AT;
            assert_int_equal(is_packet(&changed), free_octet);
        }
    }
    /* Of many. */
    struct message many = {0};
    for (unsigned i = 0; i < 5; i++) {
        put_segment(&many, CONVERSATION, PUSH + i % 4, i % 2, i % 2);
        assert_true(is_packet(&many));
    }
}

/* Two that a wrong shift of an octet would read as the same. */
static void test_octets_of_a_conversation(void **state)
{
    static const uint32_t pairs[][2] = {
        {0x80, 0x100}, {0x8000, 0x10000}, {0x800000, 0x1000000}, {0x40, 0x10000}, {0x1, 0x100}};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct message packet = {0};
        put_segment(&packet, pairs[i][0], PUSH, 0, 0);
        put_segment(&packet, pairs[i][1], PUSH, 0, 0);
        print_message("%#x and %#x\n", pairs[i][0], pairs[i][1]);
        assert_false(is_packet_at(&packet, 3));
    }
}

static void test_other_conversation(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        struct message packet = {0};
        put_segment(&packet, CONVERSATION, PUSH, 4, 4);
        put_segment(&packet, CONVERSATION ^ UINT32_C(1) << bit, PUSH, 4, 4);
        assert_false(is_packet(&packet));
        set32_little(&packet, KCP_HEADER_OCTETS + 4, CONVERSATION);
        assert_true(is_packet(&packet));
        /* Of the first alone, any number is right. */
        struct message first = {0};
        put_segment(&first, UINT32_C(1) << bit, PUSH, 4, 4);
        assert_true(is_packet(&first));
    }
    struct message zero = {0};
    put_segment(&zero, 0, PUSH, 0, 0);
    assert_true(is_packet(&zero));
}

/* What is left behind the last segment is too short for another. */
/* Where no segment begins at the first octet, none behind it is looked for. */
static void test_segment_behind_an_octet(void **state)
{
    (void)state;
    struct message packet = {0};
    put_zeros(&packet, 5);
    put8(&packet, PUSH);
    put_zeros(&packet, KCP_HEADER_OCTETS - 5);
    assert_false(is_packet(&packet));
}

static void test_octets_left_over(void **state)
{
    (void)state;
    for (size_t over = 1; over < KCP_HEADER_OCTETS; over++) {
        struct message packet = one_segment(PUSH, 10, 10);
        struct message next = one_segment(PUSH, 0, 0);
        put(&packet, next.octets, over);
        assert_false(is_packet(&packet));
    }
    struct message packet = three_segments();
    for (size_t length = KCP_HEADER_OCTETS; length < packet.length; length++) {
        struct message cut = packet;
        cut.length = length;
        /* After the first segment and after the second it is whole. */
        assert_int_equal(is_packet(&cut),
                         length == KCP_HEADER_OCTETS || length == 2 * (size_t)KCP_HEADER_OCTETS);
    }
}

/* What follows the end counts for nothing. */
static void test_end_before_the_last_value(void **state)
{
    (void)state;
    struct message packet = one_segment(PUSH, 6, 6);
    size_t length = packet.length;
    put_zeros(&packet, 20);
    struct message labels = {0};
    uint8_t values[BASE32_BUFFER_SIZE];
    put_payload(&labels, packet.octets, packet.length);
    assert_true(base32_read_labels(labels.octets, labels.length, values) > 0);
    for (size_t end = KCP_HEADER_OCTETS; end <= packet.length; end++) {
        assert_int_equal(kcp_is_packet(values, 0, end), end == length);
    }
}

static void test_random_octets(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 100000; round++) {
        struct message packet = {0};
        size_t length = KCP_HEADER_OCTETS + random_below(100);
        for (size_t i = 0; i < length; i++) {
            put8(&packet, (unsigned)random_next() & 0xff);
        }
        /* Once in 2^38 would be right. */
        assert_false(is_packet_at(&packet, random_below(9)));
    }
}

/* Of the least that such a segment has, at each place of its first value. */
static void test_has_command(void **state)
{
    (void)state;
    for (size_t begin = 0; begin < 8; begin++) {
        for (unsigned command = 0; command <= UINT8_MAX; command++) {
            char text[64];
            uint8_t octets[8 + COMMAND_AT + 1] = {0};
            octets[begin + COMMAND_AT] = (uint8_t)command;
            struct message labels = {0};
            uint8_t values[BASE32_BUFFER_SIZE];
            put_labels(&labels, text, encode_base32(octets, begin + COMMAND_AT + 1, text));
            int count = base32_read_labels(labels.octets, labels.length, values);
            uint8_t *copy = exact_copy(values, (size_t)count + BASE32_STEP);
            assert_int_equal(kcp_has_command(copy, begin), command >= PUSH && command <= TELL);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_segment),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_huge_lengths),
        cmocka_unit_test(test_several_segments),
        cmocka_unit_test(test_other_conversation),
        cmocka_unit_test(test_octets_of_a_conversation),
        cmocka_unit_test(test_segment_behind_an_octet),
        cmocka_unit_test(test_octets_left_over),
        cmocka_unit_test(test_end_before_the_last_value),
        cmocka_unit_test(test_random_octets),
        cmocka_unit_test(test_has_command),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
