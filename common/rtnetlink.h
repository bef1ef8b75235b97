/* Lists of this network namespace, as rtnetlink(7) gives them. */
#ifndef COMMON_RTNETLINK_H
#define COMMON_RTNETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/* Takes one message of a list. Returns 0 to go on, or -errno. (The macros of linux/rtnetlink.h want
 * pointers that are not const.) */
typedef int rtnetlink_take(void *owner, struct nlmsghdr *header);

/*
 * Asks for all of a kind, and has each taken: `request` is RTM_GETLINK, or RTM_GETNEIGH of the
 * family PF_BRIDGE. Returns 0, or -errno: what the kernel or `take` said.
 */
int rtnetlink_dump(uint16_t request, uint8_t family, rtnetlink_take *take, void *owner);

/*
 * The message behind one for which NLMSG_OK holds with this length; `*length` becomes what is left.
 * NULL at the end. (NLMSG_NEXT lets the length wrap behind a message that is not filled up.)
 */
static inline struct nlmsghdr *rtnetlink_next(struct nlmsghdr *header, size_t *length)
{
    size_t step = NLMSG_ALIGN(header->nlmsg_len);
    if (step >= *length) {
        return NULL;
    }
    *length -= step;
    return (struct nlmsghdr *)(void *)((uint8_t *)header + step);
}

#endif
