/*
 * A network interface, as the kernel tells of it: RTM_NEWLINK of rtnetlink(7), linux/if_link.h. Of
 * what it says, what decides whether the interface shows packets that another one shows too.
 */
#ifndef COMMON_LINK_H
#define COMMON_LINK_H

#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    LINK_KIND_SIZE = 16, /* bytes of a kind's name and its end; the kernel's longest has 13 */
    LINK_ADDRESS_OCTETS = 6,
};

struct link {
    uint8_t family;                   /* AF_UNSPEC; else it tells of a port, as its bridge does */
    int index;                        /* 1 or more */
    char name[IF_NAMESIZE];           /* not empty */
    char kind[LINK_KIND_SIZE];        /* such as "macvlan"; empty: a driver's own */
    int master;                       /* index of what it is a port of; 0: none */
    char master_kind[LINK_KIND_SIZE]; /* empty: none, or a driver's own */
    int parent;                       /* index of what it stands on in this network namespace; 0:
                                         nothing, or something in another one */
    uint32_t mode;                    /* enum macvlan_mode of macvlan and macvtap, enum
                                         ipvlan_mode of ipvlan and ipvtap */
    bool is_whole;                    /* else all but index and name may be missing: drivers of
                                         wireless networks tell of theirs alone so */
    bool has_address;                 /* of Ethernet */
    uint8_t address[LINK_ADDRESS_OCTETS];
};

/*
 * Reads an RTM_NEWLINK or RTM_DELLINK message that NLMSG_OK holds for. Returns 0, or -EBADMSG for
 * one without an index or a name, or with a text that does not fit. `*out` is untouched on failure.
 */
int link_parse(const struct nlmsghdr *header, struct link *out);

#endif
