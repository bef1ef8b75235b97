/* Groups that open and close by how many sessions they have. */
#include "common/wire.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

static struct groups groups;
static const struct geo germany = {.country = GEO_COUNTRY('D', 'E'), .asn = 64496};

/* The group of a place of the first domain. */
static uint32_t begin(uint32_t min_clients)
{
    assert_int_equal(groups_create(2, 100, &groups), 0);
    assert_int_equal(groups_set_min_clients(&groups, min_clients), 0);
    return groups_find(&groups, 0, germany);
}

static const struct group *other(void)
{
    return &groups.entries[groups.other[0] - 1];
}

/* Adds or takes sessions until there are so many. */
static void have(uint32_t group, uint32_t active)
{
    while (groups.entries[group].active < active) {
        groups_session_enter(&groups, group);
    }
    while (groups.entries[group].active > active) {
        groups_session_leave(&groups, group, false);
    }
}

static bool opens(uint32_t group, uint32_t active)
{
    have(group, active);
    groups_settle(&groups);
    return !groups.entries[group].closed;
}

static void test_the_start(void **state)
{
    (void)state;
    const uint32_t group = begin(3);
    assert_int_equal(groups.group_count, 5);
    for (uint32_t domain = 0; domain < 2; domain++) {
        const struct group *unknown =
            &groups.entries[groups_find(&groups, (uint8_t)domain, GEO_UNKNOWN)];
        assert_true(unknown->closed);
        assert_false(unknown->hidden);
        const struct group *rest = &groups.entries[groups.other[domain] - 1];
        assert_true(rest->other);
        assert_false(rest->closed);
        assert_false(rest->hidden);
        assert_int_equal(rest->domain, domain);
    }
    assert_true(groups.entries[group].closed);
    assert_true(groups.entries[group].hidden);
    assert_int_equal(groups.capped, 0);
    groups_destroy(&groups);
    /* Without a least number nothing is closed, and nothing is `other`. */
    assert_int_equal(groups_create(2, 100, &groups), 0);
    const uint32_t open = groups_find(&groups, 0, germany);
    assert_false(groups.entries[open].closed);
    assert_false(groups.entries[open].hidden);
    assert_int_equal(groups_counting(&groups, open), open);
    assert_true(groups_is_shown(&groups, &groups.entries[open]));
    assert_int_equal(groups.group_count, 3);
    groups_destroy(&groups);
}

/* First at so many; again at a quarter more, and at one more at least. */
static void test_when_it_opens(void **state)
{
    (void)state;
    static const uint32_t cases[][2] = {{1, 2},  {2, 3},  {3, 4},   {4, 5},    {5, 7},
                                        {8, 10}, {9, 12}, {20, 25}, {100, 125}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint32_t least = cases[i][0];
        const uint32_t again = cases[i][1];
        const uint32_t group = begin(least);
        assert_false(opens(group, least - 1));
        assert_true(groups.entries[group].hidden);
        assert_true(opens(group, least));
        assert_false(groups.entries[group].hidden);
        assert_true(groups.entries[group].unnamed);
        assert_true(opens(group, least + 1));
        assert_true(opens(group, least));
        assert_false(opens(group, least - 1));
        assert_false(groups.entries[group].hidden);
        assert_false(opens(group, again - 1));
        assert_true(opens(group, again));
        assert_false(opens(group, 0));
        assert_false(opens(group, again - 1)); /* and so each time */
        groups_destroy(&groups);
    }
}

/* Only in groups_settle, and by what is so then. */
static void test_only_when_it_settles(void **state)
{
    (void)state;
    const uint32_t group = begin(3);
    have(group, 9);
    assert_true(groups.entries[group].closed);
    have(group, 2);
    groups_settle(&groups);
    assert_true(groups.entries[group].closed && groups.entries[group].hidden);
    assert_true(opens(group, 3));
    have(group, 0);
    assert_false(groups.entries[group].closed);
    assert_false(groups_is_shown(&groups, &groups.entries[group]));
    have(group, 3);
    assert_true(groups_is_shown(&groups, &groups.entries[group]));
    groups_settle(&groups);
    assert_false(groups.entries[group].closed);
    groups_destroy(&groups);
}

static void test_what_counts_where(void **state)
{
    (void)state;
    const uint32_t group = begin(2);
    const uint32_t rest = groups.other[0] - 1;
    assert_int_equal(groups_counting(&groups, group), rest);
    assert_int_equal(groups_counting(&groups, rest), rest);
    groups_count_session(&groups, group);
    have(group, 2);
    groups_session_establish(&groups, group);
    assert_int_equal(other()->sessions, 1);
    assert_int_equal(other()->active, 2);
    assert_int_equal(other()->established, 1);
    assert_int_equal(other()->peak, 2);
    assert_int_equal(groups.entries[group].peak, 0);

    groups_settle(&groups);
    assert_int_equal(groups_counting(&groups, group), group);
    groups_count_session(&groups, group);
    assert_int_equal(other()->sessions, 1); /* what has counted there stays */
    assert_int_equal(groups.entries[group].sessions, 1);
    assert_int_equal(other()->active, 0);
    assert_int_equal(other()->established, 0);
    assert_int_equal(groups.entries[group].peak, 2);

    groups_session_leave(&groups, group, false);
    groups_settle(&groups);
    assert_int_equal(groups_counting(&groups, group), rest);
    assert_int_equal(other()->active, 1);
    assert_int_equal(other()->established, 1);
    groups_session_leave(&groups, group, true);
    assert_int_equal(other()->active, 0);
    assert_int_equal(other()->established, 0);
    assert_int_equal(groups.entries[group].peak, 2);
    assert_int_equal(other()->peak, 2);
    groups_destroy(&groups);
}

/* One that opens as another closes: the peak of `other` is of no moment between. */
static void test_peak_as_two_change(void **state)
{
    (void)state;
    const uint32_t first = begin(4);
    const uint32_t second = groups_find(&groups, 0, GEO_UNKNOWN);
    assert_true(opens(first, 4));
    assert_int_equal(other()->peak, 4);
    have(first, 3);
    have(second, 4);
    assert_int_equal(other()->peak, 4);
    groups_settle(&groups);
    assert_true(groups.entries[first].closed && !groups.entries[second].closed);
    assert_int_equal(other()->active, 3);
    assert_int_equal(other()->peak, 4);
    groups_destroy(&groups);
}

/* Two that close together bring `other` more than it ever had. */
static void test_peak_as_two_close(void **state)
{
    (void)state;
    const uint32_t first = begin(4);
    const uint32_t second = groups_find(&groups, 0, GEO_UNKNOWN);
    assert_true(opens(first, 4));
    assert_true(opens(second, 4));
    assert_int_equal(other()->peak, 4);
    have(first, 3);
    have(second, 3);
    groups_settle(&groups);
    assert_int_equal(other()->active, 6);
    assert_int_equal(other()->peak, 6);
    groups_destroy(&groups);
}

static void test_moves(void **state)
{
    (void)state;
    const uint32_t open = begin(2);
    const uint32_t closed = groups_find(&groups, 0, GEO_UNKNOWN);
    assert_true(opens(open, 3));
    groups_session_establish(&groups, open);
    groups_session_move(&groups, open, closed, true);
    assert_int_equal(groups.entries[open].active, 2);
    assert_int_equal(groups.entries[open].established, 0);
    assert_int_equal(groups.entries[closed].established, 1);
    assert_int_equal(other()->active, 1);
    assert_int_equal(other()->established, 1);
    groups_session_move(&groups, closed, open, true);
    assert_int_equal(groups.entries[open].established, 1);
    assert_int_equal(other()->active, 0);
    assert_int_equal(other()->established, 0);
    assert_int_equal(groups.domains[0].active, 3);
    groups_destroy(&groups);
}

/* The `other` groups, which are there from the start, take no room of the others. */
static void test_cap(void **state)
{
    (void)state;
    assert_int_equal(groups_create(2, 4, &groups), 0);
    assert_int_equal(groups_set_min_clients(&groups, 2), 0);
    for (uint32_t asn = 1; asn <= 2; asn++) {
        const struct geo place = {.country = germany.country, .asn = asn};
        assert_false(groups.entries[groups_find(&groups, 0, place)].other);
    }
    assert_int_equal(groups.capped, 0);
    const uint32_t beyond = groups_find(&groups, 0, germany);
    assert_int_equal(beyond, groups.other[0] - 1);
    assert_int_equal(groups.capped, 1);
    have(beyond, 5); /* never closes, and is shown however few it has */
    have(beyond, 1);
    groups_settle(&groups);
    assert_false(other()->closed);
    assert_true(groups_is_shown(&groups, other()));
    groups_destroy(&groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_start),
        cmocka_unit_test(test_when_it_opens),
        cmocka_unit_test(test_only_when_it_settles),
        cmocka_unit_test(test_what_counts_where),
        cmocka_unit_test(test_peak_as_two_change),
        cmocka_unit_test(test_peak_as_two_close),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
