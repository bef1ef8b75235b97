#include "exporter/exposition/snapshot.h"

#include "common/wire.h"
#include "exporter/counts/sessions.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/state.h"
#include "exporter/system/reloaded.h"
#include "exporter/system/self_metrics.h"
#include "exporter/system/wall_clock.h"

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

/* Fills in when a file was loaded; a file that is not there stays unknown. */
static void show_success(const struct wall_clock *wall, struct reloaded *file)
{
    file->success_time = file->success_moment == SELF_METRICS_UNKNOWN
                             ? SELF_METRICS_UNKNOWN
                             : wall_clock_of(wall, file->success_moment) / 1000;
}

/* The whole of it, so that no value can be forgotten; what its pointers lead to is not copied. */
static void copy_state(const struct state *state, struct state *out)
{
    *out = *state;
    out->self_values = self_metrics_read(&state->self);
    out->self_values.start_milliseconds = wall_clock_of(&state->wall, state->self.start_moment);
    show_success(&state->wall, &out->web_config);
    for (enum geoip_which which = 0; which < GEOIP_DATABASES; which++) {
        out->databases[which].values = geoip_values(state->geoip, which);
        show_success(&state->wall, &out->databases[which].file);
    }
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
            .established = groups->entries[i].established,
        };
    }
}

/* The sessions of an open group that is below, in `other` until they are counted there. What was
 * shown once is in its peak from then on, which so never falls. */
static void show_in_other(const struct groups *groups, const struct group *group,
                          struct snapshot *out)
{
    const uint32_t index = groups->other[group->domain] - 1;
    struct metrics_gauges *other = &out->gauges[index];
    other->active += group->active;
    other->established += group->established;
    if (other->active > other->peak) {
        other->peak = other->active;
        groups->entries[index].peak = other->active;
    }
}

/* A group that is not shown has 0, and `other` its sessions. */
static void hide_gauges(const struct groups *groups, struct snapshot *out)
{
    for (uint32_t i = 0; i < out->group_count; i++) {
        const struct group *group = &groups->entries[i];
        if (groups_is_shown(groups, group)) {
            continue;
        }
        if (!group->closed) {
            show_in_other(groups, group, out);
        }
        out->gauges[i].active = 0;
        out->gauges[i].established = 0;
    }
}

/* The slot of the youngest copy of this state, or NULL. `*room` is an empty slot, or NULL. */
static struct snapshot **youngest(const struct state *state, struct snapshot ***room)
{
    struct snapshot **found = NULL;
    *room = NULL;
    for (unsigned i = 0; i < SNAPSHOT_COPIES_MAX; i++) {
        if (copies[i] == NULL) {
            *room = &copies[i];
        } else if (copies[i]->of == state &&
                   (found == NULL || copies[i]->milliseconds > (*found)->milliseconds)) {
            found = &copies[i];
        }
    }
    return found;
}

int snapshot_take(const struct state *state, const struct snapshot **out)
{
    struct snapshot **room;
    struct snapshot **shared = youngest(state, &room);
    uint64_t now = now_ms();
    if (shared != NULL && (room == NULL || now - (*shared)->milliseconds < SNAPSHOT_FRESH_MS)) {
        (*shared)->users++;
        *out = *shared;
        return 0;
    }
    const struct groups *groups = &state->counts.groups;
    struct snapshot *made = NULL;
    if (room != NULL) {
        made = malloc(sizeof *made + groups->group_count * sizeof made->gauges[0]);
    }
    if (made == NULL) {
        return -ENOMEM;
    }
    made->of = state;
    made->milliseconds = now;
    made->users = 1;
    copy_state(state, &made->state);
    copy_gauges(groups, made);
    if (groups->min_clients != 0) {
        hide_gauges(groups, made);
    }
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
