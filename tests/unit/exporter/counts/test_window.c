#include "exporter/counts/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

enum {
    SAMPLE = WINDOW_SAMPLE_SECONDS,
    START = 1000 * SAMPLE + 4, /* within a sample */
    FIRST = 1001 * SAMPLE,     /* the first sample after it */
};

static struct window window;

static void note(uint64_t first, uint64_t second, uint32_t now)
{
    const uint64_t values[2] = {first, second};
    window_note(&window, values, 2, now);
}

static void test_due_once_in_each_samples_time(void **state)
{
    (void)state;
    window_start(START, &window);
    assert_false(window_is_due(&window, START));
    assert_false(window_is_due(&window, FIRST - 1));
    assert_true(window_is_due(&window, FIRST));
    note(1, 1, FIRST + 2);
    assert_false(window_is_due(&window, FIRST + SAMPLE - 1));
    assert_true(window_is_due(&window, FIRST + SAMPLE));
}

static void test_all_is_new_after_the_start(void **state)
{
    (void)state;
    window_start(START, &window);
    assert_int_equal(window_growth(&window, 0, 7, START), 7);
    note(7, 70, FIRST);
    assert_int_equal(window_growth(&window, 0, 9, FIRST), 9);
    assert_int_equal(window_growth(&window, 1, 90, FIRST), 90);
}

/* A step at one sample is in the window for exactly as long as the window is. */
static void test_each_step_leaves(void **state)
{
    (void)state;
    window_start(START, &window);
    note(0, 5, FIRST);
    for (uint32_t i = 1; i < 3 * WINDOW_SAMPLES; i++) {
        const uint32_t now = FIRST + i * SAMPLE;
        /* Before the sample and after it, and at the end of its time. */
        assert_int_equal(window_growth(&window, 0, 100, now), i < WINDOW_SAMPLES ? 100 : 0);
        note(100, 5, now);
        assert_int_equal(window_growth(&window, 0, 100, now), i < WINDOW_SAMPLES ? 100 : 0);
        assert_int_equal(window_growth(&window, 0, 101, now + SAMPLE - 1),
                         i < WINDOW_SAMPLES ? 101 : 1);
        assert_int_equal(window_growth(&window, 1, 5, now), i < WINDOW_SAMPLES - 1 ? 5 : 0);
    }
}

/* What was counted before a pause was so at each sample in it. */
static void test_pauses(void **state)
{
    (void)state;
    for (uint32_t pause = 1; pause < 3 * WINDOW_SAMPLES; pause++) {
        window_start(START, &window);
        for (uint32_t i = 0; i < 2 * WINDOW_SAMPLES; i++) {
            note(10 * i, 0, FIRST + i * SAMPLE);
        }
        const uint64_t before = 10 * (2 * WINDOW_SAMPLES - 1);
        const uint32_t now = FIRST + (2 * WINDOW_SAMPLES - 1 + pause) * SAMPLE;
        /* Without a note, only the whole window's age matters. */
        const uint64_t left = pause < WINDOW_SAMPLES ? 10 * (WINDOW_SAMPLES - 1 - pause) : 0;
        assert_int_equal(window_growth(&window, 0, before, now), left);
        note(before + 3, 0, now);
        assert_int_equal(window_growth(&window, 0, before + 3, now),
                         pause < WINDOW_SAMPLES ? left + 3 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due_once_in_each_samples_time),
        cmocka_unit_test(test_all_is_new_after_the_start),
        cmocka_unit_test(test_each_step_leaves),
        cmocka_unit_test(test_pauses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
