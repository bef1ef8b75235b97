/* Hints on the status page, in each of its forms. */
#include "common/domain.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/history.h"
#include "exporter/counts/recent.h"
#include "exporter/state/hints.h"
#include "exporter/state/state.h"
#include "exporter/status/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { NOW = 100000, TODAY = 1700000000, GROUPS = 1 };

static struct state shown;
static struct group entries[GROUPS];
static struct group_domain domains[DOMAINS_MAX];
static char page[STATUS_BYTES + 1];

static void name_domain(const char *text)
{
    const unsigned index = shown.options.domain_count++;
    assert_int_equal(domain_parse(text, &shown.options.domains[index]), 0);
    shown.counts.groups.domain_count++;
    shown.counts.sessions.ended[index].seconds.bounds = histogram_seconds;
}

static int start(void **state)
{
    (void)state;
    memset(&shown, 0, sizeof shown);
    shown.counts.groups =
        (struct groups){.entries = entries, .group_count = GROUPS, .domains = domains};
    shown.sniffer_up = 1;
    shown.options.ports[0] = 53;
    shown.options.port_count = 1;
    shown.options.active_window = 30;
    shown.options.telemetry_path = "/metrics";
    recent_start(NOW, &shown.counts.recent);
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        history_start(span, NOW, &shown.counts.histories[span]);
    }
    return 0;
}

static void turn_on(enum hint hint, const char *seen, const char *advice)
{
    struct hint_text *text = &shown.hints.texts[hint];
    shown.hints.on[hint] = 1;
    (void)snprintf(text->seen, sizeof text->seen, "%s", seen);
    (void)snprintf(text->advice, sizeof text->advice, "%s", advice);
}

static long render(enum status_form form)
{
    memset(page, 'x', sizeof page);
    const long length = status_render(&shown, form, NOW, TODAY, page);
    assert_in_range(length, 1, STATUS_BYTES);
    page[length] = '\0';
    return length;
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
        fail_msg("the page shows: %s\n%s", text, page);
    }
}

static void test_none(void **state)
{
    (void)state;
    name_domain("t.example.com");
    shown.hints.texts[HINT_EDNS] = (struct hint_text){"what was seen", "what was to be done"};
    for (enum status_form form = 0; form < STATUS_FORMS; form++) {
        render(form);
        assert_hides("what was");
        assert_hides("seems wrong");
    }
    render(STATUS_JSON);
    assert_shows("\"hints\":[]");
}

static void test_those_that_are_on(void **state)
{
    (void)state;
    name_domain("t.example.com");
    turn_on(HINT_EDNS, "one <is> seen", "do \"this\"");
    turn_on(HINT_WEB_CONFIG_FAILED, "another", "do that");
    render(STATUS_HTML);
    assert_shows("<h2>The set-up seems wrong</h2>\n<dl>\n"
                 "<dt class=\"bad\">one &#60;is&#62; seen</dt>\n<dd>do &#34;this&#34;</dd>\n"
                 "<dt class=\"bad\">another</dt>\n<dd>do that</dd>\n</dl>\n</section>\n");
    render(STATUS_JSON);
    assert_shows("\"hints\":[{\"hint\":\"edns\",\"seen\":\"one \\u003cis\\u003e seen\","
                 "\"advice\":\"do \\u0022this\\u0022\"},{\"hint\":\"web_config_failed\","
                 "\"seen\":\"another\",\"advice\":\"do that\"}]");
    render(STATUS_TEXT);
    assert_shows("\nBAD one <is> seen\n    do \"this\"\n\nBAD another\n    do that\n");
    render(STATUS_TEXT_COLOR);
    assert_shows("\033[1;31mBAD \033[0mone <is> seen\n");
}

/* All of them, as long as they can be, with as many of the longest domains. The rankings and the
 * graphs, which are not here, take less than the rest. */
static void test_the_longest_page(void **state)
{
    (void)state;
    char name[DOMAIN_WIRE_MAX] = "";
    char seen[HINT_SEEN_BYTES] = "";
    char advice[HINT_ADVICE_BYTES] = "";
    for (size_t i = 0; i < sizeof name - 3; i++) {
        name[i] = i % 64 == 63 ? '.' : 'a';
    }
    while (shown.options.domain_count < DOMAINS_MAX) {
        name_domain(name);
    }
    memset(seen, 's', sizeof seen - 1);
    memset(advice, 'a', sizeof advice - 1);
    long without[STATUS_FORMS];
    for (enum status_form form = 0; form < STATUS_FORMS; form++) {
        without[form] = render(form);
    }
    for (enum hint hint = 0; hint < HINTS; hint++) {
        turn_on(hint, seen, advice);
    }
    for (enum status_form form = 0; form < STATUS_FORMS; form++) {
        const long length = render(form);
        print_message("# form %d: %ld bytes, %ld of them hints\n", (int)form, length,
                      length - without[form]);
        assert_in_range(length, 1, 3 * STATUS_BYTES / 4);
        assert_true(length - without[form] <= STATUS_HINTS_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_none, start),
        cmocka_unit_test_setup(test_those_that_are_on, start),
        cmocka_unit_test_setup(test_the_longest_page, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
