/* Products of 128 bits: by halves, as a machine of 32 bits makes them, and as this one does. */
#include "exporter/counts/wide.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check(uint64_t a, uint64_t b, uint64_t high, uint64_t low)
{
    struct wide halves = wide_by_halves(a, b);
    struct wide whole = wide_product(a, b);
    assert_int_equal(halves.high, high);
    assert_int_equal(halves.low, low);
    assert_int_equal(whole.high, high);
    assert_int_equal(whole.low, low);
}

static void test_known_products(void **state)
{
    (void)state;
    check(0, UINT64_MAX, 0, 0);
    check(1, UINT64_MAX, 0, UINT64_MAX);
    check(UINT64_MAX, UINT64_MAX, UINT64_MAX - 1, 1);
    check(UINT64_MAX, 2, 1, UINT64_MAX - 1);
    check(1ULL << 32, 1ULL << 32, 1, 0);
    check(UINT32_MAX, UINT32_MAX, 0, 0xfffffffe00000001);
    check(0xffffffff00000001, 0xffffffff, 0xfffffffe, 0x1ffffffff);
}

static void test_both_ways_agree(void **state)
{
    (void)state;
    random_start();
    for (unsigned i = 0; i < 1000000; i++) {
        uint64_t a = random_next() >> (i % 64);
        uint64_t b = random_next() >> (i / 64 % 64);
        struct wide whole = wide_product(a, b);
        struct wide halves = wide_by_halves(a, b);
        assert_true(whole.high == halves.high && whole.low == halves.low);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_products),
        cmocka_unit_test(test_both_ways_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
