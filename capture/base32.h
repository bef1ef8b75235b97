/*
 * Base32 of RFC 4648, section 6, without padding and in either case, eight characters at a time in
 * portable 64-bit arithmetic. Each character is validated.
 */
#ifndef CAPTURE_BASE32_H
#define CAPTURE_BASE32_H

#include <stddef.h>
#include <stdint.h>

enum {
    /* A name's labels hold at most 250 characters (255 octets less four length octets and the
     * root's). Both buffers are sized for whole groups, since whole groups are read and written. */
    BASE32_CHARACTERS_MAX = 250,
    BASE32_INPUT_SIZE = 256,
    BASE32_OUTPUT_SIZE = 160,
};

/*
 * Decodes `length` (0 to BASE32_CHARACTERS_MAX) characters. The tail is treated as Go's decoder
 * does, which is what dnstt-server runs: a last group of 2, 4, 5 or 7 characters gives 1, 2, 3 or
 * 4 octets, one of 1, 3 or 6 characters gives none (so 14 characters give 5 octets); spare bits are
 * ignored.
 *
 * `input` has BASE32_INPUT_SIZE octets, of which those past `length` are overwritten up to the end
 * of the group; `output` has BASE32_OUTPUT_SIZE, zero-filled past the result up to the end of the
 * group. Returns the number of octets decoded, or -EBADMSG for a character outside the alphabet.
 */
int base32_decode(uint8_t input[BASE32_INPUT_SIZE], size_t length,
                  uint8_t output[BASE32_OUTPUT_SIZE]);

#endif
