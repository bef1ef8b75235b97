/*
 * The JSON form as tables: the members of an object, in their order. page_json.c writes by them,
 * and `make docs` makes the schema of them (docs/status.schema.json).
 */
#ifndef EXPORTER_STATUS_MEMBERS_H
#define EXPORTER_STATUS_MEMBERS_H

#include "common/typed_offset.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct foreign_text;
struct members;
struct writer;

enum member_type {
    MEMBER_OWN = 1, /* `put` writes the value, and `schema` or `object` says what it is */
    MEMBER_NUMBER32,
    MEMBER_NUMBER64,
    MEMBER_STRING, /* a const char *, not empty: text of this program or of its command line */
    MEMBER_TEXT,   /* the same, as an array of char */
    MEMBER_SWITCH, /* a bool */
};

struct member {
    const char *key;
    const char *description;
    enum member_type type;
    size_t offset;      /* into what members_put is given; not of MEMBER_OWN */
    uint64_t least;     /* of a number */
    uint64_t most;      /* of a number that is less than its type's most; else 0 */
    const char *schema; /* more of its schema, as members of a JSON object; NULL: no more */
    const struct members *object; /* of an object, or of each object of an array; else NULL */
    bool array;
    /* Names: the only values of a string, or the keys of an object of counts. NULL: none. */
    const char *(*name)(uint32_t index);
    uint32_t names;
    /* Of MEMBER_OWN. */
    void (*put)(struct writer *page, const void *from);
    /* Whether it is there; NULL: always. */
    bool (*present)(const void *from);
};

struct members {
    const char *description;
    const struct member *members;
    unsigned count;
};

/* What a row has: where its value is, or what writes it. */
#define MEMBERS(array, text)                                                                       \
    {                                                                                              \
        .description = (text), .members = (array), .count = sizeof(array) / sizeof((array)[0])     \
    }
#define NUMBER32(structure, field)                                                                 \
    .type = MEMBER_NUMBER32, .offset = TYPED_OFFSET(structure, field, uint32_t)
#define NUMBER64(structure, field)                                                                 \
    .type = MEMBER_NUMBER64, .offset = TYPED_OFFSET(structure, field, uint64_t)
#define STRING(structure, field)                                                                   \
    .type = MEMBER_STRING, .offset = TYPED_OFFSET(structure, field, const char *)
#define OWN(function) .type = MEMBER_OWN, .put = (function)

#define MEMBERS_ACTIVE_NOW "Sessions that are active now."

/* The whole page, and parts of it: json_tunnels.c, json_places.c. */
extern const struct members members_page;
extern const struct members members_clients;
extern const struct members members_history;
extern const struct members members_domain;
extern const struct members members_countries;
extern const struct members members_networks;

/* Writes an object. What it needs more of the page's memory is the writer's to tell (writer.h). */
void members_put(struct writer *page, const struct members *members, const void *from);

/* Writes a string with its quotes: text of this program or of its command line. */
void members_put_string(struct writer *page, const char *text);

/* The same of cleaned text that others wrote. */
void members_put_foreign(struct writer *page, const struct foreign_text *text);

#endif
