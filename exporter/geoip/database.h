/*
 * One MaxMind DB: opened from a private copy of its file, held to be of the kind asked for, and
 * replaced by a newer version of the file while lookups go on.
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

struct geo;

/* What a flag asks of its database. */
struct geoip_kind {
    const char *flag;
    const char *none; /* why a file is refused that has none of it */
    geoip_layout_reader *read;
};

extern const struct geoip_kind geoip_kind_country;
extern const struct geoip_kind geoip_kind_asn;

struct geoip_database {
    const struct geoip_kind *kind;
    const char *path; /* NULL: not wanted, and never open; not owned */
    bool open;
    struct file_identity identity; /* of the version that is open */
    struct file_identity refused;  /* of the one that was last found unusable */
    bool missing;                  /* the file could not be opened when last looked for */
    bool unusable;                 /* the version that was last found could not be taken in */
    bool copying;                  /* a new version is on its way, in `copy` */
    struct geoip_copy copy;
    uint64_t lookups;   /* since the start, through all versions */
    uint64_t unmatched; /* of those, without what the flag asks for */
    MMDB_s mmdb;
};

/* Opens the database at `path`. A NULL path is no error. Returns 0, or -errno with `*error`
 * filled and `*out` untouched. */
int geoip_database_open(const struct geoip_kind *kind, const char *path, struct geoip_database *out,
                        struct geoip_error *error);
void geoip_database_close(struct geoip_database *database);

/*
 * Takes in a version of the file other than the one that is open, or the same when the last look
 * found one that was of no use. One that was found unusable is tried again only with `again`. The
 * old one is kept until the new one is open, and for good when that fails. One call copies
 * GEOIP_COPY_STEP bytes at most: after GEOIP_COPYING the next one goes on.
 */
enum geoip_outcome geoip_database_reload(struct geoip_database *database, bool again,
                                         struct geoip_error *error);

/* Sets one half of the place when the database knows the address. Counts. */
void geoip_database_lookup(struct geoip_database *database, const struct sockaddr *address,
                           struct geo *place);

#endif
