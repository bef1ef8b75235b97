#include "exporter/status/view.h"

#include "common/options.h"
#include "common/tunnel.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/rounding.h"
#include "exporter/counts/sessions.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { DAY = 86400 }; /* seconds */

/* --- Domains. */

static void view_domains(const struct state *state, uint32_t now, struct view *view)
{
    const struct counts *counts = &state->counts;
    view->domain_count = state->options.domain_count;
    for (unsigned i = 0; i < view->domain_count; i++) {
        const struct group_domain *domain = &counts->groups.domains[i];
        const struct histogram seconds =
            histogram_rounded(&counts->sessions.ended[i].seconds,
                              rounding_step(ROUNDING_SESSIONS, state->options.privacy_round));
        view->domains[i] = (struct view_domain){
            .name = state->options.domains[i].text,
            .format = tunnel_format_name(state->options.tunnels[i].format),
            .window_seconds = options_window(&state->options, i),
            .active = domain->active,
            .established = domain->established,
            .peak = domain->peak,
            .totals = view->domains[i].totals,
            .recent = recent_read(&counts->recent, &counts->groups, i, now),
            .ended = histogram_up_to(&seconds, HISTOGRAM_BUCKETS),
            .median_seconds = histogram_median(&seconds),
        };
        view->active += domain->active;
        view->established += domain->established;
    }
}

static void view_windows(struct view *view)
{
    view->window_least = view->domains[0].window_seconds;
    view->window_most = view->window_least;
    for (unsigned i = 1; i < view->domain_count; i++) {
        const uint32_t window = view->domains[i].window_seconds;
        view->window_least = window < view->window_least ? window : view->window_least;
        view->window_most = window > view->window_most ? window : view->window_most;
    }
}

/* --- Groups. */

/* The groups with active sessions, for the rankings, and sums of all: in one pass. */
static void add_totals(const struct group *group, struct view_totals *totals)
{
    totals->sessions += group->sessions;
    totals->queries += group->queries;
    totals->repeated += group->repeated;
    totals->responses += group->responses;
    totals->bytes_in += group->bytes_in;
    totals->bytes_out += group->bytes_out;
}

static size_t view_groups(const struct groups *groups, struct ranking_group *active,
                          struct view *view)
{
    size_t count = 0;
    for (uint32_t i = 0; i < groups->group_count; i++) {
        const struct group *group = &groups->entries[i];
        add_totals(group, &view->domains[group->domain].totals);
        for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
            view->rejected[reason] += group->rejected[reason];
        }
        if (group->other || (!group->closed && !groups_is_shown(groups, group))) {
            view->other += group->active;
        } else if (!group->closed && group->active > 0) {
            active[count++] = (struct ranking_group){group->geo, group->active};
        }
    }
    return count;
}

static int view_rankings(const struct state *state, struct view *view)
{
    const struct groups *groups = &state->counts.groups;
    const uint32_t round = state->options.privacy_round;
    struct ranking_group *active = malloc(groups->group_count * sizeof *active);
    if (active == NULL) {
        return -ENOMEM;
    }
    const size_t count = view_groups(groups, active, view);
    int error = 0;
    if (state->options.country_database != NULL) {
        error = ranking_make(active, count, RANKING_COUNTRIES, groups->secret[0], round,
                             &view->countries);
    }
    if (error == 0 && state->options.asn_database != NULL) {
        error =
            ranking_make(active, count, RANKING_ASNS, groups->secret[0], round, &view->networks);
    }
    free(active);
    return error;
}

/* --- Checks. */

/* The next check; the caller fills in its text. */
static char *add_check(struct view *view, const char *key, const char *name, bool good)
{
    struct view_check *check = &view->checks[view->check_count++];
    check->key = key;
    check->name = name;
    check->good = good;
    return check->text;
}

static void check_loss(const struct state *state, struct view *view)
{
    const struct wire_stats *stats = &state->intake.stats;
    const uint64_t step = rounding_step(ROUNDING_PACKETS, state->options.privacy_round);
    const uint64_t lost = rounding_up(stats->outcomes[WIRE_KERNEL_DROPPED], step);
    const uint64_t received = rounding_up(stats->received, step);
    char *text = add_check(view, "packets_lost", "Packets lost", lost == 0);
    if (lost == 0) {
        snprintf(text, VIEW_CHECK_BYTES, "none");
    } else {
        const double percent = 100.0 * (double)lost / (double)received;
        const int decimals = percent < 0.1 ? 4 : percent < 10 ? 1 : 0;
        snprintf(text, VIEW_CHECK_BYTES, "%" PRIu64 " (%.*f %%): counts are too low", lost,
                 decimals, percent);
    }
}

static void check_database(const struct state *state, enum geoip_which which, uint64_t today,
                           struct view *view)
{
    static const char *const names[GEOIP_DATABASES] = {"Country database", "ASN database"};
    static const char *const keys[GEOIP_DATABASES] = {"country_database", "asn_database"};
    const uint64_t built = geoip_values(state->geoip, which).build_time;
    const uint64_t days = today > built ? (today - built) / DAY : 0;
    const bool current = state->databases[which].file.successful != 0;
    char *text = add_check(view, keys[which], names[which], current && days <= VIEW_DATABASE_DAYS);
    snprintf(text, VIEW_CHECK_BYTES, "built %" PRIu64 " day%s ago%s", days, days == 1 ? "" : "s",
             current ? "" : "; its replacement cannot be used");
}

static void check_all(const struct state *state, uint64_t today, struct view *view)
{
    const struct options *options = &state->options;
    const bool up = state->sniffer_up != 0;
    snprintf(add_check(view, "sniffer", "Sniffer", up), VIEW_CHECK_BYTES,
             up ? "reports" : "silent");
    check_loss(state, view);
    if (options->country_database != NULL) {
        check_database(state, GEOIP_COUNTRY, today, view);
    }
    if (options->asn_database != NULL) {
        check_database(state, GEOIP_ASN, today, view);
    }
    const bool exact = state->counts.distinct.forgotten == 0 && state->counts.sessions.refused == 0;
    snprintf(add_check(view, "distinct_sessions", "Count of distinct sessions", exact),
             VIEW_CHECK_BYTES,
             exact ? "exact" : "no longer exact: raise -sessions.remember or -sessions.max");
    if (state->counts.groups.capped > 0) {
        snprintf(add_check(view, "groups", "Countries and networks", false), VIEW_CHECK_BYTES,
                 "reached -groups.max: new ones are counted as other");
    }
    if (state->interfaces_changed != 0) {
        snprintf(add_check(view, "interfaces", "Interfaces", false), VIEW_CHECK_BYTES,
                 "changed since the start: packets may count twice or not at all until a restart");
    }
}

/* --- The past. */

static void view_history(const struct history *history, uint32_t now, struct view_history *out)
{
    history_read(history, now, out->samples);
    out->sample_seconds = history->sample_seconds;
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        if (out->samples[i] != HISTORY_NOTHING && out->samples[i] > out->peak) {
            out->peak = out->samples[i];
        }
    }
}

/* --- Rounding: all but what the rankings and the checks have, which are made of rounded values. */

static uint64_t round_sessions(uint64_t value, uint32_t round)
{
    return rounding_up(value, rounding_step(ROUNDING_SESSIONS, round));
}

static uint64_t round_packets(uint64_t value, uint32_t round)
{
    return rounding_up(value, rounding_step(ROUNDING_PACKETS, round));
}

static uint64_t round_bytes(uint64_t value, uint32_t round)
{
    return rounding_up(value, rounding_step(ROUNDING_BYTES, round));
}

static void round_domain(struct view_domain *domain, uint32_t round)
{
    struct view_totals *totals = &domain->totals;
    domain->active = (uint32_t)round_sessions(domain->active, round);
    domain->established = (uint32_t)round_sessions(domain->established, round);
    domain->peak = (uint32_t)round_sessions(domain->peak, round);
    totals->sessions = round_sessions(totals->sessions, round);
    totals->queries = round_packets(totals->queries, round);
    totals->repeated = round_packets(totals->repeated, round);
    totals->responses = round_packets(totals->responses, round);
    totals->bytes_in = round_bytes(totals->bytes_in, round);
    totals->bytes_out = round_bytes(totals->bytes_out, round);
    domain->recent.queries = round_packets(domain->recent.queries, round);
    domain->recent.responses = round_packets(domain->recent.responses, round);
}

static void round_history(struct view_history *history, uint32_t round)
{
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        if (history->samples[i] != HISTORY_NOTHING) {
            history->samples[i] = (uint32_t)round_sessions(history->samples[i], round);
        }
    }
    history->peak = (uint32_t)round_sessions(history->peak, round);
}

static void round_view(struct view *view, uint32_t round)
{
    if (round == 0) {
        return;
    }
    view->active = round_sessions(view->active, round);
    view->established = round_sessions(view->established, round);
    view->other = round_sessions(view->other, round);
    for (unsigned i = 0; i < view->domain_count; i++) {
        round_domain(&view->domains[i], round);
    }
    for (unsigned reason = 0; reason < WIRE_REJECTED_COUNT; reason++) {
        view->rejected[reason] = round_packets(view->rejected[reason], round);
    }
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        round_history(&view->histories[span], round);
    }
}

int view_make(const struct state *state, uint32_t now, uint64_t today, struct view *out)
{
    struct view view = {.state = state, .time = today};
    const uint64_t up = now - state->self.start_moment / 1000;
    view.up_seconds = up;
    view.started = today > up ? today - up : 0;
    int error = view_rankings(state, &view);
    if (error != 0) {
        return error;
    }
    view_domains(state, now, &view);
    view_windows(&view);
    check_all(state, today, &view);
    for (enum history_span span = 0; span < HISTORY_SPANS; span++) {
        view_history(&state->counts.histories[span], now, &view.histories[span]);
    }
    round_view(&view, state->options.privacy_round);
    *out = view;
    return 0;
}
