/*
 * Base32 of RFC 4648, section 6, without padding and in either case. Each character is validated.
 */
#ifndef CAPTURE_BASE32_H
#define CAPTURE_BASE32_H

#include <stddef.h>
#include <stdint.h>

enum {
    /* A name's labels hold at most 250 characters (255 octets less four length octets and the
     * root's). */
    BASE32_CHARACTERS_MAX = 250,
    /* Characters are taken and zeros are written in steps of this many octets. */
    BASE32_STEP = 16,
    /* A step may begin anywhere up to the end of the characters: rounded up to whole steps. */
    BASE32_BUFFER_SIZE = 288,
};

/*
 * Decodes `length` (0 to BASE32_CHARACTERS_MAX) characters in place. The tail is treated as Go's
 * decoder does, which is what dnstt-server runs: a last group of 2, 4, 5 or 7 characters gives 1,
 * 2, 3 or 4 octets, one of 1, 3 or 6 characters gives none (so 14 characters give 5 octets); spare
 * bits are ignored.
 *
 * Returns the number of octets, which then begin the buffer, followed by BASE32_STEP zeros. Returns
 * -EBADMSG for a character outside the alphabet. What the buffer holds besides is of no meaning.
 */
int base32_decode(uint8_t buffer[BASE32_BUFFER_SIZE], size_t length);

#endif
