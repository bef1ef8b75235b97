#include "common/flag_values.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum {
    /* More digits than any limit has, and few enough that no product below overflows: 10^10 GiB is
     * less than 2^64 bytes. */
    DIGITS_MAX = 10,
};

struct unit {
    const char *name;
    uint64_t factor;
};

/* Reads 1 to DIGITS_MAX digits. Returns what follows them, or NULL. */
static const char *read_digits(const char *text, uint64_t *out)
{
    size_t count = strspn(text, "0123456789");
    if (count == 0 || count > DIGITS_MAX) {
        return NULL;
    }

    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *out = value;
    return text + count;
}

int flag_values_bytes(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    static const struct unit units[] = {{"", 1},
                                        {"KiB", UINT64_C(1) << 10},
                                        {"MiB", UINT64_C(1) << 20},
                                        {"GiB", UINT64_C(1) << 30}};

    uint64_t value = 0;
    const char *suffix = read_digits(text, &value);
    if (suffix == NULL) {
        return -EINVAL;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(suffix, units[i].name) != 0) {
            continue;
        }
        value *= units[i].factor;
        if (value < low || value > high) {
            return -EINVAL;
        }
        *out = value;
        return 0;
    }
    return -EINVAL;
}

int flag_values_milliseconds(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    /* "ms" must come before "m", because it begins with "m". */
    static const struct unit units[] = {
        {"ms", 1}, {"s", 1000}, {"m", UINT64_C(60) * 1000}, {"h", UINT64_C(3600) * 1000}};
    static const size_t unit_count = sizeof units / sizeof units[0];

    uint64_t total = 0;
    do {
        uint64_t value = 0;
        const char *rest = read_digits(text, &value);
        if (rest == NULL) {
            return -EINVAL;
        }

        size_t i = 0;
        while (i < unit_count && strncmp(rest, units[i].name, strlen(units[i].name)) != 0) {
            i++;
        }
        if (i == unit_count) {
            return -EINVAL;
        }
        total += value * units[i].factor;
        if (total > high) {
            return -EINVAL;
        }
        text = rest + strlen(units[i].name);
    } while (*text != '\0');

    if (total < low) {
        return -EINVAL;
    }
    *out = total;
    return 0;
}

int flag_values_seconds(const char *text, uint32_t low, uint32_t high, uint32_t *out)
{
    uint64_t milliseconds = 0;
    if (flag_values_milliseconds(text, (uint64_t)low * 1000, (uint64_t)high * 1000,
                                 &milliseconds) != 0 ||
        milliseconds % 1000 != 0) {
        return -EINVAL;
    }
    *out = (uint32_t)(milliseconds / 1000);
    return 0;
}

int flag_values_choice(const char *value, const char *choices)
{
    size_t length = strlen(value);
    for (int index = 0;; index++) {
        size_t word = strcspn(choices, "|");
        if (word == length && memcmp(choices, value, length) == 0) {
            return index;
        }
        if (choices[word] == '\0') {
            return -1;
        }
        choices += word + 1;
    }
}
