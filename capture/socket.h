/*
 * The packet socket: packet(7), TPACKET_V3 (Linux' networking/packet_mmap.rst). Set up here while
 * the program still has the capability; the sniffer reads it with capture/sniffer/ring.h.
 */
#ifndef CAPTURE_SOCKET_H
#define CAPTURE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

struct filter_program;

/* The stage in which the kernel takes the filter. */
#define SOCKET_STAGE_FILTER "set the kernel filter"

struct packet_socket {
    int descriptor;
    int interface_index;    /* 0: all */
    bool interface_is_down; /* at start: packets will flow once it is up */
    size_t ring_size;       /* bytes, a multiple of RING_BLOCK_SIZE */
};

/*
 * Opens the socket with protocol 0, so that it sees nothing, sets the filter and locks it, makes
 * the ring and only then binds: no unfiltered packet is ever queued. Needs CAP_NET_RAW. Returns 0
 * or -errno; `*stage` then names what failed. The caller closes the descriptor.
 */
int socket_open(const struct filter_program *filter, int interface_index, size_t ring_size,
                struct packet_socket *out, const char **stage);

/*
 * Opens such a socket, sets the filter, and closes it: it never has a ring and is never bound, so
 * that no packet comes to it. Needs CAP_NET_RAW. Returns as socket_open does.
 */
int socket_try(const struct filter_program *filter, const char **stage);

#endif
