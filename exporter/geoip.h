/*
 * Country and autonomous system of a resolver's address, from MaxMind DB files by libmaxminddb.
 * A two-way cache of GEOIP_CACHE_ADDRESSES stands in front.
 */
#ifndef EXPORTER_GEOIP_H
#define EXPORTER_GEOIP_H

#include "exporter/place.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    /* Resolvers seen at a time, by two: 24 octets each. */
    GEOIP_CACHE_ADDRESSES = 4096,
};

struct geoip;

/* Where opening failed, for one clear line. Texts are static or the caller's path. */
struct geoip_error {
    const char *flag; /* "-geoip.country-database" or "-geoip.asn-database" */
    const char *path;
    const char *reason; /* "cannot be read: Permission denied", "is not a MaxMind DB file", … */
    bool permission;    /* the process may not read it (EACCES) */
};

/*
 * Opens the databases; a NULL path means that this one is not wanted, and its half of every place
 * stays unknown. A file that is not a MaxMind DB, is truncated, or holds no country (or no ASN)
 * under any known layout is refused. Returns 0, or -errno with `*error` filled. geoip_close frees.
 */
int geoip_open(const char *country_path, const char *asn_path, struct geoip **out,
               struct geoip_error *error);
void geoip_close(struct geoip *geoip);

/* The place of an address (IPv4 as ::ffff:a.b.c.d). Never fails: what is not known is unknown. */
struct place geoip_lookup(struct geoip *geoip, const uint8_t address[16]);

#endif
