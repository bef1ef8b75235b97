#include "exporter/text/foreign_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Ranges of characters that are written as a space. Sorted. */
static const struct {
    uint32_t first;
    uint32_t last;
} hidden[] = {
    {0x0000, 0x0020}, {0x007f, 0x009f}, {0x061c, 0x061c}, {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
};

static bool is_hidden(uint32_t character)
{
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (character >= hidden[i].first && character <= hidden[i].last) {
            return true;
        }
    }
    return false;
}

/* How many bytes a character of this first byte has, or 0 for one that begins none. */
static size_t size_of(uint8_t first)
{
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Reads a character. Returns its bytes, or 0 where RFC 3629 has none. */
static size_t decode(const uint8_t *bytes, size_t length, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* by size: no longer form */
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const size_t size = size_of(bytes[0]);
    if (size == 0 || size > length) {
        return 0;
    }
    uint32_t character = bytes[0] & masks[size];
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        character = character << 6 | (bytes[i] & 0x3f);
    }
    const bool surrogate = character >= 0xd800 && character <= 0xdfff;
    if (character < least[size] || character > 0x10ffff || surrogate) {
        return 0;
    }
    *out = character;
    return size;
}

void foreign_text_clean(const void *bytes, size_t length, struct foreign_text *out)
{
    const uint8_t *at = bytes;
    const uint8_t *end = at + (length < FOREIGN_TEXT_READ_MAX ? length : FOREIGN_TEXT_READ_MAX);
    struct foreign_text clean = {.text = ""};
    size_t used = 0;
    size_t space = 0; /* 1: one is due before the next character */
    while (at < end) {
        uint32_t character = 0;
        const size_t size = decode(at, (size_t)(end - at), &character);
        if (size == 0 || is_hidden(character)) {
            space = used > 0;
            at += size > 0 ? size : 1;
            continue;
        }
        if (used + space + size > FOREIGN_TEXT_MAX) {
            break;
        }
        if (space > 0) {
            clean.text[used++] = ' ';
        }
        memcpy(clean.text + used, at, size);
        used += size;
        space = 0;
        at += size;
    }
    *out = clean;
}
