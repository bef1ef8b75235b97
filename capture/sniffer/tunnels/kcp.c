#include "capture/sniffer/tunnels/kcp.h"

#include "capture/sniffer/parse/base32.h"

enum {
    COMMAND = 4, /* where a segment's command is, and the length of its data, little-endian */
    DATA_LENGTH = 20,
    COMPACT_TAIL = 8, /* where the last four octets are: the last two are the length of the data */
    COMMAND_FIRST = 81, /* push, ack, window ask, window tell */
    COMMAND_COUNT = 4,
};

bool kcp_has_command(const uint8_t *values, size_t begin)
{
    unsigned command = base32_octet(values, begin + COMMAND);
    return command >= COMMAND_FIRST && command < COMMAND_FIRST + COMMAND_COUNT;
}

/* The octets of the segment at `at`, or 0 when none ends by `end`. at + KCP_HEADER_OCTETS <= end.
 */
static inline size_t segment(const uint8_t *values, size_t at, size_t end)
{
    unsigned command = base32_octet(values, at + COMMAND);
    uint32_t length = __builtin_bswap32(base32_word(values, at + DATA_LENGTH));
    if (command - COMMAND_FIRST >= COMMAND_COUNT || length > end - at - KCP_HEADER_OCTETS) {
        return 0;
    }
    return KCP_HEADER_OCTETS + length;
}

/* Whether segments of the conversation at `begin` go on from `at` to `end`. Separate, as most
 * packets are one segment. */
__attribute__((noinline)) static bool continues(const uint8_t *values, size_t begin, size_t at,
                                                size_t end)
{
    const uint32_t conversation = base32_word(values, begin);
    while (end - at >= KCP_HEADER_OCTETS && base32_word(values, at) == conversation) {
        size_t octets = segment(values, at, end);
        if (octets == 0) {
            return false;
        }
        at += octets;
    }
    return at == end;
}

bool kcp_is_packet(const uint8_t *values, size_t begin, size_t end)
{
    size_t at = begin + segment(values, begin, end);
    return at == end || continues(values, begin, at, end);
}

/* As segment and continues. at + KCP_COMPACT_HEADER_OCTETS <= end. */
static inline size_t compact_segment(const uint8_t *values, size_t at, size_t end)
{
    size_t length = __builtin_bswap16((uint16_t)base32_word(values, at + COMPACT_TAIL));
    return length > end - at - KCP_COMPACT_HEADER_OCTETS ? 0 : KCP_COMPACT_HEADER_OCTETS + length;
}

static inline uint16_t compact_conversation(const uint8_t *values, size_t at)
{
    return (uint16_t)(base32_word(values, at) >> 16);
}

__attribute__((noinline)) static bool compact_continues(const uint8_t *values, size_t begin,
                                                        size_t at, size_t end)
{
    const uint16_t conversation = compact_conversation(values, begin);
    while (end - at >= KCP_COMPACT_HEADER_OCTETS &&
           compact_conversation(values, at) == conversation) {
        size_t octets = compact_segment(values, at, end);
        if (octets == 0) {
            return false;
        }
        at += octets;
    }
    return at == end;
}

bool kcp_is_compact_packet(const uint8_t *values, size_t begin, size_t end)
{
    size_t at = begin + compact_segment(values, begin, end);
    return at == end || compact_continues(values, begin, at, end);
}
