#include "exporter/status/view.h"

#include "common/options.h"
#include "common/tunnel.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
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
        const struct histogram *seconds = &counts->sessions.ended[i].seconds;
        view->domains[i] = (struct view_domain){
            .name = state->options.domains[i].text,
            .format = tunnel_format_name(state->options.tunnels[i].format),
            .window_seconds = options_window(&state->options, i),
            .active = domain->active,
            .established = domain->established,
            .peak = domain->peak,
            .totals = view->domains[i].totals,
            .recent = recent_read(&counts->recent, &counts->groups, i, now),
            .ended = histogram_up_to(seconds, HISTOGRAM_BUCKETS),
            .median_seconds = histogram_median(seconds),
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
        if (group->other) {
            view->other += group->active;
        } else if (group->active > 0) {
            active[count++] = (struct ranking_group){group->geo, group->active};
        }
    }
    return count;
}

static int view_rankings(const struct state *state, struct view *view)
{
    const struct groups *groups = &state->counts.groups;
    struct ranking_group *active = malloc(groups->group_count * sizeof *active);
    if (active == NULL) {
        return -ENOMEM;
    }
    const size_t count = view_groups(groups, active, view);
    int error = 0;
    if (state->options.country_database != NULL) {
        error = ranking_make(active, count, RANKING_COUNTRIES, groups->secret[0], &view->countries);
    }
    if (error == 0 && state->options.asn_database != NULL) {
        error = ranking_make(active, count, RANKING_ASNS, groups->secret[0], &view->networks);
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

static void check_loss(const struct wire_stats *stats, struct view *view)
{
    const uint64_t lost = stats->outcomes[WIRE_KERNEL_DROPPED];
    char *text = add_check(view, "packets_lost", "Packets lost", lost == 0);
    if (lost == 0) {
        snprintf(text, VIEW_CHECK_BYTES, "none");
    } else {
        const double percent = 100.0 * (double)lost / (double)stats->received;
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
    check_loss(&state->intake.stats, view);
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
    *out = view;
    return 0;
}
