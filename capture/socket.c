#include "capture/socket.h"

#include "capture/filter.h"
#include "capture/sniffer/ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* TPACKET_V3 does not use it (frames have the length they need), but the kernel checks it. */
    FRAME_SIZE = 2048,
};

static int set_ring(int descriptor, size_t ring_size)
{
    const int version = TPACKET_V3;
    if (setsockopt(descriptor, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0) {
        return -errno;
    }
    struct tpacket_req3 request = {
        .tp_block_size = RING_BLOCK_SIZE,
        .tp_block_nr = (unsigned)(ring_size / RING_BLOCK_SIZE),
        .tp_frame_size = FRAME_SIZE,
        .tp_frame_nr = (unsigned)(ring_size / FRAME_SIZE),
        .tp_retire_blk_tov = RING_BLOCK_TIMEOUT_MS,
    };
    return setsockopt(descriptor, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) == 0
               ? 0
               : -errno;
}

static int set_filter(int descriptor, const struct filter_program *filter)
{
    struct sock_fprog program = {
        .len = filter->length,
        .filter = (struct sock_filter *)(uintptr_t)filter->instructions, /* only read */
    };
    const int on = 1;
    if (setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
        return -errno;
    }
    /* An attacker who takes over the sniffer later cannot widen what it sees. */
    return setsockopt(descriptor, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) == 0 ? 0 : -errno;
}

static int bind_to(int descriptor, int interface_index, bool *is_down)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL), /* ETH_P_IP would never show outgoing packets */
        .sll_ifindex = interface_index,
    };
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        return -errno;
    }
    /* Binding to an interface that is down works and reports ENETDOWN here; packets flow once it is
     * up. */
    int error = ring_socket_error(descriptor);
    *is_down = error == ENETDOWN;
    return error == ENETDOWN ? 0 : -error;
}

/* Opens one that sees nothing, and sets its filter. Returns the descriptor, or -errno. */
static int open_filtered(const struct filter_program *filter, const char **stage)
{
    *stage = "open a packet socket";
    int descriptor = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return -errno;
    }
    *stage = SOCKET_STAGE_FILTER;
    int error = set_filter(descriptor, filter);
    if (error != 0) {
        close(descriptor);
        return error;
    }
    return descriptor;
}

int socket_open(const struct filter_program *filter, int interface_index, size_t ring_size,
                struct packet_socket *out, const char **stage)
{
    bool is_down = false;
    int descriptor = open_filtered(filter, stage);
    if (descriptor < 0) {
        return descriptor;
    }
    *stage = "allocate the ring";
    int error = set_ring(descriptor, ring_size);
    if (error == 0) {
        *stage = "bind the packet socket";
        error = bind_to(descriptor, interface_index, &is_down);
    }
    if (error != 0) {
        close(descriptor);
        return error;
    }
    *out = (struct packet_socket){
        .descriptor = descriptor,
        .interface_index = interface_index,
        .interface_is_down = is_down,
        .ring_size = ring_size,
    };
    return 0;
}

int socket_try(const struct filter_program *filter, const char **stage)
{
    int descriptor = open_filtered(filter, stage);
    if (descriptor < 0) {
        return descriptor;
    }
    close(descriptor);
    return 0;
}
