/* Decimal numbers in texts that people or the environment gave. */
#ifndef COMMON_NUMBER_H
#define COMMON_NUMBER_H

#include <stdint.h>

/*
 * Reads a whole text of decimal digits, without sign, space or other prefix, as a number from
 * `least` to `most`. Returns 0; -EINVAL for any other text, -ERANGE for a number outside the range.
 * `*out` is untouched on failure.
 */
int number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *out);

#endif
