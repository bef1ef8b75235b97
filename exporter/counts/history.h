/*
 * Active sessions over the last hour, day and week, in all domains together, for the status page. A
 * sample is the most that were active in its time. In memory only: a restart begins again.
 */
#ifndef EXPORTER_COUNTS_HISTORY_H
#define EXPORTER_COUNTS_HISTORY_H

#include <stdint.h>

enum { HISTORY_SAMPLES = 240 }; /* of each span: as many as a graph can show */

enum history_span {
    HISTORY_HOUR, /* 15 s a sample: a common scrape interval of Prometheus */
    HISTORY_DAY,  /* 6 minutes */
    HISTORY_WEEK, /* 42 minutes */
    HISTORY_SPANS,
};

/* A time without data: before the start, or while the host slept. */
#define HISTORY_NOTHING UINT32_MAX

struct history {
    uint32_t samples[HISTORY_SAMPLES]; /* a ring: second s is in sample s / sample_seconds */
    uint32_t sample_seconds;
    uint32_t latest; /* seconds / sample_seconds of the newest sample */
};

/* `now` in seconds of CLOCK_BOOTTIME, here and below; it never falls. */
void history_start(enum history_span span, uint32_t now, struct history *out);

/* `active` sessions are active. Called at least once in each sample's time while the host runs. */
void history_note(struct history *history, uint32_t active, uint32_t now);

/* The whole span, oldest first. */
void history_read(const struct history *history, uint32_t now, uint32_t out[HISTORY_SAMPLES]);

#endif
