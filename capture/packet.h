/*
 * The packet socket and its ring: packet(7), TPACKET_V3 (Linux' networking/packet_mmap.rst).
 */
#ifndef CAPTURE_PACKET_H
#define CAPTURE_PACKET_H

#include "capture/filter.h"
#include "capture/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* A full block wakes the sniffer: at 50,000 queries a second every 50 ms, next to the timeout.
     * Half as much costs a quarter more time for each of them. */
    PACKET_BLOCK_SIZE = 512 * 1024,
    /* The only timer: how long a packet may wait in a block that is not full. */
    PACKET_BLOCK_TIMEOUT_MS = 64,
};

struct packet_socket {
    int descriptor;
    int interface_index;    /* 0: all */
    bool interface_is_down; /* at start: packets will flow once it is up */
    size_t ring_size;       /* octets, a multiple of PACKET_BLOCK_SIZE */
};

/*
 * Opens the socket with protocol 0, so that it sees nothing, sets the filter and locks it, makes
 * the ring and only then binds: no packet from before the filter is ever queued. Needs CAP_NET_RAW;
 * none of the functions below does. Returns 0 or -errno; `*stage` then names what failed. The
 * caller closes the descriptor.
 */
int packet_open(const struct filter_program *filter, int interface_index, size_t ring_size,
                struct packet_socket *out, const char **stage);

struct packet_ring {
    uint8_t *map;
    size_t size;
    unsigned block_count;
    unsigned block;  /* the one being read, or next to be */
    unsigned frames; /* not yet read in it; 0 when no block is held */
    uint8_t *next;   /* the next frame's header */
    bool holding;    /* the block is ours until it is released */
};

/* Maps the ring, left out of core dumps and of forks. Returns 0 or -errno. No unmapping: it lives
 * as long as the sniffer. */
int packet_ring_map(const struct packet_socket *socket, struct packet_ring *out);

/*
 * The next captured frame, in order, or false when the ring has none for now. A block goes back to
 * the kernel when the call after its last frame comes.
 */
bool packet_ring_next(struct packet_ring *ring, struct frame *out);

/* What the kernel counted since the last call (it starts anew at each). Returns 0 or -errno. */
struct packet_statistics {
    uint32_t received; /* passed the filter, drops included */
    uint32_t dropped;  /* found the ring full */
};
int packet_statistics(int descriptor, struct packet_statistics *out);

/* Takes the socket's pending error: 0, or a positive errno such as ENETDOWN. */
int packet_pending_error(int descriptor);

/* True when the socket was bound to an interface that has been removed since. */
bool packet_interface_gone(int descriptor);

#endif
