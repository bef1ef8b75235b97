/*
 * Uses the vector types that gcc and clang offer on every machine. Nothing branches on a character:
 * an invalid one sets bits above a value's five, which are checked at the end.
 */
#include "capture/sniffer/parse/base32.h"

#include <errno.h>
#include <string.h>

enum {
    FOLD = 0x20,         /* the bit that differs between lower and upper case */
    DIGITS_BELOW = 0x40, /* characters of the alphabet below this are digits, folded or not */
    FAULT_BITS = 0xe0,
};

typedef uint8_t octets __attribute__((vector_size(BASE32_STEP)));
typedef int8_t signed_octets __attribute__((vector_size(BASE32_STEP)));
typedef uint64_t words __attribute__((vector_size(BASE32_STEP)));

static inline octets load(const uint8_t *from)
{
    octets loaded;
    memcpy(&loaded, from, sizeof loaded);
    return loaded;
}

/* Sets all bits of each octet above the bound. Compares signed numbers, as machines do. */
static inline octets above(octets value, int8_t bound)
{
    return (octets)((signed_octets)value > (signed_octets){0} + bound);
}

static inline octets read_characters(const uint8_t *from)
{
    octets character = load(from);
    octets folded = character & (uint8_t)~FOLD;
    octets digit = ~above(folded, DIGITS_BELOW - 1);
    octets value = folded - 'A' + (digit & ('A' - ('2' & ~FOLD) + 26));
    /* Below 'A', above '7' and above 0x7f the value is already out of range. Above 'Z' and below
     * '2' are marked here. */
    return value | above(folded, 'Z') | ((character - '2') & 0x80);
}

/* The digits 0 to 9, then A to V. */
static inline octets read_hex_characters(const uint8_t *from)
{
    octets character = load(from);
    octets folded = character & (uint8_t)~FOLD;
    octets digit = ~above(folded, DIGITS_BELOW);
    octets value = folded - 'A' + 10 + (digit & ('A' - 10 - ('0' & ~FOLD)));
    /* Below '0' folded, above 'V' and above 0x7f the value is already out of range. Between '9' and
     * 'A', and below '0', are marked here. */
    return value | (above(folded, '9' & ~FOLD) & digit) | ((character - '0') & 0x80);
}

/* Inline, for each alphabet once. */
__attribute__((always_inline)) static inline int read_labels(octets (*read)(const uint8_t *),
                                                             const uint8_t *labels, size_t length,
                                                             uint8_t values[BASE32_BUFFER_SIZE])
{
    /* A mask loaded from the nth octet on keeps BASE32_STEP - n octets. */
    static const uint8_t counting[2 * BASE32_STEP] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    };
    const uint8_t *end = labels + length;
    uint8_t *next = values;
    octets faults = {0};

    while (labels < end) {
        size_t label = *labels++;
        size_t at = 0;
        for (; at + BASE32_STEP <= label; at += BASE32_STEP) {
            octets value = read(labels + at);
            faults |= value;
            memcpy(next + at, &value, sizeof value);
        }
        octets value = read(labels + at) & load(counting + BASE32_STEP - (label - at));
        faults |= value;
        memcpy(next + at, &value, sizeof value);
        labels += label;
        next += label;
    }
    memset(next, 0, BASE32_STEP);
    words fault = (words)(faults & FAULT_BITS);
    return (fault[0] | fault[1]) == 0 ? (int)(next - values) : -EBADMSG;
}

int base32_read_labels(const uint8_t *labels, size_t length, uint8_t values[BASE32_BUFFER_SIZE])
{
    return read_labels(read_characters, labels, length, values);
}

int base32hex_read_labels(const uint8_t *labels, size_t length, uint8_t values[BASE32_BUFFER_SIZE])
{
    return read_labels(read_hex_characters, labels, length, values);
}
