#include "exporter/counts/history.h"
#include "exporter/status/curve.h"
#include "exporter/status/view.h"
#include "exporter/text/terminal.h"
#include "exporter/text/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum {
    COLUMN_SAMPLES = 4,
    COLUMNS = HISTORY_SAMPLES / COLUMN_SAMPLES,
    ROWS = 6,
};

static struct view_history history;
static char drawn[4096];

static int start(void **state)
{
    (void)state;
    history = (struct view_history){.sample_seconds = 15};
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        history.samples[i] = HISTORY_NOTHING;
    }
    return 0;
}

static void draw(enum terminal_characters characters)
{
    struct writer page = {.start = drawn, .size = sizeof drawn};
    curve_put(&page, &history, characters);
    assert_false(page.full);
}

static void draw_line(enum terminal_characters characters)
{
    struct writer page = {.start = drawn, .size = sizeof drawn};
    curve_put_line(&page, "day", &history, characters);
    assert_false(page.full);
}

/* The columns of a row, of which 0 is the lowest. */
static const char *row(unsigned number)
{
    static char found[ROWS][512];
    const char *line = drawn;
    for (unsigned i = ROWS - 1; i > number; i--) {
        line = strchr(line, '\n') + 1;
    }
    const char *begin = strchr(line, '|') + 1;
    snprintf(found[number], sizeof found[number], "%.*s", (int)strcspn(begin, "\n"), begin);
    return found[number];
}

static void fill_column(unsigned column, uint32_t active)
{
    for (unsigned i = 0; i < COLUMN_SAMPLES; i++) {
        history.samples[column * COLUMN_SAMPLES + i] = active;
    }
    history.peak = active > history.peak ? active : history.peak;
}

static void test_nothing_is_known(void **state)
{
    (void)state;
    draw(TERMINAL_UTF8);
    assert_string_equal(drawn, "         0 |\n"
                               "           |\n"
                               "           |\n"
                               "           |\n"
                               "           |\n"
                               "         0 |\n"
                               "            -60 min                      -30 min"
                               "                      now\n");
    draw_line(TERMINAL_UTF8);
    assert_string_equal(drawn, "       day |\n");
}

/* Zero is drawn, and what is not known is not. */
static void test_nobody_is_not_nothing(void **state)
{
    (void)state;
    fill_column(1, 0);
    fill_column(3, 0);
    draw(TERMINAL_UTF8);
    assert_string_equal(row(0), " \u2581 \u2581");
    assert_string_equal(row(1), "");
    draw(TERMINAL_ASCII);
    assert_string_equal(row(0), " _ _");
    draw_line(TERMINAL_UTF8);
    assert_string_equal(drawn, "       day | \u2581 \u2581\n");
    draw_line(TERMINAL_ASCII);
    assert_string_equal(drawn, "       day | _ _\n");
}

/* One column for each height: 48 steps, then none. */
static void test_heights(void **state)
{
    (void)state;
    enum { STEPS = 8 };
    for (unsigned column = 0; column <= ROWS * STEPS; column++) {
        fill_column(column, column);
    }
    draw(TERMINAL_UTF8);
    assert_memory_equal(drawn, "        48 |", strlen("        48 |"));
    assert_string_equal(row(5) + strlen("                                         "),
                        "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588");
    char expected[512] = "\u2581\u2581\u2582\u2583\u2584\u2585\u2586\u2587";
    for (unsigned column = 8; column <= ROWS * STEPS; column++) {
        strcat(expected, "\u2588");
    }
    assert_string_equal(row(0), expected);
    draw(TERMINAL_ASCII);
    assert_string_equal(row(5), "                                         _..::::#");
    assert_string_equal(row(4), "                                 _..::::#########");
    assert_string_equal(row(0), "__..::::#########################################");
}

static void test_a_column_shows_the_most_of_its_samples(void **state)
{
    (void)state;
    history.samples[0] = 1;
    history.samples[1] = 8;
    history.samples[2] = HISTORY_NOTHING;
    history.samples[3] = 2;
    history.samples[7] = 0;
    history.samples[11] = 6;
    history.samples[HISTORY_SAMPLES - 1] = 4;
    history.peak = 8;
    draw_line(TERMINAL_UTF8);
    char expected[512];
    snprintf(expected, sizeof expected, "       day |\u2588\u2581\u2586%*s\u2584\n", COLUMNS - 4,
             "");
    assert_string_equal(drawn, expected);
}

static void test_one_session(void **state)
{
    (void)state;
    history.samples[0] = 1; /* and nothing else in its column */
    history.peak = 1;
    draw(TERMINAL_UTF8);
    for (unsigned i = 0; i < ROWS; i++) {
        assert_string_equal(row(i), "\u2588");
    }
}

/* No product of these overflows. */
static void test_the_highest(void **state)
{
    (void)state;
    fill_column(0, UINT32_MAX - 1);
    fill_column(1, UINT32_MAX / 2);
    draw(TERMINAL_UTF8);
    assert_memory_equal(drawn, "4294967294 |", strlen("4294967294 |"));
    assert_string_equal(row(5), "\u2588");
    assert_string_equal(row(3), "\u2588");
    assert_string_equal(row(2), "\u2588\u2588");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing_is_known, start),
        cmocka_unit_test_setup(test_nobody_is_not_nothing, start),
        cmocka_unit_test_setup(test_heights, start),
        cmocka_unit_test_setup(test_a_column_shows_the_most_of_its_samples, start),
        cmocka_unit_test_setup(test_one_session, start),
        cmocka_unit_test_setup(test_the_highest, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
