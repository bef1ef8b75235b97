#include "common/channel.h"

#include "common/number.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

/* A message must fit whole into the sending buffer, or the kernel always refuses it (EMSGSIZE in
 * unix(7)). Twice its size leaves room for the kernel's own bookkeeping. */
static int assure_room(int sender)
{
    int size = 0;
    socklen_t length = sizeof size;
    const int wanted = 2 * (int)sizeof(union wire_message);
    if (getsockopt(sender, SOL_SOCKET, SO_SNDBUF, &size, &length) != 0) {
        return -errno;
    }
    if (size >= wanted) {
        return 0;
    }
    if (setsockopt(sender, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted) != 0 ||
        getsockopt(sender, SOL_SOCKET, SO_SNDBUF, &size, &length) != 0) {
        return -errno;
    }
    return size >= wanted ? 0 : -ENOBUFS;
}

static int prepare(int sender, int lowest, int *receiver)
{
    int error = assure_room(sender);
    if (error != 0) {
        return error;
    }
    /* This makes the channel one-way: from here on every send on the receiving end fails with
     * EPIPE. */
    if (shutdown(*receiver, SHUT_WR) != 0) {
        return -errno;
    }
    /* Without close-on-exec: this end must survive the exec. */
    int moved = fcntl(*receiver, F_DUPFD, lowest);
    if (moved < 0) {
        return -errno;
    }
    close(*receiver);
    *receiver = moved;
    return 0;
}

int channel_make(int lowest, struct channel *out)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        return -errno;
    }
    int error = prepare(pair[0], lowest, &pair[1]);
    if (error != 0) {
        close(pair[0]);
        close(pair[1]);
        return error;
    }
    *out = (struct channel){.sender = pair[0], .receiver = pair[1]};
    return 0;
}

int channel_adopt(const char *text, int *receiver)
{
    uint64_t number;
    if (number_parse(text, 0, INT_MAX, &number) != 0) {
        return -EINVAL;
    }
    int descriptor = (int)number;
    int value = 0;
    socklen_t length = sizeof value;
    if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &value, &length) != 0) {
        return -errno;
    }
    if (value != AF_UNIX) {
        return -EPROTOTYPE;
    }
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &value, &length) != 0) {
        return -errno;
    }
    if (value != SOCK_SEQPACKET) {
        return -EPROTOTYPE;
    }
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
        return -errno;
    }
    *receiver = descriptor;
    return 0;
}

int channel_send(int sender, const void *message, size_t length)
{
    ssize_t sent = sendto(sender, message, length, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
    return sent < 0 ? -errno : 0; /* a packet goes whole or not at all */
}

long channel_receive(int receiver, union wire_message *message)
{
    /* MSG_TRUNC returns the length that was sent, even when it is larger than the buffer. */
    ssize_t length =
        recvfrom(receiver, message, sizeof *message, MSG_DONTWAIT | MSG_TRUNC, NULL, NULL);
    return length < 0 ? -errno : (long)length;
}
