/*
 * Slipstream: QUIC packets (RFC 9000, section 17; RFC 8999) in the labels of a name. All that can
 * be read without keys is the header, and its id is the one that the server chose. Pure, no
 * allocation.
 */
#ifndef CAPTURE_SNIFFER_TUNNELS_SLIPSTREAM_H
#define CAPTURE_SNIFFER_TUNNELS_SLIPSTREAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    SLIPSTREAM_ID_OCTETS = 8,      /* of its servers; a short header does not say */
    SLIPSTREAM_ID_OCTETS_MAX = 20, /* RFC 9000, section 17.2 */
    /* Where a long header has its first id, and how long that is. */
    SLIPSTREAM_LONG_ID_LENGTH = 5,
    SLIPSTREAM_LONG_ID = 6,
};

/* Where in the payload a session's id is. */
struct slipstream_id {
    uint8_t at;
    uint8_t octets; /* 1 to SLIPSTREAM_ID_OCTETS_MAX */
};

/*
 * Reads the header of the first packet. The values encode `length` octets. Returns WIRE_STRONG for
 * a Handshake, WIRE_WEAK for a short header, both with `*out` set; WIRE_NO_SESSION for an Initial
 * or 0-RTT, whose id is the client's choice; FRAMES_SHORT or FRAMES_WRONG.
 */
int slipstream_header(const uint8_t *values, size_t length, struct slipstream_id *out);

#endif
