/*
 * Base32 of RFC 4648, section 6, without padding and in either case, as it stands in the labels of
 * a name. Each character is validated.
 *
 * Characters become values of five bits, each in an octet of its own. Values are not packed: of a
 * query's payload only the first few octets and one more are read, and values compare as well as
 * octets do.
 */
#ifndef CAPTURE_SNIFFER_PARSE_BASE32_H
#define CAPTURE_SNIFFER_PARSE_BASE32_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    /* Characters are taken this many at a time. */
    BASE32_STEP = 16,
    /* A name's labels hold at most 250 characters (255 octets less four length octets and the
     * root's), and a step may begin anywhere up to their end: rounded up to whole steps. */
    BASE32_BUFFER_SIZE = 272,
};

/*
 * Reads the labels that take `length` octets, their length octets included; no label goes beyond
 * that. BASE32_STEP more octets have to be readable. Returns the number of values, which are
 * followed by BASE32_STEP zeros, or -EBADMSG when a character is outside the alphabet.
 */
int base32_read_labels(const uint8_t *labels, size_t length, uint8_t values[BASE32_BUFFER_SIZE]);

/* The same of the alphabet with extended hex, RFC 4648, section 7. */
int base32hex_read_labels(const uint8_t *labels, size_t length, uint8_t values[BASE32_BUFFER_SIZE]);

/*
 * How many octets this many values encode. The tail is handled as in Go's decoder, which
 * dnstt-server uses: a last group of 2, 4, 5 or 7 values gives 1, 2, 3 or 4 octets, one of 1, 3 or
 * 6 values gives none (so 14 values give 5 octets).
 */
static inline size_t base32_octet_count(size_t value_count)
{
    static const uint8_t tail[8] = {0, 0, 1, 0, 2, 3, 0, 4};
    return value_count / 8 * 5 + tail[value_count % 8];
}

/* Whether an encoder wrote these values, 1 or more: no bits to spare, and no tail that encodes
 * nothing. */
static inline bool base32_is_canonical(const uint8_t *values, size_t count)
{
    enum { NEVER = 0x20 }; /* set below in each value */
    static const uint8_t spare[8] = {0, NEVER, 0x3, NEVER, 0xf, 0x1, NEVER, 0x7};
    return ((values[count - 1] | NEVER) & spare[count % 8]) == 0;
}

/* One of the octets that the values encode: two or three values hold its bits. */
static inline uint8_t base32_octet(const uint8_t *values, size_t index)
{
    size_t first_bit = index * 8;
    values += first_bit / 5;
    return (uint8_t)((values[0] << 10 | values[1] << 5 | values[2]) >> (7 - first_bit % 5) & 0xff);
}

/* Four of them, the first highest: eight values hold their bits, gathered by halves. */
static inline uint32_t base32_word(const uint8_t *values, size_t index)
{
    uint64_t word;
    size_t first_bit = index * 8;
    memcpy(&word, values + first_bit / 5, sizeof word);
    word = be64toh(word);
    word = (word & UINT64_C(0x1f001f001f001f00)) >> 3 | (word & UINT64_C(0x001f001f001f001f));
    word = (word & UINT64_C(0x03ff000003ff0000)) >> 6 | (word & UINT64_C(0x000003ff000003ff));
    word = word >> 32 << 20 | (word & 0xfffff);
    return (uint32_t)(word >> (8 - first_bit % 5) & UINT32_MAX);
}

#endif
