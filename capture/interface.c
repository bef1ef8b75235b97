#include "capture/interface.h"

#include "common/device.h"
#include "common/link.h"
#include "common/options.h"
#include "common/rtnetlink.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* What is read, and of which interface: 0: of all. */
struct reading {
    int named;
    struct interface_list list;
};

/* The number of a station, or that of stations when it is none of them. */
static unsigned find_station(const struct interface_list *list, int index, const uint8_t *address)
{
    unsigned i = 0;
    while (i < list->station_count &&
           (list->stations[i].index != index ||
            memcmp(list->stations[i].address, address, sizeof list->stations[i].address) != 0)) {
        i++;
    }
    return i;
}

static void add_station(struct interface_list *list, int index, const uint8_t *address,
                        bool elsewhere)
{
    unsigned number = find_station(list, index, address);
    if (number < list->station_count) {
        return;
    }
    if (number == FILTER_STATIONS_MAX) {
        list->stations_too_many = true;
        return;
    }
    list->elsewhere[number] = elsewhere;
    list->stations[number].index = index;
    memcpy(list->stations[number].address, address, sizeof list->stations[number].address);
    list->station_count++;
}

static bool is_left_out(const struct interface_list *list, int index)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (list->indexes[i] == index) {
            return true;
        }
    }
    return false;
}

static int leave_out(struct interface_list *list, int index, const char *shown_by)
{
    if (list->count == FILTER_EXCLUDED_MAX) {
        return -E2BIG;
    }
    list->shown_by[list->count] = shown_by;
    list->indexes[list->count++] = index;
    return 0;
}

static void add_warning(struct interface_list *list, int index, const char *warning)
{
    if (warning != NULL && list->warning_count < INTERFACE_WARNINGS_MAX) {
        list->warned[list->warning_count] = index;
        list->warnings[list->warning_count++] = warning;
    }
}

static int note_port(const struct link *link, const struct device_rule *own,
                     const struct device_rule *port, struct interface_list *list)
{
    int error = leave_out(list, link->index, port->where);
    /* Its parent, which would count for it, shows what its master shows. */
    if (error == 0 && own->share == DEVICE_LEFT_OUT && own->beside_parent) {
        error = leave_out(list, link->parent, port->where);
    }
    return error;
}

static int note_link(void *owner, struct nlmsghdr *header)
{
    struct reading *reading = owner;
    struct interface_list *list = &reading->list;
    struct link link;
    if (link_parse(header, &link) != 0) {
        return 0; /* one that cannot be told counts */
    }
    const struct device_rule *own = device_rule_of(&link);
    const struct device_rule *port = device_port_rule_of(&link);
    if (own->share == DEVICE_SENDS_TWICE && link.has_address) {
        add_station(list, link.parent, link.address, false);
    }
    if (port != NULL) {
        return note_port(&link, own, port, list);
    }
    add_warning(list, link.index, device_warning(&link, false));
    return device_is_left_out(own->share) ? leave_out(list, link.index, own->where) : 0;
}

static int note_named(void *owner, struct nlmsghdr *header)
{
    struct reading *reading = owner;
    struct link link;
    if (link_parse(header, &link) == 0 && link.index == reading->named) {
        add_warning(&reading->list, link.index, device_warning(&link, true));
    }
    return 0;
}

/* The last one takes its place. */
static void drop_station(struct interface_list *list, unsigned number)
{
    list->station_count--;
    list->stations[number] = list->stations[list->station_count];
    list->elsewhere[number] = list->elsewhere[list->station_count];
}

/* Of the stations that neighbours told of, those with this link's address are here. What a device
 * stands on tells of them too; and of its own address, where a macsec on it has that as well, which
 * is no station. */
static int note_own(void *owner, struct nlmsghdr *header)
{
    struct reading *reading = owner;
    struct interface_list *list = &reading->list;
    struct link link;
    if (link_parse(header, &link) != 0 || !link.has_address) {
        return 0;
    }
    for (unsigned i = list->station_count; i > 0; i--) {
        const struct filter_station *station = &list->stations[i - 1];
        if (memcmp(station->address, link.address, sizeof link.address) != 0) {
            continue;
        }
        if (station->index == link.index) {
            drop_station(list, i - 1);
        } else {
            list->elsewhere[i - 1] = false;
        }
    }
    return 0;
}

/* The link-layer address of a neighbour whose attributes take `length` octets; NULL: it has none,
 * or it is a tunnel's remote station, which sends nothing out here. */
static const uint8_t *neighbour_address(struct rtattr *attribute, size_t length)
{
    const uint8_t *address = NULL;
    while (RTA_OK(attribute, length)) {
        if (attribute->rta_type == NDA_DST || attribute->rta_type == NDA_NH_ID) {
            return NULL;
        }
        if (attribute->rta_type == NDA_LLADDR && RTA_PAYLOAD(attribute) == LINK_ADDRESS_OCTETS) {
            address = RTA_DATA(attribute);
        }
        size_t step = RTA_ALIGN(attribute->rta_len);
        if (step >= length) { /* the last need not be filled up */
            break;
        }
        length -= step;
        attribute = (struct rtattr *)(void *)((uint8_t *)attribute + step);
    }
    return address;
}

/*
 * A link-layer address that an interface takes besides its own, in the list that `bridge fdb` shows
 * as "self permanent": that of a station behind it, such as a macvlan in another network namespace.
 */
static int note_neighbour(void *owner, struct nlmsghdr *header)
{
    struct reading *reading = owner;
    struct ndmsg message;
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof message)) {
        return 0;
    }
    memcpy(&message, NLMSG_DATA(header), sizeof message);
    if (message.ndm_flags != NTF_SELF || (message.ndm_state & NUD_PERMANENT) == 0) {
        return 0;
    }
    struct rtattr *first =
        (struct rtattr *)(void *)((uint8_t *)NLMSG_DATA(header) + NLMSG_ALIGN(sizeof message));
    const uint8_t *address =
        neighbour_address(first, header->nlmsg_len - NLMSG_LENGTH(sizeof message));
    bool is_group = address != NULL && (address[0] & 1) != 0;
    /* A bond's ports repeat what the bond has. */
    if (address != NULL && !is_group && !is_left_out(&reading->list, message.ndm_ifindex)) {
        add_station(&reading->list, message.ndm_ifindex, address, true);
    }
    return 0;
}

static int read_all(struct reading *reading)
{
    int error = rtnetlink_dump(RTM_GETLINK, AF_UNSPEC, note_link, reading);
    if (error == 0) {
        error = rtnetlink_dump(RTM_GETNEIGH, PF_BRIDGE, note_neighbour, reading);
    }
    return error != 0 ? error : rtnetlink_dump(RTM_GETLINK, AF_UNSPEC, note_own, reading);
}

int interface_list(int named, struct interface_list *out)
{
    static struct reading reading;
    reading = (struct reading){.named = named};
    int error = named != 0 ? rtnetlink_dump(RTM_GETLINK, AF_UNSPEC, note_named, &reading)
                           : read_all(&reading);
    if (error == 0) {
        *out = reading.list;
    }
    return error;
}

bool interface_tells_station(const struct interface_list *list, unsigned station)
{
    if (!list->elsewhere[station]) {
        return false;
    }
    for (unsigned i = 0; i < station; i++) {
        if (list->elsewhere[i] && list->stations[i].index == list->stations[station].index) {
            return false;
        }
    }
    return true;
}

int interface_filter(const struct options *options, int named, const struct interface_list *list,
                     struct filter_program *out)
{
    const struct filter_options wanted = {
        .ports = options->ports,
        .port_count = options->port_count,
        .every_interface = named == 0,
        .excluded = list->indexes,
        .excluded_count = list->count,
        .stations = list->stations,
        .station_count = list->station_count,
    };
    return filter_make(&wanted, out);
}
