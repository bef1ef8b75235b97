#include "common/options.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/recent.h"
#include "exporter/status/ranking.h"
#include "exporter/status/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define KIB ((uint64_t)1024)

struct case_of {
    uint64_t value;
    const char *text;
};

static void check_all(void (*words)(uint64_t, char *), const struct case_of *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char found[WORDS_BYTES];
        words(cases[i].value, found);
        assert_string_equal(found, cases[i].text);
    }
}

static void test_durations(void **state)
{
    (void)state;
    static const struct case_of cases[] = {
        {0, "0 s"},
        {1, "1 s"},
        {119, "119 s"},
        {120, "2 min"},
        {179, "2 min"},
        {180, "3 min"},
        {7199, "119 min"},
        {7200, "2 h"},
        {(uint64_t)48 * 3600 - 1, "47 h"},
        {(uint64_t)48 * 3600, "2 days"},
        {UINT64_MAX, "213503982334601 days"},
    };
    check_all(words_duration, cases, sizeof cases / sizeof *cases);
}

static void test_counts(void **state)
{
    (void)state;
    static const struct case_of cases[] = {
        {0, "0"},
        {99999, "99999"},
        {100000, "100k"},
        {100499, "100k"},
        {100501, "101k"},
        {999499, "999k"},
        {999500, "1.00M"},
        {1000000, "1.00M"},
        {1234567, "1.23M"},
        {9994999, "9.99M"},
        {9995000, "10.0M"},
        {99949999, "99.9M"},
        {99950000, "100M"},
        {999499999, "999M"},
        {999500000, "1.00G"},
        {1000000000000, "1.00T"},
        {1000000000000000, "1.00P"},
        {1000000000000000000, "1.00E"},
        {UINT64_MAX, "18.4E"},
    };
    check_all(words_count, cases, sizeof cases / sizeof *cases);
}

static void test_bytes(void **state)
{
    (void)state;
    static const struct case_of cases[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.00 KiB"},
        {1536, "1.50 KiB"},
        {10 * KIB, "10.0 KiB"},
        {100 * KIB, "100 KiB"},
        {1023 * KIB, "1023 KiB"},
        {1023 * KIB + 511, "1023 KiB"},
        {1023 * KIB + 512, "1.00 MiB"},
        {1288490189, "1.20 GiB"},
        {KIB * KIB * KIB * KIB, "1.00 TiB"},
        {KIB * KIB * KIB * KIB * KIB, "1.00 PiB"},
        {UINT64_MAX, "16.0 EiB"},
    };
    check_all(words_bytes, cases, sizeof cases / sizeof *cases);
}

/* A column is as wide as the contract says. */
static void test_the_width_of_counts(void **state)
{
    (void)state;
    for (uint64_t value = 1; value < UINT64_MAX / 3; value = value * 3 / 2 + 1) {
        char found[WORDS_BYTES];
        words_count(value, found);
        assert_in_range(strlen(found), 1, 5);
        words_bytes(value, found);
        assert_in_range(strlen(found), 3, 8);
    }
}

static void test_moments(void **state)
{
    (void)state;
    static const struct case_of cases[] = {
        {0, "1970-01-01 00:00 UTC"},
        {1700000000, "2023-11-14 22:13 UTC"},
        {1700000000 + 59, "2023-11-14 22:14 UTC"},
        {UINT32_MAX, "2106-02-07 06:28 UTC"},
        {UINT64_MAX, "1969-12-31 23:59 UTC"}, /* -1 */
        {INT64_MAX, "unknown"},
    };
    check_all(words_moment, cases, sizeof cases / sizeof *cases);
}

static void check_answered(uint64_t queries, uint64_t responses, const char *expected)
{
    char found[WORDS_BYTES];
    words_answered(&(struct recent_totals){queries, responses}, found);
    assert_string_equal(found, expected);
}

static void test_answered(void **state)
{
    (void)state;
    check_answered(0, 0, "no queries");
    check_answered(0, 4, "no queries");
    check_answered(3, 2, "67 %");
    check_answered(200, 197, "98 %");
    check_answered(1, 1, "100 %");
    check_answered(UINT64_MAX, 0, "0 %");
    check_answered(UINT64_MAX, UINT64_MAX, "100 %");
    check_answered(10, 11, "110 %");
    check_answered(1000, 9994, "999 %");
    check_answered(1000, 9995, "> 999 %");
    check_answered(1, UINT64_MAX, "> 999 %");
}

static void check_key(enum ranking_kind kind, uint32_t key, const char *expected)
{
    char found[WORDS_BYTES];
    words_key(kind, key, found);
    assert_string_equal(found, expected);
}

static void test_keys(void **state)
{
    (void)state;
    check_key(RANKING_COUNTRIES, GEO_COUNTRY('D', 'E'), "DE");
    check_key(RANKING_COUNTRIES, GEO_UNKNOWN.country, "unknown");
    check_key(RANKING_ASNS, UINT32_MAX, "AS4294967295");
    check_key(RANKING_ASNS, GEO_UNKNOWN.asn, "unknown");
    /* Each kind has its own. */
    check_key(RANKING_ASNS, GEO_UNKNOWN.country, "AS23130");
}

static void check_privacy(const char *database, uint32_t min_clients, uint32_t round,
                          const char *expected)
{
    const struct options options = {
        .country_database = database, .privacy_min_clients = min_clients, .privacy_round = round};
    char found[WORDS_PRIVACY_BYTES] = "x";
    words_privacy(&options, found);
    assert_string_equal(found, expected);
}

static void test_privacy(void **state)
{
    (void)state;
    check_privacy("country.mmdb", 0, 0, "");
    check_privacy("country.mmdb", 5, 0, "Places with fewer than 5 active sessions are in other.");
    check_privacy("country.mmdb", 0, 1,
                  "Sessions are rounded up to multiples of 1, packets of 100.");
    /* Each as long as it can be. */
    check_privacy("country.mmdb", UINT32_MAX, UINT32_MAX,
                  "Places with fewer than 4294967295 active sessions are in other. Sessions are "
                  "rounded up to multiples of 4294967295, packets of 429496729500.");
    /* Without a database there are no places. */
    check_privacy(NULL, 5, 0, "");
    check_privacy(NULL, 5, 2, "Sessions are rounded up to multiples of 2, packets of 200.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_bytes),     cmocka_unit_test(test_the_width_of_counts),
        cmocka_unit_test(test_moments),   cmocka_unit_test(test_answered),
        cmocka_unit_test(test_keys),      cmocka_unit_test(test_privacy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
