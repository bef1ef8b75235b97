/*
 * Two groups of eight characters at a time, in the vector arithmetic that gcc and clang offer for
 * every machine. Nothing branches on a character: faults are gathered and looked at in the end.
 */
#include "capture/base32.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum {
    GROUP_CHARACTERS = 8,
    GROUP_OCTETS = 5,
    FOLD = 0x20,         /* the bit that tells a lower case letter from an upper case one */
    DIGITS_BELOW = 0x40, /* of the alphabet, what is below this is a digit, folded or not */
    VALUE_MASK = 0x1f,
};

/* One step's characters: each by itself, and those that belong together as one number. */
typedef int8_t characters __attribute__((vector_size(BASE32_STEP)));
typedef uint16_t pairs __attribute__((vector_size(BASE32_STEP)));
typedef uint32_t quadruples __attribute__((vector_size(BASE32_STEP)));
typedef uint64_t groups __attribute__((vector_size(BASE32_STEP)));

/* A group's first character becomes the lowest octet of its number. */
static inline groups load_groups(const uint8_t *in)
{
    groups loaded;
    memcpy(&loaded, in, sizeof loaded);
    return (groups){le64toh(loaded[0]), le64toh(loaded[1])};
}

/* From eight values of 5 bits, the first one lowest, to five octets and three of no meaning. */
static inline groups pack_groups(groups values)
{
    pairs pair = (pairs)values;
    pair = (pair << 5 & 0x3e0) | pair >> 8;
    quadruples quadruple = (quadruples)pair;
    quadruple = (quadruple << 10 & 0xffc00) | quadruple >> 16;
    groups group = (groups)quadruple;
    return group << 44 | group >> 8;
}

static inline void store_group(uint8_t *out, uint64_t group)
{
    group = htobe64(group);
    memcpy(out, &group, sizeof group);
}

int base32_decode(uint8_t buffer[BASE32_BUFFER_SIZE], size_t length)
{
    /* Octets that a last group of so many characters gives. */
    static const uint8_t tail[GROUP_CHARACTERS] = {0, 0, 1, 0, 2, 3, 0, 4};
    characters faults = {0};
    characters fine = ~faults;
    uint8_t *out = buffer;

    memset(buffer + length, 'a', BASE32_STEP); /* 'a' is 0: completes the last step */
    for (const uint8_t *in = buffer; in < buffer + length; in += BASE32_STEP) {
        groups loaded = load_groups(in);
        characters character = (characters)loaded;
        characters folded = character & ~FOLD;
        characters digit = folded < DIGITS_BELOW;
        characters value = folded - 'A' + (digit & ('A' - ('2' & ~FOLD) + 26));
        /* Below '2' (and, being negative, above 0x7f); above 'Z'; above '7' or below 'A', which
         * give a value out of range. */
        fine &= character > '1';
        faults |= folded > 'Z';
        faults |= value;
        groups packed = pack_groups((groups)value);
        store_group(out, packed[0]);
        store_group(out + GROUP_OCTETS, packed[1]);
        out += 2 * GROUP_OCTETS;
    }
    groups fault = (groups)((faults & ~VALUE_MASK) | ~fine);
    if ((fault[0] | fault[1]) != 0) {
        return -EBADMSG;
    }
    size_t decoded = length / GROUP_CHARACTERS * GROUP_OCTETS + tail[length % GROUP_CHARACTERS];
    memset(buffer + decoded, 0, BASE32_STEP);
    return (int)decoded;
}
