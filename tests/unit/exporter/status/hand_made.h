/*
 * A view made by hand, for the tests of what writes one: two tunnels, names of networks, a past
 * with a gap, something wrong; and one with all that has a limit at its limit. The databases are
 * ours: include this where exporter/geoip/geoip.c is not linked. Include after cmocka.
 */
#ifndef TESTS_UNIT_EXPORTER_STATUS_HAND_MADE_H
#define TESTS_UNIT_EXPORTER_STATUS_HAND_MADE_H

#include "common/domain.h"
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/history.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/state/state.h"
#include "exporter/status/ranking.h"
#include "exporter/status/status.h"
#include "exporter/status/view.h"
#include "exporter/text/foreign_text.h"
#include "exporter/text/writer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DE GEO_COUNTRY('D', 'E')
#define FR GEO_COUNTRY('F', 'R')

enum {
    STARTED = 1700000000, /* 2023-11-14 22:13:20 UTC */
    UP = 3 * 3600 + 5,
    NAMES_MAX = 64,
};

static struct state state_shown;
static struct view view;
static struct organizations organizations;
static char page[STATUS_BYTES];

const struct organizations *geoip_organizations(const struct geoip *geoip)
{
    (void)geoip;
    return &organizations;
}

/* Cleans the name, as where a database is read. */
static inline void name_network(uint32_t asn, const char *name, size_t length)
{
    struct foreign_text *entry = organizations_due(&organizations, asn);
    assert_non_null(entry);
    foreign_text_clean(name, length, entry);
}

static inline void rank(struct ranking *ranking, uint32_t key, uint32_t active)
{
    assert_true(ranking->count < RANKING_ROWS);
    ranking->rows[ranking->count++] = (struct ranking_row){key, active};
}

static inline void check_of(const char *key, const char *name, bool good, const char *text)
{
    struct view_check *check = &view.checks[view.check_count++];
    *check = (struct view_check){.key = key, .name = name, .good = good};
    assert_true(strlen(text) < sizeof check->text);
    memcpy(check->text, text, strlen(text) + 1);
}

/* All of it not known. */
static inline void forget_history(enum history_span span)
{
    static const uint32_t seconds[HISTORY_SPANS] = {15, 360, 2520};
    struct view_history *history = &view.histories[span];
    *history = (struct view_history){.sample_seconds = seconds[span]};
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        history->samples[i] = HISTORY_NOTHING;
    }
}

/* Keeps the peak. */
static inline void note_sample(enum history_span span, unsigned sample, uint32_t active)
{
    struct view_history *history = &view.histories[span];
    history->samples[sample] = active;
    history->peak = active > history->peak ? active : history->peak;
}

/* Without names of networks, checks, ranks, and anything that ever happened. */
static inline void make_empty_view(void)
{
    memset(&state_shown, 0, sizeof state_shown);
    memset(&view, 0, sizeof view);
    organizations_destroy(&organizations);
    assert_int_equal(organizations_create(NAMES_MAX, &organizations), 0);
    state_shown.options.telemetry_path = "/metrics";
    state_shown.options.ports[0] = 53;
    state_shown.options.port_count = 1;
    view.state = &state_shown;
    view.started = STARTED;
    view.up_seconds = UP;
    view.time = STARTED + UP;
    view.window_least = 30;
    view.window_most = 30;
    view.domain_count = 1;
    view.domains[0] =
        (struct view_domain){.name = "t.example.com", .format = "dnstt", .window_seconds = 30};
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        forget_history(span);
    }
}

static inline void make_past(void)
{
    for (unsigned i = 0; i < 80; i++) { /* the last 20 minutes, but for one of them */
        if (i < 40 || i >= 44) {
            note_sample(HISTORY_HOUR, HISTORY_SAMPLES - 80 + i, i < 60 ? i : 0);
        }
    }
    for (unsigned i = 0; i < 30; i++) { /* three hours */
        note_sample(HISTORY_DAY, HISTORY_SAMPLES - 30 + i, 10 * i);
    }
    note_sample(HISTORY_WEEK, HISTORY_SAMPLES - 1, 290);
}

static inline void make_domains(void)
{
    view.domain_count = 2;
    view.domains[0].active = 42;
    view.domains[0].established = 30;
    view.domains[0].peak = 60;
    view.domains[0].totals = (struct view_totals){.sessions = 700,
                                                  .queries = 1234567,
                                                  .repeated = 99999,
                                                  .responses = 1200000,
                                                  .bytes_in = 150 * 1024 * 1024,
                                                  .bytes_out = 1023};
    view.domains[0].recent = (struct recent_totals){.queries = 200, .responses = 197};
    view.domains[0].ended = 658;
    view.domains[0].median_seconds = 754;
    view.domains[1] =
        (struct view_domain){.name = "a-rather-long-name.v.example.com",
                             .format = "vaydns",
                             .window_seconds = 10,
                             .active = 1,
                             .peak = 1,
                             .totals = {.sessions = 1, .queries = 3, .bytes_in = 400}};
    view.window_least = 10;
    view.active = 43;
    view.established = 30;
}

static inline void make_places(void)
{
    static const char hostile[] = "</bdi><script>\033[31m\r\n\0\"\\ \xff\xe2\x80\xae";
    state_shown.options.country_database = "country.mmdb";
    state_shown.options.asn_database = "asn.mmdb";
    name_network(64496, "Example Networks, Ltd.", strlen("Example Networks, Ltd."));
    name_network(64497, hostile, sizeof hostile);
    name_network(4294967295, "\xe6\x97\xa5\xe6\x9c\xac\xe3\x83\x8d\xe3\x83\x83\xe3\x83\x88", 15);
    name_network(65536, "", 0);
    rank(&view.countries, DE, 20);
    rank(&view.countries, FR, 10);
    rank(&view.countries, GEO_UNKNOWN.country, 1);
    view.countries.rest = 2;
    rank(&view.networks, 64496, 16);
    rank(&view.networks, 64497, 8);
    rank(&view.networks, 4294967295, 4);
    rank(&view.networks, 65536, 3);
    rank(&view.networks, 65537, 1);
    rank(&view.networks, GEO_UNKNOWN.asn, 1);
    view.other = 10;
}

static inline void make_view(void)
{
    make_empty_view();
    make_domains();
    make_past();
    make_places();
    check_of("sniffer", "Sniffer", true, "reports");
    check_of("packets_lost", "Packets lost", true, "none");
    check_of("asn_database", "ASN database", false,
             "built 60 days ago; its replacement cannot be used");
    check_of("interfaces", "Interfaces", false,
             "changed since the start: packets may count twice or not at all until a restart");
    view.rejected[WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST] = 40;
    view.rejected[WIRE_REJECTED_FRAMING - WIRE_REJECTED_FIRST] = 123456;
}

/* Names with the most that each form makes of them. */
static inline void make_longest_names(void)
{
    static const char *const names[] = {"<", "&", "\xf0\x9f\x98\x80", "\xe6\x97\xa5", "\"", "x"};
    for (unsigned i = 0; i < RANKING_ROWS; i++) {
        char name[FOREIGN_TEXT_MAX + 1] = "";
        const char *part = names[i % (sizeof names / sizeof *names)];
        while (strlen(name) + strlen(part) <= FOREIGN_TEXT_MAX) {
            strcat(name, part);
        }
        name_network(UINT32_MAX - i, name, strlen(name));
        rank(&view.networks, UINT32_MAX - i, UINT32_MAX - i);
        rank(&view.countries, DE + i, UINT32_MAX - i);
    }
    view.countries.rest = UINT64_MAX;
    view.networks.rest = UINT64_MAX;
    view.other = UINT64_MAX;
}

/* Values that take the most characters; in the graphs each other sample is missing. */
static inline void make_longest_view(void)
{
    static char name[DOMAIN_WIRE_MAX];
    static char path[128 + 1] = "/";
    make_empty_view();
    memset(name, 'a', sizeof name - 1);
    memset(path + 1, '&', sizeof path - 2);
    state_shown.options.telemetry_path = path;
    state_shown.options.country_database = "country.mmdb";
    state_shown.options.asn_database = "asn.mmdb";
    memset(state_shown.options.interface, '&', sizeof state_shown.options.interface - 1);
    state_shown.options.port_count = OPTIONS_PORTS_MAX;
    state_shown.options.privacy_min_clients = 1000000;
    state_shown.options.privacy_round = 10000;
    for (unsigned i = 0; i < OPTIONS_PORTS_MAX; i++) {
        state_shown.options.ports[i] = UINT16_MAX;
    }
    view.time = view.started = UINT32_MAX;
    view.up_seconds = UINT32_MAX;
    view.active = view.established = UINT64_MAX;
    view.window_most = 3600;
    view.domain_count = DOMAINS_MAX;
    for (unsigned i = 0; i < DOMAINS_MAX; i++) {
        view.domains[i] =
            (struct view_domain){name,       "slipstream", 3600, UINT32_MAX, UINT32_MAX,
                                 UINT32_MAX, {0},          {0},  UINT64_MAX, 86400};
        view.domains[i].totals = (struct view_totals){UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                                      UINT64_MAX, UINT64_MAX, UINT64_MAX};
        view.domains[i].recent = (struct recent_totals){1, UINT64_MAX};
    }
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        for (unsigned i = 0; i < HISTORY_SAMPLES; i += 2) {
            note_sample(span, i, UINT32_MAX - 1 - i);
        }
    }
    make_longest_names();
    for (unsigned i = 0; i < WIRE_REJECTED_COUNT; i++) {
        view.rejected[i] = UINT64_MAX;
    }
    char text[VIEW_CHECK_BYTES] = "";
    memset(text, 'w', sizeof text - 1);
    for (unsigned i = 0; i < sizeof text; i += 6) {
        text[i] = i == 0 ? 'w' : ' ';
    }
    text[sizeof text - 2] = 'w';
    while (view.check_count < VIEW_CHECKS_MAX) {
        check_of("distinct_sessions", "Count of distinct sessions", false, text);
    }
}

static inline struct writer begin_page(void)
{
    memset(page, 'x', sizeof page);
    return (struct writer){.start = page, .size = sizeof page};
}

static inline void end_page(const struct writer *writer)
{
    assert_false(writer->full);
    assert_true(writer->length < sizeof page);
    page[writer->length] = '\0';
    assert_int_equal(strlen(page), writer->length);
}

/* Into less room than the whole page takes, in memory of its own: a sanitizer sees what is past it.
 */
static inline void assert_full_without_room(void (*put)(struct writer *))
{
    enum { STEP = 13 };
    struct writer whole = begin_page();
    put(&whole);
    end_page(&whole);
    for (size_t size = 1; size <= whole.length; size += STEP) {
        struct writer writer = {.start = malloc(size), .size = size};
        assert_non_null(writer.start);
        put(&writer);
        assert_true(writer.full);
        assert_in_range(writer.length, 0, size - 1);
        free(writer.start);
    }
}

static inline void assert_page(const char *expected)
{
    if (strcmp(page, expected) != 0) {
        fail_msg("expected:\n%s\nfound:\n%s", expected, page);
    }
}

static inline void assert_shows(const char *text)
{
    if (strstr(page, text) == NULL) {
        fail_msg("the page does not show: %s\n%s", text, page);
    }
}

static inline void assert_hides(const char *text)
{
    if (strstr(page, text) != NULL) {
        fail_msg("the page shows: %s\n%s", text, page);
    }
}

#endif
