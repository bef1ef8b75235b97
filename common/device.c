#include "common/device.h"

#include "common/link.h"

#include <linux/if_link.h>
#include <stddef.h>
#include <string.h>

/*
 * The tap stands in __netif_receive_skb_core and dev_queue_xmit_nit of the kernel's net/core/dev.c:
 * a packet is seen once for each device that it comes to there. "Measured" is what was seen of one
 * query and one answer (tests/support/devices.py), under Debian 12's kernel 6.1 and under 6.18
 * where that has the device.
 */

enum { ANY = -1 };

#define NO_QUERIES "shows no queries: "

/* By the kind of the master, the first that fits; "" is a driver's own kind of master. */
static const struct device_rule ports[] = {
    /* br_handle_frame, bond_handle_frame, team_handle_frame: a frame starts again on the master;
     * what the master sends is sent once more on the port. Measured 2/2 with both. */
    {"bridge", ANY, DEVICE_LEFT_OUT, false, "its bridge", NULL, NULL},
    {"bond", ANY, DEVICE_LEFT_OUT, false, "its bond", NULL, NULL},
    {"team", ANY, DEVICE_LEFT_OUT, false, "its team", NULL, NULL},
    /* netdev_frame_hook of net/openvswitch: the same through the internal port. From the source. */
    {"openvswitch", ANY, DEVICE_LEFT_OUT, false, "its virtual switch", NULL, NULL},
    /* Hyper-V's netvsc and virtio's net_failover hand on what their second device receives, and are
     * masters without a kind. From the source. */
    {"", ANY, DEVICE_LEFT_OUT, false, "its master", NULL, NULL},
    /* A VRF's port is not left out, the VRF is: see below. A port of any other master, such as hsr
     * or batadv, carries frames of another protocol (PRP, and a switch's ports by DSA, were not
     * tried). */
};

/* By the kind of the device itself, the first that fits. */
static const struct device_rule kinds[] = {
    /* ifb_ri_tasklet: what tc redirected goes on, on its own device. Measured with both 1/2 on
     * egress, 1/1 on ingress. The ifb shows all as leaving. */
    {"ifb", ANY, DEVICE_LEFT_OUT, false, "the interface that it comes from",
     NO_QUERIES "name the interface that tc redirects from", NULL},
    /* vrf_ip_rcv, vrf_finish_direct of drivers/net/vrf.c: while a tap is bound to the VRF, a query
     * shows there once more, as one that leaves, and an answer too. Measured: 0/0 on the VRF and
     * 1/1 on its port; with a tap on the VRF 0/1 there, and 1/2 with both. From the source: where
     * the VRF has a queueing discipline answers show on both. vrf_local_xmit: a query between its
     * own addresses shows as one that leaves alone. Measured 0/1, so neither counts. */
    {"vrf", ANY, DEVICE_HIDDEN, false, "its ports, but for packets between its own addresses",
     NO_QUERIES "name its port", NULL},
    /* ipvlan_l3_rcv: what arrives is the child's only once it is past the tap. Measured 1/2 with
     * both, 0/1 on the child. */
    {"ipvlan", IPVLAN_MODE_L3S, DEVICE_LEFT_OUT, true, "its parent",
     NO_QUERIES "watch its parent, in the network namespace that has it", NULL},
    {"ipvtap", IPVLAN_MODE_L3S, DEVICE_LEFT_OUT, true, "its parent",
     NO_QUERIES "watch its parent, in the network namespace that has it", NULL},
    /* ipvlan_rcv_frame, ipvlan_process_outbound: one address with the parent, which shows all of
     * both directions. Measured 2/2 with both. ipvtap is from the source. */
    {"ipvlan", ANY, DEVICE_LEFT_OUT, true, "its parent", NULL, NULL},
    {"ipvtap", ANY, DEVICE_LEFT_OUT, true, "its parent", NULL, NULL},
    /* In this mode the parent has the child's address and shows all of both directions. Measured
     * 2/2 with both. */
    {"macvlan", MACVLAN_MODE_PASSTHRU, DEVICE_LEFT_OUT, true, "its parent", NULL, NULL},
    {"macvtap", MACVLAN_MODE_PASSTHRU, DEVICE_LEFT_OUT, true, "its parent", NULL, NULL},
    /* macvlan_forward_source: a copy of what comes to the parent's address goes to the child too,
     * to the service as to the tap. Measured 2/1 at that address, 1/1 at the child's. */
    {"macvlan", MACVLAN_MODE_SOURCE, DEVICE_SENDS_TWICE, true, "its parent", NULL,
     "shows once more what comes to its parent's own link-layer address, and the service gets it "
     "twice: name one of them, or take the service's address from the parent"},
    /* macvlan_handle_frame, macvlan_start_xmit: what arrives is another host's on the parent and
     * the child's own on the child; what leaves, leaves both. Measured 1/2 with both. The parent
     * counts what it answers itself. macvtap is from the source. */
    {"macvlan", ANY, DEVICE_SENDS_TWICE, true, "its parent", NULL, NULL},
    {"macvtap", ANY, DEVICE_SENDS_TWICE, true, "its parent", NULL, NULL},
};

/* Loopback shows each packet going out and coming in: the classifier takes one of them. Tunnels
 * show what they carry once, as their parent shows it wrapped up. VLANs show what their parent
 * shows with a tag, which the filter leaves out there. Measured 1/1. */
static const struct device_rule all_others = {"", ANY, DEVICE_COUNTS, false, "", NULL, NULL};

static const struct device_rule *find(const struct device_rule *rules, size_t count,
                                      const char *kind, uint32_t mode)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rules[i].kind, kind) == 0 &&
            (rules[i].mode == ANY || (uint32_t)rules[i].mode == mode)) {
            return &rules[i];
        }
    }
    return NULL;
}

static const struct device_rule *kind_rule(const struct link *link)
{
    const struct device_rule *rule =
        find(kinds, sizeof kinds / sizeof *kinds, link->kind, link->mode);
    return rule != NULL ? rule : &all_others;
}

static bool lacks_parent(const struct device_rule *rule, const struct link *link)
{
    return rule->beside_parent && link->parent == 0;
}

const struct device_rule *device_rule_of(const struct link *link)
{
    const struct device_rule *rule = kind_rule(link);
    return lacks_parent(rule, link) ? &all_others : rule;
}

const struct device_rule *device_port_rule_of(const struct link *link)
{
    return link->master == 0 ? NULL
                             : find(ports, sizeof ports / sizeof *ports, link->master_kind, 0);
}

const char *device_warning(const struct link *link, bool named)
{
    const struct device_rule *rule = kind_rule(link);
    return named || lacks_parent(rule, link) ? rule->alone : rule->beside;
}
