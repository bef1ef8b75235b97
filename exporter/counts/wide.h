/* The product of two 64-bit values in 128 bits, also where the compiler has no type for that: on
 * machines of 32 bits. */
#ifndef EXPORTER_COUNTS_WIDE_H
#define EXPORTER_COUNTS_WIDE_H

#include <stdint.h>

struct wide {
    uint64_t high;
    uint64_t low;
};

/* From four products of halves, as on paper. */
static inline struct wide wide_of_halves(uint64_t left, uint64_t right)
{
    const uint64_t half = UINT32_MAX;
    uint64_t low = (left & half) * (right & half);
    uint64_t first = (left >> 32) * (right & half) + (low >> 32);
    uint64_t second = (left & half) * (right >> 32) + (first & half);
    return (struct wide){
        .high = (left >> 32) * (right >> 32) + (first >> 32) + (second >> 32),
        .low = second << 32 | (low & half),
    };
}

static inline struct wide wide_product(uint64_t left, uint64_t right)
{
#ifdef __SIZEOF_INT128__
    __extension__ unsigned __int128 product = (unsigned __int128)left * right;
    return (struct wide){.high = (uint64_t)(product >> 64), .low = (uint64_t)product};
#else
    return wide_of_halves(left, right);
#endif
}

#endif
