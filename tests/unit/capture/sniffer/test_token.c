#include "capture/sniffer/token.h"

#include "capture/sniffer/parse/base32.h"
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

/* --- Ids of any length, at any octet --- */

/* Octets as values, in a block that ends with the zeros that values end with. */
static uint8_t *values_of(const uint8_t *octets, size_t length)
{
    size_t count = (length * 8 + 4) / 5;
    uint8_t *values = calloc(1, count + BASE32_STEP);
    assert_non_null(values);
    for (size_t bit = 0; bit < length * 8; bit++) {
        unsigned one = octets[bit / 8] >> (7 - bit % 8) & 1u;
        values[bit / 5] |= (uint8_t)(one << (4 - bit % 5));
    }
    return values;
}

/* The token of an id behind `at` octets of something else, and before `behind` of them. */
static uint64_t token_at(const struct token_key *key, uint8_t domain, const uint8_t *id,
                         size_t octets, size_t at, size_t behind)
{
    uint8_t payload[64];
    assert_in_range(at + octets + behind, 1, sizeof payload);
    for (size_t i = 0; i < at + octets + behind; i++) {
        payload[i] = (uint8_t)random_next();
    }
    memcpy(payload + at, id, octets);
    uint8_t *values = values_of(payload, at + octets + behind);
    uint64_t token = token_session_at(key, domain, values, at, octets);
    free(values);
    return token;
}

static void random_id(uint8_t id[TOKEN_OCTETS_MAX])
{
    for (size_t i = 0; i < TOKEN_OCTETS_MAX; i++) {
        id[i] = (uint8_t)random_next();
    }
}

/* Of the id with zeros up to whole words, the octets of each the other way round, its length and
 * the domain. */
static void test_session_at_is_siphash(void **state)
{
    (void)state;
    for (size_t at = 0; at <= 6; at++) {
        for (size_t octets = 1; octets <= TOKEN_OCTETS_MAX; octets++) {
            struct token_key key = random_key();
            uint8_t domain = (uint8_t)random_below(256);
            uint8_t id[TOKEN_OCTETS_MAX];
            uint8_t data[24 + 2] = {0};
            size_t words = (octets + 7) / 8;
            random_id(id);
            for (size_t i = 0; i < octets; i++) {
                data[i / 8 * 8 + 7 - i % 8] = id[i];
            }
            data[words * 8] = (uint8_t)octets;
            data[words * 8 + 1] = domain;
            uint64_t expected = siphash(key.session, data, words * 8 + 2);
            for (size_t behind = 0; behind <= 30; behind++) {
                assert_true(token_at(&key, domain, id, octets, at, behind) == expected);
            }
        }
    }
}

/* As ids of one length differ, so do those of which one begins the other, zeros behind it too. */
static void test_session_at_tells_ids_apart(void **state)
{
    (void)state;
    const struct token_key key = random_key();
    uint8_t id[TOKEN_OCTETS_MAX] = {0};
    for (unsigned round = 0; round < 2; round++) {
        uint64_t tokens[TOKEN_OCTETS_MAX + 1];
        for (size_t octets = 1; octets <= TOKEN_OCTETS_MAX; octets++) {
            tokens[octets] = token_at(&key, 3, id, octets, 1, 4);
            for (size_t shorter = 1; shorter < octets; shorter++) {
                assert_true(tokens[shorter] != tokens[octets]);
            }
            for (size_t bit = 0; bit < octets * 8; bit++) {
                id[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
                assert_true(token_at(&key, 3, id, octets, 1, 4) != tokens[octets]);
                id[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
            }
        }
        random_id(id);
    }
}

static void test_session_at_depends_on_domain_and_key(void **state)
{
    (void)state;
    for (size_t octets = 1; octets <= TOKEN_OCTETS_MAX; octets++) {
        struct token_key key = random_key();
        uint8_t id[TOKEN_OCTETS_MAX];
        random_id(id);
        uint64_t token = token_at(&key, 0, id, octets, 6, 0);
        for (unsigned domain = 1; domain <= UINT8_MAX; domain++) {
            assert_true(token_at(&key, (uint8_t)domain, id, octets, 6, 0) != token);
        }
        for (unsigned word = 0; word < 2; word++) {
            key.session[word] ^= 1;
            assert_true(token_at(&key, 0, id, octets, 6, 0) != token);
            key.session[word] ^= 1;
        }
        key.fingerprint[0]++;
        assert_true(token_at(&key, 0, id, octets, 6, 0) == token);
    }
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
        cmocka_unit_test(test_session_at_is_siphash),
        cmocka_unit_test(test_session_at_tells_ids_apart),
        cmocka_unit_test(test_session_at_depends_on_domain_and_key),
        cmocka_unit_test(test_keys_are_drawn),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
