/* Products of 128 bits. */
#ifndef EXPORTER_COUNTS_WIDE_H
#define EXPORTER_COUNTS_WIDE_H

#include <stdint.h>

struct wide {
    uint64_t high;
    uint64_t low;
};

/* From products of 64 bits, for a machine of 32 bits: its compiler has no wider type. */
static inline struct wide wide_by_halves(uint64_t a, uint64_t b)
{
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t one = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    uint64_t other = (a & UINT32_MAX) * (b >> 32) + (one & UINT32_MAX);
    return (struct wide){
        .high = (a >> 32) * (b >> 32) + (one >> 32) + (other >> 32),
        .low = other << 32 | (low & UINT32_MAX),
    };
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide_native;

static inline struct wide wide_product(uint64_t a, uint64_t b)
{
    wide_native product = (wide_native)a * b;
    return (struct wide){.high = (uint64_t)(product >> 64), .low = (uint64_t)product};
}
#else
static inline struct wide wide_product(uint64_t a, uint64_t b)
{
    return wide_by_halves(a, b);
}
#endif

#endif
