#include "exporter/limit_warnings.h"

#include "common/log.h"
#include "common/wire.h"
#include "exporter/state/state.h"

#include <stddef.h>
#include <stdint.h>

static uint64_t capped(const struct state *state)
{
    return state->counts.groups.capped;
}

static uint64_t evicted(const struct state *state)
{
    return state->counts.sessions.evicted;
}

static uint64_t refused(const struct state *state)
{
    return state->counts.sessions.refused;
}

static uint64_t forgotten(const struct state *state)
{
    return state->counts.distinct.forgotten;
}

static uint64_t dropped(const struct state *state)
{
    return state->intake.stats.outcomes[WIRE_KERNEL_DROPPED];
}

static const struct {
    uint64_t (*acted)(const struct state *state);
    const char *flag;
    const char *told;
} table[LIMIT_WARNINGS] = {
    {capped, "-groups.max", "reached -groups.max; new countries and ASNs are counted as \"other\""},
    {evicted, "-sessions.max",
     "reached -sessions.max; new sessions replace those with a single query"},
    {refused, "-sessions.max",
     "reached -sessions.max; all sessions have several queries, so new ones are not counted"},
    {forgotten, "-sessions.remember",
     "reached -sessions.remember; a session that comes back may count again"},
    {dropped, "-capture.ring-size",
     "packets were lost because the ring was full; raise -capture.ring-size"},
};

void limit_warnings_log(struct limit_warnings *warnings, const struct state *state)
{
    for (size_t i = 0; i < LIMIT_WARNINGS; i++) {
        if (!warnings->told[i] && table[i].acted(state) > 0) {
            log_line(LOG_WARN, table[i].told, "flag", table[i].flag, NULL);
            warnings->told[i] = true;
        }
    }
}
