#include "exporter/web_config/rate_limit.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_no_limit(void **state)
{
    struct rate_limit limit;
    (void)state;
    rate_limit_start(0, 0, 5, &limit);
    for (unsigned i = 0; i < 100000; i++) {
        assert_true(rate_limit_take(&limit, 5));
    }
}

static void test_a_burst_and_then_the_interval(void **state)
{
    struct rate_limit limit;
    (void)state;
    rate_limit_start(1000, 3, 500, &limit);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(rate_limit_take(&limit, 700));
    }
    assert_false(rate_limit_take(&limit, 700));
    assert_false(rate_limit_take(&limit, 1699));
    assert_true(rate_limit_take(&limit, 1700));
    assert_false(rate_limit_take(&limit, 2699));
    assert_true(rate_limit_take(&limit, 3800));
    assert_true(rate_limit_take(&limit, 3800));
    assert_false(rate_limit_take(&limit, 4699));
    assert_true(rate_limit_take(&limit, 4700));
    /* A long rest fills it, and no more. */
    for (unsigned i = 0; i < 3; i++) {
        assert_true(rate_limit_take(&limit, UINT64_C(1) << 60));
    }
    assert_false(rate_limit_take(&limit, UINT64_C(1) << 60));
}

/* However requests come: within any time, no more than the burst and one for each interval. */
static void test_never_more(void **state)
{
    (void)state;
    random_start();
    for (unsigned round = 0; round < 200; round++) {
        const uint32_t interval = 1 + random_below(2000);
        const uint32_t burst = 1 + random_below(10);
        const uint64_t begin = random_below(100000);
        struct rate_limit limit;
        rate_limit_start(interval, burst, begin, &limit);
        uint64_t now = begin;
        uint64_t taken = 0;
        for (unsigned i = 0; i < 300; i++) {
            now += random_below(interval);
            taken += rate_limit_take(&limit, now);
            assert_true(taken <= burst + (now - begin) / interval);
        }
        assert_true(taken >= burst);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_a_burst_and_then_the_interval),
        cmocka_unit_test(test_never_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
