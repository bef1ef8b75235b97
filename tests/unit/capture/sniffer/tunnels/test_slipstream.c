#include "capture/sniffer/tunnels/frames.h"
#include "capture/sniffer/tunnels/slipstream.h"
#include "common/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/message.h"
#include "tests/unit/random.h"
#include "tests/unit/values.h"

#include <stdbool.h>
#include <stdlib.h>

enum {
    PACKET_MIN = 21,
    SHORT_MIN = 29,
    ID = 8,
    ID_MAX = 20,
    LONG = 0xc0,
    SHORT = 0x40,
    VERSION_AT = 1,
    LENGTH_AT = 5,
    INITIAL = 0,
    ZERO_RTT,
    HANDSHAKE,
    RETRY,
};

static struct slipstream_id id;

static int read_header(const struct message *payload)
{
    uint8_t *values = read_values(payload);
    id = (struct slipstream_id){0};
    int result = slipstream_header(values, payload->length, &id);
    free(values);
    return result;
}

/* A long header with ids of these lengths, and so many octets of the packet's own. */
static struct message long_header(unsigned type, size_t octets, size_t source_octets, size_t rest)
{
    struct message payload = {0};
    put8(&payload, LONG | type << 4);
    put16(&payload, 0);
    put16(&payload, 1);
    put8(&payload, (unsigned)octets);
    put_random(&payload, octets);
    put8(&payload, (unsigned)source_octets);
    put_random(&payload, source_octets);
    put_random(&payload, rest);
    return payload;
}

static struct message short_header(unsigned first, size_t length)
{
    struct message payload = {0};
    put8(&payload, first);
    put_random(&payload, length - 1);
    return payload;
}

static void assert_id(const struct message *payload, size_t at, size_t octets)
{
    assert_int_equal(id.at, at);
    assert_int_equal(id.octets, octets);
    assert_true(at + octets <= payload->length);
}

/* Of a long header that is whole, in version 1. */
static int expected_of(unsigned type, size_t octets, size_t source_octets)
{
    if (octets > ID_MAX || source_octets > ID_MAX || type == RETRY) {
        return FRAMES_WRONG;
    }
    if (type != HANDSHAKE) {
        return WIRE_NO_SESSION;
    }
    return octets == 0 ? FRAMES_WRONG : WIRE_STRONG;
}

static void assert_long(const struct message *payload, int expected, size_t octets)
{
    assert_int_equal(read_header(payload), expected);
    if (expected == WIRE_STRONG) {
        assert_id(payload, LENGTH_AT + 1, octets);
    }
}

/* The form is in the first two bits; the others are protected and could be anything. */
static void test_first_octet(void **state)
{
    (void)state;
    for (unsigned first = 0; first <= UINT8_MAX; first++) {
        for (size_t length = 1; length <= 60; length++) {
            struct message payload = short_header(first, length);
            int expected = FRAMES_WRONG;
            if (length < PACKET_MIN || (first >> 6 == 1 && length < SHORT_MIN)) {
                expected = FRAMES_SHORT;
            } else if (first >> 6 == 1) {
                expected = WIRE_WEAK;
            }
            if (first < LONG || length < PACKET_MIN) {
                assert_int_equal(read_header(&payload), expected);
                assert_true(expected != WIRE_WEAK || (id.at == 1 && id.octets == ID));
            }
        }
    }
}

static void test_short_header_of_each_length(void **state)
{
    (void)state;
    for (size_t length = 1; length <= PAYLOAD_MAX; length++) {
        struct message payload = short_header(SHORT, length);
        assert_int_equal(read_header(&payload), length < SHORT_MIN ? FRAMES_SHORT : WIRE_WEAK);
        if (length >= SHORT_MIN) {
            assert_id(&payload, 1, ID);
        }
    }
}

/* The low bits say how long the packet's number is, once they are no more protected. */
static void test_types(void **state)
{
    (void)state;
    for (unsigned type = INITIAL; type <= RETRY; type++) {
        for (unsigned low = 0; low <= 0xf; low++) {
            struct message payload = long_header(type, ID, ID, 10);
            payload.octets[0] |= (uint8_t)low;
            assert_long(&payload, expected_of(type, ID, ID), ID);
            payload.octets[0] &= 0x7f;
            assert_int_equal(read_header(&payload), WIRE_WEAK);
            payload.octets[0] |= LONG;
            payload.octets[0] &= 0xbf;
            assert_int_equal(read_header(&payload), FRAMES_WRONG);
        }
    }
}

/* Each bit of the one version there is; 0 is a server's, to tell which it has. */
static void test_versions(void **state)
{
    (void)state;
    for (unsigned type = INITIAL; type <= RETRY; type++) {
        for (unsigned bit = 0; bit < 32; bit++) {
            struct message payload = long_header(type, ID, ID, 10);
            payload.octets[VERSION_AT + bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
            assert_int_equal(read_header(&payload), FRAMES_WRONG);
        }
    }
}

/* Ids of any length, in a payload that ends with them, or with an octet less or more. */
static void test_lengths_of_ids(void **state)
{
    (void)state;
    for (unsigned type = INITIAL; type <= RETRY; type++) {
        for (size_t octets = 0; octets <= PAYLOAD_MAX - LENGTH_AT - 2; octets++) {
            for (size_t source = 0; octets + source <= PAYLOAD_MAX - LENGTH_AT - 3; source++) {
                struct message payload = long_header(type, octets, source, 1);
                int whole = expected_of(type, octets, source);
                int least = payload.length < PACKET_MIN ? FRAMES_SHORT : whole;
                assert_long(&payload, least, octets);
                payload.length--;
                assert_long(&payload, payload.length < PACKET_MIN ? FRAMES_SHORT : whole, octets);
                payload.length--;
                /* Without ids this is the length octet itself. */
                assert_long(&payload, FRAMES_SHORT, octets);
            }
        }
    }
}

/* A length that no payload has room for: all that can be said is that it is cut off. */
static void test_ids_past_the_end(void **state)
{
    (void)state;
    for (size_t length = PACKET_MIN; length <= PAYLOAD_MAX; length++) {
        for (unsigned octets = 0; octets <= UINT8_MAX; octets++) {
            struct message payload = long_header(HANDSHAKE, 0, 0, length - LENGTH_AT - 2);
            assert_int_equal(payload.length, length);
            payload.octets[LENGTH_AT] = (uint8_t)octets;
            size_t source = LENGTH_AT + 1 + octets;
            if (source < length) {
                payload.octets[source] = (uint8_t)(length - source);
            }
            assert_int_equal(read_header(&payload), FRAMES_SHORT);
            /* One octet less, which ends with the payload. */
            if (source < length) {
                payload.octets[source]--;
                assert_long(&payload, expected_of(HANDSHAKE, octets, payload.octets[source]),
                            octets);
            }
        }
    }
}

/* What is cut off is short, also where its type or its ids' lengths would be wrong; of another
 * version nothing can be told. */
static void test_cut_off_before_wrong(void **state)
{
    (void)state;
    for (unsigned type = INITIAL; type <= RETRY; type++) {
        struct message payload = long_header(type, ID_MAX + 1, ID_MAX + 1, 0);
        assert_int_equal(read_header(&payload), FRAMES_WRONG);
        payload.length--;
        assert_int_equal(read_header(&payload), FRAMES_SHORT);
        payload.length = LENGTH_AT + 1 + ID_MAX + 1;
        assert_int_equal(read_header(&payload), FRAMES_SHORT);
        payload.octets[VERSION_AT] = 0xff;
        assert_int_equal(read_header(&payload), FRAMES_WRONG);
    }
}

/* A connection's Handshake and its paths name one id, each at its place. */
static void test_id_of_both_headers(void **state)
{
    (void)state;
    struct message handshake = long_header(HANDSHAKE, ID, ID, 20);
    struct message path = short_header(SHORT, SHORT_MIN);
    assert_int_equal(read_header(&handshake), WIRE_STRONG);
    assert_id(&handshake, LENGTH_AT + 1, ID);
    assert_int_equal(read_header(&path), WIRE_WEAK);
    assert_id(&path, 1, ID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_octet),
        cmocka_unit_test(test_short_header_of_each_length),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_lengths_of_ids),
        cmocka_unit_test(test_ids_past_the_end),
        cmocka_unit_test(test_cut_off_before_wrong),
        cmocka_unit_test(test_id_of_both_headers),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
