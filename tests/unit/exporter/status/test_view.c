/* What the page shows as values; how they look is in test_status.c. */
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/history.h"
#include "exporter/counts/recent.h"
#include "exporter/state/state.h"
#include "exporter/status/ranking.h"
#include "exporter/status/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define DE GEO_COUNTRY('D', 'E')
#define FR GEO_COUNTRY('F', 'R')

enum {
    NOW = 15000,
    TODAY = 1700000000,
    GROUPS = 6,
    DOMAINS = 2,
};

static struct state shown;
static struct group entries[GROUPS];
static struct group_domain domains[DOMAINS];
static struct view view;

static int start(void **state)
{
    (void)state;
    memset(&shown, 0, sizeof shown);
    memset(entries, 0, sizeof entries);
    memset(domains, 0, sizeof domains);
    shown.counts.groups = (struct groups){
        .entries = entries, .group_count = GROUPS, .domains = domains, .domain_count = DOMAINS};
    shown.options.domain_count = DOMAINS;
    shown.options.active_window = 30;
    shown.sniffer_up = 1;
    for (unsigned i = 0; i < DOMAINS; i++) {
        shown.counts.sessions.ended[i].seconds.bounds = histogram_seconds;
    }
    recent_start(NOW, &shown.counts.recent);
    history_start(HISTORY_HOUR, NOW, &shown.counts.histories[HISTORY_HOUR]);
    return 0;
}

static void make(void)
{
    assert_int_equal(view_make(&shown, NOW, TODAY, &view), 0);
}

static void test_sums_of_the_domains(void **state)
{
    (void)state;
    domains[0] = (struct group_domain){.active = 5, .established = 2, .queries = 9, .responses = 8};
    domains[1] = (struct group_domain){.active = 3, .established = 3};
    histogram_observe(&shown.counts.sessions.ended[1].seconds, 30);
    make();
    assert_int_equal(view.domain_count, DOMAINS);
    assert_int_equal(view.active, 8);
    assert_int_equal(view.established, 5);
    assert_int_equal(view.domains[0].recent.queries, 9);
    assert_int_equal(view.domains[0].recent.responses, 8);
    assert_int_equal(view.domains[0].ended, 0);
    assert_int_equal(view.domains[1].ended, 1);
    assert_int_equal(view.domains[1].median_seconds, 20);
}

static void set_group(unsigned i, uint16_t country, uint32_t asn, uint32_t active, bool other)
{
    entries[i] =
        (struct group){.geo = {.country = country, .asn = asn}, .active = active, .other = other};
    entries[i].rejected[0] = i;
}

static void set_groups(void)
{
    set_group(0, DE, 1, 4, false);
    set_group(1, DE, 2, 3, false);
    set_group(2, FR, 2, 5, false);
    set_group(3, FR, 3, 0, false);
    set_group(4, GEO_UNKNOWN.country, 0, 6, true);
    set_group(5, GEO_UNKNOWN.country, 0, 7, true);
}

static void test_rankings(void **state)
{
    (void)state;
    set_groups();
    shown.options.country_database = "country.mmdb";
    make();
    assert_int_equal(view.countries.count, 2);
    assert_int_equal(view.countries.rows[0].key, DE);
    assert_int_equal(view.countries.rows[0].active, 7);
    assert_int_equal(view.networks.count, 0);
    assert_int_equal(view.other, 13);
    assert_int_equal(view.rejected[0], 15);
    assert_int_equal(view.rejected[1], 0);

    shown.options.asn_database = "asn.mmdb";
    shown.options.country_database = NULL;
    make();
    assert_int_equal(view.countries.count, 0);
    assert_int_equal(view.networks.count, 2);
    assert_int_equal(view.networks.rows[0].key, 2);
    assert_int_equal(view.networks.rows[0].active, 8);
}

static const struct view_check *find_check(const char *name)
{
    for (unsigned i = 0; i < view.check_count; i++) {
        if (strcmp(view.checks[i].name, name) == 0) {
            return &view.checks[i];
        }
    }
    return NULL;
}

static void assert_check(const char *name, bool good, const char *text)
{
    const struct view_check *check = find_check(name);
    assert_non_null(check);
    assert_int_equal(check->good, good);
    assert_string_equal(check->text, text);
}

/* All at once: there is room for each. */
static void test_checks(void **state)
{
    (void)state;
    make();
    assert_check("Sniffer", true, "reports");
    assert_check("Packets lost", true, "none");
    assert_check("Count of distinct sessions", true, "exact");
    assert_int_equal(view.check_count, 3);

    shown.options.country_database = "country.mmdb";
    shown.options.asn_database = "asn.mmdb";
    shown.databases[0].file.successful = 1;
    shown.sniffer_up = 0;
    shown.intake.stats.received = 2000;
    shown.intake.stats.outcomes[WIRE_KERNEL_DROPPED] = 25;
    shown.counts.sessions.refused = 1;
    shown.counts.groups.capped = 1;
    shown.interfaces_changed = 1;
    make();
    assert_check("Sniffer", false, "silent");
    assert_check("Packets lost", false, "25 (1.2 %): counts are too low");
    assert_check("Country database", false, "built 19675 days ago");
    assert_check("ASN database", false, "built 19675 days ago; its replacement cannot be used");
    assert_false(find_check("Count of distinct sessions")->good);
    assert_false(find_check("Countries and networks")->good);
    assert_false(find_check("Interfaces")->good);
    assert_int_equal(view.check_count, 7);
}

static void test_windows_and_hour(void **state)
{
    (void)state;
    history_note(&shown.counts.histories[HISTORY_HOUR], 9, NOW);
    make();
    assert_int_equal(view.window_least, 30);
    assert_int_equal(view.window_most, 30);
    assert_int_equal(view.hour_peak, 9);
    assert_int_equal(view.hour[HISTORY_SAMPLES - 1], 9);
    assert_int_equal(view.hour[0], HISTORY_NOTHING);
    shown.options.tunnels[1].active_window = 15;
    make();
    assert_int_equal(view.window_least, 15);
    assert_int_equal(view.window_most, 30);
}

static void assert_word(const char *found, const char *expected)
{
    assert_string_equal(found, expected);
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        uint64_t seconds;
        const char *text;
    } durations[] = {
        {0, "0 s"},        {1, "1 s"},    {119, "119 s"},          {120, "2 min"},
        {7199, "119 min"}, {7200, "2 h"}, {48 * 3600 - 1, "47 h"}, {48 * 3600, "2 days"},
    };
    char word[VIEW_WORD_BYTES];
    for (unsigned i = 0; i < sizeof durations / sizeof *durations; i++) {
        view_duration(durations[i].seconds, word);
        assert_word(word, durations[i].text);
    }
    view_answered(&(struct recent_totals){0, 4}, word);
    assert_word(word, "no queries");
    view_answered(&(struct recent_totals){3, 2}, word);
    assert_word(word, "67 %");
    view_answered(&(struct recent_totals){UINT64_MAX, 0}, word);
    assert_word(word, "0 %");
    view_key(RANKING_COUNTRIES, DE, word);
    assert_word(word, "DE");
    view_key(RANKING_COUNTRIES, GEO_UNKNOWN.country, word);
    assert_word(word, "unknown");
    view_key(RANKING_ASNS, UINT32_MAX, word);
    assert_word(word, "AS4294967295");
    view_key(RANKING_ASNS, 0, word);
    assert_word(word, "unknown");
    view_key(RANKING_ASNS, GEO_UNKNOWN.country, word);
    assert_word(word, "AS23130");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sums_of_the_domains, start),
        cmocka_unit_test_setup(test_rankings, start),
        cmocka_unit_test_setup(test_checks, start),
        cmocka_unit_test_setup(test_windows_and_hour, start),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
