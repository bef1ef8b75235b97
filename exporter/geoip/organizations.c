#include "exporter/geoip/organizations.h"

#include "exporter/counts/groups.h"
#include "exporter/counts/table.h"
#include "exporter/counts/wide.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int organizations_create(uint32_t max, struct organizations *out)
{
    if (max < 1 || max > GROUPS_MAX) {
        return -EINVAL;
    }
    struct organizations organizations = {.max = max, .slot_count = 2 * max};
    if (getentropy(organizations.secret, sizeof organizations.secret) != 0) {
        return -errno;
    }
    organizations.entries = calloc(max, sizeof *organizations.entries);
    organizations.slots = calloc(organizations.slot_count, sizeof *organizations.slots);
    if (organizations.entries == NULL || organizations.slots == NULL) {
        organizations_destroy(&organizations);
        return -ENOMEM;
    }
    *out = organizations;
    return 0;
}

void organizations_destroy(struct organizations *organizations)
{
    free(organizations->entries);
    free(organizations->slots);
    *organizations = (struct organizations){0};
}

uint64_t organizations_memory_max(uint32_t max)
{
    return max * (uint64_t)sizeof(struct organization) + 2 * (uint64_t)max * sizeof(uint32_t);
}

void organizations_renew(struct organizations *organizations)
{
    organizations->version++;
}

/* Keyed, as an ASN comes from an address that anyone can forge. One wide product, folded. */
static uint64_t home_of(const struct organizations *organizations, uint32_t asn)
{
    struct wide product = wide_product(asn ^ organizations->secret[0], organizations->secret[1]);
    return table_home(product.low ^ product.high, organizations->slot_count);
}

/* The slot of an ASN: with its entry, or the empty one where it belongs. The table has slots. */
static uint64_t slot_of(const struct organizations *organizations, uint32_t asn)
{
    uint64_t slot = home_of(organizations, asn);
    while (organizations->slots[slot] != 0 &&
           organizations->entries[organizations->slots[slot] - 1].asn != asn) {
        slot = table_next(slot, organizations->slot_count);
    }
    return slot;
}

/* Takes the next unused entry, which is all zero. */
static struct organization *add(struct organizations *organizations, uint64_t slot, uint32_t asn)
{
    struct organization *entry = &organizations->entries[organizations->count++];
    organizations->slots[slot] = organizations->count;
    entry->asn = asn;
    entry->version = organizations->version;
    return entry;
}

struct foreign_text *organizations_due(struct organizations *organizations, uint32_t asn)
{
    if (organizations->max == 0) {
        return NULL;
    }
    uint64_t slot = slot_of(organizations, asn);
    if (organizations->slots[slot] == 0) {
        return organizations->count < organizations->max ? &add(organizations, slot, asn)->name
                                                         : NULL;
    }
    struct organization *entry = &organizations->entries[organizations->slots[slot] - 1];
    if (entry->version == organizations->version) {
        return NULL;
    }
    entry->version = organizations->version;
    return &entry->name;
}

const struct foreign_text *organizations_find(const struct organizations *organizations,
                                              uint32_t asn)
{
    if (organizations == NULL || organizations->max == 0) {
        return NULL;
    }
    uint32_t occupant = organizations->slots[slot_of(organizations, asn)];
    return occupant != 0 ? &organizations->entries[occupant - 1].name : NULL;
}
