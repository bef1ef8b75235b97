#include "exporter/geoip/record.h"

#include <stddef.h>

/* Of the control byte that each value begins with. */
enum {
    TYPE_SHIFT = 5,
    TYPE_POINTER = 1,
    POINTER_BYTES_SHIFT = 3,
    POINTER_BYTES_MASK = 3,
    SIZE_MASK = 31,
    SIZE_MORE = 28, /* so many less are the bytes of the size that follow */
    TYPE_MORE = 7,  /* is added to the byte of an extended type */
};

static bool take_step(struct record_reading *reading)
{
    if (reading->steps == 0) {
        reading->exceeded = true;
        return false;
    }
    reading->steps--;
    return true;
}

/* The bytes of the pointer at an offset, or 0 if there is something else. */
static uint32_t pointer_bytes(const MMDB_s *mmdb, uint32_t offset)
{
    if (offset >= mmdb->data_section_size) {
        return 0;
    }
    uint32_t control = mmdb->data_section[offset];
    if (control >> TYPE_SHIFT != TYPE_POINTER) {
        return 0;
    }
    return 2 + (control >> POINTER_BYTES_SHIFT & POINTER_BYTES_MASK);
}

bool record_decode(struct record_reading *reading, uint32_t offset, struct record_value *out)
{
    static const char *const itself[] = {NULL};
    MMDB_entry_s entry = {.mmdb = reading->mmdb, .offset = offset};
    if (!take_step(reading) || MMDB_aget_value(&entry, &out->data, itself) != MMDB_SUCCESS ||
        !out->data.has_data) {
        return false;
    }
    uint32_t pointer = pointer_bytes(reading->mmdb, offset);
    out->content = out->data.offset_to_next;
    out->next = pointer > 0 ? offset + pointer : out->content;
    return true;
}

/* What a value begins with: its type, and its size in bytes, pairs or values. */
struct head {
    unsigned type;
    uint32_t size;
    uint64_t end; /* the offset behind the head; it may be outside of the file */
};

/* A byte of the data, or 0 outside of it. */
static uint32_t byte_at(const MMDB_s *mmdb, uint64_t offset)
{
    return offset < mmdb->data_section_size ? mmdb->data_section[offset] : 0;
}

/* Reads the head of what is no pointer. */
static struct head read_head(const MMDB_s *mmdb, uint32_t offset)
{
    static const uint32_t least[] = {29, 285, 65821}; /* sizes in one, two and three more bytes */
    uint32_t control = byte_at(mmdb, offset);
    struct head head = {control >> TYPE_SHIFT, control & SIZE_MASK, (uint64_t)offset + 1};
    if (head.type == MMDB_DATA_TYPE_EXTENDED) {
        head.type = TYPE_MORE + byte_at(mmdb, head.end++);
    }
    if (head.size >= least[0]) {
        uint32_t bytes = head.size - SIZE_MORE;
        uint32_t more = 0;
        for (uint32_t i = 0; i < bytes; i++) {
            more = more << 8 | byte_at(mmdb, head.end++);
        }
        head.size = least[bytes - 1] + more;
    }
    return head;
}

/* Moves an offset behind the head of a value, and behind its bytes. Returns how many values stand
 * in it, which come next. A pointer is not followed. */
static uint64_t skip_one(const MMDB_s *mmdb, uint64_t *offset)
{
    uint32_t pointer = pointer_bytes(mmdb, (uint32_t)*offset);
    if (pointer > 0) {
        *offset += pointer;
        return 0;
    }
    struct head head = read_head(mmdb, (uint32_t)*offset);
    *offset = head.end;
    switch (head.type) {
    case MMDB_DATA_TYPE_MAP:
        return 2 * (uint64_t)head.size;
    case MMDB_DATA_TYPE_ARRAY:
        return head.size;
    case MMDB_DATA_TYPE_BOOLEAN: /* its size is its value */
        return 0;
    default:
        *offset += head.size;
        return 0;
    }
}

/* Moves an offset behind a value and all that stands in it. */
static bool skip(struct record_reading *reading, uint32_t *offset)
{
    uint64_t at = *offset;
    for (uint64_t left = 1; left > 0; left--) {
        if (at >= reading->mmdb->data_section_size || !take_step(reading)) {
            return false;
        }
        left += skip_one(reading->mmdb, &at);
    }
    *offset = (uint32_t)at;
    return at < reading->mmdb->data_section_size;
}

struct record_position record_enter(const struct record_value *map)
{
    return (struct record_position){.offset = map->content, .pairs = map->data.data_size};
}

bool record_next(struct record_reading *reading, struct record_position *position,
                 struct record_value *key, uint32_t *value)
{
    if (position->pairs == 0 || (position->at_value && !skip(reading, &position->offset)) ||
        !record_decode(reading, position->offset, key) ||
        key->data.type != MMDB_DATA_TYPE_UTF8_STRING) {
        return false;
    }
    position->pairs--;
    position->at_value = true;
    position->offset = key->next;
    *value = key->next;
    return true;
}
