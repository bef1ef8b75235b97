/*
 * What the service manager is told (sd_notify(3)): ready, alive, what is going on. Without one,
 * all of this does nothing.
 */
#ifndef EXPORTER_SERVICE_H
#define EXPORTER_SERVICE_H

#include "common/options.h"

#include <stdint.h>

enum {
    /* The status line follows the figures, but no faster than anybody reads it. */
    SERVICE_STATUS_SECONDS = 5,
};

struct service {
    int descriptor;                /* of notify_open; below 0: there is no service manager */
    const struct options *options; /* not owned */
    uint32_t watchdog_seconds;     /* between two signs of life; 0: none is wanted */
    uint32_t watchdog_second;      /* of the latest */
    uint32_t status_second;
};

/* Finds out who listens. `now` in seconds of CLOCK_BOOTTIME, as below. */
void service_start(const struct options *options, uint32_t now, struct service *out);

void service_ready(const struct service *service);
void service_reloading(const struct service *service);
void service_reloaded(const struct service *service);
void service_stopping(const struct service *service);

/* Why it ends although nobody asked it to: shown by the manager until the next start. */
void service_failed(const struct service *service, const char *what, const char *why);

/* The sniffer has just reported: feeds the watchdog and renews the status line, when due. */
void service_alive(struct service *service, uint64_t active, uint32_t now);

#endif
