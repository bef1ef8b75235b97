#include "capture/sniffer/tunnels/dnsttex.h"

#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/tunnels/frames.h"
#include "capture/sniffer/tunnels/kcp.h"
#include "common/wire.h"

#include <stdbool.h>

/* The octet that a frame begins with. */
enum {
    POLL_MARK = 0x00,
    PADDING_MARK = 0xe0, /* this plus how much padding follows; below, the length of one packet */
    HINT_MARK = 0xfd,    /* then how large a response may be, and a frame */
    HINT_POLL_MARK = 0xfe,
    PROBE_MARK = 0xff,
};

enum {
    HINT_OCTETS = 3, /* the mark and the size */
    HINT_SIZE_MIN = 512,
    POLL_OCTETS = 7,   /* the mark and six of noise */
    PROBE_OCTETS = 15, /* of the whole payload: this many, or at least so many */
    PROBE_LONG_OCTETS = 17,
};

/* Whether the octets behind padding, from `at` on, are packets with their lengths, one or more, up
 * to the end. Separate, as it is rare. */
__attribute__((noinline)) static bool are_packets(const uint8_t *values, size_t at, size_t end)
{
    if (at >= end) {
        return false;
    }
    do {
        size_t length = base32_octet(values, at);
        at++;
        if (length < KCP_COMPACT_HEADER_OCTETS || length >= PADDING_MARK || length > end - at ||
            !kcp_is_compact_packet(values, at, at + length)) {
            return false;
        }
        at += length;
    } while (at < end);
    return true;
}

/* A frame that begins at `at` with this octet. */
static inline int read_frame(const uint8_t *values, size_t at, size_t end, uint8_t mark, bool hint)
{
    if (end - at == POLL_OCTETS && (mark == POLL_MARK || (hint && mark == HINT_POLL_MARK))) {
        return WIRE_WEAK;
    }
    at++;
    bool data = mark >= PADDING_MARK ? are_packets(values, at + mark - PADDING_MARK, end)
                                     : mark >= KCP_COMPACT_HEADER_OCTETS && at + mark == end &&
                                           kcp_is_compact_packet(values, at, end);
    return data ? WIRE_STRONG : FRAMES_WRONG;
}

int dnsttex_frame(const uint8_t *values, size_t length)
{
    /* The octets behind the id; past the end they are zeros. */
    const uint32_t word = base32_word(values, DNSTTEX_ID_OCTETS);
    const uint8_t mark = (uint8_t)(word >> 24);
    if (mark == PROBE_MARK) {
        return length == PROBE_OCTETS || length >= PROBE_LONG_OCTETS ? WIRE_NO_SESSION
                                                                     : FRAMES_WRONG;
    }
    /* A hint of less is none to the server: the mark is then that of padding. */
    if (mark == HINT_MARK && (word >> 8 & 0xffff) >= HINT_SIZE_MIN &&
        length > DNSTTEX_ID_OCTETS + HINT_OCTETS) {
        return read_frame(values, DNSTTEX_ID_OCTETS + HINT_OCTETS, length, (uint8_t)word, true);
    }
    return read_frame(values, DNSTTEX_ID_OCTETS, length, mark, false);
}
