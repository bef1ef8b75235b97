/*
 * What the tables of tokens share: open addressing with linear probing, where a token's slot grows
 * with its value. So one pass, sequential in both tables, fills a larger table from a smaller one.
 * An entry is one or more 64-bit words; the first is the token, 0 in an empty slot. A table always
 * has an empty slot.
 */
#ifndef EXPORTER_COUNTS_TABLE_H
#define EXPORTER_COUNTS_TABLE_H

#include "exporter/counts/wide.h"

#include <stddef.h>
#include <stdint.h>

enum {
    /* Slots to begin with: a few pages, and enough for most servers. */
    TABLE_SLOTS_START = 1024,
    /* Up to this many slots a table doubles: its empty part is a few pages, and lookups are
     * faster. */
    TABLE_SLOTS_SMALL = 4096,
    /* From there it grows by 1/8, so it has at most an eighth more slots than it needs. The price:
     * each entry is copied some nine times on the way, instead of once or twice with doubling. For
     * a million sessions this takes under half a second more in total. */
    TABLE_GROWTH_PARTS = 8,
    /* Bytes of the smaller table that are unmapped at a time while it is copied: the peak is the
     * larger table and this. A multiple of every page size that Linux has for programs. */
    TABLE_CHUNK = 1024 * 1024,
};

/* The slot where a token belongs: the token as a fraction of 2^64, times the slots. */
static inline uint64_t table_home(uint64_t token, uint64_t slot_count)
{
    return wide_product(token, slot_count).high;
}

static inline uint64_t table_next(uint64_t slot, uint64_t slot_count)
{
    return slot + 1 < slot_count ? slot + 1 : 0;
}

/* The distance from one slot up to another, wrapping around. */
static inline uint64_t table_distance(uint64_t from, uint64_t to, uint64_t slot_count)
{
    return to >= from ? to - from : to + slot_count - from;
}

/* Maps an empty table. Returns NULL when there is no memory. */
void *table_map(uint64_t slot_count, size_t entry_size);
void table_unmap(void *slots, uint64_t slot_count, size_t entry_size);

/* Moves all entries to a new table of `wider` slots and unmaps the old one. Returns NULL when there
 * is no memory; the old table is then as it was. */
void *table_grow(void *slots, uint64_t slot_count, uint64_t wider, size_t entry_size);

/* The first size of a table in slots, and the size that follows `slot_count`, a size below
 * slots_max. The last two steps share what is left, so that none is tiny. */
uint64_t table_slots_first(uint64_t slots_max);
uint64_t table_slots_after(uint64_t slot_count, uint64_t slots_max);

/* The size before slots_max, from which the table grows to it; 0: it has only one size. */
uint64_t table_slots_before_last(uint64_t slots_max);

/* Bytes that a table of this many slots takes, in whole pages. */
uint64_t table_bytes(uint64_t slot_count, size_t entry_size);

#endif
