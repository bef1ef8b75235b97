#include "capture/sniffer/ring.h"

#include "capture/sniffer/parse/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
    /* The kernel wrote the frames on another processor, so a later frame is prefetched while this
     * one is parsed: as many bytes as a short query takes. Past the end of the ring this has no
     * effect. */
    PREFETCH_AHEAD = 1024,
    PREFETCH_BYTES = 256,
    CACHE_LINE = 64,
};

int ring_map(int socket, size_t size, struct ring *out)
{
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, socket, 0);
    if (map == MAP_FAILED) {
        return -errno;
    }
    if (madvise(map, size, MADV_DONTDUMP) != 0 || madvise(map, size, MADV_DONTFORK) != 0) {
        int error = -errno;
        munmap(map, size);
        return error;
    }
    *out = (struct ring){
        .map = map,
        .size = size,
        .block_count = (unsigned)(size / RING_BLOCK_SIZE),
    };
    return 0;
}

static struct tpacket_block_desc *current_block(const struct ring *ring)
{
    return (struct tpacket_block_desc *)(void *)(ring->map + (size_t)ring->block * RING_BLOCK_SIZE);
}

static void release_block(struct ring *ring)
{
    __atomic_store_n(&current_block(ring)->hdr.bh1.block_status, TP_STATUS_KERNEL,
                     __ATOMIC_RELEASE);
    ring->holding = false;
    ring->block = ring->block + 1 == ring->block_count ? 0 : ring->block + 1;
}

static bool take_block(struct ring *ring)
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
    for (unsigned at = 0; at < PREFETCH_BYTES; at += CACHE_LINE) {
        __builtin_prefetch(frame + PREFETCH_AHEAD + at);
    }
}

bool ring_next(struct ring *ring, struct frame *out)
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

int ring_statistics(int socket, struct ring_statistics *out)
{
    struct tpacket_stats_v3 statistics;
    socklen_t length = sizeof statistics;
    if (getsockopt(socket, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) != 0) {
        return -errno;
    }
    *out = (struct ring_statistics){
        .received = statistics.tp_packets,
        .dropped = statistics.tp_drops,
    };
    return 0;
}

int ring_socket_error(int socket)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
        return errno;
    }
    return error;
}

bool ring_interface_gone(int socket)
{
    struct sockaddr_ll address = {.sll_ifindex = 0};
    socklen_t length = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &length) != 0) {
        return false;
    }
    return address.sll_ifindex < 0; /* the kernel sets -1 when it unregisters the interface */
}
