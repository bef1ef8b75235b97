/*
 * The socket on which the kernel tells of changed network interfaces: rtnetlink(7), group link. It
 * takes in nothing else, whatever is asked on it: a locked filter in the kernel drops the rest.
 */
#ifndef EXPORTER_SYSTEM_LINK_SOCKET_H
#define EXPORTER_SYSTEM_LINK_SOCKET_H

#include <stdint.h>

struct nlmsghdr;

/* Opens it, non-blocking. Returns the descriptor or -errno. */
int link_socket_open(void);

/*
 * Reads what has come at once, with one call of read(2), and has each message taken. Returns 0,
 * -EAGAIN when nothing waits, -EINTR, -ENOBUFS when messages were lost, or another -errno.
 */
int link_socket_read(int descriptor,
                     void (*take)(void *owner, const struct nlmsghdr *header, uint32_t now),
                     void *owner, uint32_t now);

#endif
