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

enum geoip_which {
    GEOIP_COUNTRY,
    GEOIP_ASN,
    GEOIP_DATABASES, /* how many */
};

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

enum geoip_reload {
    GEOIP_UNCHANGED, /* the file is the one that is open, or was refused before */
    GEOIP_COPYING,   /* there is a new one, and more of it to be copied: call again */
    GEOIP_RELOADED,  /* lookups, and places that were cached, are those of the new one */
    GEOIP_KEPT,      /* the new one is of no use, as *error says: the old one goes on */
};

/* Looks whether a database's file was replaced, and takes the new one in, by one bounded step for
 * each call. With `again` one that was refused is tried once more. What was looked up before is
 * looked up anew. A NULL geoip has no database. */
enum geoip_reload geoip_reload(struct geoip *geoip, enum geoip_which which, bool again,
                               struct geoip_error *error);

/* Of a database since the start, through all its versions. */
struct geoip_figures {
    uint64_t build_time; /* of the open version, in seconds since 1970; 0 when there is none */
    uint64_t lookups;    /* asked of the database itself: the cache answers most addresses */
    uint64_t unmatched;  /* of those, without a country (or an ASN) to be had */
};

/* A NULL geoip has had no database. */
struct geoip_figures geoip_figures(const struct geoip *geoip, enum geoip_which which);

/* The place of an address (IPv4 as ::ffff:a.b.c.d). Never fails: what is not known is unknown. */
struct place geoip_lookup(struct geoip *geoip, const uint8_t address[16]);

#endif
