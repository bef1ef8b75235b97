/*
 * Active sessions over the last hour, in all domains together, for the graph of the status page. A
 * sample is the most that were active in its HISTORY_SAMPLE_SECONDS.
 */
#ifndef EXPORTER_COUNTS_HISTORY_H
#define EXPORTER_COUNTS_HISTORY_H

#include <stdint.h>

enum {
    HISTORY_SAMPLE_SECONDS = 15, /* a common scrape interval of Prometheus */
    HISTORY_SAMPLES = 240,       /* an hour of them */
};

/* A time without data: before the start, or while the host slept. */
#define HISTORY_NOTHING UINT32_MAX

struct history {
    uint32_t samples[HISTORY_SAMPLES]; /* a ring: second s is in sample s / SAMPLE_SECONDS */
    uint32_t latest;                   /* seconds / HISTORY_SAMPLE_SECONDS of the newest sample */
};

/* `now` in seconds of CLOCK_BOOTTIME, here and below; it never falls. */
void history_start(uint32_t now, struct history *out);

/* `active` sessions are active. Called at least once in each sample's time while the host runs. */
void history_note(struct history *history, uint32_t active, uint32_t now);

/* The last hour, oldest first. */
void history_read(const struct history *history, uint32_t now, uint32_t out[HISTORY_SAMPLES]);

#endif
