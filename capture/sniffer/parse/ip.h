/*
 * From a frame to a UDP datagram: IPv4 (RFC 791), IPv6 with extension headers (RFC 8200), VLAN
 * tags that the kernel left in place (IEEE 802.1Q), UDP (RFC 768). Checksums are never verified:
 * offloading leaves them unfilled. Pure, no allocation, reads nothing outside the frame.
 */
#ifndef CAPTURE_SNIFFER_PARSE_IP_H
#define CAPTURE_SNIFFER_PARSE_IP_H

#include "common/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct frame;

enum {
    /* RFC 8200, section 4.1, names seven kinds of extension headers, each at most once, and one at
     * most twice: a valid packet has no more. */
    IP_EXTENSION_HEADERS_MAX = 8,
    /* Tags before the network header: 802.1ad puts one before that of 802.1Q. */
    IP_VLAN_TAGS_MAX = 2,
};

struct datagram {
    const uint8_t *payload; /* the UDP payload, `captured` octets of it */
    uint32_t captured;      /* at most `length` */
    uint32_t length;        /* UDP length less its header: 0 to 65,527 octets */
    bool fragment;          /* a first fragment: what is not captured may be in later ones */
    uint16_t source_port;
    uint16_t destination_port;
    uint8_t source[16]; /* IPv4 as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2) */
    uint8_t destination[16];
};

/*
 * Returns WIRE_UNDECIDED with `*out` filled; WIRE_IGNORED_NOT_UDP, WIRE_IGNORED_FRAGMENT, or
 * WIRE_MALFORMED for a header that does not fit the frame or contradicts itself, with `*out`
 * untouched.
 */
enum wire_outcome ip_parse(const struct frame *frame, struct datagram *out);

#endif
