/*
 * What follows the id in dnstt and VayDNS, octets that base32 values encode. Each returns how well
 * a query proves its session (enum wire_strength), or FRAMES_WRONG; so do dnsttex.h and
 * slipstream.h. Pure, no allocation.
 */
#ifndef CAPTURE_SNIFFER_TUNNELS_FRAMES_H
#define CAPTURE_SNIFFER_TUNNELS_FRAMES_H

#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/tunnels/kcp.h"
#include "common/wire.h"

#include <stddef.h>
#include <stdint.h>

enum {
    FRAMES_WRONG = -1,
    FRAMES_SHORT = -2, /* too short to be one */
    /* A packet in dnstt's frame: KCP's header at least; in xdns's anything may stand there. */
    FRAMES_DNSTT_PACKET_MIN = 24,
    FRAMES_XDNS_PACKET_MIN = 1,
    FRAMES_DNSTT_ID_OCTETS = 8,
    FRAMES_VAYDNS_POLL_OCTETS = 4, /* after the id */
    FRAMES_PADDING_MARK = 0xe0,
    FRAMES_PADDING_MAX = 16, /* octets: no client sends more than 12, a server takes 31 */
};

/* dnstt's: an octet 0xe0 plus n, n octets of padding, then nothing, or the length of a packet and
 * the packet. The values encode `length` octets, 8 or more, of which 8 are the id. Inline: once for
 * each packet. */
static inline int frames_dnstt(const uint8_t *values, size_t length, size_t packet_min)
{
    uint8_t mark = base32_octet(values, FRAMES_DNSTT_ID_OCTETS);
    if (length == FRAMES_DNSTT_ID_OCTETS ||
        (uint8_t)(mark - FRAMES_PADDING_MARK) > FRAMES_PADDING_MAX) {
        return FRAMES_WRONG;
    }
    size_t packet = FRAMES_DNSTT_ID_OCTETS + 1u + mark - FRAMES_PADDING_MARK;
    if (packet >= length) {
        return packet == length ? WIRE_WEAK : FRAMES_WRONG;
    }
    size_t packet_length = base32_octet(values, packet);
    return packet_length >= packet_min && packet_length < FRAMES_PADDING_MARK &&
                   packet + 1 + packet_length == length
               ? WIRE_STRONG
               : FRAMES_WRONG;
}

/* vaydns's: four random octets, which anybody could write, or the length of a KCP packet and the
 * packet. The values encode `length` octets, of which `id` are the id, 1 to 8. Inline as above. */
static inline int frames_vaydns(const uint8_t *values, size_t length, size_t id)
{
    size_t rest = length - id;
    if (rest == FRAMES_VAYDNS_POLL_OCTETS) {
        return WIRE_WEAK;
    }
    return rest > KCP_HEADER_OCTETS && base32_octet(values, id) == rest - 1 &&
                   kcp_is_packet(values, id + 1, length)
               ? WIRE_STRONG
               : FRAMES_WRONG;
}

#endif
