#include "exporter/counts/geo.h"
#include "exporter/status/ranking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/random.h"

#define DE GEO_COUNTRY('D', 'E')
#define FR GEO_COUNTRY('F', 'R')
#define IR GEO_COUNTRY('I', 'R')

enum {
    ENTRIES_MAX = 4000,
    ASNS = 1000000, /* most are of one entry, a few of two */
};

static struct ranking_group entries[ENTRIES_MAX];
static size_t count;

static int start(void **state)
{
    (void)state;
    count = 0;
    return 0;
}

static void add(uint16_t country, uint32_t asn, uint32_t active)
{
    assert_true(count < ENTRIES_MAX);
    entries[count++] = (struct ranking_group){.geo = {.country = country, .asn = asn}, active};
}

static struct ranking make(enum ranking_kind kind)
{
    struct ranking ranking;
    assert_int_equal(ranking_make(entries, count, kind, random_next(), 0, &ranking), 0);
    return ranking;
}

static void assert_row(const struct ranking *ranking, unsigned row, uint32_t key, uint32_t active)
{
    assert_in_range(row, 0, ranking->count - 1);
    assert_int_equal(ranking->rows[row].key, key);
    assert_int_equal(ranking->rows[row].active, active);
}

static void test_nobody(void **state)
{
    (void)state;
    struct ranking ranking = make(RANKING_ASNS);
    assert_int_equal(ranking.count, 0);
    assert_int_equal(ranking.rest, 0);
}

static void test_groups_of_a_key_are_added(void **state)
{
    (void)state;
    add(DE, 3320, 4);
    add(DE, 3320, 2);
    add(DE, 680, 5);
    add(FR, 3320, 1);
    add(GEO_UNKNOWN.country, 0, 3);
    struct ranking ranking = make(RANKING_COUNTRIES);
    assert_int_equal(ranking.count, 3);
    assert_row(&ranking, 0, DE, 11);
    assert_row(&ranking, 1, GEO_UNKNOWN.country, 3);
    assert_row(&ranking, 2, FR, 1);
    ranking = make(RANKING_ASNS);
    assert_int_equal(ranking.count, 3);
    assert_row(&ranking, 0, 3320, 7);
    assert_row(&ranking, 1, 680, 5);
    assert_row(&ranking, 2, 0, 3);
}

static void test_equals_stand_by_key(void **state)
{
    (void)state;
    add(IR, 3, 2);
    add(DE, 1, 2);
    add(FR, 2, 2);
    struct ranking ranking = make(RANKING_COUNTRIES);
    assert_row(&ranking, 0, DE, 2);
    assert_row(&ranking, 1, FR, 2);
    assert_row(&ranking, 2, IR, 2);
}

static uint32_t actives_by_asn[ASNS];

/* Against sums made the plain way: what is ranked, that nothing greater was left out, and that
 * the rest makes the whole. */
static void test_many(void **state)
{
    (void)state;
    uint64_t all = 0;
    memset(actives_by_asn, 0, sizeof actives_by_asn);
    for (unsigned i = 0; i < ENTRIES_MAX; i++) {
        uint32_t asn = (uint32_t)(random_next() % (ASNS));
        uint32_t active = 1 + (uint32_t)(random_next() % 50);
        add(DE, asn, active);
        actives_by_asn[asn] += active;
        all += active;
    }
    struct ranking ranking = make(RANKING_ASNS);
    assert_int_equal(ranking.count, RANKING_ROWS);
    uint64_t ranked = 0;
    for (unsigned i = 0; i < RANKING_ROWS; i++) {
        const struct ranking_row *row = &ranking.rows[i];
        assert_int_equal(row->active, actives_by_asn[row->key]);
        ranked += row->active;
        if (i > 0) {
            assert_true(
                ranking.rows[i - 1].active > row->active ||
                (ranking.rows[i - 1].active == row->active && ranking.rows[i - 1].key < row->key));
        }
    }
    unsigned above = 0;
    for (unsigned asn = 0; asn < ASNS; asn++) {
        above += actives_by_asn[asn] > ranking.rows[RANKING_ROWS - 1].active;
    }
    assert_true(above < RANKING_ROWS);
    assert_int_equal(ranked + ranking.rest, all);
}

/* Far more groups than there are countries. */
static void test_every_country(void **state)
{
    (void)state;
    uint64_t all = 0;
    for (unsigned i = 0; i < ENTRIES_MAX; i++) {
        add(GEO_COUNTRY('A' + i % 26, 'A' + i / 26 % 26), i, 1 + i % 7);
        all += 1 + i % 7;
    }
    struct ranking ranking = make(RANKING_COUNTRIES);
    assert_int_equal(ranking.count, RANKING_ROWS);
    uint64_t ranked = ranking.rest;
    for (unsigned i = 0; i < RANKING_ROWS; i++) {
        ranked += ranking.rows[i].active;
    }
    assert_int_equal(ranked, all);
}

static struct ranking make_rounded(uint32_t round)
{
    struct ranking ranking;
    assert_int_equal(ranking_make(entries, count, RANKING_ASNS, random_next(), round, &ranking), 0);
    return ranking;
}

/* Sums are rounded, and only then ranked: their order says no more than they do. */
static void test_rounded(void **state)
{
    (void)state;
    add(DE, 3, 9);
    add(DE, 2, 4);
    add(FR, 2, 4);
    add(DE, 1, 6);
    add(DE, 4, 10);
    add(DE, 5, 11);
    struct ranking ranking = make_rounded(5);
    assert_int_equal(ranking.count, 5);
    assert_row(&ranking, 0, 5, 15);
    assert_row(&ranking, 1, 1, 10);
    assert_row(&ranking, 2, 2, 10); /* not 5 and 5 */
    assert_row(&ranking, 3, 3, 10);
    assert_row(&ranking, 4, 4, 10);
    assert_int_equal(ranking.rest, 0);
    for (uint32_t asn = 6; asn < 6 + RANKING_ROWS; asn++) {
        add(DE, asn, 1);
    }
    ranking = make_rounded(5);
    assert_int_equal(ranking.rest, 5 * 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nobody, start),
        cmocka_unit_test_setup(test_groups_of_a_key_are_added, start),
        cmocka_unit_test_setup(test_equals_stand_by_key, start),
        cmocka_unit_test_setup(test_many, start),
        cmocka_unit_test_setup(test_rounded, start),
        cmocka_unit_test_setup(test_every_country, start),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
