#include "exporter/geoip/search.h"

#include "exporter/geoip/record.h"

#include <stdint.h>
#include <string.h>

struct search {
    struct record_reading reading;
    search_path *paths;
    search_taker *take;
    uint32_t wanted; /* bit N: path N would be better than what was found */
    void *out;
};

/* A map on the way down, and the paths that lead into it. */
struct level {
    struct record_position position;
    uint32_t among;
};

static bool is_text(const MMDB_entry_data_s *data, const char *text)
{
    return strlen(text) == data->data_size && memcmp(text, data->utf8_string, data->data_size) == 0;
}

/* The paths among some whose key at a depth is this one. Looks at the first letter first, since it
 * is mostly another. */
static uint32_t matching(search_path *paths, uint32_t among, unsigned depth,
                         const MMDB_entry_data_s *key)
{
    uint32_t found = 0;
    if (key->data_size == 0) {
        return 0; /* no path has an empty key */
    }
    const char first = key->utf8_string[0];
    for (uint32_t rest = among; rest != 0; rest &= rest - 1) {
        const char *wanted = paths[__builtin_ctz(rest)][depth];
        if (wanted != NULL && wanted[0] == first && is_text(key, wanted)) {
            found |= rest & -rest;
        }
    }
    return found;
}

/* The path among some that ends at a depth, or 0. No two of these are the same. */
static uint32_t ending(search_path *paths, uint32_t among, unsigned depth)
{
    for (uint32_t rest = among; rest != 0; rest &= rest - 1) {
        if (paths[__builtin_ctz(rest)][depth] == NULL) {
            return rest & -rest;
        }
    }
    return 0;
}

/* Takes the value at the end of a path. What is as good or worse is not wanted from then on. */
static void take_value(struct search *search, uint32_t path, const MMDB_entry_data_s *data)
{
    if (path != 0 && search->take(data, search->out)) {
        search->wanted &= path - 1;
    }
}

/* Takes the next value of a map that paths lead to. Returns these, or 0 at the end of the map. */
static uint32_t next_value(struct search *search, struct level *level, unsigned depth,
                           struct record_value *value)
{
    struct record_value key;
    uint32_t offset;
    uint32_t among;
    while ((among = level->among & search->wanted) != 0 &&
           record_next(&search->reading, &level->position, &key, &offset)) {
        uint32_t found = matching(search->paths, among, depth, &key.data);
        if (found != 0 && record_decode(&search->reading, offset, value)) {
            return found;
        }
    }
    return 0;
}

/* Goes through a map, and through the maps in it as deep as paths lead. */
static void search_map(struct search *search, const struct record_value *map)
{
    struct level levels[SEARCH_KEYS_MAX];
    unsigned depth = 1; /* maps that are entered, which is the number of keys to a value */
    levels[0] = (struct level){record_enter(map), search->wanted};
    while (depth > 0) {
        struct record_value value;
        uint32_t among = next_value(search, &levels[depth - 1], depth - 1, &value);
        if (among == 0) {
            depth--;
            continue;
        }
        if (value.data.type == MMDB_DATA_TYPE_MAP && depth < SEARCH_KEYS_MAX) {
            levels[depth] = (struct level){record_enter(&value), among};
            depth++;
        } else {
            take_value(search, ending(search->paths, among, depth), &value.data);
        }
    }
}

static void search_all(struct search *search, uint32_t offset)
{
    struct record_value top;
    if (!record_decode(&search->reading, offset, &top)) {
        return;
    }
    if (top.data.type == MMDB_DATA_TYPE_MAP) {
        search_map(search, &top);
    } else {
        take_value(search, ending(search->paths, search->wanted, 0), &top.data);
    }
}

bool search_record(const MMDB_entry_s *record, unsigned *steps, const struct search_table *table,
                   void *out)
{
    const unsigned allowed = *steps < RECORD_STEPS_MAX ? *steps : RECORD_STEPS_MAX;
    const uint32_t all = (1u << table->count) - 1;
    struct search search = {
        .reading = {.mmdb = record->mmdb, .steps = allowed},
        .paths = table->paths,
        .take = table->take,
        .wanted = all,
        .out = out,
    };
    search_all(&search, record->offset);
    *steps -= allowed - search.reading.steps;
    return search.wanted != all && !search.reading.exceeded;
}
