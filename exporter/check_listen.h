/* Whether an address could be listened on, found without binding it. */
#ifndef EXPORTER_CHECK_LISTEN_H
#define EXPORTER_CHECK_LISTEN_H

#include <stdbool.h>

struct address;

enum check_place {
    CHECK_PLACE_FREE,
    CHECK_PLACE_STALE,   /* a socket file without a listener, which a start replaces */
    CHECK_PLACE_IN_USE,  /* by the running service, or by another process */
    CHECK_PLACE_UNKNOWN, /* without /proc */
};

/*
 * Looks at /proc/net/, at the addresses of this host and at the folder of a path, as this user.
 * Connects to nothing and changes nothing. Returns 0 with `*place` set, or as listen_open would:
 * -EADDRNOTAVAIL for an address of another host, -EACCES for a port or a folder that this user may
 * not use, -EEXIST for another kind of file.
 */
int check_listen(const struct address *address, enum check_place *place);

/* Whether one of two listening sockets would keep the other away: the same one, or one port of an
 * address and of all addresses. */
bool check_listen_overlap(const struct address *one, const struct address *other);

/* The same of an address and the line of a listening socket in /proc/net/tcp or tcp6; false for any
 * other line. */
bool check_listen_line_overlaps(const struct address *address, const char *line);

#endif
