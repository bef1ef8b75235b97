#include "capture/sniffer/token.h"

#include "tests/support/figure.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static struct token_key random_key(void)
{
    return (struct token_key){
        .session = {random_next(), random_next()},
        .fingerprint = {random_next(), random_next() | 1},
    };
}

/* The fingerprint of data in a block that ends with the zeros that the function asks for. */
static uint32_t fingerprint(const struct token_key *key, const uint8_t *data, size_t length)
{
    uint8_t *block = calloc(1, length + 15);
    assert_non_null(block);
    memcpy(block, data, length);
    uint32_t folded = token_fingerprint(key, block, length);
    free(block);
    assert_true(folded < 1u << 24);
    return folded;
}

static void test_fingerprint_depends_on_each_bit(void **state)
{
    (void)state;
    /* A fixed key: of 24 bits two may be equal by chance, and then for every run. */
    const struct token_key key = {.fingerprint = {0x0123456789abcdef, 0x9e3779b97f4a7c15}};
    uint8_t data[150];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 37 + 11);
    }
    unsigned equal = 0;
    unsigned compared = 0;
    for (size_t length = 1; length <= sizeof data; length++) {
        uint32_t folded = fingerprint(&key, data, length);
        for (size_t bit = 0; bit < length * 8; bit++) {
            data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            equal += fingerprint(&key, data, length) == folded;
            compared++;
            data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    assert_int_equal(compared, 8 * 150 * 151 / 2);
    assert_in_range(equal, 0, 2);
}

static void test_fingerprint_depends_on_the_length(void **state)
{
    (void)state;
    const struct token_key key = {.fingerprint = {0x0123456789abcdef, 0x9e3779b97f4a7c15}};
    const uint8_t zeros[150] = {0};
    uint32_t folded[sizeof zeros + 1];
    for (size_t length = 0; length <= sizeof zeros; length++) {
        folded[length] = fingerprint(&key, zeros, length);
        for (size_t shorter = 0; shorter < length; shorter++) {
            assert_int_not_equal(folded[length], folded[shorter]);
        }
    }
}

static void test_fingerprint_depends_on_the_key(void **state)
{
    (void)state;
    const uint8_t data[] = {0xe3, 1, 2, 3, 30, 4, 5, 6, 7, 8};
    struct token_key key = {.fingerprint = {0x0123456789abcdef, 0x9e3779b97f4a7c15}};
    uint32_t folded = fingerprint(&key, data, sizeof data);
    key.fingerprint[0] ^= 1;
    assert_int_not_equal(fingerprint(&key, data, sizeof data), folded);
    key.fingerprint[0] ^= 1;
    key.fingerprint[1] ^= 2;
    assert_int_not_equal(fingerprint(&key, data, sizeof data), folded);
    key.fingerprint[1] ^= 2;
    key.session[0]++;
    assert_int_equal(fingerprint(&key, data, sizeof data), folded);
}

/* Pairs of these values that share one of 65,536 classes. */
static unsigned pairs(const uint32_t *values, size_t count, unsigned shift)
{
    static uint16_t classes[1 << 16];
    unsigned shared = 0;
    memset(classes, 0, sizeof classes);
    for (size_t i = 0; i < count; i++) {
        shared += classes[values[i] >> shift & 0xffff]++;
    }
    return shared;
}

static void test_fingerprints_spread(void **state)
{
    (void)state;
    /* Of 4,096 values 128 pairs are expected to share their upper 16 bits, and as many their lower.
     * One key in a hundred has three times that, so it is the mean of many that is held. */
    enum { KEYS = 200, VALUES = 4096, MEAN_MAX = 180 };
    static uint32_t folded[VALUES];
    unsigned upper = 0;
    unsigned lower = 0;
    for (unsigned round = 0; round < KEYS; round++) {
        struct token_key key = random_key();
        for (uint64_t word = 0; word < VALUES; word++) {
            uint8_t data[37] = {0xe3};
            memcpy(data + 5, &word, sizeof word); /* few bits differ, as in a client's counter */
            folded[word] = fingerprint(&key, data, sizeof data);
        }
        upper += pairs(folded, VALUES, 8);
        lower += pairs(folded, VALUES, 0);
    }
    assert_in_range(upper, 0, KEYS * MEAN_MAX);
    assert_in_range(lower, 0, KEYS * MEAN_MAX);
}

static int compare(const void *one, const void *other)
{
    const uint32_t left = *(const uint32_t *)one;
    const uint32_t right = *(const uint32_t *)other;
    return (left > right) - (left < right);
}

/* How many pairs are equal. Sorts the values. */
static unsigned equal_pairs(uint32_t *values, size_t count)
{
    unsigned equal = 0;
    size_t same = 0;
    qsort(values, count, sizeof *values, compare);
    for (size_t i = 1; i < count; i++) {
        same = values[i] == values[i - 1] ? same + 1 : 0;
        equal += (unsigned)same;
    }
    return equal;
}

/* The chance that a new query is taken for a repeated one: 2^-24 for each other query of its
 * session and length (exporter/counts/repeats.h). Payloads as random as encrypted packets. */
static void test_fingerprints_are_rarely_equal(void **state)
{
    (void)state;
    /* 100 equal ones are expected of 1.7 billion pairs. */
    enum { KEYS = 200, VALUES = 4096, EXPECTED = (uint64_t)KEYS * VALUES * (VALUES - 1) / 2 >> 24 };
    static uint32_t folded[VALUES];
    unsigned equal = 0;
    for (unsigned round = 0; round < KEYS; round++) {
        const struct token_key key = random_key();
        const size_t length = 16 + random_below(220);
        for (unsigned i = 0; i < VALUES; i++) {
            uint8_t values[16 + 220 + 15] = {0}; /* of base32, five bits each */
            for (size_t at = 0; at < length; at++) {
                values[at] = (uint8_t)random_below(32);
            }
            folded[i] = token_fingerprint(&key, values, length);
        }
        equal += equal_pairs(folded, VALUES);
    }
    figure("of 1.7 billion pairs of payloads %u have one fingerprint; %d are expected by chance",
           equal, EXPECTED);
    assert_in_range(equal, EXPECTED / 2, EXPECTED * 8 / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fingerprint_depends_on_each_bit),
        cmocka_unit_test(test_fingerprint_depends_on_the_length),
        cmocka_unit_test(test_fingerprint_depends_on_the_key),
        cmocka_unit_test(test_fingerprints_spread),
        cmocka_unit_test(test_fingerprints_are_rarely_equal),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
