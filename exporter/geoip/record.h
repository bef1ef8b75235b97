/*
 * The values of a data record of a MaxMind DB, one after the other. libmaxminddb itself looks a key
 * up by recursion into all values before it, as deep as the file says: here nothing recurses, and
 * the values that are read are counted.
 */
#ifndef EXPORTER_GEOIP_RECORD_H
#define EXPORTER_GEOIP_RECORD_H

#include <maxminddb.h>
#include <stdbool.h>
#include <stdint.h>

/* Values of one record that are read, keys and what is skipped included. The largest real records,
 * of GeoIP2 City and Enterprise in all languages, have some 200. */
enum { RECORD_STEPS_MAX = 1000 };

/* A record that is read. */
struct record_reading {
    const MMDB_s *mmdb;
    unsigned steps; /* values that may still be read */
    bool exceeded;  /* more were wanted */
};

/* A key or a value: what a pointer leads to, if it is one. */
struct record_value {
    MMDB_entry_data_s data;
    uint32_t content; /* of a map or a list: the offset of the first value in it */
    uint32_t next;    /* the offset behind it, or behind the pointer; of a map or a list without a
                         pointer the same as `content` */
};

/* The rest of a map. */
struct record_position {
    uint32_t offset; /* of the next key, or of the value to skip before it */
    uint32_t pairs;
    bool at_value;
};

/* Reads the value at an offset. Returns false if it cannot be read, here as below. */
bool record_decode(struct record_reading *reading, uint32_t offset, struct record_value *out);

/* The first key of a map. */
struct record_position record_enter(const struct record_value *map);

/* Takes the next key of a map, a text, and the offset of its value. Returns false also at the end
 * of the map. */
bool record_next(struct record_reading *reading, struct record_position *position,
                 struct record_value *key, uint32_t *value);

#endif
