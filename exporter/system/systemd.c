#include "exporter/system/systemd.h"

#include "common/notify.h"
#include "common/number.h"
#include "common/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    MICROSECONDS = 1000000,
    STATE_MAX = 1024, /* bytes: two domains, an interface, a number, a sentence */
};

/* A quarter of the watchdog timeout, in whole seconds: sd_watchdog_enabled(3) advises half, and
 * keep-alives follow the sniffer's STATS, which are up to two seconds apart. */
static uint32_t watchdog_seconds(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    const char *wait = getenv("WATCHDOG_USEC");
    uint64_t number, microseconds;
    if (wait == NULL || number_parse(wait, 1, UINT32_MAX, &microseconds) != 0) {
        return 0;
    }
    if (pid != NULL &&
        (number_parse(pid, 1, INT32_MAX, &number) != 0 || (pid_t)number != getpid())) {
        return 0;
    }
    uint64_t seconds = microseconds / 4 / MICROSECONDS;
    return seconds > 0 ? (uint32_t)seconds : 1;
}

void systemd_start(const struct options *options, uint32_t now, struct systemd *out)
{
    *out = (struct systemd){
        .descriptor = notify_open(),
        .options = options,
        .watchdog_seconds = watchdog_seconds(),
        .watchdog_second = now,
        .status_second = now - SYSTEMD_STATUS_SECONDS, /* at once */
    };
}

void systemd_ready(const struct systemd *systemd)
{
    notify_send(systemd->descriptor, "READY=1");
}

void systemd_reloading(const struct systemd *systemd)
{
    char state[STATE_MAX];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t microseconds = (uint64_t)now.tv_sec * MICROSECONDS + (uint64_t)now.tv_nsec / 1000;
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, microseconds);
    notify_send(systemd->descriptor, state);
}

void systemd_reloaded(const struct systemd *systemd)
{
    notify_send(systemd->descriptor, "READY=1");
}

void systemd_stopping(const struct systemd *systemd)
{
    notify_send(systemd->descriptor, "STOPPING=1\nSTATUS=stopped");
}

void systemd_failed(const struct systemd *systemd, const char *what, const char *why)
{
    notify_failure(systemd->descriptor, what, why);
}

static void send_status(const struct systemd *systemd, uint64_t active, const char *hint)
{
    const struct options *options = systemd->options;
    char more[32] = "";
    char state[STATE_MAX];
    if (options->domain_count > 1) {
        snprintf(more, sizeof more, " and %u more", options->domain_count - 1);
    }
    snprintf(state, sizeof state, "STATUS=watching %s%s on %s%s, %" PRIu64 " active%s%s",
             options->domains[0].text, more, options->interface[0] != '\0' ? "" : "all interfaces",
             options->interface, active, hint != NULL ? "; " : "", hint != NULL ? hint : "");
    notify_send(systemd->descriptor, state);
}

void systemd_alive(struct systemd *systemd, uint64_t active, const char *hint, uint32_t now)
{
    if (systemd->descriptor < 0) {
        return;
    }
    if (systemd->watchdog_seconds > 0 &&
        now - systemd->watchdog_second >= systemd->watchdog_seconds) {
        notify_send(systemd->descriptor, "WATCHDOG=1");
        systemd->watchdog_second = now;
    }
    if (now - systemd->status_second >= SYSTEMD_STATUS_SECONDS) {
        send_status(systemd, active, hint);
        systemd->status_second = now;
    }
}
