#include "capture/sniffer/tunnels/frames.h"

#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/tunnels/kcp.h"
#include "common/wire.h"

enum {
    POLL_OCTETS = 4,
};

int frames_vaydns(const uint8_t *values, size_t length, size_t id)
{
    size_t rest = length - id;
    if (rest == POLL_OCTETS) {
        return WIRE_WEAK;
    }
    if (rest <= KCP_HEADER_OCTETS || base32_octet(values, id) != rest - 1 ||
        !kcp_is_packet(values, id + 1, length)) {
        return FRAMES_WRONG;
    }
    return WIRE_STRONG;
}
