#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/sessions.h"
#include "exporter/exposition/exposition.h"
#include "exporter/exposition/family.h"
#include "exporter/exposition/format.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/state/hints.h"
#include "exporter/state/http_counters.h"
#include "exporter/state/state.h"
#include "exporter/system/reloaded.h"
#include "exporter/system/self_metrics.h"

#include "common/build.h"
#include "common/domain.h"
#include "exporter/counts/geo.h"
#include "exporter/exposition/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 8, PAGE_MAX = 2 * 1024 * 1024 };

/* All that a scrape reads, put together by hand: no other module has a part in these tests. */
struct scene {
    struct state state;
    struct group entries[ENTRIES_MAX];
    struct group_domain domains[DOMAINS_MAX];
};

static void scene_domain(struct scene *scene, const char *text)
{
    struct domain *domain = &scene->state.options.domains[scene->state.options.domain_count++];
    assert_true(strlen(text) < sizeof(domain->text));
    memcpy(domain->text, text, strlen(text) + 1);
    scene->state.counts.groups.domain_count++;
}

static struct group *scene_group(struct scene *scene, uint8_t domain, struct geo place)
{
    assert_true(scene->state.counts.groups.group_count < ENTRIES_MAX);
    struct group *group = &scene->entries[scene->state.counts.groups.group_count++];
    group->domain = domain;
    group->geo = place;
    return group;
}

/* What geoip_organizations gives; none without an ASN database. */
static struct organization network_names[2];
static struct organizations networks = {.entries = network_names};

const struct organizations *geoip_organizations(const struct geoip *geoip)
{
    assert_null(geoip);
    return &networks;
}

static void set_ended(struct sessions_ended *ended, uint64_t seconds, uint64_t received,
                      uint64_t sent)
{
    histogram_observe(&ended->seconds, seconds);
    histogram_observe(&ended->received, received);
    histogram_observe(&ended->sent, sent);
}

static void scene_make(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    scene->state.counts.groups.entries = scene->entries;
    scene->state.counts.groups.domains = scene->domains;
    scene->state.sniffer_up = 1;
    for (unsigned i = 0; i < DOMAINS_MAX; i++) {
        scene->state.counts.sessions.ended[i] =
            (struct sessions_ended){.seconds.bounds = histogram_seconds,
                                    .received.bounds = histogram_bytes,
                                    .sent.bounds = histogram_bytes};
    }
    networks.count = 0;
    scene->state.web_config = (struct reloaded){.successful = SELF_METRICS_UNKNOWN,
                                                .success_moment = SELF_METRICS_UNKNOWN};
}

/* In the place of the exporter's. */
static struct self_metrics_values process_now;

struct self_metrics_values self_metrics_read(const struct self_metrics *process)
{
    (void)process;
    return process_now;
}

struct geoip_values geoip_values(const struct geoip *geoip, enum geoip_which which)
{
    assert_null(geoip);
    return (struct geoip_values){
        .build_time = 1700000001 + which, .lookups = 61 + which, .unmatched = 63 + which};
}

/* Two domains, three places and an `other`, each figure different from every other. */
static void scene_small(struct scene *scene)
{
    scene_make(scene);
    scene_domain(scene, "t.example.com");
    scene_domain(scene, "u.example.org");
    scene->state.options.tunnels[1] =
        (struct tunnel){.format = TUNNEL_VAYDNS, .record_type = TUNNEL_CNAME, .clientid_size = 2};
    scene->state.options.country_database = "country.mmdb";
    scene->state.options.asn_database = "asn.mmdb";
    scene->domains[0] = (struct group_domain){.active = 11, .peak = 31};
    scene->domains[1] = (struct group_domain){.active = 1, .peak = 32};

    scene_group(scene, 0, GEO_UNKNOWN);
    scene_group(scene, 1, GEO_UNKNOWN);
    struct geo place = {.country = GEO_COUNTRY('D', 'E'), .asn = 64496};
    *scene_group(scene, 0, place) = (struct group){
        .geo = place,
        .domain = 0,
        .active = 11,
        .peak = 12,
        .established = 10,
        .sessions = 13,
        .queries = 14,
        .repeated = 9,
        .responses = 15,
        .bytes_in = 16,
        .bytes_out = 17,
        .rejected = {[WIRE_REJECTED_OPCODE - WIRE_REJECTED_FIRST] = 18,
                     [WIRE_REJECTED_QTYPE - WIRE_REJECTED_FIRST] = 19,
                     [WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST] = 20,
                     [WIRE_REJECTED_ENCODING - WIRE_REJECTED_FIRST] = 21,
                     [WIRE_REJECTED_SHORT - WIRE_REJECTED_FIRST] = 22,
                     [WIRE_REJECTED_FRAMING - WIRE_REJECTED_FIRST] = 23},
    };
    struct group *other = scene_group(scene, 1, GEO_UNKNOWN);
    other->other = true;
    other->active = 1;
    other->peak = 2;
    other->rejected[WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST] = 3;

    scene->state.intake.stats = (struct wire_stats){
        .received = 1000,
        .outcomes = {[WIRE_KERNEL_DROPPED] = 101,
                     [WIRE_IGNORED_DIRECTION] = 41,
                     [WIRE_IGNORED_NOT_UDP] = 42,
                     [WIRE_IGNORED_FRAGMENT] = 43,
                     [WIRE_IGNORED_JOINED] = 46,
                     [WIRE_IGNORED_NOT_QUERY] = 44,
                     [WIRE_IGNORED_NOT_RESPONSE] = 45,
                     [WIRE_MALFORMED] = 102,
                     [WIRE_OTHER_DOMAIN] = 103,
                     [WIRE_REJECTED_QTYPE] = 64,
                     [WIRE_REJECTED_EDNS] = 40,
                     [WIRE_QUERY] = 105,
                     [WIRE_RESPONSE] = 106},
        .interface_down = 107,
    };
    network_names[0] = (struct organization){.asn = 64496, .name = {"A \"quoted\" \\ name"}};
    network_names[1] = (struct organization){.asn = 4294967295, .name = {""}};
    networks.count = 2;
    set_ended(&scene->state.counts.sessions.ended[1], 10, 1024, 1025);
    set_ended(&scene->state.counts.sessions.ended[1], 11, UINT32_MAX, 100);
    set_ended(&scene->state.counts.sessions.ended[1], 86401, 0, 1 << 30);
    scene->state.interfaces_changed = 1;
    scene->state.hints.on[HINT_EDNS] = 1;
    scene->state.counts.sessions.evicted = 108;
    scene->state.counts.sessions.refused = 109;
    scene->state.counts.distinct.forgotten = 110;
    scene->state.counts.groups.capped = 111;
    scene->state.databases[GEOIP_COUNTRY].file.success_moment = 3000;
    scene->state.databases[GEOIP_ASN].file.success_moment = 4999;
    scene->state.databases[GEOIP_ASN].file.successful = 1;
    scene->state.web_config.successful = 1;
    scene->state.web_config.success_moment = 5000;
    scene->state.wall.ahead = 1700000000000;
    scene->state.self.start_moment = 9007;
    for (unsigned i = 0; i < HTTP_CODES; i++) {
        scene->state.http.replies[i] = 70 + i;
    }
    for (unsigned i = 0; i < HTTP_DROPS; i++) {
        scene->state.http.drops[i] = 80 + i;
    }
    process_now = (struct self_metrics_values){
        .cpu_microseconds = 90000001,
        .resident_bytes = 92,
        .virtual_bytes = 93,
        .open_descriptors = 94,
        .max_descriptors = 95,
        .sniffer_cpu_microseconds = 500000,
        .sniffer_resident_bytes = 91,
    };
}

static struct exposition *begin_wish(const struct scene *scene, struct exposition_wish wish)
{
    struct exposition *exposition = NULL;
    assert_int_equal(exposition_begin(&scene->state, &wish, &exposition), 0);
    return exposition;
}

static struct exposition *begin(const struct scene *scene)
{
    return begin_wish(scene, (struct exposition_wish){.format = EXPOSITION_TEXT});
}

/* The rest of a scrape as one text, read in pieces of `size` bytes. */
static char *finish(struct exposition *exposition, size_t size)
{
    char *page = malloc(PAGE_MAX);
    char *buffer = malloc(size); /* of its own, so that a sanitizer sees a write past it */
    assert_non_null(page);
    assert_non_null(buffer);
    size_t length = 0;
    size_t got = 0;
    while ((got = exposition_read(exposition, buffer, size)) > 0) {
        assert_in_range(got, 1, size);
        assert_int_equal(buffer[got - 1], '\n');
        assert_true(length + got < PAGE_MAX);
        memcpy(page + length, buffer, got);
        length += got;
    }
    page[length] = '\0';
    assert_int_equal(strlen(page), length);
    assert_int_equal(exposition_read(exposition, buffer, size), 0);
    free(buffer);
    exposition_end(exposition);
    return page;
}

static char *scrape(const struct scene *scene, size_t size)
{
    return finish(begin(scene), size);
}

/* The page without what does not begin with `prefix`, in place. */
static char *only(char *page, const char *prefix)
{
    char *to = page;
    for (char *line = page; *line != '\0';) {
        size_t length = strcspn(line, "\n") + 1;
        if (strncmp(line, prefix, strlen(prefix)) == 0) {
            memmove(to, line, length);
            to += length;
        }
        line += length;
    }
    *to = '\0';
    return page;
}

/* --- The tests. */

/* Compares with a file, which leaves out the line of the build. */
static void check_page(enum exposition_format format, const char *path)
{
    static char golden[PAGE_MAX];
    struct scene scene;
    scene_small(&scene);
    char *page =
        finish(begin_wish(&scene, (struct exposition_wish){.format = format}), EXPOSITION_LINE_MAX);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(golden, 1, sizeof golden - 1, file);
    fclose(file);
    golden[length] = '\0';

    const char *at = page;
    for (const char *line = golden; *line != '\0';) {
        size_t line_length = strcspn(line, "\n") + 1;
        if (strncmp(at, "dnstt_exporter_build_info{", 26) == 0) {
            at += strcspn(at, "\n") + 1;
        }
        if (strncmp(at, line, line_length) != 0) {
            print_error("expected:\n%.*sfound:\n%.*s", (int)line_length, line,
                        (int)strcspn(at, "\n") + 1, at);
        }
        assert_memory_equal(at, line, line_length);
        at += line_length;
        line += line_length;
    }
    if (format == EXPOSITION_TEXT) {
        char build[EXPOSITION_LINE_MAX]; /* its values need no escapes */
        (void)snprintf(build, sizeof build,
                       "dnstt_exporter_build_info{version=\"%s\",revision=\"%s\",branch=\"%s\","
                       "compiler=\"%s\"} 1\n",
                       build_version(), build_revision(), build_branch(), build_compiler());
        assert_string_equal(at, build);
    } else {
        assert_string_equal(at, "");
    }
    free(page);
}

/* The parsers of Prometheus' own client library read both files as well
 * (tests/integration/test_formats.py). */
static void test_pages_byte_for_byte(void **state)
{
    (void)state;
    check_page(EXPOSITION_TEXT, "tests/data/page.text");
    check_page(EXPOSITION_OPENMETRICS, "tests/data/page.openmetrics");
}

static void check_named(const char *const names[], unsigned count, enum exposition_format format,
                        const char *expected)
{
    struct scene scene;
    struct exposition_wish wish = {.format = format};
    scene_small(&scene);
    for (unsigned i = 0; i < count; i++) {
        exposition_ask(&wish, names[i]);
    }
    char *page = finish(begin_wish(&scene, wish), EXPOSITION_LINE_MAX);
    assert_string_equal(page, expected);
    free(page);
}

/* In the order of the page, each once, whatever the order of the names. */
static void test_by_name(void **state)
{
    static const char fds[] = "# HELP process_max_fds File descriptors that the exporter may "
                              "open.\n# TYPE process_max_fds gauge\nprocess_max_fds 95\n";
    static const char cpu[] =
        "# HELP process_cpu_seconds_total User and system CPU time that the exporter has spent, in "
        "seconds. The sniffer's is dnstt_exporter_sniffer_cpu_seconds_total.\n"
        "# TYPE process_cpu_seconds_total counter\n"
        "process_cpu_seconds_total 90.000001\n";
    char both[1024];
    (void)state;
    (void)snprintf(both, sizeof both, "%s%s", cpu, fds);
    check_named((const char *const[]){"process_max_fds"}, 1, EXPOSITION_TEXT, fds);
    check_named((const char *const[]){"process_cpu_seconds_total"}, 1, EXPOSITION_TEXT, cpu);
    check_named((const char *const[]){"process_cpu_seconds"}, 1, EXPOSITION_TEXT, cpu);
    check_named((const char *const[]){"process_max_fds", "nothing", "process_cpu_seconds_total",
                                      "process_max_fds"},
                4, EXPOSITION_TEXT, both);
    check_named((const char *const[]){"process_max_fds"}, 1, EXPOSITION_OPENMETRICS,
                "# TYPE process_max_fds gauge\n# HELP process_max_fds File descriptors that the "
                "exporter may open.\nprocess_max_fds 95\n# EOF\n");
    static const char *const none[] = {"",
                                       "process",
                                       "process_max_fd",
                                       "process_max_fdsx",
                                       "process_max_fds_total",
                                       "process_cpu_seconds_",
                                       "PROCESS_MAX_FDS",
                                       "_total"};
    for (unsigned i = 0; i < sizeof none / sizeof *none; i++) {
        check_named(&none[i], 1, EXPOSITION_TEXT, "");
        check_named(&none[i], 1, EXPOSITION_OPENMETRICS, "# EOF\n");
    }
}

static void test_every_metric_has_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < metric_count; i++) {
        struct exposition_wish wish = {.by_name = false};
        exposition_ask(&wish, metric_table[i].name);
        assert_true(wish.by_name);
        assert_true(wish.metrics == (uint64_t)1 << i);
    }
}

/* The lines of a histogram have names of their own. */
static void test_a_histogram_by_its_lines(void **state)
{
    (void)state;
    static const char *const names[] = {
        "dnstt_session_sent_bytes", "dnstt_session_sent_bytes_bucket",
        "dnstt_session_sent_bytes_sum", "dnstt_session_sent_bytes_count"};
    const size_t index = family_find(names[0]);
    assert_true(index < metric_count);
    for (unsigned i = 1; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(family_find(names[i]), index);
    }
    assert_int_equal(family_find("dnstt_session_sent_bytes_total"), metric_count);
    assert_int_equal(family_find("process_max_fds_sum"), metric_count);
}

/* That each row has a value, and that its description fits into what a scrape makes room for. */
static void test_every_row_is_whole(void **state)
{
    (void)state;
    const struct options options = {
        .country_database = "country.mmdb", .privacy_min_clients = 1000000, .privacy_round = 10000};
    for (size_t i = 0; i < metric_count; i++) {
        const struct metric *metric = &metric_table[i];
        print_message("%s\n", metric->name);
        assert_int_not_equal(metric->source, 0);
        char description[4 * EXPOSITION_LINE_MAX];
        for (int format = EXPOSITION_TEXT; format <= EXPOSITION_OPENMETRICS; format++) {
            char *end = family_put(description, metric, (enum exposition_format)format, &options);
            assert_true(end - description < EXPOSITION_LINE_MAX);
        }
    }
}

static void check_labels(const char *country, const char *asn, const char *active,
                         const char *rejected)
{
    struct scene scene;
    scene_small(&scene);
    scene.state.options.country_database = country;
    scene.state.options.asn_database = asn;
    scene.entries[2].rejected[WIRE_REJECTED_OPCODE - WIRE_REJECTED_FIRST] = 0;
    scene.entries[2].rejected[WIRE_REJECTED_QTYPE - WIRE_REJECTED_FIRST] = 0;
    char *page = scrape(&scene, PAGE_MAX);
    assert_string_equal(only(page, "dnstt_active_clients{"), active);
    free(page);
    scene.state.counts.groups.group_count = 3;
    for (unsigned i = WIRE_REJECTED_ENCODING - WIRE_REJECTED_FIRST; i < WIRE_REJECTED_COUNT; i++) {
        scene.entries[2].rejected[i] = 0;
    }
    page = scrape(&scene, PAGE_MAX);
    assert_string_equal(only(page, "dnstt_rejected_queries_total{"), rejected);
    free(page);
}

static void test_labels_exist_with_their_database(void **state)
{
    (void)state;
    check_labels(NULL, NULL,
                 "dnstt_active_clients{domain=\"t.example.com\"} 0\n"
                 "dnstt_active_clients{domain=\"u.example.org\"} 0\n"
                 "dnstt_active_clients{domain=\"t.example.com\"} 11\n"
                 "dnstt_active_clients{domain=\"u.example.org\"} 1\n",
                 "dnstt_rejected_queries_total{domain=\"t.example.com\",reason=\"edns\"} 20\n");
    check_labels("country.mmdb", NULL,
                 "dnstt_active_clients{domain=\"t.example.com\",country=\"ZZ\"} 0\n"
                 "dnstt_active_clients{domain=\"u.example.org\",country=\"ZZ\"} 0\n"
                 "dnstt_active_clients{domain=\"t.example.com\",country=\"DE\"} 11\n"
                 "dnstt_active_clients{domain=\"u.example.org\",country=\"other\"} 1\n",
                 "dnstt_rejected_queries_total{domain=\"t.example.com\",country=\"DE\","
                 "reason=\"edns\"} 20\n");
    check_labels(NULL, "asn.mmdb",
                 "dnstt_active_clients{domain=\"t.example.com\",asn=\"0\"} 0\n"
                 "dnstt_active_clients{domain=\"u.example.org\",asn=\"0\"} 0\n"
                 "dnstt_active_clients{domain=\"t.example.com\",asn=\"64496\"} 11\n"
                 "dnstt_active_clients{domain=\"u.example.org\",asn=\"other\"} 1\n",
                 "dnstt_rejected_queries_total{domain=\"t.example.com\",asn=\"64496\","
                 "reason=\"edns\"} 20\n");
}

static void test_pieces_make_the_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {EXPOSITION_LINE_MAX, EXPOSITION_LINE_MAX + 1,
                                   EXPOSITION_LINE_MAX + 100, 4096};
    struct scene scene;
    scene_small(&scene);
    for (enum exposition_format format = 0; format < EXPOSITION_FORMATS; format++) {
        const struct exposition_wish wish = {.format = format};
        char *whole = finish(begin_wish(&scene, wish), PAGE_MAX);
        for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            char *page = finish(begin_wish(&scene, wish), sizes[i]);
            assert_string_equal(page, whole);
            free(page);
        }
        free(whole);
    }
}

/* Reads the smallest pieces until one begins with `prefix`, which is not given back. */
static void read_until(struct exposition *exposition, const char *prefix)
{
    char buffer[EXPOSITION_LINE_MAX + 1];
    for (;;) {
        size_t got = exposition_read(exposition, buffer, EXPOSITION_LINE_MAX);
        assert_true(got > 0);
        buffer[got] = '\0';
        if (strncmp(buffer, prefix, strlen(prefix)) == 0) {
            return;
        }
    }
}

static void test_what_happens_during_a_scrape(void **state)
{
    (void)state;
    struct scene scene;
    struct group moved[ENTRIES_MAX];
    scene_small(&scene);
    struct exposition *exposition = begin(&scene);
    read_until(exposition, "# HELP dnstt_active_clients");

    /* A session and a packet come, and a group that makes the groups move in memory. */
    scene.entries[2].active = 1011;
    scene.entries[2].peak = 1012;
    scene.entries[2].queries = 1014;
    scene.domains[0].active = 1011;
    scene.domains[0].peak = 1031;
    scene.state.intake.stats.received = 2000;
    scene.state.intake.stats.outcomes[WIRE_QUERY] = 1105;
    scene_group(&scene, 0, (struct geo){.country = GEO_COUNTRY('F', 'R'), .asn = 64497});
    memcpy(moved, scene.entries, sizeof(moved));
    memset(scene.entries, 0xff, sizeof(scene.entries));
    scene.state.counts.groups.entries = moved;

    char *page = finish(exposition, EXPOSITION_LINE_MAX);
    assert_null(strstr(page, "country=\"FR\""));
    /* Copied at the beginning: gauges and account. */
    assert_non_null(strstr(page, "dnstt_active_clients{domain=\"t.example.com\",country=\"DE\","
                                 "asn=\"64496\"} 11\n"));
    assert_non_null(strstr(page, "dnstt_peak_clients{domain=\"t.example.com\",country=\"DE\","
                                 "asn=\"64496\"} 12\n"));
    assert_non_null(strstr(page, "dnstt_domain_active_clients{domain=\"t.example.com\"} 11\n"));
    assert_non_null(strstr(page, "dnstt_domain_peak_clients{domain=\"t.example.com\"} 31\n"));
    assert_non_null(strstr(page, "dnstt_exporter_packets_received_total 1000\n"));
    assert_non_null(strstr(page, "dnstt_exporter_packets_total{outcome=\"query\"} 105\n"));
    /* Read while it runs: the groups' counters. */
    assert_non_null(strstr(page, "dnstt_queries_total{domain=\"t.example.com\",country=\"DE\","
                                 "asn=\"64496\"} 1014\n"));
    free(page);

    page = scrape(&scene, PAGE_MAX);
    assert_non_null(strstr(page, "dnstt_active_clients{domain=\"t.example.com\",country=\"FR\","
                                 "asn=\"64497\"} 0\n"));
    assert_non_null(strstr(page, "dnstt_active_clients{domain=\"t.example.com\",country=\"DE\","
                                 "asn=\"64496\"} 1011\n"));
    free(page);
}

static const char *const totals[] = {
    "queries_total", "responses_total", "bytes_in_total", "bytes_out_total", "sessions_total",
};

/* Sum of a domain's lines of this metric. */
static uint64_t sum_of(const char *page, const char *prefix, const char *name, const char *domain)
{
    char begin[128];
    int length = snprintf(begin, sizeof begin, "%s%s{domain=\"%s\"", prefix, name, domain);
    uint64_t sum = 0;
    for (const char *line = page; *line != '\0'; line += strcspn(line, "\n") + 1) {
        if (strncmp(line, begin, (size_t)length) == 0) {
            sum += strtoull(strchr(line, ' '), NULL, 10);
        }
    }
    return sum;
}

static void count_everything(struct scene *scene)
{
    for (uint32_t i = 0; i < scene->state.counts.groups.group_count; i++) {
        struct group *group = &scene->entries[i];
        group->queries += 1;
        group->responses += 2;
        group->bytes_in += 3;
        group->bytes_out += 4;
        group->sessions += 5;
    }
}

/* Pieces of a line each, and all counters grow between any two of them. */
static void test_totals_are_the_sums_of_the_page(void **state)
{
    (void)state;
    struct scene scene;
    char *page = calloc(1, PAGE_MAX);
    assert_non_null(page);
    scene_small(&scene);
    for (uint32_t i = 4; i < ENTRIES_MAX; i++) {
        scene_group(&scene, i % 2, (struct geo){.country = GEO_COUNTRY('F', 'R'), .asn = i});
    }
    struct exposition *exposition = begin(&scene);
    size_t length = 0;
    for (size_t got; (got = exposition_read(exposition, page + length, EXPOSITION_LINE_MAX)) > 0;) {
        length += got;
        assert_true(length + EXPOSITION_LINE_MAX < PAGE_MAX);
        count_everything(&scene);
    }
    exposition_end(exposition);

    for (unsigned i = 0; i < sizeof totals / sizeof *totals; i++) {
        for (unsigned domain = 0; domain < 2; domain++) {
            const char *text = scene.state.options.domains[domain].text;
            uint64_t sum = sum_of(page, "dnstt_", totals[i], text);
            assert_int_not_equal(sum, 0);
            assert_true(sum_of(page, "dnstt_domain_", totals[i], text) == sum);
        }
    }
    free(page);
}

/* Without the lines of groups a total is that of all groups at the moment, new ones included. */
static void test_a_total_alone_is_live(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof totals / sizeof *totals; i++) {
        struct scene scene;
        struct exposition_wish wish = {.by_name = false};
        char expected[256];
        char name[64];
        scene_small(&scene);
        (void)snprintf(name, sizeof name, "dnstt_domain_%s", totals[i]);
        exposition_ask(&wish, name);
        struct exposition *exposition = begin_wish(&scene, wish);
        scene_group(&scene, 0, (struct geo){.country = GEO_COUNTRY('F', 'R'), .asn = 64497});
        count_everything(&scene);

        /* What t.example.com has in scene_small, and three times what came; u.example.org has two
         * groups. */
        static const unsigned counted[] = {14 + 3 * 1, 15 + 3 * 2, 16 + 3 * 3, 17 + 3 * 4,
                                           13 + 3 * 5};
        char *page = finish(exposition, EXPOSITION_LINE_MAX);
        (void)snprintf(expected, sizeof expected,
                       "%s{domain=\"t.example.com\"} %u\n%s{domain=\"u.example.org\"} %u\n", name,
                       counted[i], name, 2 * (i + 1));
        assert_string_equal(only(page, name), expected);
        free(page);
    }
}

/* Asked for by name together, they agree as well, and none is another's. */
static void test_totals_beside_other_groups(void **state)
{
    (void)state;
    struct exposition_wish wish = {.by_name = false};
    struct scene scene;
    scene_small(&scene);
    exposition_ask(&wish, "dnstt_active_clients");
    exposition_ask(&wish, "dnstt_queries_total");
    exposition_ask(&wish, "dnstt_domain_queries_total");
    exposition_ask(&wish, "dnstt_domain_sessions_total");
    char *page = finish(begin_wish(&scene, wish), EXPOSITION_LINE_MAX);
    assert_string_equal(only(page, "dnstt_domain_"),
                        "dnstt_domain_queries_total{domain=\"t.example.com\"} 14\n"
                        "dnstt_domain_queries_total{domain=\"u.example.org\"} 0\n"
                        "dnstt_domain_sessions_total{domain=\"t.example.com\"} 13\n"
                        "dnstt_domain_sessions_total{domain=\"u.example.org\"} 0\n");
    free(page);
}

/* The page sums what it has just written. */
static void test_each_total_follows_its_groups(void **state)
{
    (void)state;
    unsigned found = 0;
    assert_int_not_equal(metric_table[0].source, METRICS_OF_GROUP_SUM);
    for (size_t i = 1; i < metric_count; i++) {
        if (metric_table[i].source == METRICS_OF_GROUP_SUM) {
            assert_int_equal(metric_table[i - 1].source, METRICS_OF_GROUP);
            assert_int_equal(metric_table[i - 1].offset, metric_table[i].offset);
            found++;
        }
    }
    assert_int_equal(found, sizeof totals / sizeof *totals);
}

/* Text and figures as long as they can be, in a buffer as small as it may be. */
static void test_extremes(void **state)
{
    (void)state;
    struct scene scene;
    char domain[DOMAIN_WIRE_MAX];
    memset(domain, '"', sizeof(domain) - 1);
    domain[sizeof(domain) - 1] = '\0';
    scene_make(&scene);
    for (unsigned i = 0; i < DOMAINS_MAX; i++) {
        scene_domain(&scene, domain);
        scene.domains[i].peak = UINT32_MAX;
        scene.state.options.tunnels[i] = (struct tunnel){
            .format = TUNNEL_VAYDNS, .record_type = TUNNEL_CNAME, .clientid_size = 8};
    }
    scene.state.options.country_database = "country.mmdb";
    scene.state.options.asn_database = "asn.mmdb";
    struct group *group = scene_group(
        &scene, DOMAINS_MAX - 1, (struct geo){.country = GEO_COUNTRY('Z', 'A'), .asn = UINT32_MAX});
    group->active = UINT32_MAX;
    group->sessions = group->queries = group->responses = UINT64_MAX;
    group->bytes_in = UINT64_MAX - 1;
    group->bytes_out = 10000000000000000000u;
    group->rejected[WIRE_REJECTED_ENCODING - WIRE_REJECTED_FIRST] = UINT64_MAX;
    scene.state.intake.stats.received = UINT64_MAX - 1; /* one more means unknown */

    char *page = scrape(&scene, EXPOSITION_LINE_MAX);
    char *whole = scrape(&scene, PAGE_MAX);
    assert_string_equal(page, whole);
    free(whole);
    size_t longest = 0;
    for (const char *line = page; *line != '\0';) {
        size_t length = strcspn(line, "\n") + 1;
        longest = length > longest ? length : longest;
        line += length;
    }
    assert_in_range(longest, 2 * sizeof(domain), EXPOSITION_LINE_MAX);
    static const char *const ends[] = {
        ",country=\"ZA\",asn=\"4294967295\"} 4294967295\n",
        ",country=\"ZA\",asn=\"4294967295\"} 0\n",
        ",country=\"ZA\",asn=\"4294967295\"} 18446744073709551615\n",
        ",country=\"ZA\",asn=\"4294967295\"} 18446744073709551614\n",
        ",country=\"ZA\",asn=\"4294967295\"} 10000000000000000000\n",
        ",country=\"ZA\",asn=\"4294967295\",reason=\"encoding\"} 18446744073709551615\n",
        ",format=\"vaydns\",clientid_size=\"8\",record_type=\"cname\"} 1\n",
        "\ndnstt_exporter_packets_received_total 18446744073709551614\n",
    };
    for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        assert_non_null(strstr(page, ends[i]));
    }
    free(page);
}

static void test_numbers_of_every_length(void **state)
{
    (void)state;
    struct scene scene;
    scene_small(&scene);
    uint64_t value = 1;
    for (unsigned digits = 1; digits <= 20; digits++, value *= 10) {
        const uint64_t values[] = {value - 1, value, value + 1};
        for (unsigned i = 0; i < 3; i++) {
            char expected[128];
            scene.state.intake.stats.received = values[i];
            (void)snprintf(expected, sizeof(expected),
                           "dnstt_exporter_packets_received_total %llu\n",
                           (unsigned long long)values[i]);
            char *page = scrape(&scene, PAGE_MAX);
            assert_string_equal(only(page, "dnstt_exporter_packets_received_total"), expected);
            free(page);
        }
    }
}

static void test_escapes_in_label_values(void **state)
{
    (void)state;
    struct scene scene;
    scene_make(&scene);
    scene_domain(&scene, "a\"b\\c\nd\xc3\xa9");
    char *page = scrape(&scene, PAGE_MAX);
    assert_string_equal(only(page, "dnstt_domain_peak_clients"),
                        "dnstt_domain_peak_clients{domain=\"a\\\"b\\\\c\\nd\xc3\xa9\"} 0\n");
    free(page);
}

/* A label of a key that the format does not have is empty. */
static void test_tunnels(void **state)
{
    (void)state;
    static const struct tunnel tunnels[] = {
        {.format = TUNNEL_DNSTT, .record_type = TUNNEL_TXT, .mtu = 500},
        {.format = TUNNEL_NOIZDNS},
        {.format = TUNNEL_VAYDNS, .clientid_size = 8, .record_type = TUNNEL_NULL},
        {.format = TUNNEL_XDNS, .record_type = TUNNEL_ANY, .mtu = TUNNEL_XDNS_MTU},
        {.format = TUNNEL_OPAQUE},
    };
    struct scene scene;
    scene_make(&scene);
    for (unsigned i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
        const char name[] = {(char)('a' + i), '.', 'b', '\0'};
        scene_domain(&scene, name);
        scene.state.options.tunnels[i] = tunnels[i];
    }
    char *page = scrape(&scene, PAGE_MAX);
    assert_string_equal(
        only(page, "dnstt_tunnel_info"),
        "dnstt_tunnel_info{domain=\"a.b\",format=\"dnstt\",clientid_size=\"\",record_type=\"\"} 1\n"
        "dnstt_tunnel_info{domain=\"b.b\",format=\"noizdns\",clientid_size=\"\",record_type=\"\"} "
        "1\n"
        "dnstt_tunnel_info{domain=\"c.b\",format=\"vaydns\",clientid_size=\"8\",record_type="
        "\"null\"} 1\n"
        "dnstt_tunnel_info{domain=\"d.b\",format=\"xdns\",clientid_size=\"\",record_type=\"any\"} "
        "1\n"
        "dnstt_tunnel_info{domain=\"e.b\",format=\"opaque\",clientid_size=\"\",record_type=\"\"} "
        "1\n");
    free(page);
}

static void test_what_is_not_there(void **state)
{
    (void)state;
    struct scene scene;
    scene_small(&scene);
    scene.state.options.country_database = NULL;
    scene.state.sniffer_up = 0;
    process_now.sniffer_resident_bytes = SELF_METRICS_UNKNOWN;
    process_now.cpu_microseconds = SELF_METRICS_UNKNOWN;
    char *page = scrape(&scene, PAGE_MAX);
    assert_null(strstr(page, "dnstt_exporter_sniffer_resident_memory_bytes"));
    assert_null(strstr(page, "# HELP process_cpu_seconds_total"));
    assert_null(strstr(page, "\nprocess_cpu_seconds_total"));
    assert_non_null(strstr(page, "\ndnstt_exporter_sniffer_up 0\n"));
    assert_null(strstr(page, "database=\"country\""));
    assert_non_null(strstr(page, "\ndnstt_exporter_geoip_lookups_total{database=\"asn\"} 62\n"));
    free(page);

    scene.state.options.asn_database = NULL;
    page = scrape(&scene, PAGE_MAX);
    assert_null(strstr(page, "dnstt_exporter_geoip"));
    free(page);
}

/* Every metric is explained and typed, once, before its lines, and no explanation is cut. */
static void test_headers(void **state)
{
    (void)state;
    struct scene scene;
    scene_small(&scene);
    char *page = scrape(&scene, PAGE_MAX);
    char name[128] = "";
    char type[16] = "";
    unsigned explained = 0;
    bool typed = false;
    for (const char *line = page; *line != '\0'; line += strcspn(line, "\n") + 1) {
        char found[128];
        if (sscanf(line, "# HELP %127s", found) == 1) {
            const char *end = line + strcspn(line, "\n");
            assert_int_equal(end[-1], '.');
            assert_true(end - line > (long)(strlen("# HELP  .") + strlen(found)));
            assert_string_not_equal(found, name);
            memcpy(name, found, sizeof(name));
            typed = false;
            explained++;
        } else if (sscanf(line, "# TYPE %127s %15s", found, type) == 2) {
            assert_string_equal(found, name);
            assert_false(typed);
            typed = true;
            bool total = strcmp(name + strlen(name) - strlen("_total"), "_total") == 0;
            bool ended = strncmp(name, "dnstt_session_", strlen("dnstt_session_")) == 0;
            assert_string_equal(type, total ? "counter" : ended ? "histogram" : "gauge");
        } else {
            assert_true(typed);
            assert_int_equal(strncmp(line, name, strlen(name)), 0);
            assert_non_null(
                strchr(strcmp(type, "histogram") == 0 ? "_" : "{ ", line[strlen(name)]));
        }
    }
    assert_int_equal(explained, metric_count);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_byte_for_byte),
        cmocka_unit_test(test_by_name),
        cmocka_unit_test(test_every_metric_has_its_name),
        cmocka_unit_test(test_a_histogram_by_its_lines),
        cmocka_unit_test(test_every_row_is_whole),
        cmocka_unit_test(test_labels_exist_with_their_database),
        cmocka_unit_test(test_pieces_make_the_whole),
        cmocka_unit_test(test_what_happens_during_a_scrape),
        cmocka_unit_test(test_totals_are_the_sums_of_the_page),
        cmocka_unit_test(test_a_total_alone_is_live),
        cmocka_unit_test(test_totals_beside_other_groups),
        cmocka_unit_test(test_each_total_follows_its_groups),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_numbers_of_every_length),
        cmocka_unit_test(test_escapes_in_label_values),
        cmocka_unit_test(test_tunnels),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
