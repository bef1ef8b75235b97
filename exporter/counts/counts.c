#include "exporter/counts/counts.h"

#include "common/options.h"

int counts_create(const struct options *options, uint32_t now, struct counts *out)
{
    int error = groups_create(options->domain_count, options->groups_max, &out->groups);
    if (error == 0) {
        error = distinct_create(options->sessions_remember, &out->distinct);
    }
    if (error == 0) {
        error = sessions_create(options->sessions_max, options->active_window, now, &out->distinct,
                                &out->groups, &out->sessions);
    }
    if (error == 0) {
        out->sessions.confirmed_only = options->sessions_min_queries == 2;
        history_start(now, &out->history);
    }
    return error;
}

uint64_t counts_memory_max(const struct options *options)
{
    uint64_t sessions_growth = sessions_growth_max(options->sessions_max);
    uint64_t distinct_growth = distinct_growth_max(options->sessions_remember);
    return groups_memory_max(options->domain_count, options->groups_max) +
           distinct_memory_max(options->sessions_remember) +
           sessions_memory_max(options->sessions_max) +
           (sessions_growth > distinct_growth ? sessions_growth : distinct_growth);
}

static int until_sweep(const void *owner, struct timer_now now)
{
    const struct counts *counts = owner;
    return counts->sessions.used > 0 ? timer_until(now, counts->sessions.swept + 1) : -1;
}

static void sweep(void *owner, struct timer_now now)
{
    struct counts *counts = owner;
    if (counts->sessions.used > 0) {
        sessions_sweep(&counts->sessions, now.second);
    }
    history_note(&counts->history, (uint32_t)counts->sessions.used, now.second);
}

struct timer counts_timer(struct counts *counts)
{
    return (struct timer){.owner = counts, .wait = until_sweep, .run = sweep};
}
