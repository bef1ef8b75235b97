#include "common/domain.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* By hand: isalnum(3) follows the locale. */
static bool is_label_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int domain_parse(const char *text, struct domain *out)
{
    struct domain parsed = {.wire_length = 0};
    size_t label = 0; /* offset in the wire form of the current label's length octet */

    /* A label at offset `label` of the wire form starts at the same offset of the text, and its
     * characters follow one octet later: the length octet takes the place of the dot before. */
    size_t at = 0;
    for (; text[at] != '\0'; at++) {
        if (at + 2 >= DOMAIN_WIRE_MAX && !(text[at] == '.' && text[at + 1] == '\0')) {
            return -ENAMETOOLONG;
        }
        if (text[at] == '.') {
            if (at == label) {
                return -EINVAL;
            }
            if (text[at + 1] == '\0') {
                break;
            }
            label = at + 1;
        } else if (!is_label_character(text[at])) {
            return -EINVAL;
        } else if (at - label == DOMAIN_LABEL_MAX) {
            return -ENAMETOOLONG;
        } else {
            parsed.wire[at + 1] = (uint8_t)lower(text[at]);
            parsed.wire[label]++;
        }
        parsed.text[at] = lower(text[at]);
    }
    if (at == 0) {
        return -EINVAL;
    }

    parsed.text[at] = '\0';
    parsed.wire[at + 1] = 0;
    parsed.wire_length = (uint8_t)(at + 2);
    *out = parsed;
    return 0;
}
