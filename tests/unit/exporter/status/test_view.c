/* What the page shows as values; how each form writes them is in test_page_*.c. */
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
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        history_start(span, NOW, &shown.counts.histories[span]);
    }
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
    domains[1] = (struct group_domain){.active = 3, .established = 3, .peak = 7};
    histogram_observe(&shown.counts.sessions.ended[1].seconds, 30);
    make();
    assert_int_equal(view.domain_count, DOMAINS);
    assert_int_equal(view.active, 8);
    assert_int_equal(view.established, 5);
    assert_int_equal(view.domains[0].recent.queries, 9);
    assert_int_equal(view.domains[0].recent.responses, 8);
    assert_int_equal(view.domains[0].peak, 0);
    assert_int_equal(view.domains[1].peak, 7);
    assert_int_equal(view.domains[1].active, 3);
    assert_int_equal(view.domains[1].established, 3);
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

static void test_windows(void **state)
{
    (void)state;
    make();
    assert_int_equal(view.window_least, 30);
    assert_int_equal(view.window_most, 30);
    shown.options.tunnels[1].active_window = 15;
    make();
    assert_int_equal(view.window_least, 15);
    assert_int_equal(view.window_most, 30);
    assert_int_equal(view.domains[0].window_seconds, 30);
    assert_int_equal(view.domains[1].window_seconds, 15);
    shown.options.tunnels[1].active_window = 45;
    make();
    assert_int_equal(view.window_least, 30);
    assert_int_equal(view.window_most, 45);
}

/* Each span on its own: the newest sample, what was before the start, the most. */
static void test_the_past(void **state)
{
    (void)state;
    static const uint32_t seconds[HISTORY_SPANS] = {15, 360, 2520};
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        history_note(&shown.counts.histories[span], 9 + span, NOW - 2 * seconds[span]);
        history_note(&shown.counts.histories[span], 5 + span, NOW);
    }
    make();
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        const struct view_history *history = &view.histories[span];
        assert_int_equal(history->sample_seconds, seconds[span]);
        assert_int_equal(history->peak, 9 + span);
        assert_int_equal(history->samples[HISTORY_SAMPLES - 1], 5 + span);
        assert_int_equal(history->samples[HISTORY_SAMPLES - 2], HISTORY_NOTHING);
        assert_int_equal(history->samples[HISTORY_SAMPLES - 3], 9 + span);
        assert_int_equal(history->samples[0], HISTORY_NOTHING);
    }
}

/* Without a sample there is no most; HISTORY_NOTHING is none. */
static void test_no_past(void **state)
{
    (void)state;
    make();
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        assert_int_equal(view.histories[span].peak, 0);
    }
}

static void test_the_start(void **state)
{
    (void)state;
    shown.self.start_moment = (uint64_t)(NOW - 100) * 1000 + 999;
    make();
    assert_int_equal(view.time, TODAY);
    assert_int_equal(view.up_seconds, 100);
    assert_int_equal(view.started, TODAY - 100);
    /* A wall clock that was not set yet. */
    assert_int_equal(view_make(&shown, NOW, 100, &view), 0);
    assert_int_equal(view.started, 0);
    assert_int_equal(view_make(&shown, NOW, 99, &view), 0);
    assert_int_equal(view.started, 0);
    assert_int_equal(view_make(&shown, NOW, 101, &view), 0);
    assert_int_equal(view.started, 1);
}

/* Of all groups of a domain, also of those where nobody is active, and of `other`. */
static void test_totals(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GROUPS; i++) {
        entries[i] = (struct group){.domain = (uint8_t)(i % 2),
                                    .other = i >= 4,
                                    .sessions = 1u << i,
                                    .queries = 10u << i,
                                    .repeated = 100u << i,
                                    .responses = 1000u << i,
                                    .bytes_in = 10000u << i,
                                    .bytes_out = 100000u << i};
    }
    make();
    for (unsigned i = 0; i < DOMAINS; i++) {
        const struct view_totals *totals = &view.domains[i].totals;
        const uint64_t sum = i == 0 ? 1 + 4 + 16 : 2 + 8 + 32;
        assert_int_equal(totals->sessions, sum);
        assert_int_equal(totals->queries, 10 * sum);
        assert_int_equal(totals->repeated, 100 * sum);
        assert_int_equal(totals->responses, 1000 * sum);
        assert_int_equal(totals->bytes_in, 10000 * sum);
        assert_int_equal(totals->bytes_out, 100000 * sum);
    }
}

/* What programs find a check by, in the order of the page. */
static void test_keys_of_checks(void **state)
{
    (void)state;
    static const char *const keys[] = {"sniffer",      "packets_lost",      "country_database",
                                       "asn_database", "distinct_sessions", "groups",
                                       "interfaces"};
    shown.options.country_database = "country.mmdb";
    shown.options.asn_database = "asn.mmdb";
    shown.counts.groups.capped = 1;
    shown.interfaces_changed = 1;
    make();
    assert_int_equal(view.check_count, sizeof keys / sizeof *keys);
    for (unsigned i = 0; i < view.check_count; i++) {
        assert_string_equal(view.checks[i].key, keys[i]);
    }
}

static void test_lost_packets(void **state)
{
    (void)state;
    static const struct {
        uint64_t received;
        uint64_t lost;
        const char *text;
    } cases[] = {
        {1, 1, "1 (100 %): counts are too low"},
        {1000, 999, "999 (100 %): counts are too low"},
        {1000, 100, "100 (10 %): counts are too low"},
        {10000, 994, "994 (9.9 %): counts are too low"},
        {1000, 1, "1 (0.1 %): counts are too low"},
        {10000, 9, "9 (0.0900 %): counts are too low"},
        {1000000000, 1, "1 (0.0000 %): counts are too low"},
        {UINT64_MAX, UINT64_MAX, "18446744073709551615 (100 %): counts are too low"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        shown.intake.stats.received = cases[i].received;
        shown.intake.stats.outcomes[WIRE_KERNEL_DROPPED] = cases[i].lost;
        make();
        assert_check("Packets lost", false, cases[i].text);
    }
}

/* Each value of traffic that the page has, set to what no step divides. */
static void set_everything(void)
{
    set_groups();
    for (unsigned i = 0; i < GROUPS; i++) {
        struct group *group = &entries[i];
        group->domain = (uint8_t)(i % DOMAINS);
        group->sessions = group->queries = group->repeated = group->responses = 7 + i;
        group->bytes_in = group->bytes_out = 70000 + i;
        for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
            group->rejected[reason] = 3 + i;
        }
    }
    for (unsigned i = 0; i < DOMAINS; i++) {
        domains[i] = (struct group_domain){
            .active = 13, .established = 11, .peak = 23, .queries = 777, .responses = 555};
        histogram_observe(&shown.counts.sessions.ended[i].seconds, 7);
        histogram_observe(&shown.counts.sessions.ended[i].seconds, 86401);
    }
    shown.options.country_database = "country.mmdb";
    shown.options.asn_database = "asn.mmdb";
    shown.intake.stats.received = 12345;
    shown.intake.stats.outcomes[WIRE_KERNEL_DROPPED] = 67;
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        history_note(&shown.counts.histories[span], 13 + span, NOW);
    }
}

static void assert_multiple(uint64_t value, uint64_t step)
{
    assert_true(value > 0);
    assert_int_equal(value % step, 0);
}

static void assert_rounded_ranking(const struct ranking *ranking)
{
    assert_true(ranking->count > 1);
    for (unsigned i = 0; i < ranking->count; i++) {
        assert_multiple(ranking->rows[i].active, 10);
    }
}

static void assert_rounded_domain(const struct view_domain *domain)
{
    const uint64_t sessions[] = {domain->active, domain->established, domain->peak, domain->ended,
                                 domain->totals.sessions};
    const uint64_t packets[] = {domain->totals.queries, domain->totals.repeated,
                                domain->totals.responses, domain->recent.queries,
                                domain->recent.responses};
    for (unsigned i = 0; i < sizeof sessions / sizeof *sessions; i++) {
        assert_multiple(sessions[i], 10);
    }
    for (unsigned i = 0; i < sizeof packets / sizeof *packets; i++) {
        assert_multiple(packets[i], 1000);
    }
    assert_multiple(domain->totals.bytes_in, 655360);
    assert_multiple(domain->totals.bytes_out, 655360);
}

static void test_all_is_rounded(void **state)
{
    (void)state;
    set_everything();
    shown.options.privacy_round = 10;
    make();
    assert_int_equal(view.active, 30);
    assert_int_equal(view.established, 30);
    assert_int_equal(view.other, 20);
    for (unsigned i = 0; i < DOMAINS; i++) {
        assert_rounded_domain(&view.domains[i]);
    }
    for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
        assert_multiple(view.rejected[reason], 1000);
    }
    assert_rounded_ranking(&view.countries);
    assert_rounded_ranking(&view.networks);
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        assert_int_equal(view.histories[span].samples[HISTORY_SAMPLES - 1], 20);
        assert_int_equal(view.histories[span].samples[0], HISTORY_NOTHING);
        assert_int_equal(view.histories[span].peak, 20);
    }
    /* Ten sessions of up to 10 s, and as many of more than a day. */
    assert_int_equal(view.domains[0].ended, 20);
    assert_int_equal(view.domains[0].median_seconds, 10);
    assert_check("Packets lost", false, "1000 (7.7 %): counts are too low");
}

/* Where only one session in a bucket would say how long it was. */
static void test_the_median_is_of_rounded_buckets(void **state)
{
    (void)state;
    struct histogram *seconds = &shown.counts.sessions.ended[0].seconds;
    histogram_observe(seconds, 7);
    for (unsigned i = 0; i < 9; i++) {
        histogram_observe(seconds, 50);
    }
    make();
    assert_int_equal(view.domains[0].median_seconds, 43);
    shown.options.privacy_round = 10;
    make();
    assert_int_equal(view.domains[0].ended, 20);
    assert_int_equal(view.domains[0].median_seconds, 10);
}

/* Closed ones, and open ones that are below, are in no ranking; `other` has each session once. */
static void test_places_with_few_sessions(void **state)
{
    (void)state;
    set_groups();
    shown.options.country_database = "country.mmdb";
    shown.options.asn_database = "asn.mmdb";
    shown.counts.groups.min_clients = 4;
    entries[2].closed = true; /* FR with 5: not open yet; its sessions are in that of an `other` */
    make();
    assert_int_equal(view.countries.count, 1);
    assert_int_equal(view.countries.rows[0].key, DE);
    assert_int_equal(view.countries.rows[0].active, 4);
    assert_int_equal(view.networks.count, 1);
    assert_int_equal(view.networks.rows[0].key, 1);
    assert_int_equal(view.other, 6 + 7 + 3);
    assert_int_equal(view.rejected[0], 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sums_of_the_domains, start),
        cmocka_unit_test_setup(test_rankings, start),
        cmocka_unit_test_setup(test_checks, start),
        cmocka_unit_test_setup(test_keys_of_checks, start),
        cmocka_unit_test_setup(test_lost_packets, start),
        cmocka_unit_test_setup(test_windows, start),
        cmocka_unit_test_setup(test_the_past, start),
        cmocka_unit_test_setup(test_no_past, start),
        cmocka_unit_test_setup(test_the_start, start),
        cmocka_unit_test_setup(test_totals, start),
        cmocka_unit_test_setup(test_all_is_rounded, start),
        cmocka_unit_test_setup(test_the_median_is_of_rounded_buckets, start),
        cmocka_unit_test_setup(test_places_with_few_sessions, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
