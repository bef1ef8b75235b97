#include "exporter/hints/hints.h"

#include "common/log.h"
#include "common/options.h"
#include "common/wire.h"
#include "exporter/hints/conditions.h"
#include "exporter/state/state.h"

#include <stddef.h>
#include <string.h>

/* --- The looks. */

/* What the window keeps: of each port both counters, then the packets lost. */
static unsigned read_counters(const struct state *state, uint64_t values[HINTS_COUNTERS])
{
    const struct wire_stats *stats = &state->intake.stats;
    for (unsigned i = 0; i < OPTIONS_PORTS_MAX; i++) {
        values[2 * i] = stats->ports[i].queries;
        values[2 * i + 1] = stats->ports[i].loopback;
    }
    values[HINTS_COUNTER_LOST] = stats->outcomes[WIRE_KERNEL_DROPPED];
    return HINTS_COUNTERS;
}

static void note_silence(const struct group_domain *domain, struct hints_silence *silence)
{
    const uint64_t queries = domain->queries - silence->queries;
    const uint64_t responses = domain->responses - silence->responses;
    silence->queries = domain->queries;
    silence->responses = domain->responses;
    silence->unanswered = responses > 0 ? 0 : silence->unanswered + queries;
    silence->unasked = queries > 0 ? 0 : silence->unasked + responses;
    silence->no_response = responses == 0 && silence->unanswered > 0 ? silence->no_response + 1 : 0;
    silence->no_query = queries == 0 && silence->unasked > 0 ? silence->no_query + 1 : 0;
}

static void note_sessions(struct hints_watch *watch)
{
    const struct sessions *sessions = &watch->state->counts.sessions;
    const uint64_t turned_away = sessions->evicted + sessions->refused;
    const uint64_t unproved = sessions->used - sessions->proved;
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
    const struct groups *groups = &watch->state->counts.groups;
    uint64_t values[HINTS_COUNTERS];
    for (uint32_t i = 0; i < groups->domain_count; i++) {
        note_silence(&groups->domains[i], &watch->silences[i]);
    }
    note_sessions(watch);
    (void)networks_look(&watch->networks, groups);
    for (uint32_t hint = 0; hint < HINTS; hint++) {
        struct hint_text text;
        hints->on[hint] = conditions[hint](watch, now, &text);
        if (hints->on[hint] != 0) {
            hints->texts[hint] = text;
        }
        log_hint(&watch->logs[hint], hint, hints, now);
    }
    window_note(&watch->window, values, read_counters(watch->state, values), now);
}

/* --- The timer. */

void hints_start(struct state *state, uint32_t now, struct hints_watch *out)
{
    memset(out, 0, sizeof *out);
    out->state = state;
    out->started = now;
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
