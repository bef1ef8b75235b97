#include "capture/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* Unused with TPACKET_V3, whose frames have the length they need, but checked by the kernel. */
    FRAME_SIZE = 2048,
    /* The kernel wrote the frames on another processor. What comes some frames later is asked for
     * while this one is parsed: as many octets as a short query takes. Beyond the ring it is
     * without effect. */
    PREFETCH_AHEAD = 1024,
    PREFETCH_OCTETS = 256,
    CACHE_LINE = 64,
};

static int set_ring(int descriptor, size_t ring_size)
{
    const int version = TPACKET_V3;
    if (setsockopt(descriptor, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0) {
        return -errno;
    }
    struct tpacket_req3 request = {
        .tp_block_size = PACKET_BLOCK_SIZE,
        .tp_block_nr = (unsigned)(ring_size / PACKET_BLOCK_SIZE),
        .tp_frame_size = FRAME_SIZE,
        .tp_frame_nr = (unsigned)(ring_size / FRAME_SIZE),
        .tp_retire_blk_tov = PACKET_BLOCK_TIMEOUT_MS,
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
    /* Whoever takes the sniffer over later cannot widen what it sees. */
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
    /* An interface that is down binds, and says so here; packets flow once it is up. */
    int error = packet_pending_error(descriptor);
    *is_down = error == ENETDOWN;
    return error == ENETDOWN ? 0 : -error;
}

int packet_open(const struct filter_program *filter, int interface_index, size_t ring_size,
                struct packet_socket *out, const char **stage)
{
    bool is_down = false;
    *stage = "open a packet socket";
    int descriptor = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return -errno;
    }
    *stage = "set the kernel filter";
    int error = set_filter(descriptor, filter);
    if (error == 0) {
        *stage = "allocate the ring";
        error = set_ring(descriptor, ring_size);
    }
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

int packet_ring_map(const struct packet_socket *socket, struct packet_ring *out)
{
    void *map =
        mmap(NULL, socket->ring_size, PROT_READ | PROT_WRITE, MAP_SHARED, socket->descriptor, 0);
    if (map == MAP_FAILED) {
        return -errno;
    }
    if (madvise(map, socket->ring_size, MADV_DONTDUMP) != 0 ||
        madvise(map, socket->ring_size, MADV_DONTFORK) != 0) {
        int error = -errno;
        munmap(map, socket->ring_size);
        return error;
    }
    *out = (struct packet_ring){
        .map = map,
        .size = socket->ring_size,
        .block_count = (unsigned)(socket->ring_size / PACKET_BLOCK_SIZE),
    };
    return 0;
}

static struct tpacket_block_desc *current_block(const struct packet_ring *ring)
{
    return (struct tpacket_block_desc *)(void *)(ring->map +
                                                 (size_t)ring->block * PACKET_BLOCK_SIZE);
}

static void release_block(struct packet_ring *ring)
{
    __atomic_store_n(&current_block(ring)->hdr.bh1.block_status, TP_STATUS_KERNEL,
                     __ATOMIC_RELEASE);
    ring->holding = false;
    ring->block = ring->block + 1 == ring->block_count ? 0 : ring->block + 1;
}

static bool take_block(struct packet_ring *ring)
{
    struct tpacket_block_desc *block = current_block(ring);
    uint32_t status = __atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE);
    if ((status & TP_STATUS_USER) == 0) {
        return false;
    }
    ring->holding = true;
    ring->frames = block->hdr.bh1.num_pkts;
    ring->next = (uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;
    return true;
}

static inline void prefetch_ahead(const uint8_t *frame)
{
    for (unsigned at = 0; at < PREFETCH_OCTETS; at += CACHE_LINE) {
        __builtin_prefetch(frame + PREFETCH_AHEAD + at);
    }
}

bool packet_ring_next(struct packet_ring *ring, struct frame *out)
{
    while (ring->frames == 0) {
        if (ring->holding) {
            release_block(ring);
        }
        if (!take_block(ring)) {
            return false;
        }
    }
    const struct tpacket3_hdr *header = (const struct tpacket3_hdr *)(const void *)ring->next;
    prefetch_ahead(ring->next);
    const struct sockaddr_ll *link =
        (const struct sockaddr_ll *)(const void *)(ring->next + TPACKET_ALIGN((int)sizeof *header));
    uint16_t protocol = ntohs(link->sll_protocol);
    *out = (struct frame){
        .data = ring->next + header->tp_net,
        .captured = header->tp_snaplen,
        .length = header->tp_len,
        .protocol = protocol,
        .type = link->sll_pkttype,
        .tagged = (header->tp_status & TP_STATUS_VLAN_VALID) != 0 || protocol == ETH_P_8021Q ||
                  protocol == ETH_P_8021AD,
    };
    ring->next += header->tp_next_offset;
    ring->frames--;
    return true;
}

int packet_statistics(int descriptor, struct packet_statistics *out)
{
    struct tpacket_stats_v3 statistics;
    socklen_t length = sizeof statistics;
    if (getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) != 0) {
        return -errno;
    }
    *out = (struct packet_statistics){
        .received = statistics.tp_packets,
        .dropped = statistics.tp_drops,
    };
    return 0;
}

int packet_pending_error(int descriptor)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
        return errno;
    }
    return error;
}

bool packet_interface_gone(int descriptor)
{
    struct sockaddr_ll address = {.sll_ifindex = 0};
    socklen_t length = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &length) != 0) {
        return false;
    }
    return address.sll_ifindex < 0; /* the kernel sets -1 when it unregisters the interface */
}
