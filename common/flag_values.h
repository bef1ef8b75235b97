/* Values as flags and configuration files give them. Each that has `out` returns 0, or -EINVAL with
 * `*out` untouched. */
#ifndef COMMON_FLAG_VALUES_H
#define COMMON_FLAG_VALUES_H

#include <stdint.h>

/* A number of bytes, plain or with the suffix KiB, MiB or GiB. */
int flag_values_bytes(const char *text, uint64_t low, uint64_t high, uint64_t *out);

/* A duration as Go writes it, such as 30s or 1m30s, without fractions: h, m, s and ms. `high` is at
 * most some thousand years. */
int flag_values_milliseconds(const char *text, uint64_t low, uint64_t high, uint64_t *out);

/* The same, but the sum must be whole seconds, `low` to `high`. */
int flag_values_seconds(const char *text, uint32_t low, uint32_t high, uint32_t *out);

/* The index of a word among those between bars, such as "strict|any"; -1: it is none of them. */
int flag_values_choice(const char *value, const char *choices);

#endif
