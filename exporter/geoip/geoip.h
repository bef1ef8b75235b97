/*
 * Country and autonomous system of a resolver's address, and the names of the systems'
 * organizations, from MaxMind DB files by libmaxminddb.
 * A two-way cache of GEOIP_CACHE_ADDRESSES answers first.
 */
#ifndef EXPORTER_GEOIP_GEOIP_H
#define EXPORTER_GEOIP_GEOIP_H

#include "exporter/counts/geo.h"
#include "exporter/geoip/outcome.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    /* Resolvers seen at a time, in sets of two: 24 bytes each. */
    GEOIP_CACHE_ADDRESSES = 4096,
};

struct geoip;
struct organizations;

enum geoip_which {
    GEOIP_COUNTRY,
    GEOIP_ASN,
    GEOIP_DATABASES, /* how many */
};

/*
 * Opens the databases; with a NULL path that database is not used, and its country or ASN stays
 * unknown. A file that is not a MaxMind DB, is truncated, or holds no country (or no ASN)
 * under any known layout is refused. Names of up to `organizations_max` ASNs are kept, 1 to
 * GROUPS_MAX; not looked at without an ASN database. Returns 0, or -errno with `*error` filled.
 * geoip_close frees.
 */
int geoip_open(const char *country_path, const char *asn_path, uint32_t organizations_max,
               struct geoip **out, struct geoip_error *error);
void geoip_close(struct geoip *geoip);

/* Checks whether a database's file was replaced, and loads the new one, in one bounded step for
 * each call. With `again` a refused one is tried once more. After a reload the cache is empty. A
 * NULL geoip has no database. */
enum geoip_outcome geoip_reload(struct geoip *geoip, enum geoip_which which, bool again,
                                struct geoip_error *error);

/* Of a database since the start, over all its versions. */
struct geoip_values {
    uint64_t build_time; /* of the open version, in seconds since 1970; 0 when there is none */
    uint64_t lookups;    /* in the database itself: the cache answers most addresses */
    uint64_t unmatched;  /* of those, without a country (or an ASN) */
};

/* A NULL geoip has no database. */
struct geoip_values geoip_values(const struct geoip *geoip, enum geoip_which which);

/* Country and ASN of an address (IPv4 as ::ffff:a.b.c.d). Never fails: unknown is ZZ and 0.
 * `*fresh`: whether the answer came from the databases, not from the cache. */
struct geo geoip_lookup(struct geoip *geoip, const uint8_t address[16], bool *fresh);

/*
 * Keeps the name of the network that has an ASN other than 0, which geoip_lookup has just given for
 * this address. Call it only for ASNs that have a group. A name that is known in the present
 * version of the database is not read again. An ASN whose record has no name gets an empty one.
 */
void geoip_note_organization(struct geoip *geoip, const uint8_t address[16], uint32_t asn);

/* The names that were kept; NULL without an ASN database, and of a NULL geoip. */
const struct organizations *geoip_organizations(const struct geoip *geoip);

#endif
