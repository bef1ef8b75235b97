/*
 * dnsttEx: a frame of its own around KCP packets with a header of its own (dnsttEx 1.5.21,
 * dnsttEx-client/dns_send.go and internal/kcp/kcp.go). Pure, no allocation.
 */
#ifndef CAPTURE_SNIFFER_TUNNELS_DNSTTEX_H
#define CAPTURE_SNIFFER_TUNNELS_DNSTTEX_H

#include <stddef.h>
#include <stdint.h>

enum {
    DNSTTEX_ID_OCTETS = 8,
    DNSTTEX_OCTETS_MIN = DNSTTEX_ID_OCTETS + 1, /* what its server reads at all */
};

/*
 * What follows the id. The values encode `length` octets, DNSTTEX_OCTETS_MIN or more, of which the
 * first are the id. Returns WIRE_STRONG for packets, WIRE_WEAK for a query without one,
 * WIRE_NO_SESSION for a probe, which has an id of its own made for it, or FRAMES_WRONG.
 */
int dnsttex_frame(const uint8_t *values, size_t length);

#endif
