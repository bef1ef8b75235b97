#include "capture/sniffer/parse/base32.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    LABEL_MAX = 63,
    VALUES_MAX = 250,             /* characters of a name's labels */
    LABELS_SIZE = VALUES_MAX * 2, /* each label of one character */
    OCTETS_MAX = VALUES_MAX * 5 / 8 + 1,
};

/* The two alphabets, each with the function that reads it. */
static const struct alphabet {
    const char *characters;
    int (*read)(const uint8_t *labels, size_t length, uint8_t values[BASE32_BUFFER_SIZE]);
} alphabets[] = {
    {"abcdefghijklmnopqrstuvwxyz234567", base32_read_labels},
    {"0123456789abcdefghijklmnopqrstuv", base32hex_read_labels},
};

/* The one that is tested, and its characters in either case; -1 for all others. */
static const struct alphabet *alphabet;
static int8_t table[UINT8_MAX + 1];

static void choose(const struct alphabet *chosen)
{
    alphabet = chosen;
    memset(table, -1, sizeof table);
    for (int i = 0; i < 32; i++) {
        uint8_t character = (uint8_t)chosen->characters[i];
        table[character] = (int8_t)i;
        if (character >= 'a') {
            table[character - 'a' + 'A'] = (int8_t)i;
        }
    }
}

static int choose_base32(void **state)
{
    (void)state;
    choose(&alphabets[0]);
    return 0;
}

static int choose_base32hex(void **state)
{
    (void)state;
    choose(&alphabets[1]);
    return 0;
}

static int value_of(uint8_t character)
{
    return table[character];
}

/* The plain way: a character at a time, five bits each, and then what the last group lacks. */
static int model_decode(const uint8_t *characters, size_t length, uint8_t out[OCTETS_MAX])
{
    uint64_t bits = 0;
    unsigned bit_count = 0;
    int decoded = 0;
    for (size_t i = 0; i < length; i++) {
        int value = value_of(characters[i]);
        if (value < 0) {
            return -EBADMSG;
        }
        bits = bits << 5 | (uint64_t)value;
        bit_count += 5;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[decoded++] = (uint8_t)(bits >> bit_count);
        }
    }
    switch (length % 8) {
    case 1:
        return decoded;
    case 3:
        return decoded - 1;
    case 6:
        return decoded - 3;
    default:
        return decoded;
    }
}

static void check_octets(const uint8_t *values, const uint8_t *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(base32_octet(values, i), expected[i]);
    }
}

/*
 * Puts characters into labels of up to `longest`, each followed by what is no character, and reads
 * them in both ways. Returns what the model does.
 */
static int check_against_model(const uint8_t *characters, size_t length, size_t longest)
{
    static const uint8_t zeros[BASE32_STEP] = {0};
    uint8_t expected[OCTETS_MAX];
    uint8_t labels[LABELS_SIZE];
    size_t used = 0;
    for (size_t at = 0; at < length;) {
        size_t label = length - at < longest ? length - at : longest;
        labels[used++] = (uint8_t)label;
        memcpy(labels + used, characters + at, label);
        used += label;
        at += label;
    }
    uint8_t *block = malloc(used + BASE32_STEP);
    uint8_t *values = malloc(BASE32_BUFFER_SIZE);
    assert_true(block != NULL && values != NULL);
    memcpy(block, labels, used);
    memset(block + used, 0xff, BASE32_STEP);
    memset(values, 0xff, BASE32_BUFFER_SIZE);

    int wanted = model_decode(characters, length, expected);
    int count = alphabet->read(block, used, values);
    if (wanted < 0) {
        assert_int_equal(count, wanted);
    } else {
        assert_int_equal(count, length);
        for (size_t i = 0; i < length; i++) {
            assert_int_equal(values[i], value_of(characters[i]));
        }
        assert_memory_equal(values + length, zeros, sizeof zeros);
        assert_int_equal(base32_octet_count(length), wanted);
        check_octets(values, expected, (size_t)wanted);
    }
    free(block);
    free(values);
    return wanted;
}

static void assert_decodes(const char *text, const char *expected)
{
    uint8_t labels[64];
    uint8_t values[BASE32_BUFFER_SIZE];
    size_t length = strlen(text);
    labels[0] = (uint8_t)length;
    memcpy(labels + 1, text, length);
    int count = alphabet->read(labels, 1 + length, values);
    assert_int_equal(count, length);
    assert_int_equal(base32_octet_count((size_t)count), strlen(expected));
    for (size_t i = 0; expected[i] != '\0'; i++) {
        assert_int_equal(base32_octet(values, i), expected[i]);
    }
}

static void test_rfc_vectors(void **state)
{
    (void)state;
    assert_decodes("MY", "f");
    assert_decodes("MZXQ", "fo");
    assert_decodes("MZXW6", "foo");
    assert_decodes("MZXW6YQ", "foob");
    assert_decodes("MZXW6YTB", "fooba");
    assert_decodes("MZXW6YTBOI", "foobar");
    assert_decodes("mzxw6ytboi", "foobar");
    assert_decodes("mZxW6yTbOi", "foobar");
}

static void test_rfc_vectors_of_hex(void **state)
{
    (void)state;
    assert_decodes("CO", "f");
    assert_decodes("CPNG", "fo");
    assert_decodes("CPNMU", "foo");
    assert_decodes("CPNMUOG", "foob");
    assert_decodes("CPNMUOJ1", "fooba");
    assert_decodes("CPNMUOJ1E8", "foobar");
    assert_decodes("cpnmuoj1e8", "foobar");
    assert_decodes("cPnMuOj1E8", "foobar");
}

static void test_no_labels(void **state)
{
    (void)state;
    assert_int_equal(check_against_model(NULL, 0, LABEL_MAX), 0);
}

static void test_tails_of_go(void **state)
{
    (void)state;
    static const int octets[] = {0, 0, 1, 0, 2, 3, 0, 4, 5, 5, 6, 5, 7, 8, 5, 9, 10, 10, 11};
    uint8_t characters[sizeof octets / sizeof *octets];
    memset(characters, alphabet->characters[31], sizeof characters);
    for (size_t length = 0; length < sizeof octets / sizeof *octets; length++) {
        assert_int_equal(base32_octet_count(length), octets[length]);
        assert_int_equal(check_against_model(characters, length, LABEL_MAX), octets[length]);
    }
}

static void test_every_octet_in_every_place(void **state)
{
    (void)state;
    uint8_t characters[35];
    for (size_t length = 1; length <= sizeof characters; length++) {
        memset(characters, 'q', sizeof characters);
        for (size_t place = 0; place < length; place++) {
            for (unsigned octet = 0; octet <= UINT8_MAX; octet++) {
                characters[place] = (uint8_t)octet;
                int decoded = check_against_model(characters, length, LABEL_MAX);
                assert_int_equal(decoded < 0, value_of((uint8_t)octet) < 0);
            }
            characters[place] = 'q';
        }
    }
}

static void test_neighbours_do_not_hide_a_fault(void **state)
{
    (void)state;
    static const uint8_t edges[] = {
        0,   0x0f, 0x10, 0x11, 0x12, 0x17, 0x18, 0x19, 0x1a, '/',  '0',  '1',  '2', '7', '8',
        '9', ':',  '?',  '@',  'A',  'V',  'W',  'Z',  '[',  '_',  '`',  'a',  'v', 'w', 'z',
        '{', 0x7f, 0x80, 0xb0, 0xb2, 0xb9, 0xc1, 0xd6, 0xda, 0xe1, 0xf6, 0xfa, 0xff};
    uint8_t characters[16];
    for (size_t left = 0; left < sizeof edges; left++) {
        for (size_t right = 0; right < sizeof edges; right++) {
            for (size_t place = 0; place + 1 < sizeof characters; place++) {
                memset(characters, 'a', sizeof characters);
                characters[place] = edges[left];
                characters[place + 1] = edges[right];
                check_against_model(characters, sizeof characters, 1 + place);
            }
        }
    }
}

/* Of every length, in labels of every length; length octets are no characters of a label's. */
static void test_random_characters(void **state)
{
    (void)state;
    uint8_t characters[VALUES_MAX];
    unsigned faulty = 0;
    for (size_t longest = 1; longest <= LABEL_MAX; longest++) {
        for (size_t length = 0; length <= VALUES_MAX; length++) {
            for (size_t i = 0; i < length; i++) {
                uint8_t character = (uint8_t)alphabet->characters[random_below(32)];
                bool upper = character >= 'a' && random_below(2) == 0;
                characters[i] = (uint8_t)(character - (upper ? 0x20 : 0));
            }
            if (length > 0 && random_below(2) == 0) {
                characters[random_below((uint32_t)length)] = (uint8_t)random_below(256);
            }
            faulty += check_against_model(characters, length, longest) < 0;
        }
    }
    assert_in_range(faulty, 2000, LABEL_MAX * 251 / 2);
}

/* Whether an encoder writes these values for the octets that they encode. */
static bool model_is_canonical(const uint8_t *values, size_t count)
{
    uint8_t octets[OCTETS_MAX];
    uint8_t characters[VALUES_MAX];
    char text[VALUES_MAX + 8];
    for (size_t i = 0; i < count; i++) {
        characters[i] = (uint8_t)alphabet->characters[values[i]];
    }
    int decoded = model_decode(characters, count, octets);
    return encode_base32(octets, (size_t)decoded, text) == count &&
           memcmp(text, characters, count) == 0;
}

static void test_canonical(void **state)
{
    (void)state;
    unsigned canonical = 0;
    for (size_t count = 1; count <= VALUES_MAX; count++) {
        uint8_t *values = malloc(count);
        assert_non_null(values);
        for (size_t i = 0; i < count; i++) {
            values[i] = (uint8_t)random_below(32);
        }
        for (unsigned last = 0; last < 32; last++) {
            values[count - 1] = (uint8_t)last;
            bool expected = model_is_canonical(values, count);
            assert_int_equal(base32_is_canonical(values, count), expected);
            canonical += expected;
        }
        free(values);
    }
    /* Of eight counts: 8, 2, 16 and 4 last values, all for a whole group, and none for three. */
    assert_in_range(canonical, VALUES_MAX / 8 * (8 + 2 + 16 + 4 + 32),
                    (VALUES_MAX / 8 + 1) * (8 + 2 + 16 + 4 + 32));
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup(name, choose_base32), cmocka_unit_test_setup(name, choose_base32hex)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_rfc_vectors, choose_base32),
        cmocka_unit_test_setup(test_rfc_vectors_of_hex, choose_base32hex),
        TEST(test_no_labels),
        TEST(test_tails_of_go),
        TEST(test_every_octet_in_every_place),
        TEST(test_neighbours_do_not_hide_a_fault),
        TEST(test_random_characters),
        cmocka_unit_test_setup(test_canonical, choose_base32),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
