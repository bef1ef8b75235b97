#include "exporter/geoip/key_names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    STEPS_MAX = 1000, /* values of one record that are read, those in maps and lists included */
    NAME_BYTES = 2 * KEY_NAME_BYTES, /* two keys, the dot and the NUL */
};

static const char separator[] = ", ";
static const char more[] = ", ...";

/* --- The text. */

/* The name is not empty. */
static bool holds(const struct key_names *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = strstr(names->text, name); at != NULL; at = strstr(at + 1, name)) {
        bool begins = at == names->text || at[-1] == ' ';
        if (begins && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

/* Room for the mark that there are more is always left. */
static void append(struct key_names *names, const char *name)
{
    size_t used = strlen(names->text);
    const char *between = used > 0 ? separator : "";
    if (names->count > KEY_NAMES_MAX) {
        return; /* the mark is there */
    }
    if (names->count == KEY_NAMES_MAX ||
        used + sizeof separator + strlen(name) + sizeof more > sizeof names->text) {
        names->count = KEY_NAMES_MAX + 1;
        between = "";
        name = more;
    } else {
        names->count++;
    }
    (void)snprintf(names->text + used, sizeof names->text - used, "%s%s", between, name);
}

void key_names_add(struct key_names *names, const char *outer, const char *inner)
{
    char name[NAME_BYTES];
    (void)snprintf(name, sizeof name, "%s%s%s", outer, inner != NULL ? "." : "",
                   inner != NULL ? inner : "");
    if (!holds(names, name)) {
        append(names, name);
    }
}

/* Copies a key, with a question mark for each byte that is not to be shown, and for a key without a
 * byte. A comma ends a name. */
static void clean(const MMDB_entry_data_s *key, char out[KEY_NAME_BYTES])
{
    if (key->data_size == 0) {
        memcpy(out, "?", sizeof "?");
        return;
    }
    size_t length = key->data_size < KEY_NAME_BYTES ? key->data_size : KEY_NAME_BYTES - 1;
    for (size_t i = 0; i < length; i++) {
        char byte = key->utf8_string[i];
        out[i] = byte > ' ' && byte <= '~' && byte != ',' ? byte : '?';
    }
    out[length] = '\0';
}

/* --- The record. */

/* A record that is read, from one offset in the file to the next. */
struct reading {
    const MMDB_s *mmdb;
    unsigned steps; /* values that may still be read */
};

/* The rest of a map. */
struct position {
    uint32_t offset; /* of the next key */
    uint32_t pairs;
};

/* Bytes of the pointer at an offset: the MaxMind DB format has its length in the first one. */
static uint32_t pointer_bytes(const MMDB_s *mmdb, uint32_t offset)
{
    return 2 + (mmdb->data_section[offset] >> 3 & 3u);
}

/* Reads the value at an offset: what a pointer leads to, if it is one. `offset_to_next` is behind
 * the pointer then. Of a map or a list it is otherwise the first value in it. */
static bool decode(struct reading *reading, uint32_t offset, MMDB_entry_data_s *out)
{
    static const char *const itself[] = {NULL};
    MMDB_entry_s entry = {.mmdb = reading->mmdb, .offset = offset};
    if (reading->steps == 0) {
        return false;
    }
    reading->steps--;
    if (MMDB_aget_value(&entry, out, itself) != MMDB_SUCCESS || !out->has_data) {
        return false;
    }
    if (out->offset != offset) {
        out->offset_to_next = offset + pointer_bytes(reading->mmdb, offset);
    }
    return true;
}

/* How many values stand behind this one that belong to it. Those of a pointer's target stand
 * elsewhere. */
static uint64_t values_behind(const MMDB_entry_data_s *value, uint32_t offset)
{
    if (value->offset != offset) {
        return 0;
    }
    return value->type == MMDB_DATA_TYPE_MAP     ? 2 * (uint64_t)value->data_size
           : value->type == MMDB_DATA_TYPE_ARRAY ? value->data_size
                                                 : 0;
}

/* Moves an offset behind a value and all that belongs to it. */
static bool skip(struct reading *reading, uint32_t *offset)
{
    for (uint64_t left = 1; left > 0; left--) {
        MMDB_entry_data_s value;
        if (!decode(reading, *offset, &value)) {
            return false;
        }
        left += values_behind(&value, *offset);
        *offset = value.offset_to_next;
    }
    return true;
}

/* Goes to the first key of a map. */
static bool enter(struct reading *reading, const MMDB_entry_data_s *map, struct position *out)
{
    MMDB_entry_data_s itself; /* and no pointer to it, behind which something else stands */
    if (!decode(reading, map->offset, &itself)) {
        return false;
    }
    *out = (struct position){.offset = itself.offset_to_next, .pairs = itself.data_size};
    return true;
}

/* Takes the next key and its value. Returns false at the end of the map, or of what can be read. */
static bool next_pair(struct reading *reading, struct position *position, char key[KEY_NAME_BYTES],
                      MMDB_entry_data_s *value)
{
    MMDB_entry_data_s text;
    if (position->pairs == 0 || !decode(reading, position->offset, &text) ||
        text.type != MMDB_DATA_TYPE_UTF8_STRING || !decode(reading, text.offset_to_next, value)) {
        return false;
    }
    clean(&text, key);
    position->offset = text.offset_to_next;
    /* What cannot be skipped ends the map after this pair. */
    position->pairs = skip(reading, &position->offset) ? position->pairs - 1 : 0;
    return true;
}

static void add_inner(struct key_names *names, struct reading *reading, const char *outer,
                      const MMDB_entry_data_s *map)
{
    struct position position;
    char key[KEY_NAME_BYTES];
    MMDB_entry_data_s value;
    if (!enter(reading, map, &position)) {
        return;
    }
    while (next_pair(reading, &position, key, &value)) {
        key_names_add(names, outer, key);
    }
}

static void add_map(struct key_names *names, struct reading *reading, const MMDB_entry_data_s *map)
{
    struct position position;
    char key[KEY_NAME_BYTES];
    MMDB_entry_data_s value;
    if (!enter(reading, map, &position)) {
        return;
    }
    while (next_pair(reading, &position, key, &value)) {
        if (value.type == MMDB_DATA_TYPE_MAP) {
            add_inner(names, reading, key, &value);
        } else {
            key_names_add(names, key, NULL);
        }
    }
}

static const char *kind_of(const MMDB_entry_data_s *value)
{
    switch (value->type) {
    case MMDB_DATA_TYPE_UTF8_STRING:
        return "(text)";
    case MMDB_DATA_TYPE_ARRAY:
        return "(list)";
    case MMDB_DATA_TYPE_DOUBLE:
    case MMDB_DATA_TYPE_FLOAT:
    case MMDB_DATA_TYPE_INT32:
    case MMDB_DATA_TYPE_UINT16:
    case MMDB_DATA_TYPE_UINT32:
    case MMDB_DATA_TYPE_UINT64:
    case MMDB_DATA_TYPE_UINT128:
        return "(number)";
    default:
        return "(other)";
    }
}

void key_names_add_record(struct key_names *names, const MMDB_entry_s *record)
{
    struct reading reading = {.mmdb = record->mmdb, .steps = STEPS_MAX};
    MMDB_entry_data_s top;
    if (!decode(&reading, record->offset, &top)) {
        return;
    }
    if (top.type == MMDB_DATA_TYPE_MAP) {
        add_map(names, &reading, &top);
    } else {
        key_names_add(names, kind_of(&top), NULL);
    }
}
