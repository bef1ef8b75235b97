#include "capture/sniffer/token.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENT_ID_OCTETS_MAX = 8 };

/* The bits of a ClientID of so many octets: the highest of each value come first. */
static void make_mask(unsigned octets, uint8_t mask[TOKEN_VALUES])
{
    memset(mask, 0, TOKEN_VALUES);
    for (unsigned bit = 0; bit < octets * 8; bit++) {
        mask[bit / 5] |= (uint8_t)(0x10u >> bit % 5);
    }
}

/* As token_session takes it. */
static uint64_t token_of(const struct token_key *key, uint8_t domain,
                         const uint8_t values[TOKEN_VALUES], unsigned octets)
{
    uint8_t mask[TOKEN_VALUES];
    uint64_t words[2];
    make_mask(octets, mask);
    memcpy(words, mask, sizeof words);
    return token_session(key, domain, values, words);
}

static struct token_key random_key(void)
{
    return (struct token_key){
        .session = {random_next(), random_next()},
        .fingerprint = {random_next(), random_next() | 1},
    };
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], unsigned rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

/* SipHash-2-4 as the paper has it, byte by byte: what token_session is compared with. */
static uint64_t siphash(const uint64_t key[2], const uint8_t *data, size_t length)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    uint64_t word = 0;
    for (size_t i = 0; i < length; i++) {
        word |= (uint64_t)data[i] << 8 * (i % 8);
        if (i % 8 == 7) {
            v[3] ^= word;
            sip_rounds(v, 2);
            v[0] ^= word;
            word = 0;
        }
    }
    word |= (uint64_t)length << 56;
    v[3] ^= word;
    sip_rounds(v, 2);
    v[0] ^= word;
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The authors' own table: key 00 01 … 0f, input 00 01 … of 0 to 18 octets. */
static void test_siphash_vectors(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
        0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
        0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
        0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
        0x3f2acc7f57c29bdb, 0x699ae9f52cbe4794, 0x4bc1b3f0968dd39c,
    };
    const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    uint8_t input[sizeof expected / sizeof *expected];
    for (size_t i = 0; i < sizeof input; i++) {
        input[i] = (uint8_t)i;
    }
    for (size_t length = 0; length < sizeof input; length++) {
        assert_true(siphash(key, input, length) == expected[length]);
    }
}

/* Of thirteen values, less the bits that are not the ClientID's, and the domain. */
static void test_session_is_siphash_of_fourteen_octets(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 10000; round++) {
        struct token_key key = random_key();
        uint8_t values[TOKEN_VALUES];
        uint8_t mask[TOKEN_VALUES];
        uint8_t octets[14];
        unsigned id = 1 + random_below(CLIENT_ID_OCTETS_MAX);
        make_mask(id, mask);
        for (size_t i = 0; i < sizeof values; i++) {
            values[i] = (uint8_t)random_below(32);
        }
        uint8_t domain = (uint8_t)random_below(256);
        for (size_t i = 0; i < sizeof octets - 1; i++) {
            octets[i] = values[i] & mask[i];
        }
        octets[sizeof octets - 1] = domain;
        uint64_t token = token_of(&key, domain, values, id);
        assert_true(token == siphash(key.session, octets, sizeof octets));
    }
}

/* The ClientID's bits, from the highest of each value on, and not those of what follows. */
static void test_session_depends_on_the_client_id(void **state)
{
    (void)state;
    const struct token_key key = random_key();
    for (unsigned octets = 1; octets <= CLIENT_ID_OCTETS_MAX; octets++) {
        uint8_t values[TOKEN_VALUES] = {0};
        uint64_t token = token_of(&key, 0, values, octets);
        for (size_t bit = 0; bit < sizeof values * 5; bit++) {
            values[bit / 5] ^= (uint8_t)(0x10u >> bit % 5);
            bool of_client_id = bit < (size_t)octets * 8;
            assert_true((token_of(&key, 0, values, octets) != token) == of_client_id);
            values[bit / 5] ^= (uint8_t)(0x10u >> bit % 5);
        }
    }
}

static void test_session_depends_on_domain_and_key(void **state)
{
    (void)state;
    struct token_key key = random_key();
    const uint8_t values[TOKEN_VALUES] = {0};
    uint64_t token = token_of(&key, 0, values, CLIENT_ID_OCTETS_MAX);
    for (unsigned domain = 1; domain <= UINT8_MAX; domain++) {
        assert_true(token_of(&key, (uint8_t)domain, values, CLIENT_ID_OCTETS_MAX) != token);
    }
    for (unsigned word = 0; word < 2; word++) {
        key.session[word] ^= 1;
        assert_true(token_of(&key, 0, values, CLIENT_ID_OCTETS_MAX) != token);
        key.session[word] ^= 1;
    }
    /* The fingerprint's key has no part in it. */
    key.fingerprint[0]++;
    assert_true(token_of(&key, 0, values, CLIENT_ID_OCTETS_MAX) == token);
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

static void test_keys_are_drawn(void **state)
{
    (void)state;
    struct token_key first = {0};
    struct token_key second = {0};
    assert_int_equal(token_key_draw(&first), 0);
    assert_int_equal(token_key_draw(&second), 0);
    for (unsigned word = 0; word < 2; word++) {
        assert_true(first.session[word] != 0);
        assert_true(first.session[word] != second.session[word]);
        assert_true(first.fingerprint[word] != second.fingerprint[word]);
    }
    for (unsigned round = 0; round < 64; round++) {
        assert_int_equal(token_key_draw(&first), 0);
        assert_int_equal(first.fingerprint[1] & 1, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_siphash_vectors),
        cmocka_unit_test(test_session_is_siphash_of_fourteen_octets),
        cmocka_unit_test(test_session_depends_on_the_client_id),
        cmocka_unit_test(test_session_depends_on_domain_and_key),
        cmocka_unit_test(test_fingerprint_depends_on_each_bit),
        cmocka_unit_test(test_fingerprint_depends_on_the_length),
        cmocka_unit_test(test_fingerprint_depends_on_the_key),
        cmocka_unit_test(test_fingerprints_spread),
        cmocka_unit_test(test_keys_are_drawn),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
