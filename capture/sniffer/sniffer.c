#include "capture/sniffer/sniffer.h"

#include "capture/sniffer/parse/frame.h"
#include "capture/sniffer/policy.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_packet.h>

enum {
    POLL_PACKET,
    POLL_CHANNEL,
    POLL_DESCRIPTORS = SNIFFER_POLL_DESCRIPTORS,
    /* A ring that never runs empty must not delay STATS: send it after this many frames, about one
     * second on a slow host (50,000 packets a second). */
    FRAMES_PER_TURN = 65536,
};

static void account(struct sniffer *sniffer, const struct frame *frame)
{
    enum wire_outcome outcome =
        classify_frame(&sniffer->classifier, frame, &sniffer->stats, batch_place(&sniffer->batch));
    sniffer->stats.outcomes[outcome]++;
    if (outcome >= WIRE_REJECTED_FIRST) {
        batch_commit(&sniffer->batch);
    }
}

/* Reads up to FRAMES_PER_TURN frames from the ring and sends their records. Returns the number of
 * frames, or -EAGAIN when the channel is full: the ring then buffers the burst and the kernel
 * counts what does not fit. */
static int drain(struct sniffer *sniffer)
{
    int taken = 0;
    while (taken < FRAMES_PER_TURN) {
        struct frame frame;
        int error = batch_is_full(&sniffer->batch) ? batch_flush(&sniffer->batch) : 0;
        if (error != 0) {
            return error;
        }
        if (!ring_next(&sniffer->ring, &frame)) {
            break;
        }
        account(sniffer, &frame);
        taken++;
    }
    int error = batch_flush(&sniffer->batch);
    return error != 0 ? error : taken;
}

/* The kernel's counters are read after the frames were classified, so they are never behind.
 * Returns 0 or -errno: of the packet socket, not of the channel. */
static int add_kernel_counters(struct sniffer *sniffer)
{
    struct ring_statistics statistics = {.received = 0};
    int error = ring_statistics(sniffer->packet, &statistics);
    if (error != 0) {
        return error;
    }
    sniffer->stats.received += statistics.received;
    sniffer->stats.outcomes[WIRE_KERNEL_DROPPED] += statistics.dropped;
    return 0;
}

/* Linux writes the remaining time back into `remaining`, so the sniffer needs no clock; glibc's own
 * ppoll hides that. NULL waits without limit. */
static int wait_for(struct pollfd descriptors[POLL_DESCRIPTORS], struct timespec *remaining)
{
    long ready =
        syscall(SYS_ppoll, descriptors, POLL_DESCRIPTORS, remaining, NULL, SNIFFER_SIGSET_BYTES);
    return ready < 0 ? -errno : 0;
}

/* STATS that is due before the next block's timeout is sent now, so that a trickle of packets wakes
 * the sniffer only at that timeout. */
static bool is_over(const struct timespec *remaining)
{
    return remaining->tv_sec == 0 && remaining->tv_nsec < RING_BLOCK_TIMEOUT_MS * 1000000L;
}

/* The exit status for an error of the channel. */
static enum wire_exit exit_for(int error)
{
    return error == -EPIPE || error == -ECONNRESET ? WIRE_EXIT_CHANNEL_CLOSED
                                                   : WIRE_EXIT_CHANNEL_BROKEN;
}

/* Returns 0 to go on, or the exit status. */
static int look_at_socket(struct sniffer *sniffer)
{
    int error = ring_socket_error(sniffer->packet);
    if (error == ENETDOWN) {
        sniffer->stats.interface_down++;
    } else if (error != 0) {
        return WIRE_EXIT_SOCKET_BROKEN;
    }
    return 0;
}

enum wire_exit sniffer_run(struct sniffer *sniffer)
{
    const struct timespec heartbeat = {.tv_sec = SNIFFER_HEARTBEAT_MS / 1000,
                                       .tv_nsec = SNIFFER_HEARTBEAT_MS % 1000 * 1000000L};
    struct pollfd descriptors[POLL_DESCRIPTORS] = {
        [POLL_PACKET] = {.fd = sniffer->packet},
        [POLL_CHANNEL] = {.fd = sniffer->batch.channel},
    };
    struct timespec remaining = heartbeat;
    bool due = true; /* a first, empty STATS reports that capture has started */
    for (;;) {
        int result = drain(sniffer);
        bool more = result == FRAMES_PER_TURN;
        due = due || more || is_over(&remaining);
        if (result >= 0 && due) {
            if (sniffer->named_interface && ring_interface_gone(sniffer->packet)) {
                return WIRE_EXIT_INTERFACE_GONE;
            }
            if (add_kernel_counters(sniffer) != 0) {
                return WIRE_EXIT_SOCKET_BROKEN;
            }
            result = batch_send_stats(&sniffer->batch, &sniffer->stats);
            if (result == 0) {
                due = false;
                remaining = heartbeat;
            }
        }
        bool full = result == -EAGAIN;
        if (result < 0 && !full) {
            return exit_for(result);
        }
        if (more && !full) {
            continue;
        }
        /* While the channel is full, only room in it is worth waking for. POLLIN is never requested
         * on the channel: it is always set, because the exporter's sending side is shut. */
        descriptors[POLL_PACKET].events = full ? 0 : POLLIN;
        descriptors[POLL_CHANNEL].events = full ? POLLOUT : 0;
        int error = wait_for(descriptors, full ? NULL : &remaining);
        if (error != 0 && error != -EINTR) {
            return WIRE_EXIT_SOCKET_BROKEN;
        }
        due = due || full;
        if (descriptors[POLL_CHANNEL].revents & (POLLERR | POLLHUP)) {
            return WIRE_EXIT_CHANNEL_CLOSED;
        }
        if (descriptors[POLL_PACKET].revents & POLLERR) {
            int reason = look_at_socket(sniffer);
            if (reason != 0) {
                return (enum wire_exit)reason;
            }
        }
    }
}
