/*
 * The wall clock, for moments that are shown as times since 1970. They are kept as times of
 * CLOCK_BOOTTIME, so that a clock that is set later corrects them: a host without a battery starts
 * in 1970, or where it was last.
 */
#ifndef EXPORTER_SYSTEM_WALL_CLOCK_H
#define EXPORTER_SYSTEM_WALL_CLOCK_H

#include <stdint.h>

enum {
    /* Only a clock that was set by more than this moves what is shown: more than a leap second and
     * the time between two readings. Prometheus takes a start time that changes for a restart. */
    WALL_CLOCK_STEP_MS = 1500,
};

struct wall_clock {
    int64_t ahead; /* milliseconds by which CLOCK_REALTIME is ahead of CLOCK_BOOTTIME; first 0 */
};

/* CLOCK_BOOTTIME in milliseconds. */
uint64_t wall_clock_moment(void);

/* Reads both clocks, and follows CLOCK_REALTIME if it was set. */
void wall_clock_look(struct wall_clock *clock);

/* A moment in milliseconds since 1970, by the last look; 0 for one before 1970. */
uint64_t wall_clock_of(const struct wall_clock *clock, uint64_t moment);

#endif
