#include "capture/sniffer/parse/ip.h"

#include "capture/sniffer/parse/frame.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

enum {
    TAG_OCTETS =
        4, /* the rest of a tag whose own ethertype is gone: TCI, then the next ethertype */
    IPV4_OCTETS = 20,
    IPV6_OCTETS = 40,
    UDP_OCTETS = 8,
    EXTENSION_OCTETS = 8, /* the shortest extension header */
    ADDRESS_OCTETS = 16,
    /* Newer than the C library's headers. */
    IPPROTO_HIP = 139,
    IPPROTO_SHIM6 = 140,
};

static uint16_t get16(const uint8_t *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

/*
 * Reads the UDP header at `offset` of a packet that ends at `end`, which leaves out padding of the
 * link. Fills all of *out but the addresses.
 */
__attribute__((always_inline)) static inline bool parse_udp(const struct frame *frame,
                                                            uint32_t offset, uint32_t end,
                                                            bool fragment, struct datagram *out)
{
    uint32_t kept = frame->captured < end ? frame->captured : end;
    if (kept < offset + UDP_OCTETS) {
        return false;
    }
    const uint8_t *udp = frame->data + offset;
    uint32_t length = get16(udp + 4);
    if (length < UDP_OCTETS || (length > end - offset && !fragment)) {
        return false;
    }
    uint32_t payload_length = length - UDP_OCTETS;
    uint32_t payload_kept = kept - offset - UDP_OCTETS;
    out->payload = udp + UDP_OCTETS;
    out->captured = payload_kept < payload_length ? payload_kept : payload_length;
    out->length = payload_length;
    out->fragment = fragment;
    out->source_port = get16(udp);
    out->destination_port = get16(udp + 2);
    return true;
}

static inline void map_ipv4(const uint8_t *address, uint8_t out[ADDRESS_OCTETS])
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(out, prefix, sizeof prefix);
    memcpy(out + sizeof prefix, address, ADDRESS_OCTETS - sizeof prefix);
}

static inline enum wire_outcome parse_ipv4(const struct frame *frame, struct datagram *out)
{
    const uint8_t *ip = frame->data;
    if (frame->captured < IPV4_OCTETS || ip[0] >> 4 != 4) {
        return WIRE_MALFORMED;
    }
    if (ip[9] != IPPROTO_UDP) {
        return WIRE_IGNORED_NOT_UDP;
    }
    uint32_t header = (ip[0] & 0x0fu) * 4;
    uint32_t end = get16(ip + 2);
    if (header < IPV4_OCTETS || end < header || end > frame->length) {
        return WIRE_MALFORMED;
    }
    uint16_t fragment = get16(ip + 6);
    if ((fragment & 0x1fff) != 0) {
        return WIRE_IGNORED_FRAGMENT;
    }
    bool more = (fragment & 0x2000) != 0;
    if (!parse_udp(frame, header, end, more, out)) {
        return WIRE_MALFORMED;
    }
    map_ipv4(ip + 12, out->source);
    map_ipv4(ip + 16, out->destination);
    return WIRE_UNDECIDED;
}

/* Length in octets of an extension header of this kind; 0 when it is not one. */
static uint32_t extension_octets(uint8_t kind, uint8_t length)
{
    switch (kind) {
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_DSTOPTS:
    case IPPROTO_MH:
    case IPPROTO_HIP:
    case IPPROTO_SHIM6:
        return (length + 1u) * 8;
    case IPPROTO_FRAGMENT:
        return 8; /* its second octet is reserved */
    case IPPROTO_AH:
        return (length + 2u) * 4;
    default:
        return 0;
    }
}

static enum wire_outcome parse_ipv6(const struct frame *frame, struct datagram *out)
{
    const uint8_t *ip = frame->data;
    if (frame->captured < IPV6_OCTETS || ip[0] >> 4 != 6) {
        return WIRE_MALFORMED;
    }
    uint8_t next = ip[6];
    uint32_t end = IPV6_OCTETS + get16(ip + 4);
    if (end > frame->length) {
        return WIRE_MALFORMED;
    }
    uint32_t kept = frame->captured < end ? frame->captured : end;
    uint32_t offset = IPV6_OCTETS;
    bool first_fragment = false;
    for (unsigned count = 0; next != IPPROTO_UDP; count++) {
        if (extension_octets(next, 0) == 0) {
            return WIRE_IGNORED_NOT_UDP;
        }
        /* A jumbogram is malformed here: only its options hold its length. */
        if (count == IP_EXTENSION_HEADERS_MAX || kept < offset + EXTENSION_OCTETS) {
            return WIRE_MALFORMED;
        }
        const uint8_t *header = ip + offset;
        if (next == IPPROTO_FRAGMENT) {
            uint16_t fragment = get16(header + 2);
            if (fragment >> 3 != 0) {
                return WIRE_IGNORED_FRAGMENT;
            }
            first_fragment |= (fragment & 1) != 0;
        }
        offset += extension_octets(next, header[1]);
        next = header[0];
        if (offset > end) {
            return WIRE_MALFORMED;
        }
    }
    if (!parse_udp(frame, offset, end, first_fragment, out)) {
        return WIRE_MALFORMED;
    }
    memcpy(out->source, ip + 8, ADDRESS_OCTETS);
    memcpy(out->destination, ip + 24, ADDRESS_OCTETS);
    return WIRE_UNDECIDED;
}

static inline enum wire_outcome parse_untagged(const struct frame *frame, struct datagram *out)
{
    if (frame->protocol == ETH_P_IP) {
        return parse_ipv4(frame, out);
    }
    return frame->protocol == ETH_P_IPV6 ? parse_ipv6(frame, out) : WIRE_IGNORED_NOT_UDP;
}

static bool is_tag(uint16_t ethertype)
{
    return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

/* ETH_P_IP or ETH_P_IPV6 when the data can be such a header, its lengths included; else 0. */
static uint16_t guess_protocol(const struct frame *frame)
{
    const uint8_t *ip = frame->data;
    if (frame->captured >= IPV4_OCTETS && ip[0] >> 4 == 4) {
        uint32_t header = (ip[0] & 0x0fu) * 4;
        uint32_t end = get16(ip + 2);
        bool fits = header >= IPV4_OCTETS && end >= header && end <= frame->length;
        return fits ? ETH_P_IP : 0;
    }
    if (frame->captured >= IPV6_OCTETS && ip[0] >> 4 == 6) {
        bool fits = (uint32_t)IPV6_OCTETS + get16(ip + 4) <= frame->length;
        return fits ? ETH_P_IPV6 : 0;
    }
    return 0;
}

/*
 * A frame with a tag. Where its data begin depends on kernel and direction: at the network header
 * while the protocol is a tag's (outgoing), or at a tag's TCI while the protocol may be the
 * network's. So the data decide. Not inlined, to keep the common path fast.
 */
__attribute__((noinline)) static enum wire_outcome parse_tagged(const struct frame *frame,
                                                                struct datagram *out)
{
    struct frame inner = *frame;
    uint16_t guess = guess_protocol(frame);
    if (guess != 0) {
        inner.protocol = guess;
        return parse_untagged(&inner, out);
    }
    for (unsigned tags = 0; tags < IP_VLAN_TAGS_MAX; tags++) {
        if (inner.captured < TAG_OCTETS) {
            return WIRE_MALFORMED;
        }
        uint16_t next = get16(inner.data + 2);
        bool is_network = next == ETH_P_IP || next == ETH_P_IPV6;
        if (!is_network && !is_tag(next)) {
            break;
        }
        inner.data += TAG_OCTETS;
        inner.captured -= TAG_OCTETS;
        inner.length -= TAG_OCTETS;
        inner.protocol = next;
        if (is_network) {
            break;
        }
    }
    return parse_untagged(&inner, out);
}

enum wire_outcome ip_parse(const struct frame *frame, struct datagram *out)
{
    bool tagged = frame->tagged || is_tag(frame->protocol);
    return tagged ? parse_tagged(frame, out) : parse_untagged(frame, out);
}
