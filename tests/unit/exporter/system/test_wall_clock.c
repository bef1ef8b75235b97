/* Moments shown by a wall clock that is set, by clocks in the place of libc's. */
#include "exporter/system/wall_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

/* Milliseconds. */
static int64_t boottime;
static int64_t realtime;
static int64_t readings_take; /* each reading of a clock */

int clock_gettime(clockid_t clock, struct timespec *now)
{
    assert_true(clock == CLOCK_BOOTTIME || clock == CLOCK_REALTIME);
    int64_t milliseconds = clock == CLOCK_BOOTTIME ? boottime : realtime;
    *now = (struct timespec){.tv_sec = milliseconds / 1000,
                             .tv_nsec = milliseconds % 1000 * 1000000 + 999999};
    boottime += readings_take;
    realtime += readings_take;
    return 0;
}

static void pass(int64_t milliseconds)
{
    boottime += milliseconds;
    realtime += milliseconds;
}

/* Both clocks at the start, one second after boot, and a moment of then. */
static uint64_t begin(int64_t wall, struct wall_clock *clock)
{
    *clock = (struct wall_clock){.ahead = 0};
    boottime = 1000;
    realtime = wall;
    readings_take = 0;
    return wall_clock_moment();
}

static uint64_t shown(struct wall_clock *clock, uint64_t moment)
{
    wall_clock_look(clock);
    return wall_clock_of(clock, moment);
}

static void test_a_clock_that_is_set_later(void **state)
{
    (void)state;
    struct wall_clock clock;
    uint64_t moment = begin(5000, &clock); /* 1970 */
    assert_int_equal(moment, 1000);
    pass(60000);
    assert_int_equal(shown(&clock, moment), 5000);
    pass(60000);
    realtime += 1700000000000;
    assert_int_equal(shown(&clock, moment), 1700000005000);
    pass(60000);
    assert_int_equal(shown(&clock, moment), 1700000005000);
    realtime -= 3600000;
    assert_int_equal(shown(&clock, moment), 1700000005000 - 3600000);
}

/* Readings are rounded, and a process may wait between two of them. */
static void test_nothing_moves_while_nobody_sets_it(void **state)
{
    (void)state;
    struct wall_clock clock;
    uint64_t moment = begin(1700000000123, &clock);
    uint64_t first = shown(&clock, moment);
    assert_int_equal(first, 1700000000123);
    for (int64_t i = 0; i < 5000; i++) {
        pass(i % 1007);
        readings_take = i % 700;
        assert_int_equal(shown(&clock, moment), first);
    }
}

static void test_small_steps(void **state)
{
    (void)state;
    struct wall_clock clock;
    uint64_t moment = begin(1700000000000, &clock);
    uint64_t first = shown(&clock, moment);
    /* A leap second, or what a time server puts right. */
    realtime += WALL_CLOCK_STEP_MS;
    assert_int_equal(shown(&clock, moment), first);
    realtime -= 2 * WALL_CLOCK_STEP_MS;
    assert_int_equal(shown(&clock, moment), first);
    realtime += WALL_CLOCK_STEP_MS;
    /* Many small ones are a large one. */
    for (unsigned i = 0; i < WALL_CLOCK_STEP_MS / 100; i++) {
        realtime += 100;
        assert_int_equal(shown(&clock, moment), first);
    }
    realtime += 1;
    assert_int_equal(shown(&clock, moment), first + WALL_CLOCK_STEP_MS + 1);
}

/* A process that is stopped between its readings, or a host that sleeps. */
static void test_stopped_between_readings(void **state)
{
    (void)state;
    struct wall_clock clock;
    uint64_t moment = begin(1700000000000, &clock);
    uint64_t first = shown(&clock, moment);
    readings_take = 7000;
    assert_int_equal(shown(&clock, moment), first);
    readings_take = 0;
    assert_int_equal(shown(&clock, moment), first);
    realtime += 7000;
    assert_int_equal(shown(&clock, moment), first + 7000);
}

static void test_before_1970(void **state)
{
    (void)state;
    struct wall_clock clock;
    uint64_t moment = begin(1700000000000, &clock);
    pass(3600000);
    realtime = 0;
    assert_int_equal(shown(&clock, moment), 0);
    assert_int_equal(shown(&clock, wall_clock_moment()), 0);
    /* And by no look yet, a moment is since boot. */
    moment = begin(1700000000000, &clock);
    assert_int_equal(wall_clock_of(&clock, moment), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_clock_that_is_set_later),
        cmocka_unit_test(test_nothing_moves_while_nobody_sets_it),
        cmocka_unit_test(test_small_steps),
        cmocka_unit_test(test_stopped_between_readings),
        cmocka_unit_test(test_before_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
