#include "exporter/limits.h"

#include "common/log.h"

#include <stddef.h>

static uint64_t capped(const struct intake *intake)
{
    return intake->series->capped;
}

static uint64_t evicted(const struct intake *intake)
{
    return intake->sessions->evicted;
}

static uint64_t refused(const struct intake *intake)
{
    return intake->sessions->refused;
}

static uint64_t forgotten(const struct intake *intake)
{
    return intake->sessions->distinct->forgotten;
}

static uint64_t dropped(const struct intake *intake)
{
    return intake->stats.kernel_dropped;
}

static const struct {
    uint64_t (*acted)(const struct intake *intake);
    const char *flag;
    const char *told;
} table[LIMITS_COUNT] = {
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

void limits_tell(struct limits *limits, const struct intake *intake)
{
    for (size_t i = 0; i < LIMITS_COUNT; i++) {
        if (!limits->told[i] && table[i].acted(intake) > 0) {
            log_line(LOG_WARN, table[i].told, "flag", table[i].flag, NULL);
            limits->told[i] = true;
        }
    }
}
