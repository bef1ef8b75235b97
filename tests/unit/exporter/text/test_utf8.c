/* All that is wrong in UTF-8 is tried in test_foreign_text.c too. */
#include "exporter/text/utf8.h"

#include "tests/unit/exporter/text/characters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { UNTOUCHED = 0x55555555 };

static void check(const void *bytes, size_t length, size_t size, uint32_t expected)
{
    uint32_t character = UNTOUCHED;
    assert_int_equal(utf8_decode(bytes, length, &character), size);
    assert_int_equal(character, expected);
}

static void test_each_character(void **state)
{
    (void)state;
    for (uint32_t character = 0; character <= 0x110000; character++) {
        char bytes[4];
        size_t size = put_character(character, bytes);
        bool right = !is_surrogate(character) && character <= 0x10ffff;
        check(bytes, size, right ? size : 0, right ? character : UNTOUCHED);
    }
}

/* The first two bytes decide of all that is wrong but a continuation. */
static void test_each_pair_of_bytes(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        const uint8_t bytes[] = {(uint8_t)(pair >> 8), (uint8_t)pair, 0xbf, 0x80};
        size_t size = 0;
        uint32_t expected = UNTOUCHED;
        for (size_t length = 1; length <= 4; length++) {
            size = read_character(bytes, length, &expected) ? length : size;
        }
        check(bytes, sizeof bytes, size, expected);
    }
}

static void test_cut_off(void **state)
{
    (void)state;
    static const char *const texts[] = {"a", "\xc3\xa9", "\xe6\x97\xa5", "\xf0\x9f\x98\x80"};
    static const uint32_t characters[] = {'a', 0xe9, 0x65e5, 0x1f600};
    check(NULL, 0, 0, UNTOUCHED);
    for (size_t size = 1; size <= 4; size++) {
        for (size_t length = 0; length <= size; length++) {
            char *bytes = malloc(length + 1); /* of its own, for a sanitizer */
            assert_non_null(bytes);
            memcpy(bytes + 1, texts[size - 1], length);
            bool whole = length == size;
            check(bytes + 1, length, whole ? size : 0, whole ? characters[size - 1] : UNTOUCHED);
            free(bytes);
        }
    }
}

static void test_continuations(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 0x100; byte++) {
        const uint8_t third[] = {0xe6, 0x97, (uint8_t)byte};
        const uint8_t last[] = {0xf0, 0x9f, 0x98, (uint8_t)byte};
        bool right = byte >= 0x80 && byte < 0xc0;
        check(third, sizeof third, right ? 3 : 0, right ? 0x65c0 | (byte & 0x3f) : UNTOUCHED);
        check(last, sizeof last, right ? 4 : 0, right ? 0x1f600 | (byte & 0x3f) : UNTOUCHED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_character),
        cmocka_unit_test(test_each_pair_of_bytes),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_continuations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
