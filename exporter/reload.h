/*
 * Reloads databases and web configurations that were replaced: on SIGHUP, at most once a second,
 * and by itself every RELOAD_INTERVAL_SECONDS. Copying a database takes several calls, so that the
 * event loop is not blocked.
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
    /* Between two looks, in clock seconds: at least one whole second has passed. */
    RELOAD_REQUEST_SECONDS = 2,
};

struct reload {
    struct geoip *geoip;   /* not owned */
    struct access *access; /* not owned; NULL: none */
    bool wanted;           /* there is a database or a web configuration */
    bool requested;        /* SIGHUP has come since the last look began */
    uint32_t second;       /* in which the last look began */
    enum reload_stage {
        RELOAD_IDLE,
        RELOAD_COUNTRY,
        RELOAD_ASN, /* and, in the same call, the web configuration */
    } stage;        /* of the current look */
    bool serving;   /* the current look is for a SIGHUP */
    struct reloaded databases[GEOIP_DATABASES];
    struct reloaded web_config;
};

/* Call it once all files are open; `databases` says whether there is one. `now` in seconds of
 * CLOCK_BOOTTIME. */
void reload_start(struct geoip *geoip, bool databases, struct access *access, uint32_t now,
                  struct reload *out);

/* Seconds until reload_look has something to do; UINT32_MAX for never. */
uint32_t reload_due(const struct reload *reload, uint32_t now);

/* Checks the files if that is due, or continues a check, and logs the result. Returns true when a
 * SIGHUP was handled. */
bool reload_look(struct reload *reload, uint32_t now);

#endif
