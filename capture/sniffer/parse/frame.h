/*
 * One captured packet as the kernel delivers it on a SOCK_DGRAM packet socket (packet(7)): no link
 * header, the network header first.
 */
#ifndef CAPTURE_SNIFFER_PARSE_FRAME_H
#define CAPTURE_SNIFFER_PARSE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

struct frame {
    const uint8_t *data; /* `captured` octets, valid until the next frame is asked for */
    uint32_t captured;   /* octets kept, at most `length` */
    uint32_t length;     /* octets on the wire from the network header on, padding included */
    uint16_t protocol;   /* ETH_P_*, host byte order */
    uint8_t type;        /* PACKET_HOST, PACKET_OUTGOING, … of packet(7) */
    bool tagged;         /* a VLAN tag was stripped, or is still before the network header */
};

#endif
