#include "exporter/counts/rounding.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_steps(void **state)
{
    (void)state;
    static const enum rounding all[] = {ROUNDING_NONE, ROUNDING_SESSIONS, ROUNDING_PACKETS,
                                        ROUNDING_BYTES};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(rounding_step(all[i], 0), 1);
    }
    assert_int_equal(rounding_step(ROUNDING_NONE, 5), 1);
    assert_int_equal(rounding_step(ROUNDING_SESSIONS, 1), 1);
    assert_int_equal(rounding_step(ROUNDING_SESSIONS, 5), 5);
    assert_int_equal(rounding_step(ROUNDING_PACKETS, 1), 100);
    assert_int_equal(rounding_step(ROUNDING_PACKETS, 5), 500);
    assert_int_equal(rounding_step(ROUNDING_BYTES, 1), 65536);
    assert_int_equal(rounding_step(ROUNDING_BYTES, 10000), 655360000);
    /* Not in 32 bits alone. */
    assert_int_equal(rounding_step(ROUNDING_PACKETS, UINT32_MAX), 429496729500);
    assert_int_equal(rounding_step(ROUNDING_BYTES, UINT32_MAX), 281474976645120);
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        uint64_t value, step, shown;
    } cases[] = {
        {0, 1, 0},
        {1, 1, 1},
        {UINT64_MAX, 1, UINT64_MAX},
        {0, 5, 0},
        {1, 5, 5},
        {4, 5, 5},
        {5, 5, 5},
        {6, 5, 10},
        {100, 100, 100},
        {101, 100, 200},
        {UINT64_MAX, 5, UINT64_MAX}, /* a multiple of 5 */
        {UINT64_MAX - 1, 5, UINT64_MAX},
        {UINT64_MAX - 5, 5, UINT64_MAX - 5},
        {UINT64_MAX - 15, 100, UINT64_MAX - 15}, /* the last multiple of 100 */
        {UINT64_MAX - 14, 100, UINT64_MAX - 15}, /* none is above */
        {UINT64_MAX, 100, UINT64_MAX - 15},
        {UINT64_MAX - 16, 100, UINT64_MAX - 15},
        {UINT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 63},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(rounding_up(cases[i].value, cases[i].step) == cases[i].shown);
    }
}

/* A multiple, less than a step above, and never less than that of a smaller value. */
static void test_any_values(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        const uint64_t step = 1 + random_next() % (UINT64_C(1) << random_below(40));
        const uint64_t value = random_next() >> random_below(64);
        const uint64_t shown = rounding_up(value, step);
        assert_true(shown % step == 0);
        if (value <= UINT64_MAX - step) {
            assert_true(shown >= value && shown - value < step);
        }
        if (value > 0) {
            assert_true(rounding_up(value - 1, step) <= shown);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_any_values),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
