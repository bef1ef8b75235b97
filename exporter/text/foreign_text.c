#include "exporter/text/foreign_text.h"

#include "exporter/text/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Ranges of characters that are written as a space. */
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

void foreign_text_clean(const void *bytes, size_t length, struct foreign_text *out)
{
    const uint8_t *from = bytes;
    struct foreign_text clean = {.text = ""};
    size_t used = 0;
    size_t space = 0; /* 1: one is due before the next character */
    if (length > FOREIGN_TEXT_READ_MAX) {
        length = FOREIGN_TEXT_READ_MAX;
    }
    for (size_t read = 0; read < length;) {
        uint32_t character;
        const size_t size = utf8_decode(from + read, length - read, &character);
        if (size == 0 || is_hidden(character)) {
            space = used > 0;
            read += size > 0 ? size : 1;
            continue;
        }
        if (used + space + size > FOREIGN_TEXT_MAX) {
            break;
        }
        if (space > 0) {
            clean.text[used++] = ' ';
        }
        memcpy(clean.text + used, from + read, size);
        used += size;
        space = 0;
        read += size;
    }
    *out = clean;
}
