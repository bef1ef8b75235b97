#include "capture/sniffer/tunnels/dnsttex.h"
#include "capture/sniffer/tunnels/frames.h"
#include "common/wire.h"

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
#include <string.h>

enum {
    ID = 8,
    PADDING = 0xe0,
    PADDING_MAX = 31,
    HINT = 0xfd,
    HINT_POLL = 0xfe,
    PROBE = 0xff,
    HINT_MIN = 512,
    NO_HINT = -1,
    POLL_NOISE = 6,
};

static int read_frame(const struct message *payload)
{
    uint8_t *values = read_values(payload);
    int result = dnsttex_frame(values, payload->length);
    free(values);
    return result;
}

/* A packet with its length. */
static void put_packet(struct message *payload, size_t data)
{
    put8(payload, (unsigned)(COMPACT_HEADER + data));
    put_compact(payload, (unsigned)random_next() & 0xffff, (unsigned)data, data);
}

/* An id and, unless it is NO_HINT, a size. */
static struct message begin(int hint)
{
    struct message payload = {0};
    put_random(&payload, ID);
    if (hint != NO_HINT) {
        put8(&payload, HINT);
        put16(&payload, (unsigned)hint);
    }
    return payload;
}

static struct message marked(int hint, unsigned mark, size_t noise)
{
    struct message payload = begin(hint);
    put8(&payload, mark);
    put_random(&payload, noise);
    return payload;
}

static int model_data(const uint8_t *frame, size_t length)
{
    size_t at = frame[0] < PADDING ? 0 : 1u + frame[0] - PADDING;
    if (at >= length || (at == 0 && length != 1u + frame[0])) {
        return FRAMES_WRONG;
    }
    for (; at < length; at += 1u + frame[at]) {
        if (frame[at] < COMPACT_HEADER || frame[at] >= PADDING || frame[at] >= length - at ||
            !model_compact(frame + at + 1, frame[at])) {
            return FRAMES_WRONG;
        }
    }
    return WIRE_STRONG;
}

/* What a payload is, one rule after the other. */
static int model(const struct message *payload)
{
    const uint8_t *frame = payload->octets + ID;
    size_t length = payload->length - ID;
    if (frame[0] == PROBE) {
        return length == 7 || length >= 9 ? WIRE_NO_SESSION : FRAMES_WRONG;
    }
    bool hint = length > 3 && frame[0] == HINT && frame[1] * 256 + frame[2] >= HINT_MIN;
    frame += hint ? 3 : 0;
    length -= hint ? 3 : 0;
    if (length == 1 + POLL_NOISE && (frame[0] == 0 || (hint && frame[0] == HINT_POLL))) {
        return WIRE_WEAK;
    }
    return model_data(frame, length);
}

static void assert_frame(const struct message *payload, int expected)
{
    assert_int_equal(read_frame(payload), expected);
    assert_int_equal(model(payload), expected);
}

static void test_probe(void **state)
{
    (void)state;
    for (size_t noise = 0; ID + 1 + noise <= PAYLOAD_MAX; noise++) {
        struct message payload = marked(NO_HINT, PROBE, noise);
        bool probe = payload.length == 15 || payload.length >= 17;
        assert_frame(&payload, probe ? WIRE_NO_SESSION : FRAMES_WRONG);
    }
    /* Whatever follows, a packet too. */
    struct message payload = marked(NO_HINT, PROBE, PADDING_MAX);
    put_packet(&payload, 5);
    assert_frame(&payload, WIRE_NO_SESSION);
    /* Behind a hint it is the mark of padding. */
    payload = marked(HINT_MIN, PROBE, PADDING_MAX);
    assert_frame(&payload, FRAMES_WRONG);
    put_packet(&payload, 5);
    assert_frame(&payload, WIRE_STRONG);
}

static void test_poll(void **state)
{
    (void)state;
    static const int hints[] = {NO_HINT, HINT_MIN, UINT16_MAX};
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        for (size_t noise = 0; noise <= 100; noise++) {
            bool poll = noise == POLL_NOISE;
            struct message payload = marked(hints[i], 0, noise);
            assert_frame(&payload, poll ? WIRE_WEAK : FRAMES_WRONG);
            memset(payload.octets + payload.length - noise, 0, noise);
            assert_frame(&payload, poll ? WIRE_WEAK : FRAMES_WRONG);
            /* The mark of a poll with a hint is that of padding without one. Noise of zeros is none
             * of a packet's lengths. */
            payload = marked(hints[i], HINT_POLL, noise);
            memset(payload.octets + payload.length - noise, 0, noise);
            assert_frame(&payload, poll && i > 0 ? WIRE_WEAK : FRAMES_WRONG);
        }
    }
}

/* A size below 512 is no hint: the octet before it is the mark of 29 octets of padding. */
static void test_hint(void **state)
{
    (void)state;
    for (int size = 0; size <= UINT16_MAX; size++) {
        struct message payload = marked(size, 0, POLL_NOISE);
        assert_frame(&payload, size >= HINT_MIN ? WIRE_WEAK : FRAMES_WRONG);
    }
    for (int size = HINT_MIN - 1; size <= HINT_MIN; size++) {
        struct message payload = begin(size);
        put_random(&payload, 29 - 2);
        put_packet(&payload, 3);
        payload.octets[ID + 3] = 1;
        assert_frame(&payload, size < HINT_MIN ? WIRE_STRONG : FRAMES_WRONG);
    }
    /* With nothing behind it, and twice. */
    struct message payload = begin(HINT_MIN);
    for (size_t length = ID + 1; length <= ID + 3; length++) {
        payload.length = length;
        assert_frame(&payload, FRAMES_WRONG);
    }
    put8(&payload, HINT);
    put16(&payload, HINT_MIN);
    put8(&payload, 0);
    put_random(&payload, POLL_NOISE);
    assert_frame(&payload, FRAMES_WRONG);
}

/* Each mark, before each number of zeros: those are segments without data, twelve octets each. */
static void test_marks(void **state)
{
    (void)state;
    static const int hints[] = {NO_HINT, HINT_MIN - 1, HINT_MIN};
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        for (unsigned mark = 0; mark <= UINT8_MAX; mark++) {
            for (size_t behind = 0; behind <= 130; behind++) {
                struct message payload = marked(hints[i], mark, 0);
                put_zeros(&payload, behind);
                assert_int_equal(read_frame(&payload), model(&payload));
            }
        }
    }
}

static void test_one_packet(void **state)
{
    (void)state;
    static const int hints[] = {NO_HINT, HINT_MIN, 1232};
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        for (size_t data = 0; data <= 120; data++) {
            struct message payload = begin(hints[i]);
            const size_t at = payload.length;
            put_packet(&payload, data);
            assert_frame(&payload, WIRE_STRONG);
            /* Of any other length it is none. */
            for (unsigned length = 0; length <= UINT8_MAX; length++) {
                payload.octets[at] = (uint8_t)length;
                assert_int_equal(read_frame(&payload), model(&payload));
            }
            payload.octets[at] = (uint8_t)(COMPACT_HEADER + data);
            payload.length--;
            assert_frame(&payload, FRAMES_WRONG);
            payload.length++;
            put8(&payload, 0);
            assert_frame(&payload, FRAMES_WRONG);
            /* Also when the length follows suit: then it is the segment that does not fit. */
            payload.octets[at]++;
            assert_frame(&payload, FRAMES_WRONG);
        }
    }
}

/* Of fewer octets than a header has, none is a packet, whatever they are. */
static void test_packet_without_a_header(void **state)
{
    (void)state;
    for (unsigned length = 1; length < COMPACT_HEADER; length++) {
        struct message one = marked(NO_HINT, length, 0);
        put_zeros(&one, length);
        assert_frame(&one, FRAMES_WRONG);
        struct message padded = marked(NO_HINT, PADDING, 0);
        put8(&padded, length);
        put_zeros(&padded, length);
        assert_frame(&padded, FRAMES_WRONG);
    }
}

/* So many octets of padding and packets, each with data of another length. */
static struct message padded(int hint, unsigned padding, unsigned packets)
{
    struct message payload = marked(hint, PADDING + padding, padding);
    for (unsigned i = 0; i < packets; i++) {
        put_packet(&payload, i * 3);
    }
    return payload;
}

/* Without a hint the marks of the last three are others'. */
static void test_padding(void **state)
{
    (void)state;
    for (int hint = NO_HINT; hint <= HINT_MIN; hint += 1 + HINT_MIN) {
        for (unsigned padding = 0; padding <= PADDING_MAX; padding++) {
            const bool probe = hint == NO_HINT && padding == PADDING_MAX;
            for (unsigned packets = 0; packets <= 5; packets++) {
                struct message payload = padded(hint, padding, packets);
                if (hint == NO_HINT && padding == HINT - PADDING) {
                    payload.octets[ID + 1] = 0;
                }
                int data = packets > 0 ? WIRE_STRONG : FRAMES_WRONG;
                assert_frame(&payload, probe ? WIRE_NO_SESSION : data);
            }
        }
    }
}

/* A frame of several packets, cut anywhere or with octets behind it. */
static void test_left_over(void **state)
{
    (void)state;
    const struct message whole = padded(HINT_MIN, 4, 4);
    size_t ends[5] = {ID + 3 + 1 + 4};
    for (size_t i = 1; i < 5; i++) {
        ends[i] = ends[i - 1] + 1 + COMPACT_HEADER + (i - 1) * 3;
    }
    assert_int_equal(ends[4], whole.length);
    for (size_t length = ID + 1; length <= whole.length; length++) {
        struct message cut = whole;
        cut.length = length;
        bool data = false;
        for (size_t i = 1; i < 5; i++) {
            data |= length == ends[i];
        }
        assert_frame(&cut, data ? WIRE_STRONG : FRAMES_WRONG);
    }
    for (unsigned octet = 0; octet <= UINT8_MAX; octet++) {
        struct message longer = whole;
        put8(&longer, octet);
        assert_frame(&longer, FRAMES_WRONG);
    }
}

/* A packet of several among which one is not right. */
static void test_one_of_several_is_wrong(void **state)
{
    (void)state;
    const struct message whole = padded(NO_HINT, 2, 3);
    for (size_t at = ID + 3; at < whole.length; at++) {
        for (unsigned octet = 0; octet <= UINT8_MAX; octet++) {
            struct message changed = whole;
            changed.octets[at] = (uint8_t)octet;
            assert_int_equal(read_frame(&changed), model(&changed));
        }
    }
}

/* A length from 0xe0 on would be a mark. No name is that long, but the values could be: one segment
 * with data of zeros. */
static void test_length_is_no_mark(void **state)
{
    (void)state;
    enum { OCTETS = ID + 2 + PADDING + 3, PACKET = ID + 2 };
    for (unsigned length = PADDING - 3; length <= PADDING + 3; length++) {
        uint8_t values[OCTETS * 8 / 5 + 2 + BASE32_STEP] = {0};
        uint8_t octets[PACKET + COMPACT_HEADER] = {[ID] = PADDING, [ID + 1] = (uint8_t)length};
        octets[PACKET + COMPACT_LENGTH_AT] = (uint8_t)(length - COMPACT_HEADER);
        for (size_t bit = 0; bit < sizeof octets * 8; bit++) {
            unsigned one = octets[bit / 8] >> (7 - bit % 8) & 1;
            values[bit / 5] |= (uint8_t)(one << (4 - bit % 5));
        }
        assert_int_equal(dnsttex_frame(values, PACKET + length),
                         length < PADDING ? WIRE_STRONG : FRAMES_WRONG);
    }
}

static void test_random_octets(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 100000; round++) {
        struct message payload = {0};
        put_random(&payload, DNSTTEX_OCTETS_MIN + random_below(PAYLOAD_MAX - ID));
        assert_int_equal(read_frame(&payload), model(&payload));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_poll),
        cmocka_unit_test(test_hint),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_one_packet),
        cmocka_unit_test(test_packet_without_a_header),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_left_over),
        cmocka_unit_test(test_one_of_several_is_wrong),
        cmocka_unit_test(test_length_is_no_mark),
        cmocka_unit_test(test_random_octets),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
