/*
 * Replaced databases and web configurations are taken in: when asked to by SIGHUP, at most once a
 * second however often it comes, and by itself every RELOAD_INTERVAL_SECONDS. A look takes several
 * calls while a database is copied, so that the event loop is not held up.
 */
#ifndef EXPORTER_RELOAD_H
#define EXPORTER_RELOAD_H

#include "exporter/geoip/geoip.h"
#include "exporter/system/reloaded.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    /* A replaced file is in use within a minute, and an unchanged one costs one open. */
    RELOAD_INTERVAL_SECONDS = 30,
    /* Between two looks, by the number of the second: at least one has passed whole. */
    RELOAD_REQUEST_SECONDS = 2,
};

struct reload {
    struct geoip *geoip;   /* not owned */
    struct access *access; /* not owned; NULL: none */
    bool wanted;           /* there is any of them */
    bool requested;        /* SIGHUP has come since the last look began */
    uint32_t second;       /* in which the last look began */
    enum reload_stage {
        RELOAD_IDLE,
        RELOAD_COUNTRY,
        RELOAD_ASN, /* and, in the same call, the web configuration */
    } stage;        /* of the look that is under way */
    bool serving;   /* that look is for a request */
    struct reloaded databases[GEOIP_DATABASES];
    struct reloaded web_config;
};

/* All of them have just been opened; `databases` says whether there is any. `now` in seconds of
 * CLOCK_BOOTTIME. */
void reload_start(struct geoip *geoip, bool databases, struct access *access, uint32_t now,
                  struct reload *out);

/* Seconds until reload_look has something to do; UINT32_MAX for never. */
uint32_t reload_due(const struct reload *reload, uint32_t now);

/* Looks at the files if that is due, or goes on with it, and logs what came of it. Returns true
 * when a request was dealt with. */
bool reload_look(struct reload *reload, uint32_t now);

#endif
