#include "exporter/limit_warnings.h"

#include "common/log.h"
#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/sessions.h"

#include <stddef.h>
#include <stdint.h>

static uint64_t capped(const struct limit_sources *sources)
{
    return sources->groups->capped;
}

static uint64_t evicted(const struct limit_sources *sources)
{
    return sources->sessions->evicted;
}

static uint64_t refused(const struct limit_sources *sources)
{
    return sources->sessions->refused;
}

static uint64_t forgotten(const struct limit_sources *sources)
{
    return sources->distinct->forgotten;
}

static uint64_t dropped(const struct limit_sources *sources)
{
    return sources->account->kernel_dropped;
}

static const struct {
    uint64_t (*acted)(const struct limit_sources *sources);
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

void limit_warnings_log(struct limit_warnings *warnings, const struct limit_sources *sources)
{
    for (size_t i = 0; i < LIMIT_WARNINGS; i++) {
        if (!warnings->told[i] && table[i].acted(sources) > 0) {
            log_line(LOG_WARN, table[i].told, "flag", table[i].flag, NULL);
            warnings->told[i] = true;
        }
    }
}
