#include "exporter/status/status.h"

#include "common/build.h"
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/history.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/state/state.h"
#include "exporter/status/html.h"
#include "exporter/status/ranking.h"
#include "exporter/status/style.h"
#include "exporter/status/view.h"
#include "exporter/text/foreign_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    REFRESH_SECONDS = 15,
    /* The graph's units: its height, and the width of a sample. */
    GRAPH_HEIGHT = 100,
    GRAPH_STEP = 5,
    BAR_WIDTH = 1000,
};

static void put_head(struct html_page *page, const struct state *state)
{
    html_put(page,
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
             "<meta name=\"robots\" content=\"noindex\">\n"
             "<meta http-equiv=\"refresh\" content=\"%d\">\n<title>dnstt_exporter</title>\n"
             "<style>%s</style>\n</head>\n<body>\n<header>\n<h1>dnstt_exporter</h1>\n"
             "<p class=\"soft\">version %s &middot; <a href=\".",
             REFRESH_SECONDS, status_style, build_version());
    html_put_name(page, state->options.telemetry_path);
    html_put(page, "\">metrics</a></p>\n</header>\n<main>\n");
}

/* --- What is watched. */

static void put_domain(struct html_page *page, const struct view_domain *domain)
{
    char answered[VIEW_WORD_BYTES];
    char median[VIEW_WORD_BYTES];
    view_answered(&domain->recent, answered);
    view_duration(domain->median_seconds, median);
    html_put(page, "<tr><th>");
    html_put_name(page, domain->name);
    html_put(page,
             "</th><td>%s</td><td>%" PRIu32
             " active</td></tr>\n<tr class=\"soft\"><td colspan=\"3\">"
             "%" PRIu32 " established &middot; ",
             domain->format, domain->active, domain->established);
    html_put(page, "%s %s &middot; ", answered,
             domain->recent.queries > 0 ? "answered" : "in 5 min");
    if (domain->ended > 0) {
        html_put(page, "median session %s</td></tr>\n", median);
    } else {
        html_put(page, "no session has ended</td></tr>\n");
    }
}

static void put_watched(struct html_page *page, const struct view *view)
{
    const struct options *options = &view->state->options;
    html_put(page, "<section id=\"watched\">\n<h2>Watched</h2>\n<table>\n");
    for (unsigned i = 0; i < view->domain_count; i++) {
        put_domain(page, &view->domains[i]);
    }
    html_put(page, "</table>\n<p class=\"soft\">UDP port");
    for (unsigned i = 0; i < options->port_count; i++) {
        html_put(page, "%s %u", i == 0 ? "" : ",", options->ports[i]);
    }
    if (options->interface[0] == '\0') {
        html_put(page, " on all interfaces");
    } else {
        html_put(page, " on ");
        html_put_name(page, options->interface);
    }
    html_put(page, "</p>\n</section>\n");
}

/* --- Health: a line for each thing that can be wrong. */

static void put_health(struct html_page *page, const struct view *view)
{
    html_put(page, "<section id=\"health\">\n<h2>Health</h2>\n<table>\n");
    for (unsigned i = 0; i < view->check_count; i++) {
        const struct view_check *check = &view->checks[i];
        html_put(page, "<tr><th>%s</th><td class=\"%s\">%s</td></tr>\n", check->name,
                 check->good ? "good" : "bad", check->text);
    }
    html_put(page, "</table>\n</section>\n");
}

/* --- The last hour. */

/* The curve's pieces, one for each stretch of samples without a gap. */
static void put_curve(struct html_page *page, const uint32_t samples[HISTORY_SAMPLES],
                      uint32_t most, bool area)
{
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        if (samples[i] == HISTORY_NOTHING) {
            continue;
        }
        html_put(page, "<path class=\"%s\" d=\"M%u", area ? "area" : "curve", i * GRAPH_STEP);
        unsigned first = i;
        for (; i < HISTORY_SAMPLES && samples[i] != HISTORY_NOTHING; i++) {
            uint64_t height = most > 0 ? (uint64_t)samples[i] * GRAPH_HEIGHT / most : 0;
            if (i != first) {
                html_put(page, "H%uV%u", i * GRAPH_STEP, GRAPH_HEIGHT - (unsigned)height);
            } else {
                html_put(page, " %u", GRAPH_HEIGHT - (unsigned)height);
            }
        }
        html_put(page, "H%u", i * GRAPH_STEP);
        if (area) {
            html_put(page, "V%dH%uz", GRAPH_HEIGHT, first * GRAPH_STEP);
        }
        html_put(page, "\"/>\n");
    }
}

static void put_hour(struct html_page *page, const struct view *view)
{
    html_put(page,
             "<section id=\"clients\" class=\"wide hour\">\n<h2>Active clients</h2>\n"
             "<p class=\"figure\">%" PRIu64
             "</p>\n<p class=\"soft\">with a query in the last %" PRIu32,
             view->active, view->window_least);
    if (view->window_most != view->window_least) {
        html_put(page, " to %" PRIu32, view->window_most);
    }
    html_put(page,
             " s; %" PRIu64 " of them established: with data, for a minute or longer; at most "
             "%" PRIu32 " active in the last hour</p>\n",
             view->established, view->hour_peak);
    html_put(page,
             "<svg role=\"img\" aria-label=\"Active clients over the last hour: at most %" PRIu32
             ", now %" PRIu64 "\" viewBox=\"0 -2 %d %d\" preserveAspectRatio=\"none\">\n"
             "<path class=\"axis\" d=\"M0 %dH%dM0 0H%d\"/>\n",
             view->hour_peak, view->active, HISTORY_SAMPLES * GRAPH_STEP, GRAPH_HEIGHT + 4,
             GRAPH_HEIGHT, HISTORY_SAMPLES * GRAPH_STEP, HISTORY_SAMPLES * GRAPH_STEP);
    put_curve(page, view->hour, view->hour_peak, true);
    put_curve(page, view->hour, view->hour_peak, false);
    html_put(page, "</svg>\n<p class=\"ends\"><span>an hour ago</span><span>now</span></p>\n"
                   "</section>\n");
}

/* --- Bars. */

/* `more`: a name of a database, or NULL. */
static void put_bar(struct html_page *page, const char *name, const struct foreign_text *more,
                    uint64_t value, uint64_t most)
{
    html_put(page, "<tr><th>%s", name);
    if (more != NULL && more->text[0] != '\0') {
        html_put(page, " <small>");
        html_put_foreign(page, more);
        html_put(page, "</small>");
    }
    html_put(page,
             "</th><td><svg viewBox=\"0 0 %d 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
             "<rect width=\"%" PRIu64 "\" height=\"1\"/></svg></td><td>%" PRIu64 "</td></tr>\n",
             BAR_WIDTH, most > 0 ? value * BAR_WIDTH / most : 0, value);
}

static void put_ranking(struct html_page *page, const struct view *view, enum ranking_kind kind)
{
    const bool networks = kind == RANKING_ASNS;
    const struct ranking *ranking = networks ? &view->networks : &view->countries;
    const struct organizations *names = geoip_organizations(view->state->geoip);
    uint64_t most = ranking->count > 0 ? ranking->rows[0].active : 0;
    most = view->other > most ? view->other : most;
    most = ranking->rest > most ? ranking->rest : most;
    html_put(page, "<section id=\"%s\" class=\"bars\">\n<h2>%s of the resolvers</h2>\n<table>\n",
             networks ? "networks" : "countries", networks ? "Networks" : "Countries");
    for (unsigned i = 0; i < ranking->count; i++) {
        const struct ranking_row *row = &ranking->rows[i];
        char key[VIEW_WORD_BYTES];
        view_key(kind, row->key, key);
        put_bar(page, key, networks ? organizations_find(names, row->key) : NULL, row->active,
                most);
    }
    if (ranking->rest > 0) {
        put_bar(page, "all others", NULL, ranking->rest, most);
    }
    if (view->other > 0) {
        put_bar(page, "other", NULL, view->other, most);
    }
    html_put(page, "</table>\n%s</section>\n",
             ranking->count + view->other == 0 ? "<p class=\"soft\">nobody is active</p>\n" : "");
}

/* --- Queries that are none of a client's. */

static void put_rejected(struct html_page *page, const struct view *view)
{
    uint64_t most = 0;
    for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
        most = view->rejected[reason] > most ? view->rejected[reason] : most;
    }
    html_put(page,
             "<section id=\"rejected\" class=\"wide bars\">\n<h2>Rejected queries</h2>\n<table>\n");
    for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
        const struct wire_outcome_text *text = &wire_outcome_texts[WIRE_REJECTED_FIRST + reason];
        char name[160];
        snprintf(name, sizeof name, "%s: %s", text->reason, text->meaning);
        put_bar(page, name, NULL, view->rejected[reason], most);
    }
    html_put(page, "</table>\n<p class=\"soft\">since the start, under the watched domains</p>\n"
                   "</section>\n");
}

long status_render(const struct state *state, uint32_t now, uint64_t today,
                   char buffer[STATUS_BYTES])
{
    struct view view;
    const int error = view_make(state, now, today, &view);
    if (error != 0) {
        return error;
    }
    struct html_page page = {.start = buffer, .size = STATUS_BYTES};
    put_head(&page, state);
    put_hour(&page, &view);
    put_watched(&page, &view);
    put_health(&page, &view);
    if (state->options.country_database != NULL) {
        put_ranking(&page, &view, RANKING_COUNTRIES);
    }
    if (state->options.asn_database != NULL) {
        put_ranking(&page, &view, RANKING_ASNS);
    }
    put_rejected(&page, &view);
    html_put(&page,
             "</main>\n<footer><small>Countries and networks are those of the resolvers, not of "
             "the people behind them.</small></footer>\n</body>\n</html>\n");
    return page.full ? -ENOMEM : (long)page.length;
}
