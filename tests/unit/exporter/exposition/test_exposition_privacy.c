/* The metrics with -privacy.min-clients and -privacy.round, from records to the page. */
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/repeats.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/table.h"
#include "exporter/exposition/exposition.h"
#include "exporter/exposition/format.h"
#include "exporter/exposition/metrics.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/state/state.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = 1000, PAGE_MAX = 256 * 1024 };

static struct state shown;
static uint32_t now;
static char page[PAGE_MAX];
static const struct geo germany = {.country = GEO_COUNTRY('D', 'E'), .asn = 64496};
static const struct geo france = {.country = GEO_COUNTRY('F', 'R'), .asn = 64497};

const struct organizations *geoip_organizations(const struct geoip *geoip)
{
    assert_null(geoip);
    static const struct organizations none;
    return &none;
}

struct geoip_values geoip_values(const struct geoip *geoip, enum geoip_which which)
{
    assert_null(geoip);
    return (struct geoip_values){.build_time = 1700000001 + which, .lookups = 61, .unmatched = 7};
}

/* With databases, whose paths matter nowhere else. */
static int start(void **state)
{
    (void)state;
    memset(&shown, 0, sizeof shown);
    now = NOW;
    shown.options = (struct options){.domains = {{.text = "t.example.com"}},
                                     .domain_count = 1,
                                     .groups_max = 100,
                                     .sessions_max = 1000,
                                     .sessions_remember = 10000,
                                     .sessions_min_queries = 1,
                                     .active_window = 30,
                                     .country_database = "country.mmdb",
                                     .asn_database = "asn.mmdb"};
    return 0;
}

static void begin(void)
{
    assert_int_equal(counts_create(&shown.options, now, &shown.counts), 0);
}

static int end(void **state)
{
    (void)state;
    struct counts *counts = &shown.counts;
    table_unmap(counts->sessions.slots, counts->sessions.slot_count, sizeof(struct session_entry));
    groups_destroy(&counts->groups);
    distinct_destroy(&counts->distinct);
    repeats_destroy(&counts->repeats);
    return 0;
}

static void take(struct geo place, struct wire_record record)
{
    record.bytes = 100;
    (void)counts_take(&shown.counts, &record, place, now, shown.counts.groups.min_clients != 0);
}

static void query(struct geo place, uint64_t number)
{
    take(place, (struct wire_record){
                    .token = random_token(number), .outcome = WIRE_QUERY, .strength = WIRE_WEAK});
}

static void queries(struct geo place, uint64_t first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        query(place, first + i);
    }
}

static void next_second(void)
{
    now++;
    sessions_sweep(&shown.counts.sessions, now);
}

static void read_page(enum exposition_format format)
{
    const struct exposition_wish wish = {.format = format};
    struct exposition *exposition = NULL;
    size_t length = 0;
    size_t got = 0;
    assert_int_equal(exposition_begin(&shown, &wish, &exposition), 0);
    while ((got = exposition_read(exposition, page + length, 8192)) > 0) {
        length += got;
        assert_true(length + 8192 < sizeof page);
    }
    page[length] = '\0';
    exposition_end(exposition);
}

/* The lines that begin so, in the order of the page. */
static void assert_lines(const char *prefix, const char *expected)
{
    static char found[PAGE_MAX];
    char *to = found;
    for (const char *line = page; *line != '\0';) {
        const size_t length = strcspn(line, "\n") + 1;
        if (strncmp(line, prefix, strlen(prefix)) == 0) {
            memcpy(to, line, length);
            to += length;
        }
        line += length;
    }
    *to = '\0';
    assert_string_equal(found, expected);
}

static void assert_hides(const char *text)
{
    assert_null(strstr(page, text));
}

#define DOMAIN  "{domain=\"t.example.com\""
#define UNKNOWN DOMAIN ",country=\"ZZ\",asn=\"0\"} "
#define OTHER   DOMAIN ",country=\"other\",asn=\"other\"} "
#define GERMANY DOMAIN ",country=\"DE\",asn=\"64496\"} "

/* Both are there from the start, with 0. */
static void test_the_start(void **state)
{
    (void)state;
    shown.options.privacy_min_clients = 3;
    begin();
    static const char *const names[] = {
        "dnstt_active_clients",         "dnstt_established_clients", "dnstt_peak_clients",
        "dnstt_queries_total",          "dnstt_sessions_total",      "dnstt_bytes_in_total",
        "dnstt_repeated_queries_total", "dnstt_responses_total",     "dnstt_bytes_out_total"};
    for (int format = EXPOSITION_TEXT; format <= EXPOSITION_OPENMETRICS; format++) {
        read_page((enum exposition_format)format);
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
            char prefix[64];
            char expected[256];
            (void)snprintf(prefix, sizeof prefix, "%s{", names[i]);
            (void)snprintf(expected, sizeof expected, "%s" UNKNOWN "0\n%s" OTHER "0\n", names[i],
                           names[i]);
            assert_lines(prefix, expected);
        }
    }
}

static void test_open_and_closed(void **state)
{
    (void)state;
    shown.options.privacy_min_clients = 3;
    begin();
    queries(germany, 0, 2);
    queries(france, 10, 2);
    take(france, (struct wire_record){.outcome = WIRE_RESPONSE});
    take(france, (struct wire_record){.outcome = WIRE_REJECTED_EDNS});
    next_second();
    for (int format = EXPOSITION_TEXT; format <= EXPOSITION_OPENMETRICS; format++) {
        read_page((enum exposition_format)format);
        assert_hides("64496");
        assert_hides("64497");
        assert_hides("\"FR\"");
        assert_lines("dnstt_active_clients{",
                     "dnstt_active_clients" UNKNOWN "0\ndnstt_active_clients" OTHER "4\n");
        assert_lines("dnstt_rejected_queries_total{",
                     "dnstt_rejected_queries_total" DOMAIN
                     ",country=\"other\",asn=\"other\",reason=\"edns\"} 1\n");
    }
    queries(germany, 5, 1);
    next_second();
    queries(germany, 0, 2);
    for (int format = EXPOSITION_TEXT; format <= EXPOSITION_OPENMETRICS; format++) {
        read_page((enum exposition_format)format);
        assert_lines("dnstt_active_clients{",
                     "dnstt_active_clients" UNKNOWN "0\ndnstt_active_clients" OTHER
                     "2\ndnstt_active_clients" GERMANY "3\n");
        assert_lines("dnstt_peak_clients{",
                     "dnstt_peak_clients" UNKNOWN "0\ndnstt_peak_clients" OTHER
                     "5\ndnstt_peak_clients" GERMANY "3\n");
        assert_lines("dnstt_queries_total{",
                     "dnstt_queries_total" UNKNOWN "0\ndnstt_queries_total" OTHER
                     "5\ndnstt_queries_total" GERMANY "2\n");
        assert_lines("dnstt_sessions_total{",
                     "dnstt_sessions_total" UNKNOWN "0\ndnstt_sessions_total" OTHER
                     "5\ndnstt_sessions_total" GERMANY "0\n");
        assert_lines("dnstt_domain_queries_total{", "dnstt_domain_queries_total" DOMAIN "} 7\n");
        assert_lines("dnstt_domain_active_clients{", "dnstt_domain_active_clients" DOMAIN "} 5\n");
        assert_hides("64497");
    }
    now += 31;
    sessions_sweep(&shown.counts.sessions, now);
    read_page(EXPOSITION_TEXT);
    assert_lines("dnstt_active_clients{",
                 "dnstt_active_clients" UNKNOWN "0\ndnstt_active_clients" OTHER
                 "0\ndnstt_active_clients" GERMANY "0\n");
    assert_lines("dnstt_queries_total{",
                 "dnstt_queries_total" UNKNOWN "0\ndnstt_queries_total" OTHER
                 "5\ndnstt_queries_total" GERMANY "2\n");
    assert_hides("64497");
}

/* One database alone: places differ by that. */
static void test_one_label(void **state)
{
    (void)state;
    shown.options.privacy_min_clients = 2;
    shown.options.asn_database = NULL;
    begin();
    queries((struct geo){.country = germany.country}, 0, 2);
    query((struct geo){.country = france.country}, 5);
    next_second();
    read_page(EXPOSITION_TEXT);
    assert_lines("dnstt_active_clients{", "dnstt_active_clients" DOMAIN ",country=\"ZZ\"} 0\n"
                                          "dnstt_active_clients" DOMAIN ",country=\"other\"} 1\n"
                                          "dnstt_active_clients" DOMAIN ",country=\"DE\"} 2\n");
    (void)end(NULL);
    (void)start(NULL);
    shown.options.privacy_min_clients = 2;
    shown.options.country_database = NULL;
    begin();
    queries((struct geo){.country = GEO_UNKNOWN.country, .asn = 64496}, 0, 2);
    next_second();
    read_page(EXPOSITION_TEXT);
    assert_lines("dnstt_active_clients{", "dnstt_active_clients" DOMAIN ",asn=\"0\"} 0\n"
                                          "dnstt_active_clients" DOMAIN ",asn=\"other\"} 0\n"
                                          "dnstt_active_clients" DOMAIN ",asn=\"64496\"} 2\n");
}

/* There are no places: one series, as without the flag, and not a word of it. */
static void test_without_a_database(void **state)
{
    (void)state;
    shown.options.privacy_min_clients = 100;
    shown.options.country_database = NULL;
    shown.options.asn_database = NULL;
    begin();
    query(GEO_UNKNOWN, 1);
    next_second();
    for (int format = EXPOSITION_TEXT; format <= EXPOSITION_OPENMETRICS; format++) {
        read_page((enum exposition_format)format);
        assert_lines("dnstt_active_clients{", "dnstt_active_clients" DOMAIN "} 1\n");
        assert_lines("dnstt_queries_total{", "dnstt_queries_total" DOMAIN "} 1\n");
        assert_hides("fewer than");
    }
}

/* --- Rounded. */

static void count_something(void)
{
    queries(germany, 0, 3);
    query(germany, 0); /* repeated */
    take(germany, (struct wire_record){.outcome = WIRE_RESPONSE});
    take(germany, (struct wire_record){.outcome = WIRE_REJECTED_EDNS});
    histogram_observe(&shown.counts.sessions.ended[0].seconds, 7);
    histogram_observe(&shown.counts.sessions.ended[0].seconds, 20);
    shown.counts.sessions.evicted = 1;
    shown.counts.sessions.refused = 2;
    shown.counts.distinct.forgotten = 3;
    shown.counts.groups.capped = 4;
    shown.intake.stats.received = 12345;
    shown.intake.stats.outcomes[WIRE_QUERY] = 1234;
    shown.intake.stats.outcomes[WIRE_IGNORED_FRAGMENT] = 1;
    shown.intake.stats.interface_down = 3;
    shown.http.replies[0] = 7;
}

static void test_rounded(void **state)
{
    (void)state;
    shown.options.privacy_round = 10;
    begin();
    count_something();
    static const char *const lines[] = {
        "dnstt_active_clients" GERMANY "10\n",
        "dnstt_domain_active_clients" DOMAIN "} 10\n",
        "dnstt_peak_clients" GERMANY "10\n",
        "dnstt_domain_peak_clients" DOMAIN "} 10\n",
        "dnstt_sessions_total" GERMANY "10\n",
        "dnstt_domain_sessions_total" DOMAIN "} 10\n",
        "dnstt_queries_total" GERMANY "1000\n",
        "dnstt_domain_queries_total" DOMAIN "} 1000\n",
        "dnstt_repeated_queries_total" GERMANY "1000\n",
        "dnstt_responses_total" GERMANY "1000\n",
        "dnstt_domain_responses_total" DOMAIN "} 1000\n",
        "dnstt_bytes_in_total" GERMANY "655360\n",
        "dnstt_domain_bytes_in_total" DOMAIN "} 655360\n",
        "dnstt_bytes_out_total" GERMANY "655360\n",
        "dnstt_domain_bytes_out_total" DOMAIN "} 655360\n",
        "dnstt_rejected_queries_total" DOMAIN
        ",country=\"DE\",asn=\"64496\",reason=\"edns\"} 1000\n",
        "dnstt_session_duration_seconds_bucket" DOMAIN ",le=\"10.0\"} 10\n",
        "dnstt_session_duration_seconds_bucket" DOMAIN ",le=\"30.0\"} 20\n",
        "dnstt_session_duration_seconds_bucket" DOMAIN ",le=\"+Inf\"} 20\n",
        "dnstt_session_duration_seconds_sum" DOMAIN "} 100\n", /* 10 times 0, 10 times 10 */
        "dnstt_session_duration_seconds_count" DOMAIN "} 20\n",
        "dnstt_exporter_packets_received_total 13000\n",
        "dnstt_exporter_packets_total{outcome=\"query\"} 2000\n",
        "dnstt_exporter_packets_total{outcome=\"ignored\"} 1000\n",
        "dnstt_exporter_packets_ignored_total{reason=\"fragment\"} 1000\n",
        "dnstt_exporter_sessions_evicted_total 1000\n",
        "dnstt_exporter_sessions_refused_total 1000\n",
        "dnstt_exporter_sessions_forgotten_total 1000\n",
        "dnstt_exporter_series_capped_total 1000\n",
        "dnstt_exporter_geoip_lookups_total{database=\"asn\"} 1000\n",
        "dnstt_exporter_geoip_lookups_unmatched_total{database=\"asn\"} 1000\n",
        /* Not of the traffic. */
        "dnstt_exporter_interface_down_total 3\n",
    };
    read_page(EXPOSITION_TEXT);
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_lines(lines[i], lines[i]);
    }
}

/* No line of the metrics that count traffic is left out, so none that comes later can be. */
static void test_every_metric_of_traffic(void **state)
{
    (void)state;
    static const char *const exact[] = {"dnstt_tunnel_info",
                                        "dnstt_asn_info",
                                        "dnstt_exporter_interface",
                                        "dnstt_exporter_hint",
                                        "dnstt_exporter_sniffer",
                                        "dnstt_exporter_http",
                                        "dnstt_exporter_web_config",
                                        "dnstt_exporter_build_info",
                                        "dnstt_exporter_geoip_build",
                                        "dnstt_exporter_geoip_last",
                                        "process_"};
    for (size_t i = 0; i < metric_count; i++) {
        const struct metric *metric = &metric_table[i];
        bool of_traffic = true;
        for (unsigned k = 0; k < sizeof exact / sizeof *exact; k++) {
            of_traffic &= strncmp(metric->name, exact[k], strlen(exact[k])) != 0;
        }
        print_message("%s\n", metric->name);
        assert_int_equal(metric->rounding != ROUNDING_NONE, of_traffic);
    }
    begin();
}

/* What HELP of a metric ends in, in either format. */
static void assert_help(const char *name, const char *end_of_it)
{
    char prefix[96];
    (void)snprintf(prefix, sizeof prefix, "# HELP %s ", name);
    const char *line = strstr(page, prefix);
    assert_non_null(line);
    const size_t length = strcspn(line, "\n");
    assert_true(length > strlen(end_of_it));
    const char *end = line + length - strlen(end_of_it);
    if (strncmp(end, end_of_it, strlen(end_of_it)) != 0) {
        fail_msg("expected at its end: %s\nfound: %.*s", end_of_it, (int)length, line);
    }
}

static void test_help(void **state)
{
    (void)state;
    shown.options.privacy_min_clients = 5;
    shown.options.privacy_round = 10;
    begin();
    read_page(EXPOSITION_TEXT);
    assert_help("dnstt_active_clients",
                ". A country or ASN with fewer than 5 active sessions counts in other. Rounded up "
                "to multiples of 10: sums hold only within that.");
    assert_help("dnstt_rejected_queries_total",
                ". A country or ASN with fewer than 5 active sessions counts in other. Rounded up "
                "to multiples of 1000: sums hold only within that.");
    assert_help("dnstt_domain_active_clients",
                "of all its groups. Rounded up to multiples of 10: sums hold only within that.");
    assert_help("dnstt_bytes_in_total",
                " Rounded up to multiples of 655360: sums hold only within that.");
    assert_help("dnstt_session_duration_seconds",
                "observed when it ends. _sum is that of the buckets' lower bounds, each bucket is "
                "rounded up to multiples of 10: sums hold only within that.");
    assert_help("dnstt_exporter_sniffer_up", "the other values then do not change.");
    read_page(EXPOSITION_OPENMETRICS);
    assert_help("dnstt_queries",
                ". A country or ASN with fewer than 5 active sessions counts in other. Rounded up "
                "to multiples of 1000: sums hold only within that.");
    (void)end(NULL);
    shown.options.privacy_round = 0;
    begin();
    read_page(EXPOSITION_TEXT);
    assert_help("dnstt_active_clients",
                ". A country or ASN with fewer than 5 active sessions counts in other.");
    assert_hides("multiples of");
}

/* With 1, what is of sessions is exact, and HELP does not say otherwise. */
static void test_round_by_one(void **state)
{
    (void)state;
    shown.options.privacy_round = 1;
    begin();
    count_something();
    read_page(EXPOSITION_TEXT);
    assert_lines("dnstt_active_clients" GERMANY, "dnstt_active_clients" GERMANY "3\n");
    assert_lines("dnstt_queries_total" GERMANY, "dnstt_queries_total" GERMANY "100\n");
    assert_help("dnstt_domain_active_clients", "dnstt_active_clients of all its groups.");
    assert_lines("dnstt_session_duration_seconds_sum",
                 "dnstt_session_duration_seconds_sum" DOMAIN "} 27\n");
}

/* What would be a line for each of a hidden group's, in the sum of `other` and the rounding. */
static void test_both(void **state)
{
    (void)state;
    shown.options.privacy_min_clients = 3;
    shown.options.privacy_round = 10;
    begin();
    queries(germany, 0, 11);
    queries(france, 20, 2);
    next_second();
    read_page(EXPOSITION_TEXT);
    assert_lines("dnstt_active_clients{",
                 "dnstt_active_clients" UNKNOWN "0\ndnstt_active_clients" OTHER
                 "10\ndnstt_active_clients" GERMANY "20\n");
    assert_lines("dnstt_domain_active_clients{", "dnstt_domain_active_clients" DOMAIN "} 20\n");
    assert_lines("dnstt_sessions_total{",
                 "dnstt_sessions_total" UNKNOWN "0\ndnstt_sessions_total" OTHER
                 "20\ndnstt_sessions_total" GERMANY "0\n");
    assert_hides("64497");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_start, start, end),
        cmocka_unit_test_setup_teardown(test_open_and_closed, start, end),
        cmocka_unit_test_setup_teardown(test_one_label, start, end),
        cmocka_unit_test_setup_teardown(test_without_a_database, start, end),
        cmocka_unit_test_setup_teardown(test_rounded, start, end),
        cmocka_unit_test_setup_teardown(test_every_metric_of_traffic, start, end),
        cmocka_unit_test_setup_teardown(test_help, start, end),
        cmocka_unit_test_setup_teardown(test_round_by_one, start, end),
        cmocka_unit_test_setup_teardown(test_both, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
