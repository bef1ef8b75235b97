/*
 * A value in a data record of a MaxMind DB, by the first of several paths of keys that leads to
 * one. All paths are looked for at once, in one way through the record.
 */
#ifndef EXPORTER_GEOIP_SEARCH_H
#define EXPORTER_GEOIP_SEARCH_H

#include <maxminddb.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    SEARCH_KEYS_MAX = 3,   /* of a path */
    SEARCH_PATHS_MAX = 31, /* of a table: each has a bit */
};

/* The keys, ended by NULL. A path without a key is the record itself. */
typedef const char *const search_path[SEARCH_KEYS_MAX + 1];

/* Takes the value at the end of a path. Returns false, and leaves `*out` alone, for a value of the
 * wrong form, which then counts as absent. */
typedef bool search_taker(const MMDB_entry_data_s *data, void *out);

/* What is looked for: the best path first, no two the same. */
struct search_table {
    search_path *paths;
    size_t count; /* at most SEARCH_PATHS_MAX */
    search_taker *take;
};

/*
 * Takes the value of the best path that has one. Returns false when none has, or when the record
 * has more than RECORD_STEPS_MAX values before it is known; `*out` may then hold what was taken
 * before. `*steps`: values that may be read; those of this record are taken from it.
 */
bool search_record(const MMDB_entry_s *record, unsigned *steps, const struct search_table *table,
                   void *out);

#endif
