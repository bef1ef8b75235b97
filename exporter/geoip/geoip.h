/*
 * Country and autonomous system of a resolver's address, from MaxMind DB files by libmaxminddb.
 * A two-way cache of GEOIP_CACHE_ADDRESSES stands in front.
 */
#ifndef EXPORTER_GEOIP_GEOIP_H
#define EXPORTER_GEOIP_GEOIP_H

#include "exporter/counts/geo.h"
#include "exporter/geoip/outcome.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    /* Resolvers seen at a time, by two: 24 bytes each. */
    GEOIP_CACHE_ADDRESSES = 4096,
};

struct geoip;

enum geoip_which {
    GEOIP_COUNTRY,
    GEOIP_ASN,
    GEOIP_DATABASES, /* how many */
};

/*
 * Opens the databases; a NULL path means that this one is not wanted, and its half of every place
 * stays unknown. A file that is not a MaxMind DB, is truncated, or holds no country (or no ASN)
 * under any known layout is refused. Returns 0, or -errno with `*error` filled. geoip_close frees.
 */
int geoip_open(const char *country_path, const char *asn_path, struct geoip **out,
               struct geoip_error *error);
void geoip_close(struct geoip *geoip);

/* Looks whether a database's file was replaced, and takes the new one in, by one bounded step for
 * each call. With `again` one that was refused is tried once more. What was looked up before is
 * looked up anew. A NULL geoip has no database. */
enum geoip_outcome geoip_reload(struct geoip *geoip, enum geoip_which which, bool again,
                                struct geoip_error *error);

/* Of a database since the start, through all its versions. */
struct geoip_values {
    uint64_t build_time; /* of the open version, in seconds since 1970; 0 when there is none */
    uint64_t lookups;    /* asked of the database itself: the cache answers most addresses */
    uint64_t unmatched;  /* of those, without a country (or an ASN) to be had */
};

/* A NULL geoip has had no database. */
struct geoip_values geoip_values(const struct geoip *geoip, enum geoip_which which);

/* The place of an address (IPv4 as ::ffff:a.b.c.d). Never fails: what is not known is unknown. */
struct geo geoip_lookup(struct geoip *geoip, const uint8_t address[16]);

#endif
