#include "exporter/http/listen.h"

#include "common/number.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LISTEN_FDS_START = 3, /* sd_listen_fds(3) */
};

static bool is_loopback(int listener)
{
    struct address address;
    address.length = sizeof address.socket;
    if (getsockname(listener, &address.socket.any, &address.length) != 0) {
        return false;
    }
    if (address.socket.any.sa_family == AF_INET) {
        return ntohl(address.socket.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    const struct in6_addr *v6 = &address.socket.v6.sin6_addr;
    return address.socket.any.sa_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(v6) ||
            (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == IN_LOOPBACKNET));
}

static int listen_on(const struct sockaddr *address, socklen_t length, struct listener *out)
{
    const int on = 1;
    const int off = 0;
    int descriptor = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return -errno;
    }
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (address->sa_family == AF_INET6 &&
         setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) ||
        bind(descriptor, address, length) != 0 || listen(descriptor, LISTEN_BACKLOG) != 0) {
        int error = -errno;
        close(descriptor);
        return error;
    }
    *out = (struct listener){.descriptor = descriptor, .loopback = is_loopback(descriptor)};
    return 0;
}

/* Removes a socket file without a listener. */
static int remove_stale(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0) {
        return -errno;
    }
    if (!S_ISSOCK(status.st_mode)) {
        return -EEXIST;
    }
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) {
        return -errno;
    }
    int result = connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 ? 0 : errno;
    close(probe);
    if (result == EACCES) {
        return -EACCES;
    }
    if (result != ECONNREFUSED) {
        return -EADDRINUSE; /* accepting, or too busy to accept (EAGAIN), or of another type */
    }
    return unlink(address->sun_path) == 0 ? 0 : -errno;
}

static int listen_at_path(const struct address *address, struct listener *out)
{
    mode_t before = umask(LISTEN_PATH_UMASK);
    int error = listen_on(&address->socket.any, address->length, out);
    if (error == -EADDRINUSE) {
        error = remove_stale(&address->socket.local);
        if (error == 0) {
            error = listen_on(&address->socket.any, address->length, out);
        }
    }
    umask(before);
    return error;
}

int listen_open(const struct address *address, struct listener *out)
{
    if (address->socket.any.sa_family == AF_UNIX) {
        return listen_at_path(address, out);
    }
    int error = listen_on(&address->socket.any, address->length, out);
    if (!address->every || (error != -EAFNOSUPPORT && error != -EADDRNOTAVAIL)) {
        return error;
    }
    /* A host without IPv6. */
    struct sockaddr_in every = {
        .sin_family = AF_INET,
        .sin_port = address->socket.v6.sin6_port,
        .sin_addr.s_addr = INADDR_ANY,
    };
    return listen_on((const struct sockaddr *)&every, sizeof every, out);
}

/* The value of a socket's option, or -1. */
static int option(int descriptor, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

static int adopt_one(int descriptor)
{
    int family = option(descriptor, SO_DOMAIN);
    if ((family != AF_INET && family != AF_INET6 && family != AF_UNIX) ||
        option(descriptor, SO_TYPE) != SOCK_STREAM || option(descriptor, SO_ACCEPTCONN) != 1) {
        return -EINVAL;
    }
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
        return -errno;
    }
    return 0;
}

int listen_adopt(struct listener out[LISTEN_SOCKETS_MAX])
{
    const char *pid = getenv("LISTEN_PID");
    const char *count_text = getenv("LISTEN_FDS");
    uint64_t number, count;
    if (pid == NULL || count_text == NULL || number_parse(pid, 1, INT32_MAX, &number) != 0 ||
        (pid_t)number != getpid() || number_parse(count_text, 1, INT32_MAX, &count) != 0) {
        return -ENOENT;
    }
    if (count > LISTEN_SOCKETS_MAX) {
        return -E2BIG;
    }
    for (int i = 0; i < (int)count; i++) {
        int error = adopt_one(LISTEN_FDS_START + i);
        if (error != 0) {
            return error;
        }
        out[i] = (struct listener){
            .descriptor = LISTEN_FDS_START + i,
            .loopback = is_loopback(LISTEN_FDS_START + i),
        };
    }
    return (int)count;
}
