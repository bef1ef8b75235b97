#include "capture/base32.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum {
    GROUP_CHARACTERS = 8,
    GROUP_OCTETS = 5,
};

/* Two groups side by side, seen as octets, as pairs and quadruples of them, and as groups. */
typedef int8_t octets __attribute__((vector_size(2 * GROUP_CHARACTERS)));
typedef uint16_t pairs __attribute__((vector_size(2 * GROUP_CHARACTERS)));
typedef uint32_t quads __attribute__((vector_size(2 * GROUP_CHARACTERS)));
typedef uint64_t groups __attribute__((vector_size(2 * GROUP_CHARACTERS)));

int base32_decode(uint8_t buffer[BASE32_BUFFER_SIZE], size_t length)
{
    /* Octets that a last group of so many characters gives. */
    static const uint8_t tail[GROUP_CHARACTERS] = {0, 0, 1, 0, 2, 3, 0, 4};
    octets faults = {0};
    octets fine = ~faults;
    uint8_t *out = buffer;

    memset(buffer + length, 'a', sizeof(octets)); /* 'a' is 0: completes the last groups */
    for (const uint8_t *in = buffer; in < buffer + length; in += sizeof(octets)) {
        octets character;
        memcpy(&character, in, sizeof character);
        octets folded = character & ~0x20;
        octets digit = folded < 0x40;
        octets value = folded - 'A' + (digit & ('A' - ('2' & ~0x20) + 26));
        fine &= character > '1';
        faults |= folded > 'Z';
        faults |= value;
        /* The first character is the lowest octet and the highest bits of what it stands for. */
        pairs pair = (pairs)value;
        pair = (pair << 5 & 0x3e0) | pair >> 8;
        quads quad = (quads)pair;
        quad = (quad << 10 & 0xffc00) | quad >> 16;
        groups group = (groups)quad;
        group = group << 44 | group >> 8;
        uint64_t first = htobe64(group[0]);
        uint64_t second = htobe64(group[1]);
        memcpy(out, &first, sizeof first);
        memcpy(out + GROUP_OCTETS, &second, sizeof second);
        out += 2 * GROUP_OCTETS;
    }
    groups fault = (groups)((faults & ~0x1f) | ~fine);
    if ((fault[0] | fault[1]) != 0) {
        return -EBADMSG;
    }
    size_t decoded = length / GROUP_CHARACTERS * GROUP_OCTETS + tail[length % GROUP_CHARACTERS];
    memset(buffer + decoded, 0, 8);
    return (int)decoded;
}
