#include "exporter/system/link_socket.h"

#include "common/rtnetlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* One part of a list, which is the longest that the kernel sends. */
    BUFFER_BYTES = 32 * 1024,
    /* What is asked for; without a privilege the kernel gives net.core.rmem_max at most. */
    RECEIVE_BYTES = 8 * 1024 * 1024,
};

/* BPF reads numbers in network byte order, and those of rtnetlink have the host's. The family is
 * none but that of the interface itself: a bridge tells of its ports under its own. */
static int set_filter(int descriptor)
{
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWLINK), 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELLINK), 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(struct ifinfomsg, ifi_family)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNSPEC, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const struct sock_fprog program = {
        .len = sizeof instructions / sizeof *instructions,
        .filter = instructions,
    };
    const int on = 1;
    return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 &&
                   setsockopt(descriptor, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) == 0
               ? 0
               : -errno;
}

static int prepare(int descriptor)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    const int bytes = RECEIVE_BYTES;
    int error = set_filter(descriptor);
    if (error == 0 && (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0 ||
                       bind(descriptor, (const struct sockaddr *)&address, sizeof address) != 0)) {
        error = -errno;
    }
    return error;
}

int link_socket_open(void)
{
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (descriptor < 0) {
        return -errno;
    }
    int error = prepare(descriptor);
    if (error != 0) {
        close(descriptor);
        return error;
    }
    return descriptor;
}

int link_socket_read(int descriptor,
                     void (*take)(void *owner, const struct nlmsghdr *header, uint32_t now),
                     void *owner, uint32_t now)
{
    static _Alignas(struct nlmsghdr) uint8_t buffer[BUFFER_BYTES];
    ssize_t count = read(descriptor, buffer, sizeof buffer);
    if (count < 0) {
        return -errno;
    }
    size_t length = (size_t)count;
    for (struct nlmsghdr *header = (struct nlmsghdr *)(void *)buffer;
         header != NULL && NLMSG_OK(header, length); header = rtnetlink_next(header, &length)) {
        take(owner, header, now);
    }
    return 0;
}
