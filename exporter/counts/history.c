#include "exporter/counts/history.h"

void history_start(enum history_span span, uint32_t now, struct history *out)
{
    static const uint32_t sample_seconds[HISTORY_SPANS] = {
        [HISTORY_HOUR] = 15, [HISTORY_DAY] = 360, [HISTORY_WEEK] = 2520};
    out->sample_seconds = sample_seconds[span];
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        out->samples[i] = HISTORY_NOTHING;
    }
    out->latest = now / out->sample_seconds;
}

void history_note(struct history *history, uint32_t active, uint32_t now)
{
    uint32_t current = now / history->sample_seconds;
    uint32_t passed = current - history->latest;
    for (uint32_t i = 1; i <= passed && i <= HISTORY_SAMPLES; i++) {
        history->samples[(history->latest + i) % HISTORY_SAMPLES] = HISTORY_NOTHING;
    }
    history->latest = current;
    uint32_t *sample = &history->samples[current % HISTORY_SAMPLES];
    if (*sample == HISTORY_NOTHING || *sample < active) {
        *sample = active;
    }
}

void history_read(const struct history *history, uint32_t now, uint32_t out[HISTORY_SAMPLES])
{
    uint32_t current = now / history->sample_seconds;
    for (uint32_t i = 0; i < HISTORY_SAMPLES; i++) {
        uint32_t age = HISTORY_SAMPLES - 1 - i; /* in samples, before `current` */
        uint32_t past = current - history->latest;
        out[i] = age >= past && age - past < HISTORY_SAMPLES && age <= current
                     ? history->samples[(current - age) % HISTORY_SAMPLES]
                     : HISTORY_NOTHING;
    }
}
