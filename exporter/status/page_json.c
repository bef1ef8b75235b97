#include "exporter/status/page.h"

#include "common/build.h"
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/history.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/state/hints.h"
#include "exporter/state/state.h"
#include "exporter/status/ranking.h"
#include "exporter/status/view.h"
#include "exporter/text/foreign_text.h"
#include "exporter/text/json.h"
#include "exporter/text/writer.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* A key of the next member. `first`: of its object. */
static void put_key(struct writer *page, const char *key, bool first)
{
    writer_put(page, "%s\"%s\":", first ? "" : ",", key);
}

static void put_number(struct writer *page, const char *key, uint64_t value, bool first)
{
    put_key(page, key, first);
    writer_put(page, "%" PRIu64, value);
}

static void put_string(struct writer *page, const char *key, const char *text, bool first)
{
    put_key(page, key, first);
    char *at = writer_begin(page, JSON_QUOTES + JSON_BYTE_MAX * strlen(text));
    if (at != NULL) {
        writer_end(page, json_put_string(at, text));
    }
}

static void put_foreign(struct writer *page, const char *key, const struct foreign_text *text)
{
    put_key(page, key, false);
    char *at = writer_begin(page, JSON_FOREIGN_MAX);
    if (at != NULL) {
        writer_end(page, json_put_foreign(at, text));
    }
}

/* --- The members. */

static const char *const span_names[HISTORY_SPANS] = {
    [HISTORY_HOUR] = "hour", [HISTORY_DAY] = "day", [HISTORY_WEEK] = "week"};

/* Which packets are looked at. The kernel takes any character in an interface's name. */
static void put_watched(struct writer *page, const struct options *options)
{
    put_key(page, "ports", false);
    for (unsigned i = 0; i < options->port_count; i++) {
        writer_put(page, "%s%u", i == 0 ? "[" : ",", options->ports[i]);
    }
    writer_put(page, "]");
    if (options->interface[0] == '\0') {
        put_key(page, "interface", false);
        writer_put(page, "null");
    } else {
        struct foreign_text name;
        foreign_text_clean(options->interface, strlen(options->interface), &name);
        put_foreign(page, "interface", &name);
    }
}

static void put_clients(struct writer *page, const struct view *view)
{
    put_key(page, "clients", false);
    writer_put(page, "{");
    put_number(page, "active", view->active, true);
    put_number(page, "established", view->established, false);
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        writer_put(page, ",\"peak_%s\":%" PRIu32, span_names[span], view->histories[span].peak);
    }
    writer_put(page, "}");
}

/* Oldest first; null: not known. */
static void put_history(struct writer *page, const struct view_history *history)
{
    writer_put(page, "{");
    put_number(page, "sample_seconds", history->sample_seconds, true);
    put_key(page, "active", false);
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        writer_put(page, "%s", i == 0 ? "[" : ",");
        if (history->samples[i] == HISTORY_NOTHING) {
            writer_put(page, "null");
        } else {
            writer_put(page, "%" PRIu32, history->samples[i]);
        }
    }
    writer_put(page, "]}");
}

static void put_domain(struct writer *page, const struct view_domain *domain)
{
    const struct view_totals *totals = &domain->totals;
    writer_put(page, "{");
    put_string(page, "domain", domain->name, true);
    put_string(page, "format", domain->format, false);
    put_number(page, "active_window_seconds", domain->window_seconds, false);
    put_number(page, "active", domain->active, false);
    put_number(page, "established", domain->established, false);
    put_number(page, "peak", domain->peak, false);
    put_number(page, "sessions", totals->sessions, false);
    put_number(page, "queries", totals->queries, false);
    put_number(page, "repeated_queries", totals->repeated, false);
    put_number(page, "responses", totals->responses, false);
    put_number(page, "bytes_in", totals->bytes_in, false);
    put_number(page, "bytes_out", totals->bytes_out, false);
    put_number(page, "recent_queries", domain->recent.queries, false);
    put_number(page, "recent_responses", domain->recent.responses, false);
    put_number(page, "ended_sessions", domain->ended, false);
    put_key(page, "median_session_seconds", false);
    if (domain->ended > 0) {
        writer_put(page, "%" PRIu64 "}", domain->median_seconds);
    } else {
        writer_put(page, "null}");
    }
}

/* null: the country, or the ASN, is not known. */
static void put_place(struct writer *page, const struct view *view, enum ranking_kind kind,
                      const struct ranking_row *row)
{
    if (kind == RANKING_COUNTRIES && row->key != GEO_UNKNOWN.country) {
        writer_put(page, "{\"country\":\"%c%c\"", (int)(row->key >> 8), (int)(row->key & 0xff));
    } else if (kind == RANKING_COUNTRIES) {
        writer_put(page, "{\"country\":null");
    } else if (row->key != GEO_UNKNOWN.asn) {
        writer_put(page, "{\"asn\":%" PRIu32, row->key);
    } else {
        writer_put(page, "{\"asn\":null");
    }
    const struct foreign_text *name =
        kind == RANKING_ASNS ? organizations_find(geoip_organizations(view->state->geoip), row->key)
                             : NULL;
    if (name != NULL && name->text[0] != '\0') {
        put_foreign(page, "organization", name);
    }
    put_number(page, "active", row->active, false);
    writer_put(page, "}");
}

static void put_ranking(struct writer *page, const struct view *view, enum ranking_kind kind)
{
    const struct ranking *ranking = kind == RANKING_ASNS ? &view->networks : &view->countries;
    put_key(page, kind == RANKING_ASNS ? "networks" : "countries", false);
    writer_put(page, "{\"top\":[");
    for (unsigned i = 0; i < ranking->count; i++) {
        writer_put(page, "%s", i == 0 ? "" : ",");
        put_place(page, view, kind, &ranking->rows[i]);
    }
    writer_put(page, "]");
    put_number(page, "all_others", ranking->rest, false);
    put_number(page, "other", view->other, false);
    writer_put(page, "}");
}

/* Only where a flag is used. */
static void put_privacy(struct writer *page, const struct options *options)
{
    const uint32_t min_clients = options_min_clients(options);
    if (min_clients == 0 && options->privacy_round == 0) {
        return;
    }
    put_key(page, "privacy", false);
    writer_put(page, "{");
    put_number(page, "min_clients", min_clients, true);
    put_number(page, "round", options->privacy_round, false);
    writer_put(page, "}");
}

static void put_rejected(struct writer *page, const struct view *view)
{
    put_key(page, "rejected_queries", false);
    for (unsigned i = 0; i < WIRE_REJECTED_COUNT; i++) {
        writer_put(page, "%s", i == 0 ? "{" : "");
        put_number(page, wire_outcome_texts[WIRE_REJECTED_FIRST + i].reason, view->rejected[i],
                   i == 0);
    }
    writer_put(page, "}");
}

static void put_checks(struct writer *page, const struct view *view)
{
    put_key(page, "checks", false);
    writer_put(page, "[");
    for (unsigned i = 0; i < view->check_count; i++) {
        const struct view_check *check = &view->checks[i];
        writer_put(page, "%s{", i == 0 ? "" : ",");
        put_string(page, "check", check->key, true);
        put_key(page, "good", false);
        writer_put(page, "%s", check->good ? "true" : "false");
        put_string(page, "text", check->text, false);
        writer_put(page, "}");
    }
    writer_put(page, "]");
}

static void put_hints(struct writer *page, const struct hints *hints)
{
    bool first = true;
    put_key(page, "hints", false);
    writer_put(page, "[");
    for (uint32_t i = 0; i < HINTS; i++) {
        if (hints->on[i] == 0) {
            continue;
        }
        writer_put(page, "%s{", first ? "" : ",");
        put_string(page, "hint", hint_name(i), true);
        put_string(page, "seen", hints->texts[i].seen, false);
        put_string(page, "advice", hints->texts[i].advice, false);
        writer_put(page, "}");
        first = false;
    }
    writer_put(page, "]");
}

void page_json(const struct view *view, struct writer *page)
{
    const struct options *options = &view->state->options;
    writer_put(page, "{");
    put_number(page, "version", VIEW_VERSION, true);
    put_string(page, "exporter", build_version(), false);
    put_number(page, "time", view->time, false);
    put_number(page, "started", view->started, false);
    put_watched(page, options);
    put_clients(page, view);
    put_key(page, "history", false);
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        writer_put(page, "%s\"%s\":", span == 0 ? "{" : ",", span_names[span]);
        put_history(page, &view->histories[span]);
    }
    writer_put(page, "}");
    put_key(page, "domains", false);
    for (unsigned i = 0; i < view->domain_count; i++) {
        writer_put(page, "%s", i == 0 ? "[" : ",");
        put_domain(page, &view->domains[i]);
    }
    writer_put(page, "]");
    if (options->country_database != NULL) {
        put_ranking(page, view, RANKING_COUNTRIES);
    }
    if (options->asn_database != NULL) {
        put_ranking(page, view, RANKING_ASNS);
    }
    put_rejected(page, view);
    put_checks(page, view);
    put_hints(page, &view->state->hints);
    put_privacy(page, options);
    writer_put(page, "}\n");
}
