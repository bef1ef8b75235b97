/*
 * Session tokens seen since the start, to count each once. Up to a limit the set is exact. Beyond
 * it there are two generations: when the newer is full, the older is forgotten. So it remembers
 * between half the limit and the limit, including the latest seen.
 */
#ifndef EXPORTER_COUNTS_DISTINCT_H
#define EXPORTER_COUNTS_DISTINCT_H

#include <stdbool.h>
#include <stdint.h>

/* An open-addressed set of non-zero 64-bit tokens (exporter/counts/table.h). Memory by mmap(2),
 * unmapped in parts while it grows. */
struct distinct_set {
    uint64_t *slots;
    uint64_t slot_count;
    uint64_t used;
};

struct distinct {
    struct distinct_set current;
    struct distinct_set previous;
    uint32_t generation_max; /* tokens in one generation: half the limit, rounded up */
    uint64_t carried;        /* tokens of `previous` that came again: also in `current` */
    uint64_t forgotten;      /* tokens dropped: above 0 the count of distinct sessions is not
                                exact, as a dropped token that returns counts again */
};

/* 1,000 <= limit. Starts small. Returns 0 or -ENOMEM. */
int distinct_create(uint32_t limit, struct distinct *out);
void distinct_destroy(struct distinct *distinct);

/* The most bytes it can hold at this limit; and the bytes also mapped while a generation grows to
 * its last size, by its old table, which is unmapped as it is copied. */
uint64_t distinct_memory_max(uint32_t limit);
uint64_t distinct_growth_max(uint32_t limit);

/*
 * Remembers a non-zero token. Returns true when it was not remembered before. Once tokens are
 * forgotten, a token found only in the older generation is added to the newer too, to keep what is
 * seen again. Without memory to grow, a generation ends early: the limit acts sooner, nothing
 * fails.
 */
bool distinct_add(struct distinct *distinct, uint64_t token);

#endif
