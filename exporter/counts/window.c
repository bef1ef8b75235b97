#include "exporter/counts/window.h"

#include <string.h>

void window_start(uint32_t now, struct window *out)
{
    memset(out, 0, sizeof *out);
    out->latest = now / WINDOW_SAMPLE_SECONDS;
}

bool window_is_due(const struct window *window, uint32_t now)
{
    return now / WINDOW_SAMPLE_SECONDS != window->latest;
}

void window_note(struct window *window, const uint64_t *values, unsigned count, uint32_t now)
{
    const uint32_t current = now / WINDOW_SAMPLE_SECONDS;
    uint32_t passed = current - window->latest;
    if (passed > WINDOW_SAMPLES) {
        passed = WINDOW_SAMPLES;
    }
    /* Without a sample in between, nothing was counted: what is now was so before too. */
    for (uint32_t i = 0; i < passed; i++) {
        memcpy(window->samples[(current - i) % WINDOW_SAMPLES], values, count * sizeof *values);
    }
    window->latest = current;
}

uint64_t window_growth(const struct window *window, unsigned index, uint64_t value, uint32_t now)
{
    const uint32_t current = now / WINDOW_SAMPLE_SECONDS;
    if (current - window->latest >= WINDOW_SAMPLES) {
        return 0;
    }
    /* Since the oldest sample: the next to be replaced. */
    return value - window->samples[(current + 1) % WINDOW_SAMPLES][index];
}
