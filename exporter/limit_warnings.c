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
    {capped, "-groups.max", "as many groups as allowed: further places are counted as other"},
    {evicted, "-sessions.max",
     "as many sessions as allowed: those with one query only make room for others"},
    {refused, "-sessions.max",
     "as many sessions as allowed, all with several queries: further ones are not counted"},
    {forgotten, "-sessions.remember",
     "as many sessions as can be remembered: one that comes back counts anew"},
    {dropped, "-capture.ring-size",
     "packets were lost: they came faster than they were read, and the ring was full"},
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
