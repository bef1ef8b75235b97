/*
 * The packet socket as the sniffer uses it, without a capability: its ring and its counters.
 * packet(7), TPACKET_V3 (Linux' networking/packet_mmap.rst).
 */
#ifndef CAPTURE_SNIFFER_RING_H
#define CAPTURE_SNIFFER_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame;

enum {
    /* A full block wakes the sniffer: at 50,000 queries a second every 50 ms, close to the timeout.
     * Half the size costs a quarter more time per query. */
    RING_BLOCK_SIZE = 512 * 1024,
    /* The only timer: how long a packet may wait in a block that is not full. */
    RING_BLOCK_TIMEOUT_MS = 64,
};

struct ring {
    uint8_t *map;
    size_t size;
    unsigned block_count;
    unsigned block;  /* the one being read, or the next one */
    unsigned frames; /* not yet read in it; 0 when no block is held */
    uint8_t *next;   /* the next frame's header */
    bool holding;    /* the block is ours until it is released */
};

/* Maps the ring of `size` bytes, a multiple of RING_BLOCK_SIZE, left out of core dumps and of
 * forks. Returns 0 or -errno. Never unmapped: it lives as long as the sniffer. */
int ring_map(int socket, size_t size, struct ring *out);

/*
 * The next captured frame, in order, or false when the ring has none for now. A block goes back to
 * the kernel at the first call after its last frame.
 */
bool ring_next(struct ring *ring, struct frame *out);

/* Counts since the last call: each call resets the kernel's counters. Returns 0 or -errno. */
struct ring_statistics {
    uint32_t received; /* passed the filter, drops included */
    uint32_t dropped;  /* found the ring full */
};
int ring_statistics(int socket, struct ring_statistics *out);

/* Takes the socket's pending error: 0, or a positive errno such as ENETDOWN. */
int ring_socket_error(int socket);

/* True when the socket was bound to an interface that has been removed since. */
bool ring_interface_gone(int socket);

#endif
