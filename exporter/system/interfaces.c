#include "exporter/system/interfaces.h"

#include "common/device.h"
#include "common/link.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

static struct interface *find(struct interfaces *interfaces, int index)
{
    for (unsigned i = 0; i < interfaces->count; i++) {
        if (interfaces->entries[i].index == index) {
            return &interfaces->entries[i];
        }
    }
    return NULL;
}

static bool waits(const struct interface *interface)
{
    return interface->change != INTERFACE_UNCHANGED && !interface->told;
}

/* The last one takes its place. */
static void forget(struct interfaces *interfaces, struct interface *interface)
{
    interfaces->waiting -= waits(interface);
    interfaces->born -= !interface->known;
    *interface = interfaces->entries[--interfaces->count];
}

static const struct device_rule *rule_of(const struct link *link)
{
    const struct device_rule *port = device_port_rule_of(link);
    return port != NULL ? port : device_rule_of(link);
}

/* What shows the same packets as the interface by its own kind, or NULL. A master does not matter:
 * of one that was not there at the start all counts, port or not. */
static const char *doubled_by(const struct link *link)
{
    const struct device_rule *rule = device_rule_of(link);
    const bool doubled = rule->share == DEVICE_LEFT_OUT || rule->share == DEVICE_SENDS_TWICE;
    return doubled ? rule->where : NULL;
}

static void note_change(struct interfaces *interfaces, struct interface *interface,
                        enum interface_change change, const struct link *link, uint32_t now)
{
    if (interface->change == change) {
        return;
    }
    interfaces->waiting -= waits(interface);
    interface->change = change;
    interface->second = now;
    interfaces->waiting += waits(interface);
    memcpy(interface->name, link->name, sizeof interface->name);
}

static void note_known(struct interfaces *interfaces, struct interface *interface,
                       const struct link *link, uint32_t now)
{
    const struct device_rule *rule = rule_of(link);
    const bool counts = !device_is_left_out(rule->share);
    interface->shown_by = rule->where;
    note_change(interfaces, interface,
                counts == interface->counted ? INTERFACE_UNCHANGED
                : counts                     ? INTERFACE_MISSED
                                             : INTERFACE_DOUBLED,
                link, now);
}

static void note_born(struct interfaces *interfaces, const struct link *link, uint32_t now)
{
    const char *shown_by = doubled_by(link);
    if (shown_by == NULL || interfaces->too_many || interfaces->born == INTERFACES_BORN_MAX) {
        return;
    }
    interfaces->born++;
    struct interface *interface = &interfaces->entries[interfaces->count++];
    *interface = (struct interface){.index = link->index, .shown_by = shown_by};
    note_change(interfaces, interface, INTERFACE_BORN, link, now);
}

void interfaces_know(struct interfaces *interfaces, const struct link *link)
{
    if (interfaces->count == INTERFACES_MAX) {
        interfaces->too_many = true;
        return;
    }
    interfaces->entries[interfaces->count++] = (struct interface){
        .index = link->index,
        .known = true,
        .counted = !device_is_left_out(rule_of(link)->share),
    };
}

void interfaces_take(struct interfaces *interfaces, const struct nlmsghdr *header, uint32_t now)
{
    struct link link;
    if ((header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK) ||
        link_parse(header, &link) != 0 || link.family != AF_UNSPEC) {
        return;
    }
    struct interface *interface = find(interfaces, link.index);
    if (header->nlmsg_type == RTM_DELLINK) {
        if (interface != NULL) {
            forget(interfaces, interface);
        }
    } else if (!link.is_whole) {
        return;
    } else if (interface == NULL) {
        note_born(interfaces, &link, now);
    } else if (interface->known) {
        note_known(interfaces, interface, &link, now);
    }
}

const struct interface *interfaces_tell(struct interfaces *interfaces, uint32_t now)
{
    for (unsigned i = 0; interfaces->waiting > 0 && i < interfaces->count; i++) {
        struct interface *interface = &interfaces->entries[i];
        if (waits(interface) && now >= interface->second + INTERFACES_GRACE_SECONDS) {
            interfaces->waiting--;
            interface->told = true;
            return interface;
        }
    }
    return NULL;
}

int interfaces_wait(const struct interfaces *interfaces, struct timer_now now)
{
    int least = -1;
    for (unsigned i = 0; interfaces->waiting > 0 && i < interfaces->count; i++) {
        const struct interface *interface = &interfaces->entries[i];
        if (waits(interface)) {
            int wait = timer_until(now, interface->second + INTERFACES_GRACE_SECONDS);
            least = least < 0 || wait < least ? wait : least;
        }
    }
    return least;
}
