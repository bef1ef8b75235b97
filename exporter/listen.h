/* The sockets that scrapes come to: opened here, or passed by the service manager. */
#ifndef EXPORTER_LISTEN_H
#define EXPORTER_LISTEN_H

#include "common/address.h"

#include <stdbool.h>

enum {
    LISTEN_SOCKETS_MAX = 8, /* an address of each family and some more */
    /* Connections that wait to be taken, as many as the kernel holds by default
     * (net.core.somaxconn): a flood's worth of some 100 ms, so that a scrape in its midst need not
     * knock a second time, which it does after a second. */
    LISTEN_BACKLOG = 4096,
};

struct listener {
    int descriptor; /* close-on-exec and non-blocking */
    bool loopback;  /* bound to a loopback address alone */
};

/* Opens a listening socket. Returns 0 or -errno. */
int listen_open(const struct address *address, struct listener *out);

/*
 * Takes over the sockets that the service manager passed (sd_listen_fds(3)): descriptors from 3 on,
 * each a listening stream socket. Returns how many, or -errno:
 * -ENOENT when none was passed to this process, -E2BIG above LISTEN_SOCKETS_MAX, -EINVAL for one
 * that does not listen.
 */
int listen_adopt(struct listener out[LISTEN_SOCKETS_MAX]);

#endif
