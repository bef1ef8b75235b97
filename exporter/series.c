#include "exporter/series.h"

#include "common/domain.h"
#include "exporter/table.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static uint32_t group_limit(uint32_t domain_count, uint32_t group_max)
{
    return group_max < domain_count ? domain_count : group_max;
}

/* Keyed, as places come from addresses that anyone can forge. One wide product, folded. */
static uint64_t home_of(const struct series *series, uint8_t domain, struct place place)
{
    uint64_t key = (uint64_t)domain << 48 | (uint64_t)place.country << 32 | place.asn;
    table_wide product = (table_wide)(key ^ series->secret[0]) * series->secret[1];
    uint64_t hash = (uint64_t)product ^ (uint64_t)(product >> 64);
    return table_home(hash, series->slot_count);
}

/* Takes the next of the groups, which are all zero until then. */
static struct series_group *group_add(struct series *series, uint8_t domain, struct place place)
{
    struct series_group *group = &series->groups[series->group_count++];
    group->place = place;
    group->domain = domain;
    return group;
}

static uint32_t other_group(struct series *series, uint8_t domain)
{
    series->capped++;
    if (series->other[domain] == 0) {
        group_add(series, domain, PLACE_UNKNOWN)->other = true;
        series->other[domain] = series->group_count;
    }
    return series->other[domain] - 1;
}

int series_create(uint32_t domain_count, uint32_t group_max, struct series *out)
{
    if (domain_count < 1 || domain_count > DOMAINS_MAX || group_max > SERIES_GROUPS_MAX) {
        return -EINVAL;
    }
    uint32_t limit = group_limit(domain_count, group_max);
    struct series series = {
        .group_max = limit, .domain_count = domain_count, .slot_count = 2 * limit};
    if (getentropy(series.secret, sizeof series.secret) != 0) {
        return -errno;
    }
    series.groups = calloc(limit + domain_count, sizeof *series.groups);
    series.slots = calloc(series.slot_count, sizeof *series.slots);
    series.domains = calloc(domain_count, sizeof *series.domains);
    series.other = calloc(domain_count, sizeof *series.other);
    if (series.groups == NULL || series.slots == NULL || series.domains == NULL ||
        series.other == NULL) {
        series_destroy(&series);
        return -ENOMEM;
    }
    for (uint32_t domain = 0; domain < domain_count; domain++) {
        (void)series_find(&series, (uint8_t)domain, PLACE_UNKNOWN);
    }
    *out = series;
    return 0;
}

void series_destroy(struct series *series)
{
    free(series->groups);
    free(series->slots);
    free(series->domains);
    free(series->other);
    *series = (struct series){0};
}

uint64_t series_memory_max(uint32_t domain_count, uint32_t group_max)
{
    uint64_t limit = group_limit(domain_count, group_max);
    return (limit + domain_count) * sizeof(struct series_group) + 2 * limit * sizeof(uint32_t) +
           domain_count * (sizeof(struct series_domain) + sizeof(uint32_t));
}

/* The group of a place that has none, whose empty slot is known. */
static uint32_t new_group(struct series *series, uint64_t slot, uint8_t domain, struct place place)
{
    /* The `other` groups count too, as there are none before the cap is reached. */
    if (series->group_count >= series->group_max) {
        return other_group(series, domain);
    }
    (void)group_add(series, domain, place);
    series->slots[slot] = series->group_count;
    return series->group_count - 1;
}

/* Whether an occupied slot's group is that of a place. */
static inline bool is_group(const struct series *series, uint32_t occupant, uint8_t domain,
                            struct place place)
{
    const struct series_group *group = &series->groups[occupant - 1];
    return group->place.asn == place.asn && group->place.country == place.country &&
           group->domain == domain;
}

/* From the slot where a place belongs on. Apart from series_find, as it is rare. */
__attribute__((noinline)) static uint32_t find_further(struct series *series, uint64_t slot,
                                                       uint8_t domain, struct place place)
{
    for (; series->slots[slot] != 0; slot = table_next(slot, series->slot_count)) {
        if (is_group(series, series->slots[slot], domain, place)) {
            return series->slots[slot] - 1;
        }
    }
    return new_group(series, slot, domain, place);
}

uint32_t series_find(struct series *series, uint8_t domain, struct place place)
{
    uint64_t home = home_of(series, domain, place);
    uint32_t occupant = series->slots[home];
    if (occupant != 0 && is_group(series, occupant, domain, place)) {
        return occupant - 1;
    }
    return find_further(series, home, domain, place);
}

void series_count_query(struct series *series, uint32_t group, uint16_t bytes)
{
    series->groups[group].queries++;
    series->groups[group].bytes_in += bytes;
}

void series_count_response(struct series *series, uint32_t group, uint16_t bytes)
{
    series->groups[group].responses++;
    series->groups[group].bytes_out += bytes;
}

void series_count_rejected(struct series *series, uint32_t group, enum wire_reject reason)
{
    series->groups[group].rejected[reason]++;
}

void series_count_session(struct series *series, uint32_t group)
{
    series->groups[group].sessions++;
}

static void group_enter(struct series_group *group)
{
    group->active++;
    if (group->active > group->peak) {
        group->peak = group->active;
    }
}

static void domain_enter(struct series_domain *domain)
{
    domain->active++;
    if (domain->active > domain->peak) {
        domain->peak = domain->active;
    }
}

void series_session_enter(struct series *series, uint32_t group)
{
    group_enter(&series->groups[group]);
    domain_enter(&series->domains[series->groups[group].domain]);
}

void series_session_leave(struct series *series, uint32_t group)
{
    series->groups[group].active--;
    series->domains[series->groups[group].domain].active--;
}

void series_session_move(struct series *series, uint32_t from, uint32_t to)
{
    uint8_t domain_from = series->groups[from].domain;
    uint8_t domain_to = series->groups[to].domain;
    series->groups[from].active--;
    group_enter(&series->groups[to]);
    if (domain_from != domain_to) {
        series->domains[domain_from].active--;
        domain_enter(&series->domains[domain_to]);
    }
}

uint64_t series_active(const struct series *series)
{
    uint64_t active = 0;
    for (uint32_t domain = 0; domain < series->domain_count; domain++) {
        active += series->domains[domain].active;
    }
    return active;
}
