#include "exporter/counts/groups.h"
#include "exporter/counts/recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum {
    DOMAINS = 2,
    START = 1000 * WINDOW_SAMPLE_SECONDS,
};

static struct group_domain domains[DOMAINS];
static struct groups groups = {.domains = domains, .domain_count = DOMAINS};
static struct recent recent;

static int start(void **state)
{
    (void)state;
    memset(domains, 0, sizeof domains);
    recent_start(START, &recent);
    return 0;
}

static void assert_recent(uint32_t domain, uint32_t now, uint64_t queries, uint64_t responses)
{
    const struct recent_totals totals = recent_read(&recent, &groups, domain, now);
    assert_int_equal(totals.queries, queries);
    assert_int_equal(totals.responses, responses);
}

/* Adds and notes once in a second. */
static void run(uint32_t first, uint32_t end, uint64_t queries, uint64_t responses)
{
    for (uint32_t second = first; second < end; second++) {
        domains[1].queries += queries;
        domains[1].responses += responses;
        recent_note(&recent, &groups, second);
    }
}

static void test_all_since_a_start_that_is_near(void **state)
{
    (void)state;
    assert_recent(1, START, 0, 0);
    run(START, START + 100, 3, 2);
    assert_recent(0, START + 99, 0, 0);
    assert_recent(1, START + 99, 300, 200);
}

/* Never less than the last 285 s, nor more than the last 300. */
static void test_only_the_last_minutes(void **state)
{
    (void)state;
    run(START, START + 1000, 9, 9);
    run(START + 1000, START + 1000 + WINDOW_SECONDS, 2, 1);
    for (uint32_t now = START + 1000 + WINDOW_SECONDS; now < START + 2000; now++) {
        run(now, now + 1, 2, 1);
        const struct recent_totals totals = recent_read(&recent, &groups, 1, now);
        assert_in_range(totals.queries, 2 * (WINDOW_SECONDS - WINDOW_SAMPLE_SECONDS),
                        2 * WINDOW_SECONDS);
        assert_int_equal(totals.responses, totals.queries / 2);
    }
}

static void test_silence_empties_it(void **state)
{
    (void)state;
    run(START, START + 10, 9, 9);
    for (uint32_t now = START + 10; now < START + WINDOW_SECONDS - WINDOW_SAMPLE_SECONDS; now++) {
        recent_note(&recent, &groups, now);
        assert_recent(1, now, 90, 90);
    }
    recent_note(&recent, &groups, START + WINDOW_SECONDS);
    assert_recent(1, START + WINDOW_SECONDS, 0, 0);
}

/* A host that sleeps: what came before is not of the last minutes. */
static void test_a_long_pause(void **state)
{
    (void)state;
    run(START, START + 10, 9, 9);
    assert_recent(1, START + WINDOW_SECONDS, 0, 0);
    const uint32_t later = START + 1000 * WINDOW_SECONDS + 7;
    run(later, later + 1, 5, 4);
    assert_recent(1, later, 0, 0); /* by the sample's time */
    run(later + 1, later + 20, 5, 4);
    assert_recent(1, later + 19, 95, 76);
}

/* Between two notes the clock may be ahead of the newest sample. */
static void test_read_before_the_note(void **state)
{
    (void)state;
    run(START, START + 600, 1, 1);
    domains[1].queries += 5;
    const struct recent_totals totals =
        recent_read(&recent, &groups, 1, START + 600 + WINDOW_SAMPLE_SECONDS);
    assert_in_range(totals.queries, 255, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_since_a_start_that_is_near, start),
        cmocka_unit_test_setup(test_only_the_last_minutes, start),
        cmocka_unit_test_setup(test_silence_empties_it, start),
        cmocka_unit_test_setup(test_a_long_pause, start),
        cmocka_unit_test_setup(test_read_before_the_note, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
