#include "exporter/counts/wide.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check(uint64_t left, uint64_t right)
{
    struct wide product = wide_product(left, right);
    struct wide of_halves = wide_of_halves(left, right);
    assert_true(of_halves.high == product.high);
    assert_true(of_halves.low == product.low);
}

static void test_known_products(void **state)
{
    (void)state;
    struct wide product = wide_product(UINT64_MAX, UINT64_MAX);
    assert_true(product.high == UINT64_MAX - 1 && product.low == 1);
    product = wide_product(1ULL << 32, 1ULL << 32);
    assert_true(product.high == 1 && product.low == 0);
    product = wide_product(3, 5);
    assert_true(product.high == 0 && product.low == 15);
}

static void test_both_ways_agree(void **state)
{
    (void)state;
    static const uint64_t edges[] = {0,          1,          UINT32_MAX - 1, UINT32_MAX,
                                     1ULL << 32, 1ULL << 63, UINT64_MAX - 1, UINT64_MAX};
    const unsigned count = sizeof edges / sizeof *edges;
    for (unsigned i = 0; i < count * count; i++) {
        check(edges[i / count], edges[i % count]);
    }
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t left = random_next();
        check(left, random_next());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_products),
        cmocka_unit_test(test_both_ways_agree),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
