#include "common/wire.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"

#include "common/domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#define DE GEO_COUNTRY('D', 'E')
#define IR GEO_COUNTRY('I', 'R')

static struct geo place(uint16_t country, uint32_t asn)
{
    return (struct geo){.country = country, .asn = asn};
}

static void assert_place(const struct groups *groups, uint32_t group, uint8_t domain,
                         struct geo expected)
{
    assert_true(group < groups->group_count);
    assert_int_equal(groups->entries[group].domain, domain);
    assert_int_equal(groups->entries[group].geo.country, expected.country);
    assert_int_equal(groups->entries[group].geo.asn, expected.asn);
    assert_false(groups->entries[group].other);
}

static void test_unknown_exists_from_the_start(void **state)
{
    (void)state;
    struct groups groups;
    assert_int_equal(groups_create(3, 100, &groups), 0);
    assert_int_equal(groups.group_count, 3);
    assert_int_equal(groups.domain_count, 3);
    for (uint8_t domain = 0; domain < 3; domain++) {
        uint32_t group = groups_find(&groups, domain, GEO_UNKNOWN);
        assert_place(&groups, group, domain, GEO_UNKNOWN);
        assert_int_equal(groups.entries[group].queries, 0);
    }
    assert_int_equal(groups.group_count, 3);
    assert_int_equal(groups.capped, 0);
    groups_destroy(&groups);
}

static void test_limits(void **state)
{
    (void)state;
    struct groups groups = {.capped = 9};
    assert_int_equal(groups_create(0, 10, &groups), -EINVAL);
    assert_int_equal(groups_create(DOMAINS_MAX + 1, 10, &groups), -EINVAL);
    assert_int_equal(groups_create(1, GROUPS_MAX + 1, &groups), -EINVAL);
    assert_int_equal(groups.capped, 9);
    assert_int_equal(groups_create(DOMAINS_MAX, 1, &groups), 0);
    assert_int_equal(groups.group_max, DOMAINS_MAX);
    assert_int_equal(groups.group_count, DOMAINS_MAX);
    groups_destroy(&groups);
    assert_int_equal(groups_create(1, GROUPS_MAX, &groups), 0);
    groups_destroy(&groups);
}

static void tell_apart(void)
{
    struct groups groups;
    assert_int_equal(groups_create(2, 6, &groups), 0);
    uint32_t first = groups_find(&groups, 0, place(DE, 3320));
    uint32_t other_asn = groups_find(&groups, 0, place(DE, 3321));
    uint32_t other_country = groups_find(&groups, 0, place(IR, 3320));
    uint32_t other_domain = groups_find(&groups, 1, place(DE, 3320));
    assert_int_equal(groups.group_count, 6);
    assert_place(&groups, first, 0, place(DE, 3320));
    assert_place(&groups, other_asn, 0, place(DE, 3321));
    assert_place(&groups, other_country, 0, place(IR, 3320));
    assert_place(&groups, other_domain, 1, place(DE, 3320));
    assert_int_equal(groups_find(&groups, 0, place(DE, 3320)), first);
    assert_int_equal(groups_find(&groups, 0, place(DE, 3321)), other_asn);
    assert_int_equal(groups_find(&groups, 0, place(IR, 3320)), other_country);
    assert_int_equal(groups_find(&groups, 1, place(DE, 3320)), other_domain);
    assert_int_equal(groups.group_count, 6);
    groups_destroy(&groups);
}

/* In a table so small, each comes to stand next to each other one under some secret. */
static void test_places_are_told_apart(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 500; round++) {
        tell_apart();
    }
}

static void test_cap(void **state)
{
    (void)state;
    struct groups groups;
    assert_int_equal(groups_create(2, 5, &groups), 0);
    for (uint32_t asn = 1; asn <= 3; asn++) {
        assert_place(&groups, groups_find(&groups, 0, place(DE, asn)), 0, place(DE, asn));
    }
    assert_int_equal(groups.capped, 0);

    uint32_t beyond = groups_find(&groups, 0, place(DE, 4));
    assert_int_equal(groups.capped, 1);
    assert_true(groups.entries[beyond].other);
    assert_int_equal(groups.entries[beyond].domain, 0);
    assert_int_equal(groups_find(&groups, 0, place(IR, 5)), beyond);
    assert_int_equal(groups_find(&groups, 0, place(DE, 4)), beyond);
    assert_int_equal(groups.capped, 3);

    uint32_t beyond_too = groups_find(&groups, 1, place(DE, 1));
    assert_int_not_equal(beyond_too, beyond);
    assert_true(groups.entries[beyond_too].other);
    assert_int_equal(groups.entries[beyond_too].domain, 1);
    assert_int_equal(groups.capped, 4);

    /* What was there before the cap is found as before. */
    assert_place(&groups, groups_find(&groups, 0, place(DE, 3)), 0, place(DE, 3));
    assert_place(&groups, groups_find(&groups, 1, GEO_UNKNOWN), 1, GEO_UNKNOWN);
    assert_int_equal(groups.capped, 4);
    assert_int_equal(groups.group_count, 7);
    groups_destroy(&groups);
}

static void test_counters(void **state)
{
    (void)state;
    struct groups groups;
    assert_int_equal(groups_create(1, 10, &groups), 0);
    uint32_t group = groups_find(&groups, 0, place(DE, 1));
    groups_count_query(&groups, group, 120);
    groups_count_query(&groups, group, 65527);
    groups_count_response(&groups, group, 1232);
    groups_count_rejected(&groups, group, WIRE_REJECTED_OPCODE);
    groups_count_rejected(&groups, group, WIRE_REJECTED_EDNS);
    groups_count_rejected(&groups, group, WIRE_REJECTED_FRAMING);
    groups_count_rejected(&groups, group, WIRE_REJECTED_FRAMING);
    groups_count_session(&groups, group);

    struct group expected = {.geo = place(DE, 1),
                             .sessions = 1,
                             .queries = 2,
                             .responses = 1,
                             .bytes_in = 120 + 65527,
                             .bytes_out = 1232};
    expected.rejected[WIRE_REJECTED_OPCODE - WIRE_REJECTED_FIRST] = 1;
    expected.rejected[WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST] = 1;
    expected.rejected[WIRE_REJECTED_FRAMING - WIRE_REJECTED_FIRST] = 2;
    const struct group *counted = &groups.entries[group];
    assert_int_equal(counted->sessions, expected.sessions);
    assert_int_equal(counted->queries, expected.queries);
    assert_int_equal(counted->responses, expected.responses);
    assert_int_equal(counted->bytes_in, expected.bytes_in);
    assert_int_equal(counted->bytes_out, expected.bytes_out);
    assert_memory_equal(counted->rejected, expected.rejected, sizeof expected.rejected);
    assert_int_equal(counted->active, 0);
    assert_int_equal(counted->peak, 0);
    assert_int_equal(groups.domains[0].queries, 2);
    assert_int_equal(groups.domains[0].responses, 1);
    assert_int_equal(groups.domains[0].misfits, 2);
    assert_int_equal(groups.entries[0].queries, 0);
    groups_destroy(&groups);
}

static void assert_group(const struct groups *groups, uint32_t group, uint32_t active,
                         uint32_t peak)
{
    assert_int_equal(groups->entries[group].active, active);
    assert_int_equal(groups->entries[group].peak, peak);
}

static void assert_domain(const struct groups *groups, uint8_t domain, uint32_t active,
                          uint32_t peak)
{
    assert_int_equal(groups->domains[domain].active, active);
    assert_int_equal(groups->domains[domain].peak, peak);
}

static void test_peaks(void **state)
{
    (void)state;
    struct groups groups;
    assert_int_equal(groups_create(2, 10, &groups), 0);
    uint32_t one = groups_find(&groups, 0, place(DE, 1));
    uint32_t two = groups_find(&groups, 0, place(DE, 2));
    uint32_t elsewhere = groups_find(&groups, 1, place(DE, 1));
    groups_session_enter(&groups, one);
    groups_session_enter(&groups, one);
    groups_session_leave(&groups, one, false);
    assert_group(&groups, one, 1, 2);
    assert_domain(&groups, 0, 1, 2);

    groups_session_enter(&groups, two);
    assert_group(&groups, two, 1, 1);
    assert_domain(&groups, 0, 2, 2);

    /* A move: the domain's figures stay, though its groups' peaks add up to more. */
    groups_session_move(&groups, one, two, false);
    assert_group(&groups, one, 0, 2);
    assert_group(&groups, two, 2, 2);
    assert_domain(&groups, 0, 2, 2);
    assert_domain(&groups, 1, 0, 0);

    /* Between domains both must stay right, or one would fall below 0. */
    groups_session_move(&groups, two, elsewhere, false);
    assert_group(&groups, two, 1, 2);
    assert_group(&groups, elsewhere, 1, 1);
    assert_domain(&groups, 0, 1, 2);
    assert_domain(&groups, 1, 1, 1);
    groups_destroy(&groups);
}

static void assert_established(const struct groups *groups, uint32_t group, uint32_t of_group,
                               uint32_t of_domain)
{
    const uint8_t domain = groups->entries[group].domain;
    assert_int_equal(groups->entries[group].established, of_group);
    assert_int_equal(groups->domains[domain].established, of_domain);
}

/* They go with their sessions, and the others stay where they are. */
static void test_established(void **state)
{
    (void)state;
    struct groups groups;
    assert_int_equal(groups_create(2, 10, &groups), 0);
    uint32_t one = groups_find(&groups, 0, place(DE, 1));
    uint32_t two = groups_find(&groups, 0, place(DE, 2));
    uint32_t elsewhere = groups_find(&groups, 1, place(DE, 1));
    for (unsigned i = 0; i < 3; i++) {
        groups_session_enter(&groups, one);
    }
    assert_established(&groups, one, 0, 0);
    groups_session_establish(&groups, one);
    groups_session_establish(&groups, one);
    assert_established(&groups, one, 2, 2);
    assert_group(&groups, one, 3, 3);

    groups_session_move(&groups, one, two, true);
    assert_established(&groups, one, 1, 2);
    assert_established(&groups, two, 1, 2);
    groups_session_move(&groups, one, two, false);
    assert_established(&groups, one, 1, 2);
    assert_established(&groups, two, 1, 2);
    assert_group(&groups, two, 2, 2);

    groups_session_move(&groups, two, elsewhere, false);
    assert_established(&groups, two, 1, 2);
    assert_established(&groups, elsewhere, 0, 0);
    groups_session_move(&groups, two, elsewhere, true);
    assert_established(&groups, two, 0, 1);
    assert_established(&groups, elsewhere, 1, 1);
    assert_domain(&groups, 1, 2, 2);

    groups_session_leave(&groups, elsewhere, false);
    assert_established(&groups, elsewhere, 1, 1);
    groups_session_leave(&groups, elsewhere, true);
    assert_established(&groups, elsewhere, 0, 0);
    groups_session_leave(&groups, one, true);
    assert_established(&groups, one, 0, 0);
    assert_domain(&groups, 0, 0, 3);
    groups_destroy(&groups);
}

/* The n-th place: many differ in one thing alone. */
static struct geo nth_place(uint32_t number)
{
    uint32_t country = number % 100;
    return place(GEO_COUNTRY('A' + country / 10, 'A' + country % 10), 64512 + number / 100);
}

/* As many places as the cap allows. */
static void test_many_places(void **state)
{
    (void)state;
    enum { RESOLVERS = 100000, DOMAINS = 4 };
    struct groups groups;
    assert_int_equal(groups_create(DOMAINS, RESOLVERS, &groups), 0);
    uint32_t *found = calloc(RESOLVERS, sizeof *found);
    assert_non_null(found);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < RESOLVERS - DOMAINS; i++) {
            uint8_t domain = (uint8_t)(i % DOMAINS);
            struct geo where = nth_place(i / DOMAINS);
            uint32_t group = groups_find(&groups, domain, where);
            assert_place(&groups, group, domain, where);
            assert_true(round == 0 || found[i] == group);
            found[i] = group;
        }
        assert_int_equal(groups.group_count, RESOLVERS);
        assert_int_equal(groups.capped, 0);
    }

    /* A good hash leaves no long run at load one half: some dozens of slots. */
    uint32_t used = 0;
    uint32_t run = 0;
    for (uint32_t slot = 0; slot < groups.slot_count; slot++) {
        run = groups.slots[slot] != 0 ? run + 1 : 0;
        used += groups.slots[slot] != 0;
        assert_true(run < 500);
    }
    assert_int_equal(used, RESOLVERS);
    assert_true(2 * used <= groups.slot_count);
    free(found);
    groups_destroy(&groups);
}

/* Whoever knows the program must not know where a place's slot is. */
static void test_hash_is_keyed(void **state)
{
    (void)state;
    enum { RESOLVERS = 1000 };
    struct groups groups[2];
    uint32_t *slots[2];
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(groups_create(1, RESOLVERS, &groups[i]), 0);
        for (uint32_t asn = 1; asn < RESOLVERS; asn++) {
            (void)groups_find(&groups[i], 0, place(DE, asn));
        }
        slots[i] = groups[i].slots;
    }
    assert_memory_not_equal(slots[0], slots[1], groups[0].slot_count * sizeof *slots[0]);
    groups_destroy(&groups[0]);
    groups_destroy(&groups[1]);
}

static void test_memory_max(void **state)
{
    (void)state;
    const uint32_t limits[][2] = {{1, 1}, {2, 1000}, {32, 10}, {5, 1000000}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct groups groups;
        assert_int_equal(groups_create(limits[i][0], limits[i][1], &groups), 0);
        assert_int_equal(groups_set_min_clients(&groups, 2), 0);
        uint64_t max = groups_memory_max(limits[i][0], limits[i][1]);
        uint64_t held = malloc_usable_size(groups.entries) + malloc_usable_size(groups.slots) +
                        malloc_usable_size(groups.domains) + malloc_usable_size(groups.other) +
                        malloc_usable_size(groups.due);
        uint64_t slack = 4 * (uint64_t)sysconf(_SC_PAGESIZE);
        assert_in_range(held, max, max + slack);
        groups_destroy(&groups);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_exists_from_the_start),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_places_are_told_apart),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_peaks),
        cmocka_unit_test(test_established),
        cmocka_unit_test(test_many_places),
        cmocka_unit_test(test_hash_is_keyed),
        cmocka_unit_test(test_memory_max),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
