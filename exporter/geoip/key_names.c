#include "exporter/geoip/key_names.h"

#include "exporter/geoip/record.h"
#include "exporter/text/foreign_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
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

/* Cleans a key. A question mark stands for each byte that is not ASCII, and for what would end a
 * name: a space or a comma. */
static void clean(const MMDB_entry_data_s *key, char out[KEY_NAME_BYTES])
{
    struct foreign_text text;
    foreign_text_clean(key->utf8_string, key->data_size, &text);
    size_t length = 0;
    for (; length < KEY_NAME_BYTES - 1 && text.text[length] != '\0'; length++) {
        char byte = text.text[length];
        out[length] = byte > ' ' && byte <= '~' && byte != ',' ? byte : '?';
    }
    if (length == 0) {
        out[length++] = '?';
    }
    out[length] = '\0';
}

/* --- The record. */

static void add_inner(struct key_names *names, struct record_reading *reading, const char *outer,
                      const struct record_value *map)
{
    struct record_position position = record_enter(map);
    struct record_value key;
    uint32_t offset;
    while (record_next(reading, &position, &key, &offset)) {
        char name[KEY_NAME_BYTES];
        clean(&key.data, name);
        key_names_add(names, outer, name);
    }
}

static void add_map(struct key_names *names, struct record_reading *reading,
                    const struct record_value *map)
{
    struct record_position position = record_enter(map);
    struct record_value key;
    struct record_value value;
    uint32_t offset;
    while (record_next(reading, &position, &key, &offset) &&
           record_decode(reading, offset, &value)) {
        char name[KEY_NAME_BYTES];
        clean(&key.data, name);
        if (value.data.type == MMDB_DATA_TYPE_MAP) {
            add_inner(names, reading, name, &value);
        } else {
            key_names_add(names, name, NULL);
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
    struct record_reading reading = {.mmdb = record->mmdb, .steps = RECORD_STEPS_MAX};
    struct record_value top;
    if (!record_decode(&reading, record->offset, &top)) {
        return;
    }
    if (top.data.type == MMDB_DATA_TYPE_MAP) {
        add_map(names, &reading, &top);
    } else {
        key_names_add(names, kind_of(&top.data), NULL);
    }
}
