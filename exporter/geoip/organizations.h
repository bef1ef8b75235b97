/*
 * Names of the networks that have an ASN: what the metrics show beside it. An entry is never
 * removed, and its index never changes, so that a page can be written entry by entry. After a
 * reload of the database a name is read again when its ASN is next looked up.
 */
#ifndef EXPORTER_GEOIP_ORGANIZATIONS_H
#define EXPORTER_GEOIP_ORGANIZATIONS_H

#include "exporter/text/foreign_text.h"

#include <stdint.h>

struct organization {
    uint32_t asn;
    uint32_t version;         /* of the database that the name is of */
    struct foreign_text name; /* empty: the database has none */
};

struct organizations {
    struct organization *entries;
    uint32_t count;
    uint32_t max;
    uint32_t version;    /* of the database, which is in use now */
    uint32_t slot_count; /* at most half of them are used */
    uint32_t *slots;     /* hash table of index + 1, open addressing */
    uint64_t secret[2];  /* of the hash: an attacker who chooses addresses cannot choose slots */
};

/* Creates the table, empty; max is 1 to GROUPS_MAX. All memory is reserved at once, and used as
 * names come. Returns 0 or -errno: -ENOMEM, -EINVAL for a max out of range, or the error of
 * getentropy(3). organizations_destroy frees what it holds; it may be all zero. */
int organizations_create(uint32_t max, struct organizations *out);
void organizations_destroy(struct organizations *organizations);

/* The most bytes it can hold, for the documented sum. */
uint64_t organizations_memory_max(uint32_t max);

/* Another version of the database is in use: every name is due again. */
void organizations_renew(struct organizations *organizations);

/* The name of an ASN that the caller has to fill in, once for each version: of a new entry, where
 * it is empty, or of one with the name of an earlier version. NULL when the ASN is known in this
 * version, or new and the table is full; one that is all zero is full. */
struct foreign_text *organizations_due(struct organizations *organizations, uint32_t asn);

/* The name of an ASN, or NULL when it has no entry. A NULL table has none. */
const struct foreign_text *organizations_find(const struct organizations *organizations,
                                              uint32_t asn);

#endif
