/* Lists of this network namespace, as rtnetlink(7) gives them. */
#ifndef COMMON_RTNETLINK_H
#define COMMON_RTNETLINK_H

#include <linux/netlink.h>
#include <stdint.h>

/* Takes one message of a list. Returns 0 to go on, or -errno. (The macros of linux/rtnetlink.h want
 * pointers that are not const.) */
typedef int rtnetlink_take(void *owner, struct nlmsghdr *header);

/*
 * Asks for all of a kind, and has each taken: `request` is RTM_GETLINK, or RTM_GETNEIGH of the
 * family PF_BRIDGE. Returns 0, or -errno: what the kernel or `take` said.
 */
int rtnetlink_dump(uint16_t request, uint8_t family, rtnetlink_take *take, void *owner);

#endif
