#include "capture/sniff.h"

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
    POLL_DESCRIPTORS,
    /* Octets of the kernel's signal set, which ppoll(2) wants to be told even when it gets none. */
    KERNEL_SIGSET_OCTETS = 8,
    /* A ring that never runs empty must not keep the account back: STATS after so many frames,
     * about one second of a host that is as slow as 50,000 packets a second. */
    FRAMES_PER_TURN = 65536,
};

/*
 * All that the sniffer may ask of the kernel. There is no clock, no allocation and no log in the
 * loop below, so none here.
 */
size_t sniff_rules(int packet, int channel, struct sandbox_rule *rules)
{
    const scmp_datum_t packet_datum = (scmp_datum_t)packet;
    const scmp_datum_t channel_datum = (scmp_datum_t)channel;
    const struct sandbox_rule table[] = {
        {SCMP_SYS(ppoll),
         "waits for packets, for room in the channel, or for the heartbeat",
         3,
         {SCMP_A1(SCMP_CMP_EQ, POLL_DESCRIPTORS), SCMP_A3(SCMP_CMP_EQ, 0),
          SCMP_A4(SCMP_CMP_EQ, KERNEL_SIGSET_OCTETS)}},
        {SCMP_SYS(sendto),
         "sends one message to the exporter, without waiting",
         5,
         {SCMP_A0(SCMP_CMP_EQ, channel_datum), SCMP_A2(SCMP_CMP_LE, sizeof(union wire_message)),
          SCMP_A3(SCMP_CMP_EQ, MSG_DONTWAIT | MSG_NOSIGNAL), SCMP_A4(SCMP_CMP_EQ, 0),
          SCMP_A5(SCMP_CMP_EQ, 0)}},
        {SCMP_SYS(getsockopt),
         "reads how many packets the kernel passed and dropped",
         3,
         {SCMP_A0(SCMP_CMP_EQ, packet_datum), SCMP_A1(SCMP_CMP_EQ, SOL_PACKET),
          SCMP_A2(SCMP_CMP_EQ, PACKET_STATISTICS)}},
        {SCMP_SYS(getsockopt),
         "takes the packet socket's error: an interface that went down would wake ppoll for ever",
         3,
         {SCMP_A0(SCMP_CMP_EQ, packet_datum), SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET),
          SCMP_A2(SCMP_CMP_EQ, SO_ERROR)}},
        {SCMP_SYS(getsockname),
         "tells an interface that was removed from one that is down",
         1,
         {SCMP_A0(SCMP_CMP_EQ, packet_datum)}},
        {SCMP_SYS(exit_group), "ends", 0, {{0}}},
    };
    const size_t count = sizeof table / sizeof *table;
    _Static_assert(sizeof table / sizeof *table <= SNIFF_RULES_MAX, "the caller has room");
    for (size_t i = 0; i < count; i++) {
        rules[i] = table[i];
    }
    return count;
}

static void account(struct sniffer *sniffer, const struct frame *frame)
{
    struct wire_stats *stats = &sniffer->stats;
    struct wire_record *record = batch_place(&sniffer->batch);
    enum wire_ignore ignored = WIRE_IGNORE_DIRECTION;
    switch (judge_frame(&sniffer->judge, frame, record, &ignored)) {
    case OUTCOME_RECORD:
        stats->query += record->kind == WIRE_QUERY;
        stats->response += record->kind == WIRE_RESPONSE;
        stats->rejected += record->kind == WIRE_REJECTED;
        batch_commit(&sniffer->batch);
        break;
    case OUTCOME_IGNORED:
        stats->ignored[ignored]++;
        break;
    case OUTCOME_MALFORMED:
        stats->malformed++;
        break;
    case OUTCOME_OTHER_DOMAIN:
        stats->other_domain++;
        break;
    }
}

/* Takes what the ring holds, up to a turn's worth, and sends what came of it. Returns the number of
 * frames, or -EAGAIN when the channel is full: the ring then takes in the burst and the kernel
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
        if (!packet_ring_next(&sniffer->ring, &frame)) {
            break;
        }
        account(sniffer, &frame);
        taken++;
    }
    int error = batch_flush(&sniffer->batch);
    return error != 0 ? error : taken;
}

/* The kernel's counters are read after the frames were judged, so they are never behind. Returns 0
 * or -errno: of the packet socket, not of the channel. */
static int add_kernel_counters(struct sniffer *sniffer)
{
    struct packet_statistics statistics;
    int error = packet_statistics(sniffer->packet, &statistics);
    if (error != 0) {
        return error;
    }
    sniffer->stats.received += statistics.received;
    sniffer->stats.kernel_dropped += statistics.dropped;
    return 0;
}

/* Linux writes the time that remained back into `remaining`, which spares the sniffer a clock;
 * glibc's own ppoll hides that. NULL waits without limit. */
static int wait_for(struct pollfd descriptors[POLL_DESCRIPTORS], struct timespec *remaining)
{
    long ready =
        syscall(SYS_ppoll, descriptors, POLL_DESCRIPTORS, remaining, NULL, KERNEL_SIGSET_OCTETS);
    return ready < 0 ? -errno : 0;
}

/* An account that would be due before the next block's timeout goes out with this one: a trickle
 * of packets wakes the sniffer at that timeout and at no other moment. */
static bool is_over(const struct timespec *remaining)
{
    return remaining->tv_sec == 0 && remaining->tv_nsec < PACKET_BLOCK_TIMEOUT_MS * 1000000L;
}

/* For an error of the channel. */
static enum wire_exit exit_for(int error)
{
    return error == -EPIPE || error == -ECONNRESET ? WIRE_EXIT_CHANNEL_CLOSED
                                                   : WIRE_EXIT_CHANNEL_BROKEN;
}

/* Returns 0 to go on, or why not. */
static int look_at_socket(struct sniffer *sniffer)
{
    int error = packet_pending_error(sniffer->packet);
    if (error == ENETDOWN) {
        sniffer->stats.interface_down++;
    } else if (error != 0) {
        return WIRE_EXIT_SOCKET_BROKEN;
    }
    return 0;
}

enum wire_exit sniff_run(struct sniffer *sniffer)
{
    const struct timespec heartbeat = {.tv_sec = SNIFF_HEARTBEAT_MS / 1000,
                                       .tv_nsec = SNIFF_HEARTBEAT_MS % 1000 * 1000000L};
    struct pollfd descriptors[POLL_DESCRIPTORS] = {
        [POLL_PACKET] = {.fd = sniffer->packet},
        [POLL_CHANNEL] = {.fd = sniffer->batch.channel},
    };
    struct timespec remaining = heartbeat;
    bool due = true; /* a first account, of nothing, says that packets are being watched */
    for (;;) {
        int result = drain(sniffer);
        bool more = result == FRAMES_PER_TURN;
        due = due || more || is_over(&remaining);
        if (result >= 0 && due) {
            if (sniffer->named_interface && packet_interface_gone(sniffer->packet)) {
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
        /* While the channel is full nothing else is worth waking for. Readability of the channel
         * is never asked for: it is for ever, since the exporter's sending side is shut. */
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
