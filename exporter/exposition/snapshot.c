#include "exporter/exposition/snapshot.h"

#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/sessions.h"
#include "exporter/geoip/geoip.h"
#include "exporter/system/reloaded.h"
#include "exporter/system/self_metrics.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How many groups ahead a group's gauges are prefetched: enough to hide the memory's delay. */
enum { PREFETCH_GROUPS = 16 };

/* The program has one thread. */
static struct snapshot *copies[SNAPSHOT_COPIES_MAX];

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void copy_databases(const struct exposition_sources *sources,
                           struct metrics_database out[GEOIP_DATABASES])
{
    for (enum geoip_which which = 0; which < GEOIP_DATABASES; which++) {
        out[which] = (struct metrics_database){
            .values = geoip_values(sources->geoip, which),
            .reload_successful = sources->databases[which].successful,
            .reload_time = sources->databases[which].success_time,
        };
    }
}

static void copy_values(const struct exposition_sources *sources, struct metrics_values *out)
{
    const struct wire_stats *stats = sources->account;
    uint64_t ignored = 0;
    for (unsigned i = 0; i < WIRE_IGNORE_REASONS; i++) {
        out->ignored[i] = stats->ignored[i];
        ignored += stats->ignored[i];
    }
    out->received = stats->received;
    out->outcomes[METRICS_KERNEL_DROPPED] = stats->kernel_dropped;
    out->outcomes[METRICS_IGNORED] = ignored;
    out->outcomes[METRICS_MALFORMED] = stats->malformed;
    out->outcomes[METRICS_OTHER_DOMAIN] = stats->other_domain;
    out->outcomes[METRICS_REJECTED] = stats->rejected;
    out->outcomes[METRICS_QUERY] = stats->query;
    out->outcomes[METRICS_RESPONSE] = stats->response;
    out->interface_down = stats->interface_down;
    out->sessions_evicted = sources->sessions->evicted;
    out->sessions_refused = sources->sessions->refused;
    out->sessions_forgotten = sources->distinct->forgotten;
    out->groups_capped = sources->groups->capped;
    out->sniffer_up = !*sources->stale;
    out->http = *sources->http;
    out->self = self_metrics_read(sources->self);
    copy_databases(sources, out->databases);
    const struct reloaded unknown = {SELF_METRICS_UNKNOWN, SELF_METRICS_UNKNOWN};
    out->web_config = sources->web_config != NULL ? *sources->web_config : unknown;
}

static void copy_gauges(const struct groups *groups, struct snapshot *out)
{
    out->domain_count = groups->domain_count;
    memcpy(out->domains, groups->domains, groups->domain_count * sizeof out->domains[0]);
    out->group_count = groups->group_count;
    for (uint32_t i = 0; i < groups->group_count; i++) {
        uint32_t ahead = i + PREFETCH_GROUPS < groups->group_count ? i + PREFETCH_GROUPS : i;
        __builtin_prefetch(&groups->entries[ahead].active);
        out->gauges[i] = (struct metrics_gauges){
            .active = groups->entries[i].active,
            .peak = groups->entries[i].peak,
        };
    }
}

/* The slot of the youngest copy of these sources, or NULL. `*room` is an empty slot, or NULL. */
static struct snapshot **youngest(const struct exposition_sources *sources, struct snapshot ***room)
{
    struct snapshot **found = NULL;
    *room = NULL;
    for (unsigned i = 0; i < SNAPSHOT_COPIES_MAX; i++) {
        if (copies[i] == NULL) {
            *room = &copies[i];
        } else if (memcmp(&copies[i]->sources, sources, sizeof *sources) == 0 &&
                   (found == NULL || copies[i]->milliseconds > (*found)->milliseconds)) {
            found = &copies[i];
        }
    }
    return found;
}

int snapshot_take(const struct exposition_sources *sources, const struct snapshot **out)
{
    struct snapshot **room;
    struct snapshot **shared = youngest(sources, &room);
    uint64_t now = now_ms();
    if (shared != NULL && (room == NULL || now - (*shared)->milliseconds < SNAPSHOT_FRESH_MS)) {
        (*shared)->users++;
        *out = *shared;
        return 0;
    }
    const struct groups *groups = sources->groups;
    struct snapshot *made = NULL;
    if (room != NULL) {
        made = malloc(sizeof *made + groups->group_count * sizeof made->gauges[0]);
    }
    if (made == NULL) {
        return -ENOMEM;
    }
    made->sources = *sources;
    made->milliseconds = now;
    made->users = 1;
    copy_values(sources, &made->values);
    copy_gauges(groups, made);
    *room = made;
    *out = made;
    return 0;
}

void snapshot_release(const struct snapshot *snapshot)
{
    for (unsigned i = 0; i < SNAPSHOT_COPIES_MAX; i++) {
        if (copies[i] == snapshot && --copies[i]->users == 0) {
            free(copies[i]);
            copies[i] = NULL;
        }
    }
}

uint64_t snapshot_memory_max(uint32_t group_max)
{
    return SNAPSHOT_COPIES_MAX *
           (sizeof(struct snapshot) + (group_max + DOMAINS_MAX) * sizeof(struct metrics_gauges));
}
