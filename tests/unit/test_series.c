#include "exporter/series.h"

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

#define DE PLACE_COUNTRY('D', 'E')
#define IR PLACE_COUNTRY('I', 'R')

static struct place place(uint16_t country, uint32_t asn)
{
    return (struct place){.country = country, .asn = asn};
}

static void assert_place(const struct series *series, uint32_t group, uint8_t domain,
                         struct place expected)
{
    assert_true(group < series->group_count);
    assert_int_equal(series->groups[group].domain, domain);
    assert_int_equal(series->groups[group].place.country, expected.country);
    assert_int_equal(series->groups[group].place.asn, expected.asn);
    assert_false(series->groups[group].other);
}

static void test_unknown_exists_from_the_start(void **state)
{
    (void)state;
    struct series series;
    assert_int_equal(series_create(3, 100, &series), 0);
    assert_int_equal(series.group_count, 3);
    assert_int_equal(series.domain_count, 3);
    for (uint8_t domain = 0; domain < 3; domain++) {
        uint32_t group = series_find(&series, domain, PLACE_UNKNOWN);
        assert_place(&series, group, domain, PLACE_UNKNOWN);
        assert_int_equal(series.groups[group].queries, 0);
    }
    assert_int_equal(series.group_count, 3);
    assert_int_equal(series.capped, 0);
    series_destroy(&series);
}

static void test_limits(void **state)
{
    (void)state;
    struct series series = {.capped = 9};
    assert_int_equal(series_create(0, 10, &series), -EINVAL);
    assert_int_equal(series_create(DOMAINS_MAX + 1, 10, &series), -EINVAL);
    assert_int_equal(series_create(1, SERIES_GROUPS_MAX + 1, &series), -EINVAL);
    assert_int_equal(series.capped, 9);
    assert_int_equal(series_create(DOMAINS_MAX, 1, &series), 0);
    assert_int_equal(series.group_max, DOMAINS_MAX);
    assert_int_equal(series.group_count, DOMAINS_MAX);
    series_destroy(&series);
    assert_int_equal(series_create(1, SERIES_GROUPS_MAX, &series), 0);
    series_destroy(&series);
}

static void tell_apart(void)
{
    struct series series;
    assert_int_equal(series_create(2, 6, &series), 0);
    uint32_t first = series_find(&series, 0, place(DE, 3320));
    uint32_t other_asn = series_find(&series, 0, place(DE, 3321));
    uint32_t other_country = series_find(&series, 0, place(IR, 3320));
    uint32_t other_domain = series_find(&series, 1, place(DE, 3320));
    assert_int_equal(series.group_count, 6);
    assert_place(&series, first, 0, place(DE, 3320));
    assert_place(&series, other_asn, 0, place(DE, 3321));
    assert_place(&series, other_country, 0, place(IR, 3320));
    assert_place(&series, other_domain, 1, place(DE, 3320));
    assert_int_equal(series_find(&series, 0, place(DE, 3320)), first);
    assert_int_equal(series_find(&series, 0, place(DE, 3321)), other_asn);
    assert_int_equal(series_find(&series, 0, place(IR, 3320)), other_country);
    assert_int_equal(series_find(&series, 1, place(DE, 3320)), other_domain);
    assert_int_equal(series.group_count, 6);
    series_destroy(&series);
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
    struct series series;
    assert_int_equal(series_create(2, 5, &series), 0);
    for (uint32_t asn = 1; asn <= 3; asn++) {
        assert_place(&series, series_find(&series, 0, place(DE, asn)), 0, place(DE, asn));
    }
    assert_int_equal(series.capped, 0);

    uint32_t beyond = series_find(&series, 0, place(DE, 4));
    assert_int_equal(series.capped, 1);
    assert_true(series.groups[beyond].other);
    assert_int_equal(series.groups[beyond].domain, 0);
    assert_int_equal(series_find(&series, 0, place(IR, 5)), beyond);
    assert_int_equal(series_find(&series, 0, place(DE, 4)), beyond);
    assert_int_equal(series.capped, 3);

    uint32_t beyond_too = series_find(&series, 1, place(DE, 1));
    assert_int_not_equal(beyond_too, beyond);
    assert_true(series.groups[beyond_too].other);
    assert_int_equal(series.groups[beyond_too].domain, 1);
    assert_int_equal(series.capped, 4);

    /* What was there before the cap is found as before. */
    assert_place(&series, series_find(&series, 0, place(DE, 3)), 0, place(DE, 3));
    assert_place(&series, series_find(&series, 1, PLACE_UNKNOWN), 1, PLACE_UNKNOWN);
    assert_int_equal(series.capped, 4);
    assert_int_equal(series.group_count, 7);
    series_destroy(&series);
}

static void test_counters(void **state)
{
    (void)state;
    struct series series;
    assert_int_equal(series_create(1, 10, &series), 0);
    uint32_t group = series_find(&series, 0, place(DE, 1));
    series_count_query(&series, group, 120);
    series_count_query(&series, group, 65527);
    series_count_response(&series, group, 1232);
    series_count_rejected(&series, group, WIRE_REJECT_OPCODE);
    series_count_rejected(&series, group, WIRE_REJECT_FRAMING);
    series_count_rejected(&series, group, WIRE_REJECT_FRAMING);
    series_count_session(&series, group);

    struct series_group expected = {.place = place(DE, 1),
                                    .sessions = 1,
                                    .queries = 2,
                                    .responses = 1,
                                    .bytes_in = 120 + 65527,
                                    .bytes_out = 1232};
    expected.rejected[WIRE_REJECT_OPCODE] = 1;
    expected.rejected[WIRE_REJECT_FRAMING] = 2;
    const struct series_group *counted = &series.groups[group];
    assert_int_equal(counted->sessions, expected.sessions);
    assert_int_equal(counted->queries, expected.queries);
    assert_int_equal(counted->responses, expected.responses);
    assert_int_equal(counted->bytes_in, expected.bytes_in);
    assert_int_equal(counted->bytes_out, expected.bytes_out);
    assert_memory_equal(counted->rejected, expected.rejected, sizeof expected.rejected);
    assert_int_equal(counted->active, 0);
    assert_int_equal(counted->peak, 0);
    assert_int_equal(series.groups[0].queries, 0);
    series_destroy(&series);
}

static void assert_group(const struct series *series, uint32_t group, uint32_t active,
                         uint32_t peak)
{
    assert_int_equal(series->groups[group].active, active);
    assert_int_equal(series->groups[group].peak, peak);
}

static void assert_domain(const struct series *series, uint8_t domain, uint32_t active,
                          uint32_t peak)
{
    assert_int_equal(series->domains[domain].active, active);
    assert_int_equal(series->domains[domain].peak, peak);
}

static void test_peaks(void **state)
{
    (void)state;
    struct series series;
    assert_int_equal(series_create(2, 10, &series), 0);
    uint32_t one = series_find(&series, 0, place(DE, 1));
    uint32_t two = series_find(&series, 0, place(DE, 2));
    uint32_t elsewhere = series_find(&series, 1, place(DE, 1));
    series_session_enter(&series, one);
    series_session_enter(&series, one);
    series_session_leave(&series, one);
    assert_group(&series, one, 1, 2);
    assert_domain(&series, 0, 1, 2);

    series_session_enter(&series, two);
    assert_group(&series, two, 1, 1);
    assert_domain(&series, 0, 2, 2);

    /* A move: the domain's figures stay, though its groups' peaks add up to more. */
    series_session_move(&series, one, two);
    assert_group(&series, one, 0, 2);
    assert_group(&series, two, 2, 2);
    assert_domain(&series, 0, 2, 2);
    assert_domain(&series, 1, 0, 0);

    /* Between domains both must stay right, or one would fall below 0. */
    series_session_move(&series, two, elsewhere);
    assert_group(&series, two, 1, 2);
    assert_group(&series, elsewhere, 1, 1);
    assert_domain(&series, 0, 1, 2);
    assert_domain(&series, 1, 1, 1);
    series_destroy(&series);
}

/* The n-th place: many differ in one thing alone. */
static struct place nth_place(uint32_t number)
{
    uint32_t country = number % 100;
    return place(PLACE_COUNTRY('A' + country / 10, 'A' + country % 10), 64512 + number / 100);
}

/* As many places as the cap allows. */
static void test_many_places(void **state)
{
    (void)state;
    enum { PLACES = 100000, DOMAINS = 4 };
    struct series series;
    assert_int_equal(series_create(DOMAINS, PLACES, &series), 0);
    uint32_t *found = calloc(PLACES, sizeof *found);
    assert_non_null(found);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < PLACES - DOMAINS; i++) {
            uint8_t domain = (uint8_t)(i % DOMAINS);
            struct place where = nth_place(i / DOMAINS);
            uint32_t group = series_find(&series, domain, where);
            assert_place(&series, group, domain, where);
            assert_true(round == 0 || found[i] == group);
            found[i] = group;
        }
        assert_int_equal(series.group_count, PLACES);
        assert_int_equal(series.capped, 0);
    }

    /* A good hash leaves no long run at load one half: some dozens of slots. */
    uint32_t used = 0;
    uint32_t run = 0;
    for (uint32_t slot = 0; slot < series.slot_count; slot++) {
        run = series.slots[slot] != 0 ? run + 1 : 0;
        used += series.slots[slot] != 0;
        assert_true(run < 500);
    }
    assert_int_equal(used, PLACES);
    assert_true(2 * used <= series.slot_count);
    free(found);
    series_destroy(&series);
}

/* Whoever knows the program must not know where a place's slot is. */
static void test_hash_is_keyed(void **state)
{
    (void)state;
    enum { PLACES = 1000 };
    struct series series[2];
    uint32_t *slots[2];
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(series_create(1, PLACES, &series[i]), 0);
        for (uint32_t asn = 1; asn < PLACES; asn++) {
            (void)series_find(&series[i], 0, place(DE, asn));
        }
        slots[i] = series[i].slots;
    }
    assert_memory_not_equal(slots[0], slots[1], series[0].slot_count * sizeof *slots[0]);
    series_destroy(&series[0]);
    series_destroy(&series[1]);
}

static void test_memory_max(void **state)
{
    (void)state;
    const uint32_t limits[][2] = {{1, 1}, {2, 1000}, {32, 10}, {5, 1000000}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct series series;
        assert_int_equal(series_create(limits[i][0], limits[i][1], &series), 0);
        uint64_t max = series_memory_max(limits[i][0], limits[i][1]);
        uint64_t held = malloc_usable_size(series.groups) + malloc_usable_size(series.slots) +
                        malloc_usable_size(series.domains) + malloc_usable_size(series.other);
        uint64_t slack = 4 * (uint64_t)sysconf(_SC_PAGESIZE);
        assert_in_range(held, max, max + slack);
        series_destroy(&series);
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
        cmocka_unit_test(test_many_places),
        cmocka_unit_test(test_hash_is_keyed),
        cmocka_unit_test(test_memory_max),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
