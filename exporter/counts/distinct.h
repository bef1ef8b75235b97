/*
 * Session tokens seen since the start, to count each once: an exact set up to a limit, and from
 * there two generations in turn, of which the older is forgotten when the younger is full. So
 * between half the limit and the limit are remembered then, the latest seen among them.
 */
#ifndef EXPORTER_COUNTS_DISTINCT_H
#define EXPORTER_COUNTS_DISTINCT_H

#include <stdbool.h>
#include <stdint.h>

/* An open-addressed set of non-zero 64-bit tokens (exporter/counts/table.h). Memory by mmap(2),
 * given back in parts while it grows. */
struct distinct_set {
    uint64_t *slots;
    uint64_t slot_count;
    uint64_t used;
};

struct distinct {
    struct distinct_set current;
    struct distinct_set previous;
    uint32_t generation_max; /* tokens in one generation: half the limit, rounded up */
    uint64_t carried;        /* tokens of `previous` that came again and are in `current` too */
    uint64_t forgotten;      /* tokens let go: above 0 a count of distinct sessions is no longer
                                exact, since one of them that comes back counts anew */
};

/* 1,000 <= limit. Starts small. Returns 0 or -ENOMEM. */
int distinct_create(uint32_t limit, struct distinct *out);
void distinct_destroy(struct distinct *distinct);

/* Bytes that the limit can make it hold, and those that are mapped beside them while a generation
 * grows to its last size: of its table before, which is given back as it is copied. */
uint64_t distinct_memory_max(uint32_t limit);
uint64_t distinct_growth_max(uint32_t limit);

/*
 * Remembers a non-zero token. Returns true when it was not remembered before. Once tokens are let
 * go, one that is in the older generation alone is put into the younger too, so that what is seen
 * again stays. Where growing finds no memory, a generation ends early: the limit acts sooner,
 * nothing fails.
 */
bool distinct_add(struct distinct *distinct, uint64_t token);

#endif
