/*
 * How much counters have grown in the last minutes. Their values at the beginning of each
 * WINDOW_SAMPLE_SECONDS, in a ring.
 */
#ifndef EXPORTER_COUNTS_WINDOW_H
#define EXPORTER_COUNTS_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WINDOW_SECONDS = 300,
    WINDOW_SAMPLE_SECONDS = 15,
    WINDOW_SAMPLES = WINDOW_SECONDS / WINDOW_SAMPLE_SECONDS,
    WINDOW_VALUES_MAX = 64,
};

struct window {
    /* The sample of second s is in s / WINDOW_SAMPLE_SECONDS. */
    uint64_t samples[WINDOW_SAMPLES][WINDOW_VALUES_MAX];
    uint32_t latest; /* seconds / WINDOW_SAMPLE_SECONDS of the newest sample */
};

/* All counters are 0 before the start. `now` in seconds of CLOCK_BOOTTIME, here and below; it never
 * falls. */
void window_start(uint32_t now, struct window *out);

/* Whether it is time for a sample: once in each sample's time. */
bool window_is_due(const struct window *window, uint32_t now);

/* Takes a sample of `count` counters, for each time that has passed without one. Call it at least
 * once in each sample's time while the host runs. */
void window_note(struct window *window, const uint64_t *values, unsigned count, uint32_t now);

/* What a counter, which is at `value` now, has grown by in the last WINDOW_SECONDS, less than one
 * sample's time more or less. */
uint64_t window_growth(const struct window *window, unsigned index, uint64_t value, uint32_t now);

#endif
