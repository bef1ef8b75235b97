/* Calling a reload's timer as the loop does, for the tests of it. Include after cmocka. */
#ifndef TESTS_UNIT_EXPORTER_RELOAD_CALLS_H
#define TESTS_UNIT_EXPORTER_RELOAD_CALLS_H

#include "exporter/reload.h"
#include "exporter/system/systemd.h"
#include "exporter/system/timer.h"

#include <stdbool.h>
#include <stdint.h>

/* In the place of the exporter's: requests that were dealt with. */
static unsigned handled;

void systemd_reloading(const struct systemd *systemd)
{
    (void)systemd;
}

void systemd_reloaded(const struct systemd *systemd)
{
    (void)systemd;
    handled++;
}

/* Seconds until there is something to do; UINT32_MAX for never. */
static uint32_t due_in(struct reload *reload, uint32_t now)
{
    const struct timer timer = reload_timer(reload);
    int wait = timer.wait(timer.owner, (struct timer_now){.second = now});
    return wait < 0 ? UINT32_MAX : (uint32_t)wait / 1000;
}

/* Returns whether a request was dealt with. */
static bool run_once(struct reload *reload, uint32_t now)
{
    const struct timer timer = reload_timer(reload);
    unsigned before = handled;
    timer.run(timer.owner, (struct timer_now){.second = now, .millisecond = 999});
    return handled > before;
}

#endif
