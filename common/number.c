#include "common/number.h"

#include <errno.h>
#include <stdbool.h>

int number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    uint64_t value = 0;
    bool over = false;
    if (*text == '\0') {
        return -EINVAL;
    }
    for (const char *next = text; *next != '\0'; next++) {
        if (*next < '0' || *next > '9') {
            return -EINVAL;
        }
        over = over || __builtin_mul_overflow(value, 10u, &value) ||
               __builtin_add_overflow(value, (uint64_t)(*next - '0'), &value);
    }
    if (over || value < least || value > most) {
        return -ERANGE;
    }
    *out = value;
    return 0;
}
