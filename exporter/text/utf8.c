#include "exporter/text/utf8.h"

#include <stdbool.h>

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

size_t utf8_decode(const void *bytes, size_t length, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* by size: no longer form */
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const uint8_t *at = bytes;
    const size_t size = length > 0 ? size_of(at[0]) : 0;
    if (size == 0 || size > length) {
        return 0;
    }
    uint32_t read = at[0] & masks[size];
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
        read = read << 6 | (at[i] & 0x3f);
    }
    const bool surrogate = read >= 0xd800 && read <= 0xdfff;
    if (read < least[size] || read > 0x10ffff || surrogate) {
        return 0;
    }
    *character = read;
    return size;
}
