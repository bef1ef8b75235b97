#include "common/wire.h"
#include "exporter/counts/groups.h"
#include "exporter/hints/networks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

enum { GROUPS = 2 * NETWORKS_GROUPS_A_LOOK + 1 };

static struct group entries[GROUPS];
static struct groups groups;
static struct networks_watch watch;

static int start(void **state)
{
    (void)state;
    memset(entries, 0, sizeof entries);
    groups = (struct groups){.entries = entries, .group_count = 100};
    watch = (struct networks_watch){0};
    return 0;
}

static void come(uint32_t group, uint64_t taken, uint64_t refused)
{
    entries[group].queries += taken;
    entries[group].rejected[WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST] += refused;
}

static void look(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        networks_look(&watch, &groups);
    }
}

/* A watch that begins with these, of a few groups. */
static void watch_one(uint32_t group, uint64_t taken, uint64_t refused)
{
    look(1);
    assert_true(watch.watching);
    come(group, taken, refused);
    look(NETWORKS_WATCH_LOOKS);
    assert_false(watch.watching);
}

static void test_three_watches_in_a_row(void **state)
{
    (void)state;
    watch_one(50, 10, NETWORKS_QUERIES_MIN);
    assert_int_equal(watch.found, 0); /* nothing had come yet: not among those watched */
    watch_one(50, 0, NETWORKS_QUERIES_MIN);
    watch_one(50, 0, NETWORKS_QUERIES_MIN);
    watch_one(50, 0, 0);
    for (unsigned i = 1; i < NETWORKS_WATCHES_MIN; i++) {
        watch_one(50, NETWORKS_QUERIES_MIN - 1, NETWORKS_QUERIES_MIN);
        assert_false(networks_refused(&watch));
    }
    look(1 + NETWORKS_WATCH_LOOKS - 1);
    come(50, 0, NETWORKS_QUERIES_MIN);
    assert_false(networks_refused(&watch));
    look(1);
    assert_true(networks_refused(&watch));
    watch_one(50, 0, NETWORKS_QUERIES_MIN);
    assert_true(networks_refused(&watch));
    look(NETWORKS_WATCH_LOOKS);
    assert_true(networks_refused(&watch));
    look(1);
    assert_false(networks_refused(&watch));
}

static void test_most_and_enough(void **state)
{
    static const struct {
        uint64_t taken;
        uint64_t refused;
        bool expected;
    } cases[] = {
        {0, NETWORKS_QUERIES_MIN - 1, false},
        {0, NETWORKS_QUERIES_MIN, true},
        {NETWORKS_QUERIES_MIN - 1, NETWORKS_QUERIES_MIN, true},
        {NETWORKS_QUERIES_MIN, NETWORKS_QUERIES_MIN, false},
        {5000, 4999, false},
        {5000, 5001, true},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        start(state);
        come(3, 1000000, 1);
        for (unsigned round = 0; round < NETWORKS_WATCHES_MIN; round++) {
            watch_one(3, cases[i].taken, cases[i].refused);
        }
        assert_int_equal(networks_refused(&watch), cases[i].expected);
    }
}

/* Another reason of a rejection is another matter. */
static void test_other_reasons(void **state)
{
    (void)state;
    for (unsigned round = 0; round < NETWORKS_WATCHES_MIN; round++) {
        look(1);
        for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
            if (reason + WIRE_REJECTED_FIRST != WIRE_REJECTED_EDNS) {
                entries[3].rejected[reason] += 1000;
            }
        }
        look(NETWORKS_WATCH_LOOKS);
    }
    assert_false(networks_refused(&watch));
}

static bool is_watched(uint32_t group)
{
    unsigned times = 0;
    for (unsigned i = 0; i < watch.count; i++) {
        times += watch.largest[i].group == group;
    }
    assert_in_range(times, 0, 1);
    return times == 1;
}

/* By queries taken and refused, wherever they stand, in whatever order they come. */
static void test_the_ten_largest(void **state)
{
    for (unsigned turn = 0; turn < 100; turn++) {
        start(state);
        for (uint32_t i = 0; i < 100; i++) {
            const uint32_t rank = (i * 37 + turn) % 100; /* 99: the largest */
            come(i, rank, 500 + rank);
        }
        look(1);
        assert_int_equal(watch.count, NETWORKS_WATCHED);
        for (uint32_t i = 0; i < 100; i++) {
            assert_int_equal(is_watched(i), (i * 37 + turn) % 100 >= 100 - NETWORKS_WATCHED);
        }
    }
}

static void test_fewer_than_ten(void **state)
{
    (void)state;
    groups.group_count = 3;
    look(1);
    assert_int_equal(watch.count, 3);
    come(2, 0, NETWORKS_QUERIES_MIN);
    look(NETWORKS_WATCH_LOOKS);
    assert_int_equal(watch.found, 1);
}

/* Those of many looks are chosen in as many, also when more groups come meanwhile. */
static void test_many_groups(void **state)
{
    (void)state;
    groups.group_count = GROUPS - 1;
    come(0, 90, 0);
    look(1);
    assert_false(watch.watching);
    groups.group_count = GROUPS;
    come(GROUPS - 1, 100, 0);
    look(1);
    assert_false(watch.watching);
    look(1);
    assert_true(watch.watching);
    assert_true(is_watched(0));
    assert_true(is_watched(GROUPS - 1));
    groups.group_count = 2 * NETWORKS_GROUPS_A_LOOK;
    watch = (struct networks_watch){0};
    look(1);
    assert_false(watch.watching);
    look(1);
    assert_true(watch.watching);
}

/* What came while they were chosen is not of the watch. */
static void test_before_the_watch(void **state)
{
    (void)state;
    groups.group_count = NETWORKS_GROUPS_A_LOOK + 1;
    for (uint32_t group = 0; group < NETWORKS_WATCHED; group++) {
        come(group, 10 + group, 0);
    }
    look(1);
    for (uint32_t group = 0; group < NETWORKS_WATCHED; group++) {
        come(group, 40, 1000);
    }
    look(1);
    assert_true(watch.watching);
    look(NETWORKS_WATCH_LOOKS);
    assert_int_equal(watch.found, 0);
    look(1);
    for (uint32_t group = 0; group < NETWORKS_WATCHED; group++) {
        come(group, 1000, 0);
    }
    look(1);
    come(3, 0, NETWORKS_QUERIES_MIN);
    look(NETWORKS_WATCH_LOOKS);
    assert_int_equal(watch.found, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_three_watches_in_a_row, start),
        cmocka_unit_test_setup(test_most_and_enough, start),
        cmocka_unit_test_setup(test_other_reasons, start),
        cmocka_unit_test_setup(test_the_ten_largest, start),
        cmocka_unit_test_setup(test_fewer_than_ten, start),
        cmocka_unit_test_setup(test_many_groups, start),
        cmocka_unit_test_setup(test_before_the_watch, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
