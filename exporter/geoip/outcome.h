/* How opening a database, or taking in a new version of it, ends. */
#ifndef EXPORTER_GEOIP_OUTCOME_H
#define EXPORTER_GEOIP_OUTCOME_H

#include <stdbool.h>

/* Where opening failed, for one clear line. Texts are static or the caller's path. */
struct geoip_error {
    const char *flag; /* "-geoip.country-database" or "-geoip.asn-database" */
    const char *path;
    const char *reason; /* "cannot be read: Permission denied", "is not a MaxMind DB file", … */
    bool permission;    /* the process may not read it (EACCES) */
};

enum geoip_outcome {
    GEOIP_UNCHANGED, /* the file is the one that is open, or was refused before */
    GEOIP_COPYING,   /* there is a new one, and more of it to be copied: call again */
    GEOIP_RELOADED,  /* lookups, and places that were cached, are those of the new one */
    GEOIP_KEPT,      /* the new one is of no use, as *error says: the old one goes on */
};

#endif
