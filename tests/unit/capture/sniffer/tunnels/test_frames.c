#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/tunnels/frames.h"
#include "common/wire.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/values.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    ID = 8,
    ID_MAX = 8,
    MARK = 0xe0,
    PADDING_MAX = 16,
    KCP_HEADER = 24,
    PUSH = 81,
    COMMAND_AT = 4, /* in a segment of KCP */
    LENGTH_AT = 20,
};

static int read_dnstt(const struct message *payload, size_t packet_min)
{
    uint8_t *values = read_values(payload);
    int result = frames_dnstt(values, payload->length, packet_min);
    free(values);
    return result;
}

static int read_vaydns(const struct message *payload, size_t id)
{
    uint8_t *values = read_values(payload);
    int result = frames_vaydns(values, payload->length, id);
    free(values);
    return result;
}

/* An id and a mark with its padding. */
static struct message marked(unsigned padding)
{
    struct message payload = {0};
    put_random(&payload, ID);
    put8(&payload, MARK + padding);
    put_random(&payload, padding);
    return payload;
}

static void test_padding(void **state)
{
    (void)state;
    for (unsigned padding = 0; padding <= 0xff - MARK; padding++) {
        bool taken = padding <= PADDING_MAX;
        struct message payload = marked(padding);
        assert_int_equal(read_dnstt(&payload, FRAMES_DNSTT_PACKET_MIN),
                         taken ? WIRE_WEAK : FRAMES_WRONG);
        put8(&payload, 40);
        put_random(&payload, 40);
        assert_int_equal(read_dnstt(&payload, FRAMES_DNSTT_PACKET_MIN),
                         taken ? WIRE_STRONG : FRAMES_WRONG);
    }
}

/* One octet of padding too few, and an id with nothing behind it. */
static void test_padding_cut_off(void **state)
{
    (void)state;
    for (unsigned padding = 0; padding <= PADDING_MAX; padding++) {
        struct message payload = marked(padding);
        for (size_t length = ID; length < payload.length; length++) {
            struct message cut = payload;
            cut.length = length;
            assert_int_equal(read_dnstt(&cut, FRAMES_XDNS_PACKET_MIN), FRAMES_WRONG);
        }
    }
}

static void test_marks(void **state)
{
    (void)state;
    for (unsigned mark = 0; mark <= UINT8_MAX; mark++) {
        for (unsigned behind = 0; behind <= 31; behind++) {
            struct message payload = {0};
            put_random(&payload, ID);
            put8(&payload, mark);
            put_zeros(&payload, behind);
            bool poll = mark == MARK + behind && behind <= PADDING_MAX;
            assert_int_equal(read_dnstt(&payload, FRAMES_DNSTT_PACKET_MIN),
                             poll ? WIRE_WEAK : FRAMES_WRONG);
        }
    }
}

/* A packet's length against what follows it, and against the least that a format has. */
static void test_packet_length(void **state)
{
    (void)state;
    static const size_t least[] = {FRAMES_DNSTT_PACKET_MIN, FRAMES_XDNS_PACKET_MIN};
    assert_int_equal(least[0], 24);
    assert_int_equal(least[1], 1);
    for (size_t i = 0; i < 2; i++) {
        for (unsigned length = 0; length <= UINT8_MAX; length++) {
            for (unsigned behind = 0; behind <= 130; behind++) {
                struct message payload = marked(3);
                put8(&payload, length);
                put_random(&payload, behind);
                bool data = length == behind && length >= least[i];
                assert_int_equal(read_dnstt(&payload, least[i]), data ? WIRE_STRONG : FRAMES_WRONG);
            }
        }
    }
}

/* A length from 0xe0 on would be a mark. No name is that long, but the values could be. */
static void test_packet_length_is_no_mark(void **state)
{
    (void)state;
    for (unsigned length = MARK - 3; length <= MARK + 3; length++) {
        uint8_t values[(ID + 2 + UINT8_MAX) * 8 / 5 + 2 + BASE32_STEP] = {0};
        const unsigned octets[] = {0, 0, 0, 0, 0, 0, 0, 0, MARK, length};
        for (size_t bit = 0; bit < sizeof octets / sizeof *octets * 8; bit++) {
            unsigned one = octets[bit / 8] >> (7 - bit % 8) & 1;
            values[bit / 5] |= (uint8_t)(one << (4 - bit % 5));
        }
        assert_int_equal(frames_dnstt(values, ID + 2 + length, FRAMES_DNSTT_PACKET_MIN),
                         length < MARK ? WIRE_STRONG : FRAMES_WRONG);
    }
}

/* A segment of KCP that says how much data it has, and has `data` octets. */
static void put_segment(struct message *payload, uint8_t conversation, unsigned command,
                        unsigned length, size_t data)
{
    const size_t at = payload->length;
    put_zeros(payload, KCP_HEADER);
    payload->octets[at] = conversation;
    payload->octets[at + COMMAND_AT] = (uint8_t)command;
    payload->octets[at + LENGTH_AT] = (uint8_t)length;
    put_random(payload, data);
}

/* An id and a packet of one segment with so many octets of data. */
static struct message vaydns_data(size_t id, unsigned data)
{
    struct message payload = {0};
    put_random(&payload, id);
    put8(&payload, KCP_HEADER + data);
    put_segment(&payload, 7, PUSH, data, data);
    return payload;
}

/* Four octets, whatever they are, and any other number is none. */
static void test_vaydns_poll(void **state)
{
    (void)state;
    for (size_t id = 1; id <= ID_MAX; id++) {
        for (size_t rest = 0; rest <= 60; rest++) {
            struct message payload = {0};
            put_random(&payload, id);
            put_random(&payload, rest);
            assert_int_equal(read_vaydns(&payload, id), rest == 4 ? WIRE_WEAK : FRAMES_WRONG);
            struct message zeros = {0};
            put_zeros(&zeros, id + rest);
            assert_int_equal(read_vaydns(&zeros, id), rest == 4 ? WIRE_WEAK : FRAMES_WRONG);
        }
    }
}

static void test_vaydns_data(void **state)
{
    (void)state;
    for (size_t id = 1; id <= ID_MAX; id++) {
        for (unsigned data = 0; data <= 100; data++) {
            struct message payload = vaydns_data(id, data);
            assert_int_equal(read_vaydns(&payload, id), WIRE_STRONG);
            /* The id is as long as the tunnel says. */
            if (id > 1) {
                assert_int_equal(read_vaydns(&payload, id - 1), FRAMES_WRONG);
            }
            if (id < ID_MAX) {
                assert_int_equal(read_vaydns(&payload, id + 1), FRAMES_WRONG);
            }
        }
    }
}

/* The packet's length is that of what follows, neither one more nor one less nor any other. */
static void test_vaydns_length(void **state)
{
    (void)state;
    for (unsigned data = 0; data <= 30; data += 6) {
        for (unsigned length = 0; length <= UINT8_MAX; length++) {
            struct message payload = vaydns_data(2, data);
            payload.octets[2] = (uint8_t)length;
            assert_int_equal(read_vaydns(&payload, 2),
                             length == KCP_HEADER + data ? WIRE_STRONG : FRAMES_WRONG);
        }
        /* An octet more behind it, or one less of it. */
        struct message longer = vaydns_data(2, data);
        put8(&longer, 0);
        assert_int_equal(read_vaydns(&longer, 2), FRAMES_WRONG);
        struct message shorter = vaydns_data(2, data);
        shorter.length--;
        assert_int_equal(read_vaydns(&shorter, 2), FRAMES_WRONG);
        /* Also when the length follows suit: then it is the segment that does not fit. */
        longer.octets[2]++;
        assert_int_equal(read_vaydns(&longer, 2), FRAMES_WRONG);
        shorter.octets[2]--;
        assert_int_equal(read_vaydns(&shorter, 2), FRAMES_WRONG);
    }
}

/* Data of vaydns have no upper bound at 0xe0, as those of dnstt have. */
static void test_vaydns_longest(void **state)
{
    (void)state;
    const unsigned data = PAYLOAD_MAX - 1 - 1 - KCP_HEADER;
    struct message payload = vaydns_data(1, data);
    assert_int_equal(payload.length, PAYLOAD_MAX);
    assert_int_equal(read_vaydns(&payload, 1), WIRE_STRONG);
}

/* What is in the packet is KCP's: test_kcp.c has its rules. */
static void test_vaydns_packet_is_kcp(void **state)
{
    (void)state;
    struct message payload = {0};
    put_random(&payload, 2);
    put8(&payload, 2 * KCP_HEADER + 5);
    put_segment(&payload, 7, PUSH + 1, 0, 0);
    put_segment(&payload, 7, PUSH, 5, 5);
    assert_int_equal(read_vaydns(&payload, 2), WIRE_STRONG);
    static const size_t changed[] = {0, COMMAND_AT, LENGTH_AT};
    for (size_t segment = 0; segment < 2; segment++) {
        for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
            struct message wrong = payload;
            wrong.octets[3 + segment * KCP_HEADER + changed[i]] ^= 0x20;
            assert_int_equal(read_vaydns(&wrong, 2), FRAMES_WRONG);
        }
    }
    for (unsigned command = PUSH - 1; command <= PUSH + 4; command++) {
        struct message one = {0};
        put_random(&one, 2);
        put8(&one, KCP_HEADER);
        put_segment(&one, 7, command, 0, 0);
        bool known = command >= PUSH && command < PUSH + 4;
        assert_int_equal(read_vaydns(&one, 2), known ? WIRE_STRONG : FRAMES_WRONG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_padding_cut_off),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_packet_length),
        cmocka_unit_test(test_packet_length_is_no_mark),
        cmocka_unit_test(test_vaydns_poll),
        cmocka_unit_test(test_vaydns_data),
        cmocka_unit_test(test_vaydns_length),
        cmocka_unit_test(test_vaydns_longest),
        cmocka_unit_test(test_vaydns_packet_is_kcp),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
