#include "exporter/exposition/format.h"
#include "exporter/text/foreign_text.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 };

/* The plain way is the C library's. */
static void check_number(uint64_t value)
{
    char expected[ROOM];
    char *written =
        malloc(FORMAT_NUMBER_MAX); /* of its own, so that a sanitizer sees what is past */
    assert_non_null(written);
    int length = snprintf(expected, sizeof expected, "%" PRIu64, value);
    char *end = format_put_number(written, value);
    assert_int_equal(end - written, length);
    assert_memory_equal(written, expected, (size_t)length);
    free(written);
}

static void test_numbers_around_each_power_of_ten(void **state)
{
    (void)state;
    uint64_t power = 1;
    for (unsigned digits = 1; digits <= FORMAT_NUMBER_MAX; digits++, power *= 10) {
        check_number(power - 1);
        check_number(power);
        check_number(power + 1);
    }
    check_number(0);
    check_number(UINT32_MAX);
    check_number(UINT64_MAX - 1);
    check_number(UINT64_MAX);
}

static void test_every_group_of_four_digits(void **state)
{
    (void)state;
    for (uint64_t value = 0; value < 10000; value++) {
        check_number(value);
        check_number(value * 10000);
        check_number(value * 10001);
        check_number(value * 100000000);
        check_number(value * 1000000000000);
    }
}

static void test_random_numbers(void **state)
{
    (void)state;
    random_start();
    for (unsigned i = 0; i < 100000; i++) {
        check_number(random_next() >> random_below(64));
    }
}

static void test_decimals(void **state)
{
    static const struct {
        uint64_t value;
        unsigned decimals;
        const char *text;
    } cases[] = {
        {0, 0, "0"},
        {7, 0, "7"},
        {0, 3, "0.000"},
        {1, 3, "0.001"},
        {1000, 3, "1.000"},
        {1234567, 6, "1.234567"},
        {20000009, 6, "20.000009"},
        {999999999, 9, "0.999999999"},
        {UINT64_MAX, 0, "18446744073709551615"},
        {UINT64_MAX, 6, "18446744073709.551615"},
        {UINT64_MAX, 9, "18446744073.709551615"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char written[ROOM];
        char *end = format_put_decimal(written, cases[i].value, cases[i].decimals);
        *end = '\0';
        assert_string_equal(written, cases[i].text);
    }
}

static void test_steps(void **state)
{
    (void)state;
    for (size_t length = 0; length <= 3 * FORMAT_STEP + 1; length++) {
        size_t room = (length + FORMAT_STEP - 1) / FORMAT_STEP * FORMAT_STEP;
        char *text = malloc(room + 1);
        char *written = malloc(room + 1);
        assert_true(text != NULL && written != NULL);
        memset(text, 'x', room);
        for (size_t i = 0; i < length; i++) {
            text[i] = (char)('a' + i % 26);
        }
        assert_ptr_equal(format_put_steps(written, text, length), written + length);
        assert_memory_equal(written, text, length);
        free(text);
        free(written);
    }
}

static void check_escaped(const char *text, size_t max, bool quoted, const char *expected)
{
    char written[ROOM];
    char *end = format_put_escaped(written, text, max, quoted);
    assert_int_equal(end - written, strlen(expected));
    assert_memory_equal(written, expected, strlen(expected));
}

static void test_escapes(void **state)
{
    (void)state;
    check_escaped("a\"b\\c\nd", ROOM, false, "a\"b\\\\c\\nd");
    check_escaped("a\"b\\c\nd", ROOM, true, "a\\\"b\\\\c\\nd");
    check_escaped("", ROOM, true, "");
}

/* What is cut is cut before a character, and where one of four bytes would no longer fit. */
static void test_escapes_are_cut(void **state)
{
    (void)state;
    check_escaped("abcdefgh", 6, true, "abc");
    check_escaped("ab\xf0\x9f\x98\x80z", 6, true, "ab\xf0\x9f\x98\x80");
    check_escaped("abc\xf0\x9f\x98\x80", 6, true, "abc");
    check_escaped("\"\"\"\"", 6, true, "\\\"\\\"");
}

static void check_foreign(const char *text, const char *expected)
{
    struct foreign_text foreign = {.text = ""};
    char *written = malloc(FORMAT_FOREIGN_MAX);
    assert_non_null(written);
    assert_in_range(strlen(text), 0, FOREIGN_TEXT_MAX);
    memcpy(foreign.text, text, strlen(text));
    char *end = format_put_foreign(written, &foreign);
    assert_int_equal(end - written, strlen(expected));
    assert_memory_equal(written, expected, strlen(expected));
    free(written);
}

static void test_foreign_text(void **state)
{
    (void)state;
    char quotes[FOREIGN_TEXT_MAX + 1] = "";
    char escaped[FORMAT_FOREIGN_MAX + 1] = "";
    check_foreign("", "");
    check_foreign("\"", "\\\"");
    check_foreign("a\\n", "a\\\\n");
    check_foreign("x\"} 1 # {a=\"b", "x\\\"} 1 # {a=\\\"b");
    check_foreign("\xc3\xa9 <&'>", "\xc3\xa9 <&'>");
    for (size_t i = 0; i < FOREIGN_TEXT_MAX; i++) {
        quotes[i] = i % 2 == 0 ? '"' : '\\';
        escaped[2 * i] = '\\';
        escaped[2 * i + 1] = quotes[i];
    }
    check_foreign(quotes, escaped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_around_each_power_of_ten),
        cmocka_unit_test(test_every_group_of_four_digits),
        cmocka_unit_test(test_random_numbers),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_escapes_are_cut),
        cmocka_unit_test(test_foreign_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
