/*
 * Reloads databases and web configurations that were replaced: on SIGHUP, at most once a second,
 * and by itself every RELOAD_INTERVAL_SECONDS. Copying a database takes several calls, so that the
 * event loop is not blocked.
 */
#ifndef EXPORTER_RELOAD_H
#define EXPORTER_RELOAD_H

#include "exporter/system/timer.h"

#include <stdbool.h>
#include <stdint.h>

struct state;
struct systemd;

enum {
    /* A replaced file is in use within a minute, and an unchanged one costs one open. */
    RELOAD_INTERVAL_SECONDS = 30,
    /* Between two looks, in clock seconds: at least one whole second has passed. */
    RELOAD_REQUEST_SECONDS = 2,
};

struct reload {
    struct state *state;     /* not owned: what is reloaded, and where it says how that went */
    struct systemd *systemd; /* not owned: who is told of a request's end */
    bool wanted;             /* there is anything to reload */
    bool requested;          /* SIGHUP has come since the last look began */
    uint32_t second;         /* in which the last look began */
    enum reload_stage {
        RELOAD_IDLE,
        RELOAD_COUNTRY,
        RELOAD_ASN, /* and, in the same call, the web configuration */
    } stage;        /* of the current look */
    bool serving;   /* the current look is for a SIGHUP */
};

/* Call it once all files are open: it records when. `now` in seconds of CLOCK_BOOTTIME. */
void reload_start(struct state *state, struct systemd *systemd, uint32_t now, struct reload *out);

/* Asks for a check, as SIGHUP does. */
void reload_request(struct reload *reload);

/* Checks the files when that is due, or continues a check, and logs the result. */
struct timer reload_timer(struct reload *reload);

#endif
