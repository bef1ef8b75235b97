/*
 * What the service manager is told (sd_notify(3)): ready, alive, what is going on. Without one,
 * all of this does nothing.
 */
#ifndef EXPORTER_SYSTEM_SYSTEMD_H
#define EXPORTER_SYSTEM_SYSTEMD_H

#include <stdint.h>

struct options;

enum {
    /* The status line follows the figures, but no faster than anybody reads it. */
    SYSTEMD_STATUS_SECONDS = 5,
};

struct systemd {
    int descriptor;                /* of notify_open; below 0: there is no service manager */
    const struct options *options; /* not owned */
    uint32_t watchdog_seconds;     /* between two signs of life; 0: none is wanted */
    uint32_t watchdog_second;      /* of the latest */
    uint32_t status_second;
};

/* Finds out who listens. `now` in seconds of CLOCK_BOOTTIME, as below. */
void systemd_start(const struct options *options, uint32_t now, struct systemd *out);

void systemd_ready(const struct systemd *systemd);
void systemd_reloading(const struct systemd *systemd);
void systemd_reloaded(const struct systemd *systemd);
void systemd_stopping(const struct systemd *systemd);

/* Why it ends although nobody asked it to: shown by the manager until the next start. */
void systemd_failed(const struct systemd *systemd, const char *what, const char *why);

/* The sniffer has just reported: feeds the watchdog and renews the status line, when due. */
void systemd_alive(struct systemd *systemd, uint64_t active, uint32_t now);

#endif
