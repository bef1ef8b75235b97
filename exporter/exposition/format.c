#include "exporter/exposition/format.h"

enum {
    EIGHT_DIGITS = 100000000,
    CHARACTER_MAX = 4, /* bytes of one in UTF-8; an escape has two */
};

static char *put_eight_digits(char *at, uint32_t value)
{
    uint64_t digits = htole64(format_digits(value) | 0x3030303030303030);
    memcpy(at, &digits, sizeof digits);
    return at + sizeof digits;
}

char *format_put_large_number(char *at, uint64_t value)
{
    uint64_t above = value / EIGHT_DIGITS;
    if (above < EIGHT_DIGITS) {
        at = format_put_number(at, above);
    } else {
        at = format_put_number(at, above / EIGHT_DIGITS);
        at = put_eight_digits(at, (uint32_t)(above % EIGHT_DIGITS));
    }
    return put_eight_digits(at, (uint32_t)(value % EIGHT_DIGITS));
}

char *format_put_decimal(char *at, uint64_t value, unsigned decimals)
{
    uint64_t whole = 1;
    for (unsigned i = 0; i < decimals; i++) {
        whole *= 10;
    }
    at = format_put_number(at, value / whole);
    if (decimals > 0) {
        /* The leading 1 keeps the zeros behind it, and is then replaced by the point. */
        char *point = at;
        at = format_put_number(at, whole + value % whole);
        *point = '.';
    }
    return at;
}

char *format_put_escaped(char *at, const char *text, size_t max, bool quoted)
{
    char *const end = at + max;
    for (; *text != '\0'; text++) {
        bool begins = ((unsigned char)*text & 0xc0) != 0x80;
        if (end - at < (begins ? CHARACTER_MAX : 1)) {
            break;
        }
        if (*text == '\n') {
            at = format_put_string(at, "\\n");
        } else {
            if (*text == '\\' || (*text == '"' && quoted)) {
                *at++ = '\\';
            }
            *at++ = *text;
        }
    }
    return at;
}

char *format_put_foreign(char *at, const struct foreign_text *text)
{
    for (const char *from = text->text; *from != '\0'; from++) {
        if (*from == '\\' || *from == '"') {
            *at++ = '\\';
        }
        *at++ = *from;
    }
    return at;
}
