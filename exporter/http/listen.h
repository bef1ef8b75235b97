/* The sockets that scrapes come to: opened here, or passed by the service manager. */
#ifndef EXPORTER_HTTP_LISTEN_H
#define EXPORTER_HTTP_LISTEN_H

#include "common/address.h"

#include <stdbool.h>

enum {
    LISTEN_SOCKETS_MAX = ADDRESSES_MAX,
    /* The listen queue, as long as the kernel allows by default (net.core.somaxconn). It holds some
     * 100 ms of a flood, so that a scrape need not retry, which it does after a second. */
    LISTEN_BACKLOG = 4096,
    /* The mode bits that a socket file does not get. Connecting needs write permission: its user
     * and group have it, for example a reverse proxy's group. */
    LISTEN_PATH_UMASK = 0117,
};

struct listener {
    int descriptor; /* close-on-exec and non-blocking */
    bool loopback;  /* bound only to a loopback address */
};

/*
 * Opens a listening socket. The IPv6 wildcard address accepts IPv4 as well.
 *
 * A path is created as a file of mode 0660. A socket file without a listener is replaced: the
 * exporter leaves one behind, since its sandbox cannot remove files. Returns 0 or -errno:
 * -EADDRINUSE when another process listens there, -EEXIST when another kind of file has that path.
 */
int listen_open(const struct address *address, struct listener *out);

/*
 * Takes over the sockets that the service manager passed (sd_listen_fds(3)): descriptors from 3 on,
 * each a listening stream socket of an internet or the unix family. Returns how many, or -errno:
 * -ENOENT when none was passed to this process, -E2BIG above LISTEN_SOCKETS_MAX, -EINVAL for one
 * that does not listen or is of another kind.
 */
int listen_adopt(struct listener out[LISTEN_SOCKETS_MAX]);

#endif
