#include "exporter/hints/networks.h"

#include "common/wire.h"
#include "exporter/counts/groups.h"

static uint64_t refused_of(const struct group *group)
{
    return group->rejected[WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST];
}

static uint64_t size_of(const struct networks_one *one)
{
    return one->taken + one->refused;
}

/* Puts a group among the largest, if it is one. */
static void consider(struct networks_watch *watch, const struct groups *groups, uint32_t index)
{
    const struct group *group = &groups->entries[index];
    const struct networks_one one = {index, group->queries, refused_of(group)};
    unsigned at = watch->count;
    if (at == NETWORKS_WATCHED) {
        if (size_of(&one) <= size_of(&watch->largest[--at])) {
            return;
        }
    } else {
        watch->count++;
    }
    for (; at > 0 && size_of(&one) > size_of(&watch->largest[at - 1]); at--) {
        watch->largest[at] = watch->largest[at - 1];
    }
    watch->largest[at] = one;
}

/* Begins to watch once each group was considered. */
static void choose(struct networks_watch *watch, const struct groups *groups)
{
    uint32_t end = watch->scanned + NETWORKS_GROUPS_A_LOOK;
    end = end < groups->group_count ? end : groups->group_count;
    for (; watch->scanned < end; watch->scanned++) {
        consider(watch, groups, watch->scanned);
    }
    if (watch->scanned < groups->group_count) {
        return;
    }
    for (unsigned i = 0; i < watch->count; i++) {
        struct networks_one *one = &watch->largest[i];
        one->taken = groups->entries[one->group].queries;
        one->refused = refused_of(&groups->entries[one->group]);
    }
    watch->watching = true;
}

static bool any_is_refused(const struct networks_watch *watch, const struct groups *groups)
{
    for (unsigned i = 0; i < watch->count; i++) {
        const struct networks_one *one = &watch->largest[i];
        const struct group *group = &groups->entries[one->group];
        const uint64_t refused = refused_of(group) - one->refused;
        if (refused >= NETWORKS_QUERIES_MIN && refused > group->queries - one->taken) {
            return true;
        }
    }
    return false;
}

void networks_look(struct networks_watch *watch, const struct groups *groups)
{
    if (!watch->watching) {
        choose(watch, groups);
    } else if (++watch->looks == NETWORKS_WATCH_LOOKS) {
        const uint32_t found = any_is_refused(watch, groups) ? watch->found + 1 : 0;
        *watch = (struct networks_watch){.found = found};
    }
}

bool networks_refused(const struct networks_watch *watch)
{
    return watch->found >= NETWORKS_WATCHES_MIN;
}
