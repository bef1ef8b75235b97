/* The host's network interfaces, as rtnetlink(7) lists them for this network namespace. */
#ifndef CAPTURE_INTERFACE_H
#define CAPTURE_INTERFACE_H

#include "capture/filter.h"

#include <net/if.h>

struct interface_list {
    unsigned count;
    int indexes[FILTER_EXCLUDED_MAX];
    char names[FILTER_EXCLUDED_MAX][IF_NAMESIZE];
};

/*
 * The interfaces that have a master: ports of a bridge, a bond, a team or a VRF. What arrives on
 * one arrives on its master too. Uses rtnetlink, not sysfs: a sysfs mounted for another network
 * namespace lists that namespace's interfaces. Returns 0; -E2BIG when there are more than
 * FILTER_EXCLUDED_MAX; -errno. `*out` is untouched on failure.
 */
int interface_list_subordinate(struct interface_list *out);

#endif
