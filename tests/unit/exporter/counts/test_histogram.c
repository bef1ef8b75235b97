#include "exporter/counts/histogram.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* As the metrics' documentation has them. */
static const uint64_t seconds[] = {10, 30, 60, 300, 900, 1800, 3600, 7200, 21600, 43200, 86400};
static const uint64_t bytes[] = {1024,    4096,     16384,    65536,     262144,    1048576,
                                 4194304, 16777216, 67108864, 268435456, 1073741824};

static const uint64_t *const all_bounds[] = {histogram_seconds, histogram_bytes};

enum { KINDS = sizeof all_bounds / sizeof *all_bounds };

static void test_bounds(void **state)
{
    (void)state;
    assert_int_equal(sizeof seconds, HISTOGRAM_BUCKETS * sizeof *seconds);
    assert_memory_equal(histogram_seconds, seconds, sizeof seconds);
    assert_int_equal(sizeof bytes, HISTOGRAM_BUCKETS * sizeof *bytes);
    assert_memory_equal(histogram_bytes, bytes, sizeof bytes);
}

/* That a value alone is in this bucket and in none before. */
static void assert_in(const uint64_t *bounds, uint64_t value, unsigned expected)
{
    struct histogram histogram = {.bounds = bounds};
    histogram_observe(&histogram, value);
    assert_int_equal(histogram.sum, value);
    for (unsigned bucket = 0; bucket <= HISTOGRAM_BUCKETS; bucket++) {
        assert_int_equal(histogram.counts[bucket], bucket == expected);
        assert_int_equal(histogram_up_to(&histogram, bucket), bucket >= expected);
    }
}

/* A bound is in its bucket, and what is above it in the next. */
static void test_borders(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        const uint64_t *bounds = all_bounds[kind];
        assert_in(bounds, 0, 0);
        for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
            assert_in(bounds, bounds[bucket] - 1, bucket);
            assert_in(bounds, bounds[bucket], bucket);
            assert_in(bounds, bounds[bucket] + 1, bucket + 1);
        }
        assert_in(bounds, UINT64_MAX, HISTOGRAM_BUCKETS);
    }
}

/* About as many in each bucket, and some on the bounds. */
static uint64_t random_value(const uint64_t *bounds)
{
    const unsigned bucket = random_below(HISTOGRAM_BUCKETS + 1);
    if (bucket == HISTOGRAM_BUCKETS) {
        return bounds[bucket - 1] + random_next() % 1000000;
    }
    return bounds[bucket] - (random_below(4) == 0 ? 0 : random_next() % bounds[bucket]);
}

/* --- histogram_quantile(0.5, …), as Prometheus' documentation describes it, from plain counts. */

static double model_median(const uint64_t *bounds, const uint64_t *values, unsigned count)
{
    double up_to[HISTOGRAM_BUCKETS + 1] = {0};
    for (unsigned bucket = 0; bucket <= HISTOGRAM_BUCKETS; bucket++) {
        for (unsigned i = 0; i < count; i++) {
            up_to[bucket] += bucket == HISTOGRAM_BUCKETS || values[i] <= bounds[bucket];
        }
    }
    const double rank = 0.5 * up_to[HISTOGRAM_BUCKETS];
    unsigned bucket = 0;
    while (up_to[bucket] < rank) {
        bucket++;
    }
    if (bucket == HISTOGRAM_BUCKETS) {
        return (double)bounds[HISTOGRAM_BUCKETS - 1];
    }
    const double begin = bucket == 0 ? 0 : (double)bounds[bucket - 1];
    const double before = bucket == 0 ? 0 : up_to[bucket - 1];
    return begin + ((double)bounds[bucket] - begin) * (rank - before) / (up_to[bucket] - before);
}

static void assert_near(uint64_t median, double expected)
{
    assert_true((double)median <= expected + 1e-6 && (double)median > expected - 1 - 1e-6);
}

static void test_against_model(void **state)
{
    (void)state;
    enum { ROUNDS = 3000, VALUES = 60 };
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint64_t *bounds = all_bounds[round % KINDS];
        struct histogram histogram = {.bounds = bounds};
        uint64_t values[VALUES];
        uint64_t sum = 0;
        /* Few of them too, and of a few buckets alone. */
        const unsigned count = 1 + random_below(random_below(2) == 0 ? 3 : VALUES);
        for (unsigned i = 0; i < count; i++) {
            values[i] = i % 3 == 2 ? values[i - 1] : random_value(bounds);
            sum += values[i];
            histogram_observe(&histogram, values[i]);
            assert_int_equal(histogram.sum, sum);
            assert_int_equal(histogram_up_to(&histogram, HISTOGRAM_BUCKETS), i + 1);
            assert_near(histogram_median(&histogram), model_median(bounds, values, i + 1));
        }
        assert_ptr_equal(histogram.bounds, bounds);
    }
}

static void test_medians(void **state)
{
    (void)state;
    struct histogram histogram = {.bounds = histogram_seconds};
    assert_int_equal(histogram_median(&histogram), 0);
    histogram_observe(&histogram, 7);
    assert_int_equal(histogram_median(&histogram), 5); /* the middle of the first bucket */
    histogram_observe(&histogram, 86401);
    assert_int_equal(histogram_median(&histogram), 10);
    histogram_observe(&histogram, 86401);
    assert_int_equal(histogram_median(&histogram), 86400); /* no more is known of it */
    for (unsigned i = 0; i < 4; i++) {
        histogram_observe(&histogram, 50);
    }
    assert_int_equal(histogram_median(&histogram), 30 + 30 * 5 / 8);
}

/* What is shown, from plain counts: each bucket by itself, and the sum by the least of each. */
static void assert_rounded(const struct histogram *histogram, uint64_t step)
{
    const struct histogram shown = histogram_rounded(histogram, step);
    uint64_t sum = 0;
    uint64_t count = 0;
    for (unsigned bucket = 0; bucket <= HISTOGRAM_BUCKETS; bucket++) {
        const uint64_t own = (histogram->counts[bucket] + step - 1) / step * step;
        count += own;
        sum += bucket == 0 ? 0 : own * histogram->bounds[bucket - 1];
        assert_int_equal(shown.counts[bucket], own);
        assert_int_equal(histogram_up_to(&shown, bucket), count);
    }
    assert_int_equal(shown.sum, step == 1 ? histogram->sum : sum);
    assert_ptr_equal(shown.bounds, histogram->bounds);
}

/* Nothing that is shown falls, whatever comes. */
static void test_rounded(void **state)
{
    (void)state;
    enum { VALUES = 200, STEPS_EACH = 4 };
    static const uint64_t steps[STEPS_EACH] = {1, 2, 5, 10000};
    for (unsigned round = 0; round < 50; round++) {
        struct histogram histogram = {.bounds = all_bounds[round % KINDS]};
        struct histogram before[STEPS_EACH];
        for (unsigned i = 0; i < STEPS_EACH; i++) {
            before[i] = histogram_rounded(&histogram, steps[i]);
            assert_int_equal(histogram_up_to(&before[i], HISTOGRAM_BUCKETS), 0);
            assert_int_equal(before[i].sum, 0);
        }
        for (unsigned value = 0; value < VALUES; value++) {
            histogram_observe(&histogram, random_value(histogram.bounds));
            for (unsigned i = 0; i < STEPS_EACH; i++) {
                const struct histogram shown = histogram_rounded(&histogram, steps[i]);
                assert_rounded(&histogram, steps[i]);
                assert_true(shown.sum >= before[i].sum);
                for (unsigned bucket = 0; bucket <= HISTOGRAM_BUCKETS; bucket++) {
                    assert_true(shown.counts[bucket] >= before[i].counts[bucket]);
                }
                before[i] = shown;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),        cmocka_unit_test(test_borders),
        cmocka_unit_test(test_against_model), cmocka_unit_test(test_medians),
        cmocka_unit_test(test_rounded),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
