#include "exporter/status/status.h"

#include "common/build.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/history.h"
#include "exporter/counts/sessions.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/state.h"
#include "exporter/status/ranking.h"
#include "exporter/status/style.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    REFRESH_SECONDS = 30, /* an open browser reloads the page */
    SECONDS_A_DAY = 24 * 60 * 60,
    /* The graph's own units; it is stretched to the available width. */
    GRAPH_STEP = 5,
    GRAPH_HEIGHT = 100,
    BAR_WIDTH = 1000,
};

struct page {
    char *start;
    size_t length;
    bool full; /* the last text did not fit */
};

__attribute__((format(printf, 2, 3))) static void put(struct page *page, const char *format, ...)
{
    size_t room = STATUS_BYTES - page->length;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(page->start + page->length, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room) {
        page->full = true;
    } else {
        page->length += (size_t)length;
    }
}

/* Names come from the command line; characters that HTML treats specially are escaped. */
static void put_name(struct page *page, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("<>&\"'", *text) != NULL) {
            put(page, "&#%d;", *text);
        } else {
            put(page, "%c", *text);
        }
    }
}

static void put_head(struct page *page, const struct state *state)
{
    put(page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n"
        "<meta http-equiv=\"refresh\" content=\"%d\">\n<title>dnstt_exporter</title>\n"
        "<style>%s</style>\n</head>\n<body>\n<header>\n<h1>dnstt_exporter</h1>\n"
        "<p class=\"soft\">version %s &middot; <a href=\".",
        REFRESH_SECONDS, status_style, build_version());
    put_name(page, state->options.telemetry_path);
    put(page, "\">metrics</a></p>\n</header>\n<main>\n");
}

/* --- What is watched. */

static void put_watched(struct page *page, const struct state *state)
{
    const struct options *options = &state->options;
    put(page, "<section id=\"watched\">\n<h2>Watched</h2>\n<table>\n");
    for (unsigned i = 0; i < options->domain_count; i++) {
        put(page, "<tr><th>");
        put_name(page, options->domains[i].text);
        put(page, "</th><td>%s</td><td>%" PRIu32 " active</td></tr>\n",
            tunnel_format_name(options->tunnels[i].format), state->counts.groups.domains[i].active);
    }
    put(page, "</table>\n<p class=\"soft\">UDP port");
    for (unsigned i = 0; i < options->port_count; i++) {
        put(page, "%s %u", i == 0 ? "" : ",", options->ports[i]);
    }
    if (options->interface[0] == '\0') {
        put(page, " on all interfaces");
    } else {
        put(page, " on ");
        put_name(page, options->interface);
    }
    put(page, "</p>\n</section>\n");
}

/* --- Health: a line for each thing that can be wrong. */

static void put_check(struct page *page, const char *what, bool good, const char *text)
{
    put(page, "<tr><th>%s</th><td class=\"%s\">%s</td></tr>\n", what, good ? "good" : "bad", text);
}

static void put_loss(struct page *page, const struct wire_stats *stats)
{
    char text[96] = "none";
    if (stats->outcomes[WIRE_KERNEL_DROPPED] > 0) {
        double share =
            100.0 * (double)stats->outcomes[WIRE_KERNEL_DROPPED] / (double)stats->received;
        snprintf(text, sizeof text, "%" PRIu64 " (%.2g %%): counts are too low",
                 stats->outcomes[WIRE_KERNEL_DROPPED], share);
    }
    put_check(page, "Packets lost", stats->outcomes[WIRE_KERNEL_DROPPED] == 0, text);
}

static void put_database(struct page *page, const struct state *state, enum geoip_which which,
                         uint64_t today)
{
    static const char *const names[GEOIP_DATABASES] = {"Country database", "ASN database"};
    uint64_t built = geoip_values(state->geoip, which).build_time;
    uint64_t days = today > built ? (today - built) / SECONDS_A_DAY : 0;
    bool current = state->databases[which].file.successful != 0;
    char text[96];
    snprintf(text, sizeof text, "built %" PRIu64 " day%s ago%s", days, days == 1 ? "" : "s",
             current ? "" : "; its replacement cannot be used");
    put_check(page, names[which], current && days <= STATUS_DATABASE_DAYS, text);
}

static void put_health(struct page *page, const struct state *state, uint64_t today)
{
    const struct options *options = &state->options;
    put(page, "<section id=\"health\">\n<h2>Health</h2>\n<table>\n");
    put_check(page, "Sniffer", state->sniffer_up != 0,
              state->sniffer_up != 0 ? "reports" : "silent");
    put_loss(page, &state->intake.stats);
    if (options->country_database != NULL) {
        put_database(page, state, GEOIP_COUNTRY, today);
    }
    if (options->asn_database != NULL) {
        put_database(page, state, GEOIP_ASN, today);
    }
    bool exact = state->counts.distinct.forgotten == 0 && state->counts.sessions.refused == 0;
    put_check(page, "Count of distinct sessions", exact,
              exact ? "exact" : "no longer exact: raise -sessions.remember or -sessions.max");
    if (state->counts.groups.capped > 0) {
        put_check(page, "Countries and networks", false,
                  "reached -groups.max: new ones are counted as other");
    }
    if (state->interfaces_changed != 0) {
        put_check(page, "Interfaces", false,
                  "changed since the start: packets may count twice or not at all until a restart");
    }
    put(page, "</table>\n</section>\n");
}

/* --- The last hour. */

/* The curve's pieces, one for each stretch of samples without a gap. */
static void put_curve(struct page *page, const uint32_t samples[HISTORY_SAMPLES], uint32_t most,
                      bool area)
{
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        if (samples[i] == HISTORY_NOTHING) {
            continue;
        }
        put(page, "<path class=\"%s\" d=\"M%u", area ? "area" : "curve", i * GRAPH_STEP);
        unsigned first = i;
        for (; i < HISTORY_SAMPLES && samples[i] != HISTORY_NOTHING; i++) {
            uint64_t height = most > 0 ? (uint64_t)samples[i] * GRAPH_HEIGHT / most : 0;
            put(page, i == first ? " %u" : "H%uV%u",
                i == first ? GRAPH_HEIGHT - (unsigned)height : i * GRAPH_STEP,
                GRAPH_HEIGHT - (unsigned)height);
        }
        put(page, "H%u", i * GRAPH_STEP);
        if (area) {
            put(page, "V%dH%uz", GRAPH_HEIGHT, first * GRAPH_STEP);
        }
        put(page, "\"/>\n");
    }
}

/* The seconds that a session is active after a query: one number, or those of the tunnels. */
static void put_windows(struct page *page, const struct options *options)
{
    uint32_t least = options_window(options, 0);
    uint32_t most = least;
    for (unsigned i = 1; i < options->domain_count; i++) {
        const uint32_t window = options_window(options, i);
        least = window < least ? window : least;
        most = window > most ? window : most;
    }
    put(page, "%" PRIu32, least);
    if (most != least) {
        put(page, " to %" PRIu32, most);
    }
}

static void put_hour(struct page *page, const struct state *state, uint32_t now)
{
    uint32_t samples[HISTORY_SAMPLES];
    uint32_t most = 0;
    uint64_t active = groups_active(&state->counts.groups);
    history_read(&state->counts.history, now, samples);
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        if (samples[i] != HISTORY_NOTHING && samples[i] > most) {
            most = samples[i];
        }
    }
    put(page,
        "<section id=\"clients\" class=\"wide hour\">\n<h2>Active clients</h2>\n"
        "<p class=\"figure\">%" PRIu64 "</p>\n<p class=\"soft\">with a query in the last ",
        active);
    put_windows(page, &state->options);
    put(page, " s; at most %" PRIu32 " in the last hour</p>\n", most);
    put(page,
        "<svg role=\"img\" aria-label=\"Active clients over the last hour: at most %" PRIu32
        ", now %" PRIu64 "\" viewBox=\"0 -2 %d %d\" preserveAspectRatio=\"none\">\n"
        "<path class=\"axis\" d=\"M0 %dH%dM0 0H%d\"/>\n",
        most, active, HISTORY_SAMPLES * GRAPH_STEP, GRAPH_HEIGHT + 4, GRAPH_HEIGHT,
        HISTORY_SAMPLES * GRAPH_STEP, HISTORY_SAMPLES * GRAPH_STEP);
    put_curve(page, samples, most, true);
    put_curve(page, samples, most, false);
    put(page, "</svg>\n<p class=\"ends\"><span>an hour ago</span><span>now</span></p>\n"
              "</section>\n");
}

/* --- Bars. */

static void put_bar(struct page *page, const char *name, uint64_t value, uint64_t most)
{
    put(page,
        "<tr><th>%s</th><td><svg viewBox=\"0 0 %d 1\" preserveAspectRatio=\"none\" "
        "aria-hidden=\"true\"><rect width=\"%" PRIu64 "\" height=\"1\"/></svg></td>"
        "<td>%" PRIu64 "</td></tr>\n",
        name, BAR_WIDTH, most > 0 ? value * BAR_WIDTH / most : 0, value);
}

static void name_key(enum ranking_kind kind, uint32_t key, char out[16])
{
    if (kind == RANKING_ASNS) {
        snprintf(out, 16, key == 0 ? "unknown" : "AS%" PRIu32, key);
    } else if (key == GEO_UNKNOWN.country) {
        snprintf(out, 16, "unknown");
    } else {
        snprintf(out, 16, "%c%c", (int)(key >> 8), (int)(key & 0xff));
    }
}

static int put_ranking(struct page *page, const struct state *state, enum ranking_kind kind)
{
    struct ranking ranking;
    int error = ranking_make(&state->counts.groups, kind, &ranking);
    if (error != 0) {
        return error;
    }
    uint64_t most = ranking.count > 0 ? ranking.rows[0].active : 0;
    most = ranking.other > most ? ranking.other : most;
    most = ranking.rest > most ? ranking.rest : most;
    put(page, "<section id=\"%s\" class=\"bars\">\n<h2>%s of the resolvers</h2>\n<table>\n",
        kind == RANKING_ASNS ? "networks" : "countries",
        kind == RANKING_ASNS ? "Networks" : "Countries");
    for (unsigned i = 0; i < ranking.count; i++) {
        char name[16];
        name_key(kind, ranking.rows[i].key, name);
        put_bar(page, name, ranking.rows[i].active, most);
    }
    if (ranking.rest > 0) {
        put_bar(page, "all others", ranking.rest, most);
    }
    if (ranking.other > 0) {
        put_bar(page, "other", ranking.other, most);
    }
    put(page, "</table>\n%s</section>\n",
        ranking.count + ranking.other == 0 ? "<p class=\"soft\">nobody is active</p>\n" : "");
    return 0;
}

/* --- Queries that are none of a client's. */

static void put_rejected(struct page *page, const struct groups *groups)
{
    uint64_t sums[WIRE_REJECTED_COUNT] = {0};
    uint64_t most = 0;
    for (uint32_t i = 0; i < groups->group_count; i++) {
        for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
            sums[reason] += groups->entries[i].rejected[reason];
            most = sums[reason] > most ? sums[reason] : most;
        }
    }
    put(page,
        "<section id=\"rejected\" class=\"wide bars\">\n<h2>Rejected queries</h2>\n<table>\n");
    for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
        const struct wire_outcome_text *text = &wire_outcome_texts[WIRE_REJECTED_FIRST + reason];
        char name[160];
        snprintf(name, sizeof name, "%s: %s", text->reason, text->meaning);
        put_bar(page, name, sums[reason], most);
    }
    put(page, "</table>\n<p class=\"soft\">since the start, under the watched domains</p>\n"
              "</section>\n");
}

long status_render(const struct state *state, uint32_t now, uint64_t today,
                   char buffer[STATUS_BYTES])
{
    struct page page = {.length = 0};
    page.start = buffer;
    int error = 0;
    put_head(&page, state);
    put_hour(&page, state, now);
    put_watched(&page, state);
    put_health(&page, state, today);
    if (state->options.country_database != NULL) {
        error = put_ranking(&page, state, RANKING_COUNTRIES);
    }
    if (error == 0 && state->options.asn_database != NULL) {
        error = put_ranking(&page, state, RANKING_ASNS);
    }
    put_rejected(&page, &state->counts.groups);
    put(&page, "</main>\n<footer><small>Countries and networks are those of the resolvers, not of "
               "the people behind them.</small></footer>\n</body>\n</html>\n");
    if (error == 0 && page.full) {
        error = -ENOMEM;
    }
    return error != 0 ? error : (long)page.length;
}
