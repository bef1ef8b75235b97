/* The capture program whose sniffer turns hostile where its loop begins. */
#include "capture/sniffer/confine.h"
#include "capture/sniffer/sniffer.h"
#include "common/sandbox.h"
#include "common/wire.h"
#include "tests/sandbox/attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum wire_exit __real_sniffer_run(struct sniffer *sniffer);
enum wire_exit __wrap_sniffer_run(struct sniffer *sniffer);
int __real_sandbox_drop_privileges(const struct sandbox_user *user, enum sandbox_drop *outcome);
int __wrap_sandbox_drop_privileges(const struct sandbox_user *user, enum sandbox_drop *outcome);
int __real_shutdown(int descriptor, int how);
int __wrap_shutdown(int descriptor, int how);
int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __real_setsockopt(int descriptor, int level, int option, const void *value, socklen_t length);
int __wrap_setsockopt(int descriptor, int level, int option, const void *value, socklen_t length);

enum { MILLISECOND = 1000000, NANOSECONDS_BEFORE_FILTER = 50 * MILLISECOND };

const enum attack_process attack_self = ATTACK_SNIFFER;

static struct sockaddr_ll link_address(void)
{
    return (struct sockaddr_ll){
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_IP),
        .sll_ifindex = attack_page->interface,
        .sll_halen = ETH_ALEN,
        .sll_addr = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
    };
}

static int inject(void)
{
    static const char packet[64] = {0x45};
    const struct sockaddr_ll address = link_address();
    return attack_result(sendto(CONFINE_PACKET, packet, sizeof packet, 0,
                                (const struct sockaddr *)&address, sizeof address));
}

static int bind_anew(void)
{
    const struct sockaddr_ll address = link_address();
    return attack_result(bind(CONFINE_PACKET, (const struct sockaddr *)&address, sizeof address));
}

static int go_promiscuous(void)
{
    const struct packet_mreq request = {.mr_ifindex = attack_page->interface,
                                        .mr_type = PACKET_MR_PROMISC};
    return attack_result(__real_setsockopt(CONFINE_PACKET, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
                                           &request, sizeof request));
}

static int replace_filter(void)
{
    struct sock_filter everything[] = {BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)};
    const struct sock_fprog program = {.len = 1, .filter = everything};
    return attack_result(
        __real_setsockopt(CONFINE_PACKET, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

static int detach_filter(void)
{
    const int ignored = 0;
    return attack_result(
        __real_setsockopt(CONFINE_PACKET, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof ignored));
}

static int unlock_filter(void)
{
    const int off = 0;
    return attack_result(
        __real_setsockopt(CONFINE_PACKET, SOL_SOCKET, SO_LOCK_FILTER, &off, sizeof off));
}

static int raise_limit(void)
{
    const struct rlimit limit = {.rlim_cur = 1, .rlim_max = 1};
    return attack_result(setrlimit(RLIMIT_NPROC, &limit));
}

/* The exporter of these programs tries to send one byte before this runs. */
static int receive(void)
{
    char byte;
    ssize_t length = recv(CONFINE_CHANNEL, &byte, sizeof byte, MSG_DONTWAIT);
    return length == 0 ? -ENODATA : attack_result(length);
}

/* Hands the packet socket over to the exporter. */
static int pass_socket(void)
{
    const int descriptor = CONFINE_PACKET;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {0};
    char byte = 0;
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control,
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    return attack_result(sendmsg(CONFINE_CHANNEL, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* --- Messages that no sniffer sends. HELLO was sent before: 1 is the next sequence number. */

static int forge(uint16_t type, uint16_t count, uint64_t sequence, size_t length)
{
    static union wire_message message;
    message.header = (struct wire_header){
        .magic = WIRE_MAGIC, .type = type, .count = count, .sequence = sequence};
    message.batch.records[0].outcome = 77; /* in STATS: the packets received, and more */
    return attack_result(send(CONFINE_CHANNEL, &message, length, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static int forge_type(void)
{
    return forge(77, 0, 1, sizeof(struct wire_stats));
}

static int forge_count(void)
{
    return forge(WIRE_BATCH, WIRE_BATCH_RECORDS, 1, wire_batch_length(1));
}

static int forge_sequence(void)
{
    return forge(WIRE_STATS, 0, 2, sizeof(struct wire_stats));
}

static int forge_record(void)
{
    return forge(WIRE_BATCH, 1, 1, wire_batch_length(1));
}

static int forge_hello(void)
{
    return forge(WIRE_HELLO, 0, 1, sizeof(struct wire_hello));
}

/* Of a query that never came. */
static int forge_account(void)
{
    const struct wire_stats stats = {
        .header = {.magic = WIRE_MAGIC, .type = WIRE_STATS, .sequence = 1},
        .received = 1,
        .outcomes = {[WIRE_QUERY] = 1},
    };
    return attack_result(send(CONFINE_CHANNEL, &stats, sizeof stats, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* As long as the policy lets it be, of one byte throughout. */
static int send_noise(void)
{
    static union wire_message message;
    memset(&message, 0xa5, sizeof message);
    return attack_result(
        send(CONFINE_CHANNEL, &message, sizeof message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* With a call that the policy knows. */
static void wait_for_exporter(void)
{
    while (!attack_page->exporter_stands) {
        struct pollfd nothing[2] = {{.fd = -1}, {.fd = -1}};
        struct timespec pause = {.tv_nsec = MILLISECOND};
        syscall(SYS_ppoll, nothing, 2, &pause, NULL, 8);
    }
}

enum wire_exit __wrap_sniffer_run(struct sniffer *sniffer)
{
    static const struct attack attacks[] = {
        {"inject", inject},
        {"bind anew", bind_anew},
        {"go promiscuous", go_promiscuous},
        {"replace the filter", replace_filter},
        {"detach the filter", detach_filter},
        {"unlock the filter", unlock_filter},
        {"raise a limit", raise_limit},
        {"receive", receive},
        {"pass the socket on", pass_socket},
        {"forge a type", forge_type},
        {"forge a count", forge_count},
        {"forge a sequence", forge_sequence},
        {"forge a record", forge_record},
        {"forge a hello", forge_hello},
        {"forge an account", forge_account},
        {"send noise", send_noise},
    };
    wait_for_exporter();
    attack_run(attacks, sizeof attacks / sizeof *attacks);
    attack_run_common();
    return __real_sniffer_run(sniffer);
}

/* --- The defences of the start. */

int __wrap_sandbox_drop_privileges(const struct sandbox_user *user, enum sandbox_drop *outcome)
{
    if (!attack_removed("capabilities")) {
        return __real_sandbox_drop_privileges(user, outcome);
    }
    *outcome = SANDBOX_DROP_USER;
    return 0;
}

int __wrap_shutdown(int descriptor, int how)
{
    return attack_removed("one-way") ? 0 : __real_shutdown(descriptor, how);
}

/* A socket that is opened with a protocol has packets before its filter has. */
int __wrap_socket(int domain, int type, int protocol)
{
    if (domain != AF_PACKET || !attack_removed("protocol-0")) {
        return __real_socket(domain, type, protocol);
    }
    const struct timespec pause = {.tv_nsec = NANOSECONDS_BEFORE_FILTER};
    int descriptor = __real_socket(domain, type, htons(ETH_P_ALL));
    nanosleep(&pause, NULL);
    return descriptor;
}

int __wrap_setsockopt(int descriptor, int level, int option, const void *value, socklen_t length)
{
    if (level == SOL_SOCKET && option == SO_LOCK_FILTER && attack_removed("filter-lock")) {
        return 0;
    }
    return __real_setsockopt(descriptor, level, option, value, length);
}
