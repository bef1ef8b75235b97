/* Characters and their UTF-8, by the plainest rules. */
#ifndef TESTS_UNIT_EXPORTER_TEXT_CHARACTERS_H
#define TESTS_UNIT_EXPORTER_TEXT_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool is_surrogate(uint32_t character)
{
    return character >= 0xd800 && character <= 0xdfff;
}

/* Returns how many bytes were written. Surrogates are written too. */
static inline size_t put_character(uint32_t character, char *out)
{
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    const size_t size = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const unsigned char firsts[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    out[0] = (char)(firsts[size] | character);
    return size;
}

/* Whether the bytes are one character and no more: those that it is written as. */
static inline bool read_character(const uint8_t *bytes, size_t length, uint32_t *out)
{
    char written[4];
    uint32_t character = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        character = character << 6 | (bytes[i] & 0x3f);
    }
    if (character > 0x10ffff || is_surrogate(character) ||
        put_character(character, written) != length || memcmp(written, bytes, length) != 0) {
        return false;
    }
    *out = character;
    return true;
}

/* A space of a foreign text. */
static inline bool is_hidden_character(uint32_t character)
{
    return character <= 0x20 || (character >= 0x7f && character <= 0x9f) || character == 0x61c ||
           (character >= 0x200b && character <= 0x200f) ||
           (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2060 && character <= 0x206f) || character == 0xfeff;
}

#endif
