/* That the ranges are Unicode's is looked at by tests/lint/widths. */
#include "exporter/text/width.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check_range(uint32_t first, uint32_t last, unsigned width)
{
    assert_int_not_equal(width_of(first - 1), width);
    assert_int_equal(width_of(first), width);
    assert_int_equal(width_of(last), width);
    assert_int_not_equal(width_of(last + 1), width);
}

static void test_one_column(void **state)
{
    (void)state;
    for (uint32_t character = ' '; character < 0x300; character++) {
        assert_int_equal(width_of(character), 1);
    }
    assert_int_equal(width_of(0), 1);
    assert_int_equal(width_of(0x430), 1);    /* Cyrillic */
    assert_int_equal(width_of(0x5d0), 1);    /* Hebrew */
    assert_int_equal(width_of(0x2026), 1);   /* the ellipsis */
    assert_int_equal(width_of(0xff71), 1);   /* Katakana of half the width */
    assert_int_equal(width_of(0x10ffff), 1); /* for private use */
}

/* The first and the last of the tables too. */
static void test_no_column(void **state)
{
    (void)state;
    check_range(0x300, 0x36f, 0);
    check_range(0x483, 0x489, 0);
    check_range(0xe31, 0xe31, 0); /* Thai */
    check_range(0xfe00, 0xfe0f, 0);
    check_range(0xe0100, 0xe01ef, 0);
    assert_int_equal(width_of(0x1160), 0);
    assert_int_equal(width_of(0x11ff), 0);
}

static void test_two_columns(void **state)
{
    (void)state;
    check_range(0x1100, 0x115f, 2);
    check_range(0x231a, 0x231b, 2);
    check_range(0xac00, 0xd7a3, 2);
    check_range(0x1f004, 0x1f004, 2);
    check_range(0x20000, 0x3134a, 2);
    assert_int_equal(width_of(0x4e00), 2);
    assert_int_equal(width_of(0x3042), 2);
    assert_int_equal(width_of(0x1f600), 2);
    assert_int_equal(width_of(0x2fffe), 2); /* in a wide block, not assigned */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_column),
        cmocka_unit_test(test_no_column),
        cmocka_unit_test(test_two_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
