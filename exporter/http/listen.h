/* The sockets that scrapes come to: opened here, or passed by the service manager. */
#ifndef EXPORTER_HTTP_LISTEN_H
#define EXPORTER_HTTP_LISTEN_H

#include "common/address.h"

#include <stdbool.h>

enum {
    LISTEN_SOCKETS_MAX = ADDRESSES_MAX,
    /* Connections that wait to be taken, as many as the kernel holds by default
     * (net.core.somaxconn): a flood's worth of some 100 ms, so that a scrape in its midst need not
     * knock a second time, which it does after a second. */
    LISTEN_BACKLOG = 4096,
    /* The modes that a socket's file has not: connecting takes the right to write, which its user
     * and its group have, such as a reverse proxy's. */
    LISTEN_PATH_UMASK = 0117,
};

struct listener {
    int descriptor; /* close-on-exec and non-blocking */
    bool loopback;  /* bound to a loopback address alone */
};

/*
 * Opens a listening socket. An IPv6 address that stands for all takes IPv4 as well.
 *
 * A path is made as a file of mode 0660. A socket's file that nobody listens on any more is
 * replaced: whoever listens there leaves it behind, since the exporter's sandbox can remove
 * nothing. Returns 0 or -errno: -EADDRINUSE when somebody listens there, -EEXIST when another kind
 * of file is in a path's place.
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
