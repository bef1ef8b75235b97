/*
 * Looks every HINTS_LOOK_SECONDS whether the set-up seems wrong (exporter/state/hints.h), keeps
 * what it finds in the state, and logs a hint when it begins and when it ends: each at most once in
 * HINTS_LOG_SECONDS, whatever a sender does.
 */
#ifndef EXPORTER_HINTS_HINTS_H
#define EXPORTER_HINTS_HINTS_H

#include "exporter/system/timer.h"

#include <stdint.h>

struct hints_watch;
struct state;

/* `now` in seconds of CLOCK_BOOTTIME. The state must outlive it. */
void hints_start(struct state *state, uint32_t now, struct hints_watch *out);

/* Looks when it is time. */
struct timer hints_timer(struct hints_watch *watch);

#endif
