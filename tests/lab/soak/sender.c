/*
 * Sends the frames of a file out of an interface, over and over, as many a second as told, until
 * it is told to end (SIGTERM) or the seconds are over.
 *
 *     sender INTERFACE FILE RATE SECONDS SESSIONS NEWCOMERS SEED
 *
 * RATE 0 is as fast as it goes. Polls, and responses to polls, are rewritten: their session is one
 * of SESSIONS at random, among numbers that move on by NEWCOMERS with every thousand frames, and
 * the padding is random too. With 1 and 1000 each is a session of its own. Prints how many frames
 * went out.
 */
#include "tests/lab/bench/pcap.h"

#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BURST = 50, /* frames in one call: a veth's peer queues 1,000 */
    FRAME_MAX = 1514,
    NANOSECONDS = 1000000000,
    /* Ethernet, IPv4, UDP and DNS headers stand before the first label's length. */
    LABEL_AT = 14 + 20 + 8 + 12,
    POLL_CHARACTERS = 28,    /* a ClientID, the mark and eight bytes of padding, in base32 */
    SESSION_CHARACTERS = 12, /* of the ClientID; four bits of one more are left alone */
    PADDING_FROM = 15,       /* whole characters of the padding */
    PADDING_TO = 27,
};

static volatile sig_atomic_t told_to_end;

static uint64_t random_state;

static void end(int number)
{
    (void)number;
    told_to_end = 1;
}

/* xorshift64. */
static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static int open_interface(const char *name)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_ifindex = (int)if_nametoindex(name)};
    /* Protocol 0: it receives nothing itself. */
    int descriptor = socket(AF_PACKET, SOCK_RAW, 0);
    if (descriptor < 0 || address.sll_ifindex == 0 ||
        bind(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        err(1, "%s", name);
    }
    return descriptor;
}

static void write_base32(uint8_t *characters, unsigned count, uint64_t number)
{
    for (unsigned i = 0; i < count; i++) {
        characters[i] = (uint8_t) "abcdefghijklmnopqrstuvwxyz234567"[number % 32];
        number /= 32;
    }
}

static void rewrite(uint8_t *frame, uint64_t session)
{
    uint8_t *label = frame + LABEL_AT + 1;
    write_base32(label, SESSION_CHARACTERS, session);
    write_base32(label + PADDING_FROM, PADDING_TO - PADDING_FROM, random_next());
}

struct plan {
    double rate;
    double seconds;
    uint64_t sessions;
    uint64_t newcomers;
};

struct burst {
    struct mmsghdr messages[BURST];
    struct iovec vectors[BURST];
    uint8_t frames[BURST][FRAME_MAX];
};

static void fill(struct burst *burst, const struct pcap_file *file, uint64_t first,
                 const struct plan *plan)
{
    for (unsigned i = 0; i < BURST; i++) {
        const struct pcap_frame *frame = &file->frames[(first + i) % file->count];
        if (frame->length > FRAME_MAX) {
            errx(1, "a frame of %u bytes", frame->length);
        }
        memcpy(burst->frames[i], frame->data, frame->length);
        burst->vectors[i] = (struct iovec){burst->frames[i], frame->length};
        burst->messages[i].msg_hdr =
            (struct msghdr){.msg_iov = &burst->vectors[i], .msg_iovlen = 1};
        if (frame->length > LABEL_AT && frame->data[LABEL_AT] == POLL_CHARACTERS) {
            uint64_t from = (first + i) * plan->newcomers / 1000;
            rewrite(burst->frames[i], from + random_next() % plan->sessions);
        }
    }
}

/* Returns how many of a burst went out: fewer once it is told to end. An interface that is down
 * takes none. */
static unsigned transmit(int descriptor, struct burst *burst)
{
    unsigned sent = 0;
    while (sent < BURST && !told_to_end) {
        int more = sendmmsg(descriptor, burst->messages + sent, BURST - sent, 0);
        if (more < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
            if (errno != ENETDOWN && errno != ENXIO) {
                err(1, "send");
            }
            nanosleep(&(struct timespec){.tv_nsec = NANOSECONDS / 100}, NULL);
        }
        sent += more > 0 ? (unsigned)more : 0;
    }
    return sent;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) +
           (double)(now.tv_nsec - start->tv_nsec) / NANOSECONDS;
}

/* Until it is time for what comes after `sent` frames; what a pause held up is not made up for. */
static void keep_pace(struct timespec *start, double *credit, const struct plan *plan)
{
    double now = seconds_since(start);
    *credit += BURST / plan->rate;
    if (*credit < now - 0.1) {
        *credit = now;
    }
    if (*credit > now) {
        double left = *credit - now;
        struct timespec nap = {.tv_sec = (time_t)left};
        nap.tv_nsec = (long)((left - (double)nap.tv_sec) * NANOSECONDS);
        nanosleep(&nap, NULL);
    }
}

int main(int argc, char *argv[])
{
    static struct burst burst;
    struct pcap_file file;
    struct timespec start;
    if (argc != 8) {
        errx(2, "usage: sender INTERFACE FILE RATE SECONDS SESSIONS NEWCOMERS SEED");
    }
    const struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    int descriptor = open_interface(argv[1]);
    pcap_read(argv[2], &file);
    const struct plan plan = {
        .rate = strtod(argv[3], NULL),
        .seconds = strtod(argv[4], NULL),
        .sessions = strtoull(argv[5], NULL, 10),
        .newcomers = strtoull(argv[6], NULL, 10),
    };
    random_state = strtoull(argv[7], NULL, 10) | 1;
    if (plan.sessions == 0) {
        errx(2, "SESSIONS is 1 or more");
    }
    uint64_t sent = 0;
    double credit = 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (!told_to_end && seconds_since(&start) < plan.seconds) {
        fill(&burst, &file, sent, &plan);
        sent += transmit(descriptor, &burst);
        if (plan.rate > 0) {
            keep_pace(&start, &credit, &plan);
        }
    }
    printf("%llu\n", (unsigned long long)sent);
    return 0;
}
