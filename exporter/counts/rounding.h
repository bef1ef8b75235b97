/*
 * What values are shown as with -privacy.round: rounded up to multiples, so that a single client or
 * packet is mostly not seen. Rounding up keeps a counter from falling, and 0 apart from 1.
 */
#ifndef EXPORTER_COUNTS_ROUNDING_H
#define EXPORTER_COUNTS_ROUNDING_H

#include <stdint.h>

enum rounding {
    ROUNDING_NONE,
    ROUNDING_SESSIONS,
    ROUNDING_PACKETS,
    ROUNDING_BYTES,
};

enum {
    ROUNDING_PACKETS_EACH = 100,     /* for one of -privacy.round */
    ROUNDING_BYTES_EACH = 64 * 1024, /* the same */
};

/* The multiple for a value, 1 or more. `round` as in the options, 0: exact values. */
static inline uint64_t rounding_step(enum rounding rounding, uint32_t round)
{
    if (round == 0 || rounding == ROUNDING_NONE) {
        return 1;
    }
    return rounding == ROUNDING_SESSIONS  ? round
           : rounding == ROUNDING_PACKETS ? (uint64_t)round * ROUNDING_PACKETS_EACH
                                          : (uint64_t)round * ROUNDING_BYTES_EACH;
}

/* The value, or the next multiple above it; the largest multiple there is when none is above. */
static inline uint64_t rounding_up(uint64_t value, uint64_t step)
{
    const uint64_t over = step > 1 ? value % step : 0;
    if (over == 0 || value - over > UINT64_MAX - step) {
        return value - over;
    }
    return value - over + step;
}

#endif
