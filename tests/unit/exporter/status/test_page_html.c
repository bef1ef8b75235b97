/* What a browser makes of it is looked at in tests/integration/test_status.py. */
#include "exporter/counts/history.h"
#include "exporter/status/page.h"
#include "exporter/status/style.h"
#include "exporter/status/view.h"
#include "exporter/text/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/exporter/status/hand_made.h"

static void render(void)
{
    struct writer writer = begin_page();
    page_html(&view, &writer);
    end_page(&writer);
}

/* In the order of the page. */
static void assert_in_order(const char *const texts[], size_t count)
{
    const char *at = page;
    for (size_t i = 0; i < count; i++) {
        const char *found = strstr(at, texts[i]);
        if (found == NULL) {
            fail_msg("not there, or not behind %s: %s", i > 0 ? texts[i - 1] : "", texts[i]);
        } else {
            at = found + strlen(texts[i]);
        }
    }
}

static void test_sections(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "<!DOCTYPE html>\n",
        "<style>",
        status_style,
        "</style>",
        "<h1>dnstt_exporter</h1>",
        "<a href=\"./metrics\">metrics</a>",
        "<section id=\"clients\" class=\"wide hour\">",
        "<section id=\"day\" class=\"past\">",
        "<section id=\"week\" class=\"past\">",
        "<section id=\"watched\">",
        "<section id=\"totals\">",
        "<section id=\"health\">",
        "<section id=\"countries\" class=\"bars\">",
        "<section id=\"networks\" class=\"bars\">",
        "<section id=\"rejected\" class=\"wide bars\">",
        "of the people behind them.",
        "</html>\n",
    };
    make_view();
    render();
    assert_in_order(texts, sizeof texts / sizeof *texts);
    state_shown.options.country_database = NULL;
    render();
    assert_hides("\"countries\"");
    assert_shows("\"networks\"");
    state_shown.options.country_database = "country.mmdb";
    state_shown.options.asn_database = NULL;
    render();
    assert_shows("\"countries\"");
    assert_hides("\"networks\"");
}

static void test_names_of_networks(void **state)
{
    (void)state;
    make_view();
    render();
    assert_shows("<tr><th>AS64496 <small><bdi>Example Networks, Ltd.</bdi></small></th>");
    assert_shows("<tr><th>AS64497 <small><bdi>&#60;/bdi&#62;&#60;script&#62; [31m &#34;\\</bdi>"
                 "</small></th>");
    assert_shows("<tr><th>AS65536</th>"); /* has an empty name */
    assert_shows("<tr><th>AS65537</th>");
    assert_hides("<script");
    assert_hides("\033");
}

static void test_bars(void **state)
{
    (void)state;
    make_view();
    render();
    assert_shows("<rect width=\"500\" height=\"1\"/></svg></td><td>10</td></tr>\n<tr><th>unknown");
    assert_shows("<rect width=\"100\" height=\"1\"/></svg></td><td>2</td></tr>\n<tr><th>other<");
    assert_shows("<tr><th>all others</th>");
    assert_hides("nobody is active");
    view.other = 40;
    view.countries.rest = 80;
    render();
    assert_shows("<rect width=\"250\" height=\"1\"/></svg></td><td>20</td></tr>\n<tr><th>FR");
    assert_shows("<rect width=\"400\" height=\"1\"/></svg></td><td>16</td></tr>\n<tr><th>AS64497");

    make_empty_view();
    state_shown.options.country_database = "country.mmdb";
    render();
    assert_shows("<h2>Countries of the resolvers</h2>\n<table>\n</table>\n"
                 "<p class=\"soft\">nobody is active</p>\n</section>\n");
    view.other = 1;
    render();
    assert_hides("nobody is active");
    assert_hides("all others");
}

/* A graph has its values on the left and its times below. */
static void test_graphs(void **state)
{
    (void)state;
    make_view();
    render();
    assert_shows("at most 59 active in the last hour</p>\n<figure>\n"
                 "<div class=\"values\"><span>59</span><span>0</span></div>\n<svg role=\"img\" "
                 "aria-label=\"Active clients over the last hour: at most 59\"");
    assert_shows("<figcaption><span>60 min ago</span><span>30 min</span><span>now</span>"
                 "</figcaption>");
    assert_shows("<h2>Last day</h2>\n<p class=\"soft\">at most 290 active</p>\n<figure>\n"
                 "<div class=\"values\"><span>290</span><span>0</span></div>");
    assert_shows("over the last day: at most 290");
    assert_shows("<span>24 h ago</span><span>12 h</span><span>now</span>");
    assert_shows("<h2>Last week</h2>\n");
    assert_shows("over the last week: at most 290");
    assert_shows("<span>7 days ago</span><span>3.5 days</span><span>now</span>");
    /* The week has one sample, and that is the most. */
    assert_shows("<path class=\"area\" d=\"M1195 0H1200V100H1195z\"/>\n"
                 "<path class=\"curve\" d=\"M1195 0H1200\"/>\n</svg>");
}

/* Times before the start are blank: no path is there. */
static void test_the_past_is_blank(void **state)
{
    (void)state;
    make_empty_view();
    render();
    assert_hides("class=\"curve\"");
    assert_hides("class=\"area\"");
    assert_shows("<div class=\"values\"><span>0</span><span>0</span></div>");
    note_sample(HISTORY_DAY, 239, 0);
    render();
    assert_shows("<path class=\"area\" d=\"M1195 100H1200V100H1195z\"/>\n"
                 "<path class=\"curve\" d=\"M1195 100H1200\"/>\n");
}

static void test_totals(void **state)
{
    (void)state;
    make_view();
    view.domains[1].totals = (struct view_totals){3, 4, 5, 6, 7, 8};
    render();
    assert_shows("counting since 2023-11-14 22:13 UTC, 3 h; a restart begins all values again</p>");
    assert_shows("<tr><th>t.example.com</th><td>700 sessions</td></tr>\n"
                 "<tr class=\"soft\"><td colspan=\"2\">1.23M queries, 99999 repeated &middot; "
                 "1.20M responses &middot; 150 MiB in &middot; 1023 B out</td></tr>\n");
    assert_shows("<td>3 sessions</td></tr>\n"
                 "<tr class=\"soft\"><td colspan=\"2\">4 queries, 5 repeated &middot; 6 responses "
                 "&middot; 7 B in &middot; 8 B out</td></tr>\n</table>");
}

/* All that has a limit, at its limit: the page has room. */
static void test_the_longest_page(void **state)
{
    (void)state;
    make_longest_view();
    render();
    assert_in_range(strlen(page), STATUS_BYTES / 2, 9 * STATUS_BYTES / 10);
}

static void put(struct writer *writer)
{
    page_html(&view, writer);
}

static void test_without_room(void **state)
{
    (void)state;
    make_view();
    assert_full_without_room(put);
}

static void test_privacy(void **state)
{
    (void)state;
    make_view();
    render();
    assert_shows("of the people behind them.</small></footer>");
    state_shown.options.privacy_min_clients = 5;
    render();
    assert_shows("of the people behind them. Places with fewer than 5 active sessions are in "
                 "other.</small></footer>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_names_of_networks),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_graphs),
        cmocka_unit_test(test_the_past_is_blank),
        cmocka_unit_test(test_totals),
        cmocka_unit_test(test_the_longest_page),
        cmocka_unit_test(test_without_room),
        cmocka_unit_test(test_privacy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
