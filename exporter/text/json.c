#include "exporter/text/json.h"

#include "exporter/text/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    REPLACEMENT = 0xfffd,
    LINE_SEPARATOR = 0x2028, /* ends a line of JavaScript before 2019, as the next one does */
    PARAGRAPH_SEPARATOR = 0x2029,
};

static bool is_plain(uint32_t character)
{
    if (character < 0x7f) {
        return character >= ' ' && strchr("\"\\<>&'", (int)character) == NULL;
    }
    return character > 0x9f && character != LINE_SEPARATOR && character != PARAGRAPH_SEPARATOR;
}

/* The character is at most U+FFFF. */
static char *put_escape(char *at, uint32_t character)
{
    static const char digits[] = "0123456789abcdef";
    at[0] = '\\';
    at[1] = 'u';
    for (unsigned i = 0; i < 4; i++) {
        at[2 + i] = digits[character >> (12 - 4 * i) & 0xf];
    }
    return at + JSON_BYTE_MAX;
}

char *json_put_string(char *at, const char *text)
{
    const char *const end = text + strlen(text);
    *at++ = '"';
    while (text < end) {
        uint32_t character = REPLACEMENT;
        const size_t size = utf8_decode(text, (size_t)(end - text), &character);
        if (size > 0 && is_plain(character)) {
            memcpy(at, text, size);
            at += size;
        } else {
            at = put_escape(at, character);
        }
        text += size > 0 ? size : 1;
    }
    *at++ = '"';
    return at;
}

char *json_put_foreign(char *at, const struct foreign_text *text)
{
    return json_put_string(at, text->text);
}
