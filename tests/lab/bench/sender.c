/*
 * Sends the frames of a file out of an interface, over and over, as many a second as told, from one
 * thread that does not sleep through a packet's moment.
 *
 *     sender INTERFACE FILE RATE SECONDS
 *
 * They go out evenly, as from many clients: one by one up to 100,000 a second. RATE 0 is as fast as
 * it goes. Prints how many frames went out, and the seconds that took.
 */
#include "tests/lab/bench/pcap.h"

#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum {
    BURST = 50,     /* frames in one call, at most: a veth's peer queues 1,000 */
    CALLS = 100000, /* a second, at most, while there is a rate to keep */
    NANOSECONDS = 1000000000,
};

/* Before this many seconds are over sleep is too coarse. */
static const double moment = 0.0002;

struct burst {
    struct mmsghdr messages[BURST];
    struct iovec vectors[BURST];
};

static int open_interface(const char *name)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_ifindex = (int)if_nametoindex(name)};
    const int on = 1;
    /* Protocol 0: it receives nothing itself. */
    int descriptor = socket(AF_PACKET, SOCK_RAW, 0);
    if (descriptor < 0 || address.sll_ifindex == 0 ||
        bind(descriptor, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) != 0) {
        err(1, "%s", name);
    }
    return descriptor;
}

static void fill(struct burst *burst, const struct pcap_file *file, uint64_t first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct pcap_frame *frame = &file->frames[(first + i) % file->count];
        burst->vectors[i] = (struct iovec){(void *)(uintptr_t)frame->data, frame->length};
        burst->messages[i].msg_hdr =
            (struct msghdr){.msg_iov = &burst->vectors[i], .msg_iovlen = 1};
    }
}

static void transmit(int descriptor, struct burst *burst, unsigned count)
{
    for (unsigned sent = 0; sent < count;) {
        int more = sendmmsg(descriptor, burst->messages + sent, count - sent, 0);
        if (more < 0 && errno != ENOBUFS && errno != EAGAIN) {
            err(1, "send");
        }
        sent += more > 0 ? (unsigned)more : 0;
    }
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) +
           (double)(now.tv_nsec - start->tv_nsec) / NANOSECONDS;
}

/* Asleep, but for the last moment. */
static void wait_until(const struct timespec *start, double seconds)
{
    double left = seconds - seconds_since(start) - moment;
    if (left > moment) {
        struct timespec nap = {.tv_sec = (time_t)left};
        nap.tv_nsec = (long)((left - (double)nap.tv_sec) * NANOSECONDS);
        nanosleep(&nap, NULL);
    }
    while (seconds_since(start) < seconds) {
    }
}

static unsigned frames_at_once(double rate)
{
    unsigned count = rate > 0 ? 1 + (unsigned)(rate / CALLS) : BURST;
    return count < BURST ? count : BURST;
}

int main(int argc, char *argv[])
{
    static struct burst burst;
    struct pcap_file file;
    struct timespec start;
    if (argc != 5) {
        errx(2, "usage: sender INTERFACE FILE RATE SECONDS");
    }
    int descriptor = open_interface(argv[1]);
    pcap_read(argv[2], &file);
    const double rate = strtod(argv[3], NULL);
    const double duration = strtod(argv[4], NULL);
    const unsigned count = frames_at_once(rate);
    uint64_t sent = 0;

    clock_gettime(CLOCK_MONOTONIC, &start);
    while (seconds_since(&start) < duration) {
        if (rate > 0) {
            wait_until(&start, (double)sent / rate);
        }
        fill(&burst, &file, sent, count);
        transmit(descriptor, &burst, count);
        sent += count;
    }
    printf("%llu %.6f\n", (unsigned long long)sent, seconds_since(&start));
    return 0;
}
