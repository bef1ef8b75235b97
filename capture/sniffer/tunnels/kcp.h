/*
 * The packets of KCP that clients of dnstt and its forks send (kcp-go, its header): proof that a
 * query is a client's. Pure, no allocation.
 */
#ifndef CAPTURE_SNIFFER_TUNNELS_KCP_H
#define CAPTURE_SNIFFER_TUNNELS_KCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KCP_HEADER_OCTETS = 24,
    KCP_COMPACT_HEADER_OCTETS = 12, /* of dnsttEx */
};

/* Whether a segment that begins at `begin` would have a command of KCP's: the least that has to be
 * read of it. The values encode begin + 5 octets or more. */
bool kcp_has_command(const uint8_t *values, size_t begin);

/*
 * Whether the octets `begin` to `end` of what base32 values encode are KCP segments back to back:
 * of one conversation, each with a command of KCP's, the last ending exactly at `end`. Random
 * octets pass once in some 2^38. begin + KCP_HEADER_OCTETS <= end, and the values encode `end`
 * octets.
 */
bool kcp_is_packet(const uint8_t *values, size_t begin, size_t end);

/*
 * The same with dnsttEx's header, where any command may stand: only the lengths tell. Random octets
 * pass once in some 2^16. begin + KCP_COMPACT_HEADER_OCTETS <= end.
 */
bool kcp_is_compact_packet(const uint8_t *values, size_t begin, size_t end);

#endif
