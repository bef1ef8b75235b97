#include "exporter/counts/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum {
    HISTORY_SAMPLE_SECONDS = 15,
    START = 1000 * HISTORY_SAMPLE_SECONDS,
};

static struct history history;
static uint32_t samples[HISTORY_SAMPLES];

static int start(void **state)
{
    (void)state;
    history_start(HISTORY_HOUR, START, &history);
    return 0;
}

static void read_at(uint32_t now)
{
    history_read(&history, now, samples);
}

static void assert_nothing(unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        assert_int_equal(samples[i], HISTORY_NOTHING);
    }
}

static void test_nothing_at_the_start(void **state)
{
    (void)state;
    read_at(START);
    assert_nothing(0, HISTORY_SAMPLES);
}

static void test_a_sample_is_the_most_of_its_time(void **state)
{
    (void)state;
    history_note(&history, 3, START);
    history_note(&history, 7, START + 1);
    history_note(&history, 5, START + HISTORY_SAMPLE_SECONDS - 1);
    read_at(START + HISTORY_SAMPLE_SECONDS - 1);
    assert_nothing(0, HISTORY_SAMPLES - 1);
    assert_int_equal(samples[HISTORY_SAMPLES - 1], 7);

    history_note(&history, 0, START + HISTORY_SAMPLE_SECONDS);
    read_at(START + HISTORY_SAMPLE_SECONDS);
    assert_nothing(0, HISTORY_SAMPLES - 2);
    assert_int_equal(samples[HISTORY_SAMPLES - 2], 7);
    assert_int_equal(samples[HISTORY_SAMPLES - 1], 0);
}

static void test_an_hour_is_kept(void **state)
{
    (void)state;
    uint32_t now = START;
    for (uint32_t i = 0; i < 3 * HISTORY_SAMPLES + 17; i++, now += HISTORY_SAMPLE_SECONDS) {
        history_note(&history, i, now);
    }
    now -= HISTORY_SAMPLE_SECONDS;
    read_at(now);
    for (uint32_t i = 0; i < HISTORY_SAMPLES; i++) {
        assert_int_equal(samples[i], 2 * HISTORY_SAMPLES + 17 + i);
    }
    /* Read a little later, before anything was noted: it has moved on. */
    read_at(now + 2 * HISTORY_SAMPLE_SECONDS);
    assert_int_equal(samples[HISTORY_SAMPLES - 3], 3 * HISTORY_SAMPLES + 16);
    assert_nothing(HISTORY_SAMPLES - 2, HISTORY_SAMPLES);
}

static void test_time_without_a_note_is_a_gap(void **state)
{
    (void)state;
    history_note(&history, 4, START);
    history_note(&history, 6, START + 5 * HISTORY_SAMPLE_SECONDS);
    read_at(START + 5 * HISTORY_SAMPLE_SECONDS);
    assert_int_equal(samples[HISTORY_SAMPLES - 6], 4);
    assert_nothing(HISTORY_SAMPLES - 5, HISTORY_SAMPLES - 1);
    assert_int_equal(samples[HISTORY_SAMPLES - 1], 6);
}

static void test_a_pause_above_an_hour_leaves_nothing(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < HISTORY_SAMPLES; i++) {
        history_note(&history, 9, START + i * HISTORY_SAMPLE_SECONDS);
    }
    uint32_t later = START + 5 * HISTORY_SAMPLES * HISTORY_SAMPLE_SECONDS;
    read_at(later);
    assert_nothing(0, HISTORY_SAMPLES);
    history_note(&history, 1, later);
    read_at(later);
    assert_nothing(0, HISTORY_SAMPLES - 1);
    assert_int_equal(samples[HISTORY_SAMPLES - 1], 1);
}

/* A host that has just booted: its clock is younger than the span. */
static void test_a_young_clock(void **state)
{
    (void)state;
    for (uint32_t second = 0; second < 40; second++) {
        history_start(HISTORY_WEEK, second, &history);
        history_note(&history, 7, second);
        read_at(second);
        assert_nothing(0, HISTORY_SAMPLES - 1);
        assert_int_equal(samples[HISTORY_SAMPLES - 1], 7);
    }
}

/* Of one note in each second, the whole span is kept. */
static void test_a_day_and_a_week(void **state)
{
    (void)state;
    static const struct {
        enum history_span span;
        uint32_t seconds;
    } spans[] = {{HISTORY_DAY, 24 * 3600}, {HISTORY_WEEK, 7 * 24 * 3600}};
    for (unsigned i = 0; i < 2; i++) {
        const uint32_t each = spans[i].seconds / HISTORY_SAMPLES;
        const uint32_t begin = 1000 * each;
        history_start(spans[i].span, begin, &history);
        for (uint32_t second = 0; second < spans[i].seconds; second++) {
            history_note(&history, second, begin + second);
        }
        read_at(begin + spans[i].seconds - 1);
        for (uint32_t sample = 0; sample < HISTORY_SAMPLES; sample++) {
            assert_int_equal(samples[sample], (sample + 1) * each - 1);
        }
        read_at(begin + spans[i].seconds);
        assert_int_equal(samples[0], 2 * each - 1);
        assert_nothing(HISTORY_SAMPLES - 1, HISTORY_SAMPLES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing_at_the_start, start),
        cmocka_unit_test_setup(test_a_sample_is_the_most_of_its_time, start),
        cmocka_unit_test_setup(test_an_hour_is_kept, start),
        cmocka_unit_test_setup(test_time_without_a_note_is_a_gap, start),
        cmocka_unit_test_setup(test_a_pause_above_an_hour_leaves_nothing, start),
        cmocka_unit_test(test_a_young_clock),
        cmocka_unit_test(test_a_day_and_a_week),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
