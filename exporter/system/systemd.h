/*
 * Reports to the service manager (sd_notify(3)): ready, alive, status. Without a service manager
 * all of this does nothing.
 */
#ifndef EXPORTER_SYSTEM_SYSTEMD_H
#define EXPORTER_SYSTEM_SYSTEMD_H

#include <stdint.h>

struct options;

enum {
    /* The status line follows the counts, but no faster than people read it. */
    SYSTEMD_STATUS_SECONDS = 5,
};

struct systemd {
    int descriptor;                /* of notify_open; below 0: there is no service manager */
    const struct options *options; /* not owned */
    uint32_t watchdog_seconds;     /* between two keep-alives; 0: none wanted */
    uint32_t watchdog_second;      /* of the latest */
    uint32_t status_second;
};

/* Finds the service manager. `now` in seconds of CLOCK_BOOTTIME, as below. */
void systemd_start(const struct options *options, uint32_t now, struct systemd *out);

void systemd_ready(const struct systemd *systemd);
void systemd_reloading(const struct systemd *systemd);
void systemd_reloaded(const struct systemd *systemd);
void systemd_stopping(const struct systemd *systemd);

/* Why it ends without being asked to: the manager shows this until the next start. */
void systemd_failed(const struct systemd *systemd, const char *what, const char *why);

/* The sniffer has just reported: feeds the watchdog and updates the status line, when due. `hint`:
 * what may be wrong, or NULL. */
void systemd_alive(struct systemd *systemd, uint64_t active, const char *hint, uint32_t now);

#endif
