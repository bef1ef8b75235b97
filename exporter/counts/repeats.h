/*
 * Which queries were seen in the last REPEATS_SECONDS: a set of fixed size, of a session's token
 * and a query's fingerprint. Each place has REPEATS_WAYS entries, the latest first.
 *
 * A repeated query is missed when REPEATS_WAYS others came to its place since. With q queries a
 * second others are Poisson distributed with a mean of at most 10 q / REPEATS_PLACES: at 5,000
 * queries a second and after the whole 10 s 0.8 % are missed, of those after 2 s 0.002 %.
 * A query that was not repeated counts as one when its fingerprint is that of another of its
 * session: with a chance of 2^-24 for each of these.
 */
#ifndef EXPORTER_COUNTS_REPEATS_H
#define EXPORTER_COUNTS_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    REPEATS_SECONDS = 10, /* longer than resolvers and clients wait before they ask again */
    REPEATS_WAYS = 4,     /* half a cache line */
    REPEATS_PLACE_BITS = 16,
    REPEATS_PLACES = 1 << REPEATS_PLACE_BITS,
};

struct repeats_place {
    /* 48 bits of the query, with the place all 64; the lowest 16: its second, less `epoch`. */
    uint64_t entries[REPEATS_WAYS];
};

struct repeats {
    struct repeats_place *places; /* REPEATS_PLACES of them */
    uint32_t epoch;
};

/* Bytes that it takes: 2 MiB. */
enum { REPEATS_MEMORY = REPEATS_PLACES * REPEATS_WAYS * (int)sizeof(uint64_t) };

/* `now` in seconds of CLOCK_BOOTTIME, here and below; it never falls. Returns 0 or -ENOMEM. */
int repeats_create(uint32_t now, struct repeats *out);
void repeats_destroy(struct repeats *repeats);

/* Forgets all, as an entry's clock has run out: every 18 hours. */
void repeats_restart(struct repeats *repeats, uint32_t now);

/* The query's own number: another for each fingerprint of a session, since the multiplier is odd,
 * and as uniform as the token. */
static inline uint64_t repeats_key(uint64_t token, uint32_t fingerprint)
{
    return token + fingerprint * UINT64_C(0x9e3779b97f4a7c15);
}

/* Asks the processor for the memory of a query. */
__attribute__((always_inline)) static inline void repeats_prefetch(const struct repeats *repeats,
                                                                   uint64_t key)
{
    __builtin_prefetch(&repeats->places[key >> (64 - REPEATS_PLACE_BITS)], 1);
}

/* The rest of repeats_see for a query that is in its place, in this way. Apart, as it is rare. */
bool repeats_again(struct repeats_place *place, unsigned way, uint64_t entry);

/* Whether an entry is of the same query, at whatever time. */
static inline bool repeats_same(uint64_t one, uint64_t other)
{
    return (one ^ other) <= UINT16_MAX;
}

/* Whether the query was seen at most REPEATS_SECONDS ago; from now on it was. Inline and without a
 * loop: once for each query. */
static inline bool repeats_see(struct repeats *repeats, uint64_t key, uint32_t now)
{
    if (now - repeats->epoch > UINT16_MAX) {
        repeats_restart(repeats, now);
    }
    struct repeats_place *place = &repeats->places[key >> (64 - REPEATS_PLACE_BITS)];
    const uint64_t entry = key << 16 | (now - repeats->epoch);
    const uint64_t first = place->entries[0];
    const uint64_t second = place->entries[1];
    const uint64_t third = place->entries[2];
    if (repeats_same(first, entry)) {
        return repeats_again(place, 0, entry);
    }
    if (repeats_same(second, entry)) {
        return repeats_again(place, 1, entry);
    }
    if (repeats_same(third, entry)) {
        return repeats_again(place, 2, entry);
    }
    if (repeats_same(place->entries[3], entry)) {
        return repeats_again(place, 3, entry);
    }
    *place = (struct repeats_place){{entry, first, second, third}};
    return false;
}

#endif
