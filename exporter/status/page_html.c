#include "exporter/status/page.h"

#include "common/build.h"
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/history.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/state/hints.h"
#include "exporter/state/state.h"
#include "exporter/status/html.h"
#include "exporter/status/ranking.h"
#include "exporter/status/style.h"
#include "exporter/status/view.h"
#include "exporter/status/words.h"
#include "exporter/text/foreign_text.h"
#include "exporter/text/writer.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    REFRESH_SECONDS = 15,
    /* The graph's units: its height, and the width of a sample. */
    GRAPH_HEIGHT = 100,
    GRAPH_STEP = 5,
    GRAPH_WIDTH = HISTORY_SAMPLES * GRAPH_STEP,
    BAR_WIDTH = 1000,
};

static void put_head(struct writer *page, const struct state *state)
{
    writer_put(page,
               "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
               "<meta name=\"robots\" content=\"noindex\">\n"
               "<meta http-equiv=\"refresh\" content=\"%d\">\n<title>dnstt_exporter</title>\n"
               "<style>%s</style>\n</head>\n<body>\n<header>\n<h1>dnstt_exporter</h1>\n"
               "<p class=\"soft\">version %s &middot; <a href=\".",
               REFRESH_SECONDS, status_style, build_version());
    html_put_name(page, state->options.telemetry_path);
    writer_put(page, "\">metrics</a></p>\n</header>\n<main>\n");
}

/* --- What is watched. */

static void put_domain(struct writer *page, const struct view_domain *domain)
{
    char answered[WORDS_BYTES];
    char median[WORDS_BYTES];
    words_answered(&domain->recent, answered);
    words_duration(domain->median_seconds, median);
    writer_put(page, "<tr><th>");
    html_put_name(page, domain->name);
    writer_put(page,
               "</th><td>%" PRIu32 " active</td></tr>\n<tr class=\"soft\"><td colspan=\"2\">%s "
               "&middot; %" PRIu32 " established &middot; %s %s &middot; ",
               domain->active, domain->format, domain->established, answered,
               domain->recent.queries > 0 ? "answered" : "in 5 min");
    if (domain->ended > 0) {
        writer_put(page, "median session %s</td></tr>\n", median);
    } else {
        writer_put(page, "no session has ended</td></tr>\n");
    }
}

static void put_watched(struct writer *page, const struct view *view)
{
    const struct options *options = &view->state->options;
    writer_put(page, "<section id=\"watched\">\n<h2>Watched</h2>\n<table>\n");
    for (unsigned i = 0; i < view->domain_count; i++) {
        put_domain(page, &view->domains[i]);
    }
    writer_put(page, "</table>\n<p class=\"soft\">UDP port");
    for (unsigned i = 0; i < options->port_count; i++) {
        writer_put(page, "%s %u", i == 0 ? "" : ",", options->ports[i]);
    }
    if (options->interface[0] == '\0') {
        writer_put(page, " on all interfaces");
    } else {
        struct foreign_text name; /* the kernel takes any character */
        foreign_text_clean(options->interface, strlen(options->interface), &name);
        writer_put(page, " on ");
        html_put_foreign(page, &name);
    }
    writer_put(page, "</p>\n</section>\n");
}

/* --- Hints: what may be wrong with the set-up, and what to do. */

static void put_hints(struct writer *page, const struct hints *hints)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < HINTS; i++) {
        if (hints->on[i] == 0) {
            continue;
        }
        writer_put(page, count++ == 0 ? "<section id=\"hints\" class=\"wide\">\n"
                                        "<h2>The set-up seems wrong</h2>\n<dl>\n"
                                      : "");
        writer_put(page, "<dt class=\"bad\">");
        html_put_name(page, hints->texts[i].seen);
        writer_put(page, "</dt>\n<dd>");
        html_put_name(page, hints->texts[i].advice);
        writer_put(page, "</dd>\n");
    }
    writer_put(page, count > 0 ? "</dl>\n</section>\n" : "");
}

/* --- Health: a line for each thing that can be wrong. */

static void put_health(struct writer *page, const struct view *view)
{
    writer_put(page, "<section id=\"health\">\n<h2>Health</h2>\n<table>\n");
    for (unsigned i = 0; i < view->check_count; i++) {
        const struct view_check *check = &view->checks[i];
        writer_put(page, "<tr><th>%s</th><td class=\"%s\">%s</td></tr>\n", check->name,
                   check->good ? "good" : "bad", check->text);
    }
    writer_put(page, "</table>\n</section>\n");
}

/* --- The past. */

/* The curve's pieces, one for each stretch of samples without a gap. */
static void put_curve(struct writer *page, const struct view_history *history, bool area)
{
    const uint32_t *samples = history->samples;
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        if (samples[i] == HISTORY_NOTHING) {
            continue;
        }
        writer_put(page, "<path class=\"%s\" d=\"M%u", area ? "area" : "curve", i * GRAPH_STEP);
        unsigned first = i;
        for (; i < HISTORY_SAMPLES && samples[i] != HISTORY_NOTHING; i++) {
            const uint64_t height =
                history->peak > 0 ? (uint64_t)samples[i] * GRAPH_HEIGHT / history->peak : 0;
            if (i != first) {
                writer_put(page, "H%u", i * GRAPH_STEP);
            }
            writer_put(page, i != first ? "V%u" : " %u", GRAPH_HEIGHT - (unsigned)height);
        }
        writer_put(page, "H%u", i * GRAPH_STEP);
        if (area) {
            writer_put(page, "V%dH%uz", GRAPH_HEIGHT, first * GRAPH_STEP);
        }
        writer_put(page, "\"/>\n");
    }
}

/* With an axis of values on the left and one of times below. */
static void put_graph(struct writer *page, const struct view_history *history, const char *span,
                      const char *begin, const char *middle)
{
    writer_put(page,
               "<figure>\n<div class=\"values\"><span>%" PRIu32 "</span><span>0</span></div>\n"
               "<svg role=\"img\" aria-label=\"Active clients over the last %s: at most %" PRIu32
               "\" viewBox=\"0 -2 %d %d\" preserveAspectRatio=\"none\">\n"
               "<path class=\"axis\" d=\"M0 %dH%dM0 %dH%dM0 0H%dM0 0V%dM%d 0V%d\"/>\n",
               history->peak, span, history->peak, GRAPH_WIDTH, GRAPH_HEIGHT + 4, GRAPH_HEIGHT,
               GRAPH_WIDTH, GRAPH_HEIGHT / 2, GRAPH_WIDTH, GRAPH_WIDTH, GRAPH_HEIGHT,
               GRAPH_WIDTH / 2, GRAPH_HEIGHT);
    put_curve(page, history, true);
    put_curve(page, history, false);
    writer_put(page,
               "</svg>\n<figcaption><span>%s</span><span>%s</span><span>now</span></figcaption>\n"
               "</figure>\n",
               begin, middle);
}

static void put_clients(struct writer *page, const struct view *view)
{
    const struct view_history *hour = &view->histories[HISTORY_HOUR];
    writer_put(page,
               "<section id=\"clients\" class=\"wide hour\">\n<h2>Active clients</h2>\n"
               "<p class=\"figure\">%" PRIu64 "</p>\n<p class=\"soft\">with a query in the last "
               "%" PRIu32,
               view->active, view->window_least);
    if (view->window_most != view->window_least) {
        writer_put(page, " to %" PRIu32, view->window_most);
    }
    writer_put(page,
               " s; %" PRIu64 " of them established: with data, for a minute or longer; at most "
               "%" PRIu32 " active in the last hour</p>\n",
               view->established, hour->peak);
    put_graph(page, hour, "hour", "60 min ago", "30 min");
    writer_put(page, "</section>\n");
}

static void put_past(struct writer *page, const struct view *view, enum history_span span)
{
    const bool day = span == HISTORY_DAY;
    writer_put(page,
               "<section id=\"%s\" class=\"past\">\n<h2>Last %s</h2>\n"
               "<p class=\"soft\">at most %" PRIu32 " active</p>\n",
               day ? "day" : "week", day ? "day" : "week", view->histories[span].peak);
    put_graph(page, &view->histories[span], day ? "day" : "week", day ? "24 h ago" : "7 days ago",
              day ? "12 h" : "3.5 days");
    writer_put(page, "</section>\n");
}

/* --- Since the start. */

static void put_totals(struct writer *page, const struct view *view)
{
    char since[WORDS_BYTES];
    char up[WORDS_BYTES];
    words_moment(view->started, since);
    words_duration(view->up_seconds, up);
    writer_put(
        page,
        "<section id=\"totals\">\n<h2>Since the start</h2>\n<p class=\"soft\">counting since "
        "%s, %s; a restart begins all values again</p>\n<table>\n",
        since, up);
    for (unsigned i = 0; i < view->domain_count; i++) {
        const struct view_totals *totals = &view->domains[i].totals;
        char words[5][WORDS_BYTES];
        words_count(totals->queries, words[0]);
        words_count(totals->repeated, words[1]);
        words_count(totals->responses, words[2]);
        words_bytes(totals->bytes_in, words[3]);
        words_bytes(totals->bytes_out, words[4]);
        writer_put(page, "<tr><th>");
        html_put_name(page, view->domains[i].name);
        writer_put(page,
                   "</th><td>%" PRIu64 " sessions</td></tr>\n<tr class=\"soft\"><td colspan=\"2\">"
                   "%s queries, %s repeated &middot; %s responses &middot; %s in &middot; %s "
                   "out</td></tr>\n",
                   totals->sessions, words[0], words[1], words[2], words[3], words[4]);
    }
    writer_put(page, "</table>\n</section>\n");
}

/* --- Bars. */

/* `more`: a name of a database, or NULL. */
static void put_bar(struct writer *page, const char *name, const struct foreign_text *more,
                    uint64_t value, uint64_t most)
{
    writer_put(page, "<tr><th>%s", name);
    if (more != NULL && more->text[0] != '\0') {
        writer_put(page, " <small>");
        html_put_foreign(page, more);
        writer_put(page, "</small>");
    }
    writer_put(
        page,
        "</th><td><svg viewBox=\"0 0 %d 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
        "<rect width=\"%" PRIu64 "\" height=\"1\"/></svg></td><td>%" PRIu64 "</td></tr>\n",
        BAR_WIDTH, most > 0 ? value * BAR_WIDTH / most : 0, value);
}

static void put_ranking(struct writer *page, const struct view *view, enum ranking_kind kind)
{
    const bool networks = kind == RANKING_ASNS;
    const struct ranking *ranking = networks ? &view->networks : &view->countries;
    const struct organizations *names = geoip_organizations(view->state->geoip);
    const uint64_t most = view_longest_bar(view, ranking);
    writer_put(page, "<section id=\"%s\" class=\"bars\">\n<h2>%s of the resolvers</h2>\n<table>\n",
               networks ? "networks" : "countries", networks ? "Networks" : "Countries");
    for (unsigned i = 0; i < ranking->count; i++) {
        const struct ranking_row *row = &ranking->rows[i];
        char key[WORDS_BYTES];
        words_key(kind, row->key, key);
        put_bar(page, key, networks ? organizations_find(names, row->key) : NULL, row->active,
                most);
    }
    if (ranking->rest > 0) {
        put_bar(page, "all others", NULL, ranking->rest, most);
    }
    if (view->other > 0) {
        put_bar(page, "other", NULL, view->other, most);
    }
    writer_put(page, "</table>\n%s</section>\n",
               ranking->count + view->other == 0 ? "<p class=\"soft\">nobody is active</p>\n" : "");
}

/* --- Queries that are none of a client's. */

static void put_rejected(struct writer *page, const struct view *view)
{
    uint64_t most = 0;
    for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
        most = view->rejected[reason] > most ? view->rejected[reason] : most;
    }
    writer_put(
        page,
        "<section id=\"rejected\" class=\"wide bars\">\n<h2>Rejected queries</h2>\n<table>\n");
    for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
        const struct wire_outcome_text *text = &wire_outcome_texts[WIRE_REJECTED_FIRST + reason];
        char name[160];
        snprintf(name, sizeof name, "%s: %s", text->reason, text->meaning);
        put_bar(page, name, NULL, view->rejected[reason], most);
    }
    writer_put(page, "</table>\n<p class=\"soft\">since the start, under the watched domains</p>\n"
                     "</section>\n");
}

void page_html(const struct view *view, struct writer *page)
{
    const struct state *state = view->state;
    put_head(page, state);
    put_hints(page, &state->hints);
    put_clients(page, view);
    put_past(page, view, HISTORY_DAY);
    put_past(page, view, HISTORY_WEEK);
    put_watched(page, view);
    put_totals(page, view);
    put_health(page, view);
    if (state->options.country_database != NULL) {
        put_ranking(page, view, RANKING_COUNTRIES);
    }
    if (state->options.asn_database != NULL) {
        put_ranking(page, view, RANKING_ASNS);
    }
    put_rejected(page, view);
    char privacy[WORDS_PRIVACY_BYTES];
    words_privacy(&state->options, privacy);
    writer_put(page,
               "</main>\n<footer><small>Countries and networks are those of the resolvers, not of "
               "the people behind them.%s%s</small></footer>\n</body>\n</html>\n",
               privacy[0] != '\0' ? " " : "", privacy);
}
