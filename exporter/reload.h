/*
 * Replaced databases and web configurations are taken in: when asked to by SIGHUP, at most once a
 * second however often it comes, and by itself every RELOAD_INTERVAL_SECONDS.
 */
#ifndef EXPORTER_RELOAD_H
#define EXPORTER_RELOAD_H

#include "exporter/geoip.h"
#include "exporter/web.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    /* A replaced file is in use within a minute, and an unchanged one costs one open. */
    RELOAD_INTERVAL_SECONDS = 30,
};

struct reload {
    struct geoip *geoip; /* not owned */
    struct web *web;     /* not owned; NULL: none */
    bool wanted;         /* there is any of them */
    bool requested;      /* SIGHUP has come since the last look */
    uint32_t second;     /* of the last look */
    struct {
        bool successful;       /* the file that stands at the path is the one in use */
        uint64_t success_time; /* seconds since 1970 of the latest successful load */
    } databases[GEOIP_DATABASES], web_config;
};

/* All of them have just been opened; `databases` says whether there is any. `now` in seconds of
 * CLOCK_BOOTTIME. */
void reload_start(struct geoip *geoip, bool databases, struct web *web, uint32_t now,
                  struct reload *out);

/* Seconds until reload_look has something to do; UINT32_MAX for never. */
uint32_t reload_due(const struct reload *reload, uint32_t now);

/* Looks at the files if that is due, and logs what came of it. Returns true when a request was
 * dealt with. */
bool reload_look(struct reload *reload, uint32_t now);

#endif
