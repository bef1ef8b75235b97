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
    return group;
}

static uint32_t other_group(struct groups *groups, uint8_t domain)
{
    groups->capped++;
    if (groups->other[domain] == 0) {
        group_add(groups, domain, GEO_UNKNOWN)->other = true;
        groups->other[domain] = groups->group_count;
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
    *groups = (struct groups){0};
}

uint64_t groups_memory_max(uint32_t domain_count, uint32_t group_max)
{
    uint64_t limit = group_limit(domain_count, group_max);
    return (limit + domain_count) * sizeof(struct group) + 2 * limit * sizeof(uint32_t) +
           domain_count * (sizeof(struct group_domain) + sizeof(uint32_t));
}

/* Creates the group of a new country and ASN in its empty slot. */
static uint32_t new_group(struct groups *groups, uint64_t slot, uint8_t domain, struct geo place)
{
    /* This counts `other` groups too: there are none before the cap is reached. */
    if (groups->group_count >= groups->group_max) {
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
    groups->entries[group].sessions++;
}

static void group_enter(struct group *group)
{
    group->active++;
    if (group->active > group->peak) {
        group->peak = group->active;
    }
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
    group_enter(&groups->entries[group]);
    domain_enter(&groups->domains[groups->entries[group].domain]);
}

void groups_session_establish(struct groups *groups, uint32_t group)
{
    groups->entries[group].established++;
    groups->domains[groups->entries[group].domain].established++;
}

void groups_session_leave(struct groups *groups, uint32_t group, bool established)
{
    struct group_domain *domain = &groups->domains[groups->entries[group].domain];
    groups->entries[group].active--;
    groups->entries[group].established -= established;
    domain->active--;
    domain->established -= established;
}

void groups_session_move(struct groups *groups, uint32_t from, uint32_t to, bool established)
{
    uint8_t domain_from = groups->entries[from].domain;
    uint8_t domain_to = groups->entries[to].domain;
    groups->entries[from].active--;
    groups->entries[from].established -= established;
    group_enter(&groups->entries[to]);
    groups->entries[to].established += established;
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
