#include "exporter/counts/groups.h"

#include "common/domain.h"
#include "exporter/counts/table.h"
#include "exporter/counts/wide.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static uint32_t group_limit(uint32_t domain_count, uint32_t group_max)
{
    return group_max < domain_count ? domain_count : group_max;
}

/* Keyed, as country and ASN come from addresses that anyone can forge. One wide product, folded. */
static uint64_t home_of(const struct groups *groups, uint8_t domain, struct geo place)
{
    uint64_t key = (uint64_t)domain << 48 | (uint64_t)place.country << 32 | place.asn;
    struct wide product = wide_product(key ^ groups->secret[0], groups->secret[1]);
    return table_home(product.low ^ product.high, groups->slot_count);
}

/* Takes the next unused group, which is all zero. */
static struct group *group_add(struct groups *groups, uint8_t domain, struct geo place)
{
    struct group *group = &groups->entries[groups->group_count++];
    group->geo = place;
    group->domain = domain;
    group->closed = groups->min_clients != 0;
    group->hidden = group->closed;
    return group;
}

static uint32_t other_group(struct groups *groups, uint8_t domain)
{
    if (groups->other[domain] == 0) {
        struct group *other = group_add(groups, domain, GEO_UNKNOWN);
        other->other = true;
        other->closed = false;
        other->hidden = false;
        groups->other[domain] = groups->group_count;
        groups->other_count++;
    }
    return groups->other[domain] - 1;
}

int groups_create(uint32_t domain_count, uint32_t group_max, struct groups *out)
{
    if (domain_count < 1 || domain_count > DOMAINS_MAX || group_max > GROUPS_MAX) {
        return -EINVAL;
    }
    uint32_t limit = group_limit(domain_count, group_max);
    struct groups groups = {
        .group_max = limit, .domain_count = domain_count, .slot_count = 2 * limit};
    if (getentropy(groups.secret, sizeof groups.secret) != 0) {
        return -errno;
    }
    groups.entries = calloc(limit + domain_count, sizeof *groups.entries);
    groups.slots = calloc(groups.slot_count, sizeof *groups.slots);
    groups.domains = calloc(domain_count, sizeof *groups.domains);
    groups.other = calloc(domain_count, sizeof *groups.other);
    if (groups.entries == NULL || groups.slots == NULL || groups.domains == NULL ||
        groups.other == NULL) {
        groups_destroy(&groups);
        return -ENOMEM;
    }
    for (uint32_t domain = 0; domain < domain_count; domain++) {
        (void)groups_find(&groups, (uint8_t)domain, GEO_UNKNOWN);
    }
    *out = groups;
    return 0;
}

void groups_destroy(struct groups *groups)
{
    free(groups->entries);
    free(groups->slots);
    free(groups->domains);
    free(groups->other);
    free(groups->due);
    *groups = (struct groups){0};
}

uint64_t groups_memory_max(uint32_t domain_count, uint32_t group_max)
{
    uint64_t limit = group_limit(domain_count, group_max);
    return (limit + domain_count) * (sizeof(struct group) + sizeof(uint32_t)) +
           2 * limit * sizeof(uint32_t) +
           domain_count * (sizeof(struct group_domain) + sizeof(uint32_t));
}

/* Creates the group of a new country and ASN in its empty slot. */
static uint32_t new_group(struct groups *groups, uint64_t slot, uint8_t domain, struct geo place)
{
    if (groups->group_count - groups->other_count >= groups->group_max) {
        groups->capped++;
        return other_group(groups, domain);
    }
    (void)group_add(groups, domain, place);
    groups->slots[slot] = groups->group_count;
    return groups->group_count - 1;
}

/* Whether an occupied slot's group has this domain, country and ASN. */
static inline bool is_group(const struct groups *groups, uint32_t occupant, uint8_t domain,
                            struct geo place)
{
    const struct group *group = &groups->entries[occupant - 1];
    return group->geo.asn == place.asn && group->geo.country == place.country &&
           group->domain == domain;
}

/* Searches from the home slot on. Separate from groups_find, as it is rare. */
__attribute__((noinline)) static uint32_t find_further(struct groups *groups, uint64_t slot,
                                                       uint8_t domain, struct geo place)
{
    for (; groups->slots[slot] != 0; slot = table_next(slot, groups->slot_count)) {
        if (is_group(groups, groups->slots[slot], domain, place)) {
            return groups->slots[slot] - 1;
        }
    }
    return new_group(groups, slot, domain, place);
}

uint32_t groups_find(struct groups *groups, uint8_t domain, struct geo place)
{
    uint64_t home = home_of(groups, domain, place);
    uint32_t occupant = groups->slots[home];
    if (occupant != 0 && is_group(groups, occupant, domain, place)) {
        return occupant - 1;
    }
    return find_further(groups, home, domain, place);
}

void groups_count_response(struct groups *groups, uint32_t group, uint16_t bytes)
{
    struct group *entry = &groups->entries[group];
    entry->responses++;
    entry->bytes_out += bytes;
    groups->domains[entry->domain].responses++;
}

void groups_count_rejected(struct groups *groups, uint32_t group, enum wire_outcome outcome)
{
    struct group *entry = &groups->entries[group];
    entry->rejected[outcome - WIRE_REJECTED_FIRST]++;
    groups->domains[entry->domain].misfits +=
        outcome != WIRE_REJECTED_OPCODE && outcome != WIRE_REJECTED_EDNS;
}

void groups_count_session(struct groups *groups, uint32_t group)
{
    groups->entries[groups_counting(groups, group)].sessions++;
}

/* --- Open and closed. */

int groups_set_min_clients(struct groups *groups, uint32_t min_clients)
{
    uint32_t *due = calloc(groups->group_max + groups->domain_count, sizeof *due);
    if (due == NULL) {
        return -ENOMEM;
    }
    groups->due = due;
    groups->min_clients = min_clients;
    for (uint32_t i = 0; i < groups->group_count; i++) {
        groups->entries[i].closed = true;
    }
    for (uint32_t domain = 0; domain < groups->domain_count; domain++) {
        (void)other_group(groups, (uint8_t)domain);
    }
    return 0;
}

/* Active sessions from which on a closed group opens. */
static uint32_t opens_at(const struct groups *groups, const struct group *group)
{
    const uint32_t more = (groups->min_clients + GROUPS_REOPEN_PARTS - 1) / GROUPS_REOPEN_PARTS;
    const bool first = group->peak == 0;
    return first ? groups->min_clients : groups->min_clients + more;
}

static bool is_due(const struct groups *groups, const struct group *group)
{
    return group->closed ? group->active >= opens_at(groups, group)
                         : !group->other && group->active < groups->min_clients;
}

/* The number of a group's sessions has changed. */
static void note_change(struct groups *groups, uint32_t index)
{
    struct group *group = &groups->entries[index];
    if (groups->min_clients != 0 && !group->due && is_due(groups, group)) {
        group->due = true;
        groups->due[groups->due_count++] = index;
    }
}

static void raise_peak(struct group *group)
{
    if (group->active > group->peak) {
        group->peak = group->active;
    }
}

static struct group *other_of(struct groups *groups, const struct group *group)
{
    return &groups->entries[groups->other[group->domain] - 1];
}

static void open_group(struct groups *groups, struct group *group)
{
    struct group *other = other_of(groups, group);
    group->closed = false;
    group->unnamed = true;
    group->hidden = false;
    raise_peak(group);
    other->active -= group->active;
    other->established -= group->established;
}

static void close_group(struct groups *groups, struct group *group)
{
    struct group *other = other_of(groups, group);
    group->closed = true;
    other->active += group->active;
    other->established += group->established;
    raise_peak(other);
}

/* Opens first: so `other` never has more sessions than before and after, and its peak is right. */
void groups_settle(struct groups *groups)
{
    for (uint32_t i = 0; i < groups->due_count; i++) {
        struct group *group = &groups->entries[groups->due[i]];
        if (group->closed && is_due(groups, group)) {
            open_group(groups, group);
        }
    }
    for (uint32_t i = 0; i < groups->due_count; i++) {
        struct group *group = &groups->entries[groups->due[i]];
        if (!group->closed && is_due(groups, group)) {
            close_group(groups, group);
        }
        group->due = false;
    }
    groups->due_count = 0;
}

/* --- Sessions. */

static void group_enter(struct groups *groups, uint32_t index, bool established)
{
    struct group *group = &groups->entries[index];
    struct group *counting = group->closed ? other_of(groups, group) : group;
    group->active++;
    group->established += established;
    if (counting != group) {
        counting->active++;
        counting->established += established;
    }
    raise_peak(counting);
    note_change(groups, index);
}

static void group_leave(struct groups *groups, uint32_t index, bool established)
{
    struct group *group = &groups->entries[index];
    group->active--;
    group->established -= established;
    if (group->closed) {
        other_of(groups, group)->active--;
        other_of(groups, group)->established -= established;
    }
    note_change(groups, index);
}

static void domain_enter(struct group_domain *domain)
{
    domain->active++;
    if (domain->active > domain->peak) {
        domain->peak = domain->active;
    }
}

void groups_session_enter(struct groups *groups, uint32_t group)
{
    group_enter(groups, group, false);
    domain_enter(&groups->domains[groups->entries[group].domain]);
}

void groups_session_establish(struct groups *groups, uint32_t group)
{
    struct group *entry = &groups->entries[group];
    entry->established++;
    if (entry->closed) {
        other_of(groups, entry)->established++;
    }
    groups->domains[groups->entries[group].domain].established++;
}

void groups_session_leave(struct groups *groups, uint32_t group, bool established)
{
    struct group_domain *domain = &groups->domains[groups->entries[group].domain];
    group_leave(groups, group, established);
    domain->active--;
    domain->established -= established;
}

void groups_session_move(struct groups *groups, uint32_t from, uint32_t to, bool established)
{
    uint8_t domain_from = groups->entries[from].domain;
    uint8_t domain_to = groups->entries[to].domain;
    group_leave(groups, from, established);
    group_enter(groups, to, established);
    if (domain_from != domain_to) {
        groups->domains[domain_from].active--;
        groups->domains[domain_from].established -= established;
        domain_enter(&groups->domains[domain_to]);
        groups->domains[domain_to].established += established;
    }
}

uint64_t groups_active(const struct groups *groups)
{
    uint64_t active = 0;
    for (uint32_t domain = 0; domain < groups->domain_count; domain++) {
        active += groups->domains[domain].active;
    }
    return active;
}
