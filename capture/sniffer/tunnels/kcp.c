#include "capture/sniffer/tunnels/kcp.h"

#include "capture/sniffer/parse/base32.h"

enum {
    COMMAND = 4, /* where a segment's command is, and the length of its data, little-endian */
    DATA_LENGTH = 20,
    COMMAND_FIRST = 81, /* push, ack, window ask, window tell */
    COMMAND_COUNT = 4,
};

bool kcp_is_packet(const uint8_t *values, size_t begin, size_t end)
{
    size_t at = begin;
    while (end - at >= KCP_HEADER_OCTETS) {
        unsigned command = base32_octet(values, at + COMMAND);
        uint32_t length = __builtin_bswap32(base32_word(values, at + DATA_LENGTH));
        if (command - COMMAND_FIRST >= COMMAND_COUNT || length > end - at - KCP_HEADER_OCTETS ||
            (at != begin && base32_word(values, at) != base32_word(values, begin))) {
            return false;
        }
        at += KCP_HEADER_OCTETS + length;
    }
    return at == end;
}
