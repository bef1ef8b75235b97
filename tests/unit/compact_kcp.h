/* KCP's segments with dnsttEx's header, and a plain reader of them. Include after cmocka. */
#ifndef TESTS_UNIT_COMPACT_KCP_H
#define TESTS_UNIT_COMPACT_KCP_H

#include "tests/unit/message.h"
#include "tests/unit/values.h"

#include <stdbool.h>

enum { COMPACT_HEADER = 12, COMPACT_LENGTH_AT = 10 };

static inline void put16_little(struct message *packet, unsigned value)
{
    put8(packet, value & 0xff);
    put8(packet, value >> 8);
}

/* A segment that says how much data it has, and has `data` octets. */
static inline void put_compact(struct message *packet, unsigned conversation, unsigned length,
                               size_t data)
{
    put16_little(packet, conversation);
    put_random(packet, COMPACT_LENGTH_AT - 2);
    put16_little(packet, length);
    put_random(packet, data);
}

/* Whether the octets are segments of one conversation back to back, one at least. */
static inline bool model_compact(const uint8_t *octets, size_t length)
{
    size_t at = 0;
    do {
        if (length - at < COMPACT_HEADER || octets[at] != octets[0] ||
            octets[at + 1] != octets[1]) {
            return false;
        }
        size_t data = octets[at + COMPACT_LENGTH_AT] + 256u * octets[at + COMPACT_LENGTH_AT + 1];
        if (data > length - at - COMPACT_HEADER) {
            return false;
        }
        at += COMPACT_HEADER + data;
    } while (at < length);
    return true;
}

#endif
