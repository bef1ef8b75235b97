/*
 * What the tap on all interfaces sees of each kind of device, and what is left out so that a packet
 * counts once in each direction. The table is in device.c.
 */
#ifndef COMMON_DEVICE_H
#define COMMON_DEVICE_H

#include <stdbool.h>

struct link;

enum device_share {
    DEVICE_COUNTS,   /* what it shows counts here, and nowhere else */
    DEVICE_LEFT_OUT, /* another interface shows the same */
    DEVICE_HIDDEN, /* left out: it shows the same once more, but only while another tap is on it */
    /* It shows its own packets, and its parent shows those that leave once more, under the child's
     * link-layer address. */
    DEVICE_SENDS_TWICE,
};

static inline bool device_is_left_out(enum device_share share)
{
    return share == DEVICE_LEFT_OUT || share == DEVICE_HIDDEN;
}

struct device_rule {
    const char *kind; /* of the device, or of its master */
    int mode;         /* of the device; -1: any */
    enum device_share share;
    bool beside_parent; /* only where what it stands on is in this network namespace */
    const char *where;  /* for the log: what shows the same packets */
    const char *alone;  /* for the log: what is wrong where it is watched by itself, or NULL */
    const char *beside; /* and what with all other interfaces of its namespace, or NULL */
};

/* The rule for an interface by its own kind, never NULL. */
const struct device_rule *device_rule_of(const struct link *link);

/* The rule for it as a port of its master, which goes before that; NULL: it has none. */
const struct device_rule *device_port_rule_of(const struct link *link);

/*
 * What cannot be right where the interface is watched: by its name, or with all others. The text
 * says what the interface does and tells the remedy. NULL: nothing.
 */
const char *device_warning(const struct link *link, bool named);

#endif
