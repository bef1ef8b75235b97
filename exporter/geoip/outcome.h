/* The result of opening a database, or of loading a new version of it. */
#ifndef EXPORTER_GEOIP_OUTCOME_H
#define EXPORTER_GEOIP_OUTCOME_H

#include "exporter/geoip/key_names.h"

#include <stdbool.h>

/* What failed, for one clear log line. Texts are static or the caller's path; `keys_found` is from
 * the file, cleaned. */
struct geoip_error {
    const char *flag; /* "-geoip.country-database" or "-geoip.asn-database" */
    const char *path;
    const char *reason; /* "cannot be read: Permission denied", "is not a MaxMind DB file", … */
    bool permission;    /* the process may not read it (EACCES) */
    /* Of a database without what the flag needs; otherwise both are empty. */
    struct key_names keys_found;  /* in the file: "none" when it has none */
    struct key_names keys_wanted; /* that were looked for */
};

enum geoip_outcome {
    GEOIP_UNCHANGED, /* the file is the one that is open, or was refused before */
    GEOIP_COPYING,   /* there is a new one, not yet fully copied: call again */
    GEOIP_RELOADED,  /* lookups use the new one, and the cache is empty */
    GEOIP_KEPT,      /* cannot load the new one, see *error; the old one is in use */
};

#endif
