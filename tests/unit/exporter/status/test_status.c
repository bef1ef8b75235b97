/* From the state to the page; how each form writes its values is in test_page_*.c. The databases'
 * lines, which need databases, are looked at in tests/integration/test_status.py. */
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/history.h"
#include "exporter/counts/recent.h"
#include "exporter/counts/sessions.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/state.h"
#include "exporter/status/status.h"
#include "exporter/system/reloaded.h"

#include "exporter/status/style.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    SAMPLE_SECONDS = 15, /* of the hour */
    NOW = 1000 * SAMPLE_SECONDS,
    UP = 7300,
    TODAY = 1700000000,
    GROUPS = 3,
};

static struct state shown;
static struct group entries[GROUPS];
static struct group_domain domains[DOMAINS_MAX];
static char page[STATUS_BYTES + 1];

static void name_domain(const char *text)
{
    struct domain *domain = &shown.options.domains[shown.options.domain_count++];
    assert_true(strlen(text) < sizeof domain->text);
    memcpy(domain->text, text, strlen(text) + 1);
    shown.counts.sessions.ended[shown.counts.groups.domain_count++].seconds.bounds =
        histogram_seconds;
}

static int start(void **state)
{
    (void)state;
    memset(&shown.options, 0, sizeof shown.options);
    memset(&shown.intake.stats, 0, sizeof shown.intake.stats);
    memset(entries, 0, sizeof entries);
    memset(domains, 0, sizeof domains);
    memset(&shown.counts.sessions, 0, sizeof shown.counts.sessions);
    memset(&shown.counts.distinct, 0, sizeof shown.counts.distinct);
    shown.counts.groups =
        (struct groups){.entries = entries, .group_count = GROUPS, .domains = domains};
    shown.sniffer_up = 1;
    shown.interfaces_changed = 0;
    name_domain("t.example.com");
    shown.options.ports[0] = 53;
    shown.options.port_count = 1;
    shown.options.active_window = 30;
    shown.options.telemetry_path = "/metrics";
    recent_start(NOW, &shown.counts.recent);
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        history_start(span, NOW, &shown.counts.histories[span]);
    }
    shown.self.start_moment = (NOW - UP) * 1000;
    return 0;
}

static void render_as(enum status_form form)
{
    memset(page, 'x', sizeof page);
    long length = status_render(&shown, form, NOW, TODAY, page);
    assert_in_range(length, 1, STATUS_BYTES);
    page[length] = '\0';
    assert_int_equal(strlen(page), length);
}

static void render(void)
{
    render_as(STATUS_HTML);
}

static void assert_shows(const char *text)
{
    if (strstr(page, text) == NULL) {
        fail_msg("the page does not show: %s\n%s", text, page);
    }
}

static void assert_hides(const char *text)
{
    if (strstr(page, text) != NULL) {
        fail_msg("the page shows: %s", text);
    }
}

static void test_all_is_well(void **state)
{
    (void)state;
    shown.counts.sessions.used = 50; /* those too that do not count yet */
    domains[0].active = 42;
    render();
    assert_shows("<p class=\"figure\">42</p>");
    assert_shows("<tr><th>t.example.com</th><td>42 active</td></tr>");
    assert_shows("UDP port 53 on all interfaces");
    assert_shows("<th>Sniffer</th><td class=\"good\">reports</td>");
    assert_shows("<th>Packets lost</th><td class=\"good\">none</td>");
    assert_shows("<td class=\"good\">exact</td>");
    assert_shows(status_style);
    assert_hides("class=\"bad\"");
    assert_hides("<script");
    assert_hides(" style=");
    /* Without databases nobody's place is known. */
    assert_hides("Countries of");
    assert_hides("Networks of");
}

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        enum status_form form;
        const char *begin;
        bool ascii;
        bool color;
    } forms[STATUS_FORMS] = {
        {STATUS_HTML, "<!DOCTYPE html>\n", true, false},
        {STATUS_JSON, "{\"version\":1,", true, false},
        {STATUS_TEXT, "dnstt_exporter ", false, false},
        {STATUS_TEXT_ASCII, "dnstt_exporter ", true, false},
        {STATUS_TEXT_COLOR, "dnstt_exporter ", false, true},
        {STATUS_TEXT_ASCII_COLOR, "dnstt_exporter ", true, true},
    };
    domains[0].active = 42;
    history_note(&shown.counts.histories[HISTORY_HOUR], 42, NOW);
    for (unsigned i = 0; i < STATUS_FORMS; i++) {
        render_as(forms[i].form);
        assert_memory_equal(page, forms[i].begin, strlen(forms[i].begin));
        assert_shows("42");
        bool ascii = true;
        for (const char *at = page; *at != '\0'; at++) {
            ascii = ascii && (unsigned char)*at < 0x80;
        }
        assert_int_equal(ascii, forms[i].ascii);
        assert_int_equal(strchr(page, '\033') != NULL, forms[i].color);
    }
}

/* Each form says since when it counts. */
static void test_the_start(void **state)
{
    (void)state;
    render();
    assert_shows("counting since 2023-11-14 20:11 UTC, 2 h; a restart begins all values again");
    render_as(STATUS_TEXT);
    assert_shows("counting since 2023-11-14 20:11 UTC (2 h)\n");
    assert_shows("\nA restart begins all values again. ");
    render_as(STATUS_JSON);
    assert_shows("\"time\":1700000000,\"started\":1699992700,");
}

static void test_domains(void **state)
{
    (void)state;
    struct histogram *seconds = &shown.counts.sessions.ended[1].seconds;
    name_domain("v.example.com");
    name_domain("x.example.com");
    shown.options.tunnels[1].format = TUNNEL_VAYDNS;
    shown.options.tunnels[2].format = TUNNEL_OPAQUE;
    domains[1] =
        (struct group_domain){.active = 7, .established = 5, .queries = 200, .responses = 197};
    for (unsigned i = 0; i < 4; i++) {
        histogram_observe(seconds, 900);
    }
    render();
    assert_shows(
        "<tr><th>t.example.com</th><td>0 active</td></tr>\n"
        "<tr class=\"soft\"><td colspan=\"2\">dnstt &middot; 0 established &middot; no queries in "
        "5 min "
        "&middot; no session has ended</td></tr>\n"
        "<tr><th>v.example.com</th><td>7 active</td></tr>\n"
        "<tr class=\"soft\"><td colspan=\"2\">vaydns &middot; 5 established &middot; 98 % answered "
        "&middot; median session 10 min</td></tr>\n"
        "<tr><th>x.example.com</th><td>0 active</td></tr>\n");
    assert_shows("<p class=\"figure\">7</p>");
    assert_shows(" s; 5 of them established: with data, for a minute or longer;");
}

static void test_windows(void **state)
{
    (void)state;
    render();
    assert_shows("with a query in the last 30 s;");
    name_domain("v.example.com");
    name_domain("x.example.com");
    shown.options.tunnels[1].active_window = 10;
    render();
    assert_shows("with a query in the last 10 to 30 s;");
    shown.options.tunnels[2].active_window = 3600;
    render();
    assert_shows("with a query in the last 10 to 3600 s;");
}

static void test_what_is_wrong_is_told(void **state)
{
    (void)state;
    shown.sniffer_up = 0;
    shown.intake.stats.received = 2000;
    shown.intake.stats.outcomes[WIRE_KERNEL_DROPPED] = 25;
    shown.counts.distinct.forgotten = 1;
    shown.counts.groups.capped = 1;
    render();
    assert_shows("<td class=\"bad\">silent</td>");
    assert_shows("<td class=\"bad\">25 (1.2 %): counts are too low</td>");
    assert_shows("<td class=\"bad\">no longer exact");
    assert_shows("<td class=\"bad\">reached -groups.max");
    assert_hides("<th>Interfaces</th>");

    start(NULL);
    shown.interfaces_changed = 1;
    render();
    assert_shows(
        "<th>Interfaces</th><td class=\"bad\">changed since the start: packets may count twice "
        "or not at all until a restart</td>");

    start(NULL);
    shown.counts.sessions.refused = 1;
    render();
    assert_shows("<td class=\"bad\">no longer exact");
}

static void test_reasons(void **state)
{
    (void)state;
    entries[0].rejected[WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST] = 30;
    entries[2].rejected[WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST] = 10;
    entries[1].rejected[WIRE_REJECTED_QTYPE - WIRE_REJECTED_FIRST] = 20;
    render();
    assert_shows("<rect width=\"1000\" height=\"1\"/></svg></td><td>40</td></tr>\n"
                 "<tr><th>encoding: not base32");
    assert_shows("<rect width=\"500\" height=\"1\"/></svg></td><td>20</td></tr>\n<tr><th>edns: ");
    assert_shows("<th>short: ");
    assert_shows("<th>framing: ");
    assert_shows("<th>opcode: ");
}

/* The curve has a piece for each stretch that is known, the highest reaching the top. */
static void test_the_hour(void **state)
{
    (void)state;
    history_start(HISTORY_HOUR, NOW - 3 * SAMPLE_SECONDS, &shown.counts.histories[HISTORY_HOUR]);
    history_note(&shown.counts.histories[HISTORY_HOUR], 10, NOW - 3 * SAMPLE_SECONDS);
    history_note(&shown.counts.histories[HISTORY_HOUR], 40, NOW - SAMPLE_SECONDS);
    history_note(&shown.counts.histories[HISTORY_HOUR], 20, NOW);
    render();
    assert_shows("at most 40 active in the last hour");
    assert_shows("<path class=\"curve\" d=\"M1180 75H1185\"/>\n");
    assert_shows("<path class=\"curve\" d=\"M1190 0H1195V50H1200\"/>\n");
    assert_shows("<path class=\"area\" d=\"M1190 0H1195V50H1200V100H1190z\"/>\n");
}

static void test_nobody_for_an_hour(void **state)
{
    (void)state;
    history_note(&shown.counts.histories[HISTORY_HOUR], 0, NOW);
    render();
    assert_shows("<path class=\"curve\" d=\"M1195 100H1200\"/>\n");
}

static void test_names_cannot_become_markup(void **state)
{
    (void)state;
    memcpy(shown.options.interface, "<b>&\"'", sizeof "<b>&\"'");
    shown.options.telemetry_path = "/m&'\"";
    render();
    assert_shows("on <bdi>&#60;b&#62;&#38;&#34;&#39;</bdi></p>");
    assert_shows("<a href=\"./m&#38;&#39;&#34;\">");
    assert_hides("<b>");
}

/* All that has a limit, at its limit: the page has room. */
static void test_the_longest_page(void **state)
{
    (void)state;
    char name[DOMAIN_WIRE_MAX] = "";
    char path[128 + 1] = "/";
    memset(name, 'a', sizeof name - 1);
    memset(path + 1, '&', sizeof path - 2);
    shown.options.telemetry_path = path;
    while (shown.options.domain_count < DOMAINS_MAX) {
        name_domain(name);
        domains[shown.options.domain_count - 1].active = UINT32_MAX;
        shown.options.tunnels[shown.options.domain_count - 1].format = TUNNEL_NOIZDNS;
    }
    shown.options.port_count = OPTIONS_PORTS_MAX;
    for (unsigned i = 0; i < OPTIONS_PORTS_MAX; i++) {
        shown.options.ports[i] = UINT16_MAX;
    }
    memset(shown.options.interface, '&', sizeof shown.options.interface - 1);
    shown.counts.sessions.used = UINT64_MAX;
    shown.intake.stats.received = UINT64_MAX;
    shown.intake.stats.outcomes[WIRE_KERNEL_DROPPED] = UINT64_MAX;
    shown.sniffer_up = 0;
    shown.interfaces_changed = 1;
    for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
        entries[0].rejected[reason] = UINT64_MAX / 1000;
    }
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        struct history *history = &shown.counts.histories[span];
        const uint32_t each = history->sample_seconds;
        const uint32_t now = NOW / each * each;
        for (unsigned i = 0; i < HISTORY_SAMPLES; i += 2) { /* by hand: NOW is not so late */
            history->samples[i] = UINT32_MAX - 1 - i;
        }
        history->latest = now / each;
    }
    for (enum status_form form = 0; form < STATUS_FORMS; form++) {
        render_as(form);
        assert_true(strlen(page) < 3 * STATUS_BYTES / 4); /* the rankings' share */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_is_well, start),
        cmocka_unit_test_setup(test_forms, start),
        cmocka_unit_test_setup(test_the_start, start),
        cmocka_unit_test_setup(test_domains, start),
        cmocka_unit_test_setup(test_windows, start),
        cmocka_unit_test_setup(test_what_is_wrong_is_told, start),
        cmocka_unit_test_setup(test_reasons, start),
        cmocka_unit_test_setup(test_the_hour, start),
        cmocka_unit_test_setup(test_nobody_for_an_hour, start),
        cmocka_unit_test_setup(test_names_cannot_become_markup, start),
        cmocka_unit_test_setup(test_the_longest_page, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
