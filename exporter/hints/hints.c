#include "exporter/hints/hints.h"

#include "common/log.h"
#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/evidence.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/window.h"
#include "exporter/hints/conditions.h"
#include "exporter/hints/networks.h"
#include "exporter/hints/watch.h"
#include "exporter/state/hints.h"
#include "exporter/state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* --- The looks. */

static void read_counters(const struct wire_stats *stats, uint64_t values[HINTS_COUNTERS])
{
    for (unsigned i = 0; i < OPTIONS_PORTS_MAX; i++) {
        values[2 * i] = stats->ports[i].queries;
        values[2 * i + 1] = stats->ports[i].loopback;
    }
    values[HINTS_COUNTER_LOST] = stats->outcomes[WIRE_KERNEL_DROPPED];
}

static void note_row(struct hints_row *row, bool one, bool other)
{
    if (one && !other) {
        row->looks++;
        row->idle = 0;
    } else if (other || ++row->idle == HINTS_FIVE_MINUTES) {
        *row = (struct hints_row){0};
    }
}

static void note_domain(const struct group_domain *domain, struct hints_domain *noted)
{
    const uint64_t queries = domain->queries - noted->queries;
    const uint64_t responses = domain->responses - noted->responses;
    const uint64_t rejected = domain->misfits - noted->rejected;
    const bool unread = rejected >= HINTS_REJECTED_MIN && rejected > queries && domain->active == 0;
    noted->queries = domain->queries;
    noted->responses = domain->responses;
    noted->rejected = domain->misfits;
    note_row(&noted->unanswered, queries > 0, responses > 0);
    note_row(&noted->unasked, responses > 0, queries > 0);
    noted->unread = unread ? noted->unread + 1 : 0;
    noted->spans[0].queries += queries;
    noted->spans[0].rejected += rejected;
    noted->spans[0].established |= domain->established > 0;
}

/* What is hours old says nothing of the tunnel as it is now. */
static void fade(struct hints_domain *noted, struct evidence *evidence)
{
    noted->spans[1] = noted->spans[0];
    noted->spans[0] = (struct hints_span){0};
    evidence_fade(evidence);
}

static void note_domains(struct hints_watch *watch)
{
    struct counts *counts = &watch->state->counts;
    for (uint32_t i = 0; i < counts->groups.domain_count; i++) {
        if (watch->looks % HINTS_HOUR == 0) {
            fade(&watch->domains[i], &counts->evidence[i]);
        }
        note_domain(&counts->groups.domains[i], &watch->domains[i]);
    }
}

/* Sessions that do not count before they are proved do no harm: not among the unproved ones. */
static void note_sessions(struct hints_watch *watch)
{
    const struct sessions *sessions = &watch->state->counts.sessions;
    const uint64_t turned_away = sessions->evicted + sessions->refused;
    const uint64_t unproved = groups_active(&watch->state->counts.groups) - sessions->proved;
    watch->full_looks = turned_away > watch->turned_away ? watch->full_looks + 1 : 0;
    watch->turned_away = turned_away;
    watch->unproved_looks = unproved >= HINTS_SESSIONS_MIN && unproved > sessions->proved
                                ? watch->unproved_looks + 1
                                : 0;
}

/* --- The log. */

static void log_hint(struct hints_log *log, uint32_t hint, const struct hints *hints, uint32_t now)
{
    const bool on = hints->on[hint] != 0;
    if (on == log->told || (log->ever && now - log->second < HINTS_LOG_SECONDS)) {
        return;
    }
    *log = (struct hints_log){.told = on, .ever = true, .second = now};
    if (on) {
        log_line(LOG_WARN, hints->texts[hint].seen, "hint", hint_name(hint), "advice",
                 hints->texts[hint].advice, NULL);
    } else {
        log_line(LOG_INFO, "a hint has ended", "hint", hint_name(hint), NULL);
    }
}

static void look(struct hints_watch *watch, uint32_t now)
{
    struct hints *hints = &watch->state->hints;
    uint64_t values[HINTS_COUNTERS];
    watch->looks++;
    note_domains(watch);
    note_sessions(watch);
    networks_look(&watch->networks, &watch->state->counts.groups);
    for (uint32_t hint = 0; hint < HINTS; hint++) {
        struct hint_text text;
        hints->on[hint] = conditions[hint](watch, now, &text);
        if (hints->on[hint] != 0) {
            hints->texts[hint] = text;
        }
        log_hint(&watch->logs[hint], hint, hints, now);
    }
    read_counters(&watch->state->intake.stats, values);
    window_note(&watch->window, values, HINTS_COUNTERS, now);
}

/* --- The timer. */

void hints_start(struct state *state, uint32_t now, struct hints_watch *out)
{
    memset(out, 0, sizeof *out);
    out->state = state;
    out->latest = now / HINTS_LOOK_SECONDS;
    window_start(now, &out->window);
}

static int until_look(const void *owner, struct timer_now now)
{
    const struct hints_watch *watch = owner;
    return timer_until(now, (watch->latest + 1) * HINTS_LOOK_SECONDS);
}

static void run(void *owner, struct timer_now now)
{
    struct hints_watch *watch = owner;
    if (now.second / HINTS_LOOK_SECONDS != watch->latest) {
        watch->latest = now.second / HINTS_LOOK_SECONDS;
        look(watch, now.second);
    }
}

struct timer hints_timer(struct hints_watch *watch)
{
    return (struct timer){.owner = watch, .wait = until_look, .run = run};
}
