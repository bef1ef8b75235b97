#include "exporter/counts/distinct.h"

#include "exporter/counts/table.h"

#include <errno.h>
#include <string.h>

enum { TOKEN_SIZE = sizeof(uint64_t) };

/* How many tokens these slots may hold, and how many slots these tokens need: load 17/20. */
static uint64_t capacity(uint64_t slot_count)
{
    return slot_count * 17 / 20;
}

static uint64_t slots_for(uint64_t tokens)
{
    return (tokens * 20 + 16) / 17;
}

static uint32_t generation_of(uint32_t limit)
{
    return limit / 2 + limit % 2;
}

/* The slot that holds a token, or the empty slot for it. */
static uint64_t slot_of(const struct distinct_set *set, uint64_t token)
{
    uint64_t slot = table_home(token, set->slot_count);
    while (set->slots[slot] != 0 && set->slots[slot] != token) {
        slot = table_next(slot, set->slot_count);
    }
    return slot;
}

static bool holds(const struct distinct_set *set, uint64_t token)
{
    return set->slots[slot_of(set, token)] == token;
}

static int set_create(uint64_t slots_max, struct distinct_set *out)
{
    uint64_t slot_count = table_slots_first(slots_max);
    uint64_t *slots = table_map(slot_count, TOKEN_SIZE);
    if (slots == NULL) {
        return -ENOMEM;
    }
    *out = (struct distinct_set){.slots = slots, .slot_count = slot_count};
    return 0;
}

static bool set_grow(struct distinct_set *set, uint64_t slots_max)
{
    uint64_t wider = table_slots_after(set->slot_count, slots_max);
    uint64_t *slots = table_grow(set->slots, set->slot_count, wider, TOKEN_SIZE);
    if (slots == NULL) {
        return false;
    }
    set->slots = slots;
    set->slot_count = wider;
    return true;
}

/* The newer generation becomes the older, whose memory the next one reuses: it allocates none. */
static void end_generation(struct distinct *distinct)
{
    struct distinct_set dropped = distinct->previous;
    distinct->forgotten += dropped.used - distinct->carried;
    distinct->carried = 0;
    distinct->previous = distinct->current;
    if (dropped.used > 0) {
        memset(dropped.slots, 0, (size_t)(dropped.slot_count * TOKEN_SIZE));
        dropped.used = 0;
    }
    distinct->current = dropped;
}

/* Makes room for one token in `current`. Returns true when a generation had to end for it. */
static bool make_room(struct distinct *distinct)
{
    struct distinct_set *current = &distinct->current;
    if (current->used < distinct->generation_max &&
        (current->used < capacity(current->slot_count) ||
         set_grow(current, slots_for(distinct->generation_max)))) {
        return false;
    }
    end_generation(distinct);
    return true;
}

int distinct_create(uint32_t limit, struct distinct *out)
{
    struct distinct distinct = {.generation_max = generation_of(limit)};
    uint64_t slots_max = slots_for(distinct.generation_max);
    int result = set_create(slots_max, &distinct.current);
    if (result == 0) {
        result = set_create(slots_max, &distinct.previous);
    }
    if (result != 0) {
        distinct_destroy(&distinct);
        return result;
    }
    *out = distinct;
    return 0;
}

void distinct_destroy(struct distinct *distinct)
{
    table_unmap(distinct->current.slots, distinct->current.slot_count, TOKEN_SIZE);
    table_unmap(distinct->previous.slots, distinct->previous.slot_count, TOKEN_SIZE);
    *distinct = (struct distinct){0};
}

uint64_t distinct_memory_max(uint32_t limit)
{
    return 2 * table_bytes(slots_for(generation_of(limit)), TOKEN_SIZE) + TABLE_CHUNK;
}

uint64_t distinct_growth_max(uint32_t limit)
{
    return table_bytes(table_slots_before_last(slots_for(generation_of(limit))), TOKEN_SIZE);
}

bool distinct_add(struct distinct *distinct, uint64_t token)
{
    if (holds(&distinct->current, token)) {
        return false;
    }
    bool known = holds(&distinct->previous, token);
    if (known && distinct->forgotten == 0) {
        return false;
    }
    bool ended = make_room(distinct);
    distinct->current.slots[slot_of(&distinct->current, token)] = token;
    distinct->current.used++;
    if (known && ended) {
        distinct->forgotten--; /* its generation was dropped, but this token is kept */
    } else if (known) {
        distinct->carried++;
    }
    return !known;
}
