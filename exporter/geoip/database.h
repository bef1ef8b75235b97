/*
 * One MaxMind DB: opened from a private copy of its file, checked to be of the wanted kind, and
 * replaced by a newer version of the file while lookups continue.
 */
#ifndef EXPORTER_GEOIP_DATABASE_H
#define EXPORTER_GEOIP_DATABASE_H

#include "exporter/geoip/copy.h"
#include "exporter/geoip/layout.h"
#include "exporter/geoip/outcome.h"
#include "exporter/system/file.h"

#include <maxminddb.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct foreign_text;
struct geo;

/* What a flag needs from its database. */
struct geoip_kind {
    const char *flag;
    const char *none; /* the reason to refuse a file without it */
    geoip_layout_reader *read;
    geoip_layout_namer *name_keys;
};

extern const struct geoip_kind geoip_kind_country;
extern const struct geoip_kind geoip_kind_asn;

struct geoip_database {
    const struct geoip_kind *kind;
    const char *path; /* NULL: not wanted, and never open; not owned */
    bool open;
    struct file_identity identity; /* of the version that is open */
    struct file_identity refused;  /* of the last version that was unusable */
    bool missing;                  /* the last look could not open the file */
    bool unusable;                 /* the last version found could not be loaded */
    bool copying;                  /* a new version is being copied, in `copy` */
    struct geoip_copy copy;
    uint64_t lookups;   /* since the start, through all versions */
    uint64_t unmatched; /* of those, without what the flag needs */
    MMDB_s mmdb;
};

/* Opens the database at `path`. A NULL path is no error. Returns 0, or -errno with `*error`
 * filled and `*out` untouched. */
int geoip_database_open(const struct geoip_kind *kind, const char *path, struct geoip_database *out,
                        struct geoip_error *error);
void geoip_database_close(struct geoip_database *database);

/*
 * Loads a version of the file other than the one in use, or the same one when the last look found
 * an unusable one. An unusable version is tried again only with `again`. The old one stays in use
 * until the new one is open, and if that fails. One call copies GEOIP_COPY_STEP bytes at most:
 * after GEOIP_COPYING call again.
 */
enum geoip_outcome geoip_database_reload(struct geoip_database *database, bool again,
                                         struct geoip_error *error);

/* What the open version says of itself: its type, cleaned, which may be empty, and when it was
 * built, in seconds since 1970. */
void geoip_database_type(const struct geoip_database *database, struct foreign_text *type);
uint64_t geoip_database_built(const struct geoip_database *database);

/* Sets the country or the ASN when the database knows the address. Counts the lookup. */
void geoip_database_lookup(struct geoip_database *database, const struct sockaddr *address,
                           struct geo *place);

/* The name of the network that has the address's ASN. Returns false, and leaves the name alone,
 * when the database does not know it, or is not open. Not counted as a lookup. */
bool geoip_database_organization(const struct geoip_database *database,
                                 const struct sockaddr *address, struct foreign_text *name);

#endif
