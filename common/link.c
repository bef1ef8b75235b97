#include "common/link.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>

/* Of one nesting: the attributes that begin at `attributes` and take `length` bytes. */
struct attributes {
    const struct rtattr *next;
    size_t length;
};

/* The next one, or NULL at the end. */
static const struct rtattr *take(struct attributes *attributes)
{
    const struct rtattr *attribute = attributes->next;
    if (attributes->length < sizeof *attribute || attribute->rta_len < sizeof *attribute ||
        attribute->rta_len > attributes->length) {
        return NULL;
    }
    size_t step = RTA_ALIGN(attribute->rta_len);
    step = step < attributes->length ? step : attributes->length;
    attributes->next = (const struct rtattr *)(const void *)((const uint8_t *)attribute + step);
    attributes->length -= step;
    return attribute;
}

static const void *payload(const struct rtattr *attribute)
{
    return (const uint8_t *)attribute + RTA_LENGTH(0);
}

static size_t payload_length(const struct rtattr *attribute)
{
    return attribute->rta_len - RTA_LENGTH(0);
}

static struct attributes inside(const struct rtattr *attribute)
{
    return (struct attributes){payload(attribute), payload_length(attribute)};
}

/* The kind of an attribute, without the mark that some kernels set on nestings. */
static unsigned type_of(const struct rtattr *attribute)
{
    return (unsigned)(attribute->rta_type & NLA_TYPE_MASK);
}

static int read_text(const struct rtattr *attribute, char *out, size_t size)
{
    size_t length = strnlen(payload(attribute), payload_length(attribute));
    if (length >= size) {
        return -EBADMSG;
    }
    memcpy(out, payload(attribute), length);
    out[length] = '\0';
    return 0;
}

static uint32_t read_number(const struct rtattr *attribute)
{
    uint32_t number = 0;
    uint16_t small;
    if (payload_length(attribute) >= sizeof number) {
        memcpy(&number, payload(attribute), sizeof number);
    } else if (payload_length(attribute) == sizeof small) {
        memcpy(&small, payload(attribute), sizeof small);
        number = small;
    }
    return number;
}

/* The attribute of the data that tells the mode; 0: of this kind none does. */
static unsigned mode_attribute(const char *kind)
{
    if (strcmp(kind, "macvlan") == 0 || strcmp(kind, "macvtap") == 0) {
        return IFLA_MACVLAN_MODE;
    }
    if (strcmp(kind, "ipvlan") == 0 || strcmp(kind, "ipvtap") == 0) {
        return IFLA_IPVLAN_MODE;
    }
    return 0;
}

static void read_data(struct attributes data, unsigned wanted, struct link *link)
{
    for (const struct rtattr *attribute; (attribute = take(&data)) != NULL;) {
        if (type_of(attribute) == wanted) {
            link->mode = read_number(attribute);
        }
    }
}

static int read_information(struct attributes information, struct link *link)
{
    const struct rtattr *data = NULL;
    int error = 0;
    for (const struct rtattr *attribute; error == 0 && (attribute = take(&information)) != NULL;) {
        if (type_of(attribute) == IFLA_INFO_KIND) {
            error = read_text(attribute, link->kind, sizeof link->kind);
        } else if (type_of(attribute) == IFLA_INFO_SLAVE_KIND) {
            error = read_text(attribute, link->master_kind, sizeof link->master_kind);
        } else if (type_of(attribute) == IFLA_INFO_DATA) {
            data = attribute;
        }
    }
    /* The numbers of its attributes mean something else in each kind. */
    unsigned wanted = mode_attribute(link->kind);
    if (data != NULL && wanted != 0) {
        read_data(inside(data), wanted, link);
    }
    return error;
}

static int read_attributes(struct attributes attributes, struct link *link)
{
    bool parent_elsewhere = false;
    int error = 0;
    for (const struct rtattr *attribute; error == 0 && (attribute = take(&attributes)) != NULL;) {
        switch (type_of(attribute)) {
        case IFLA_IFNAME:
            error = read_text(attribute, link->name, sizeof link->name);
            break;
        case IFLA_MASTER:
            link->master = (int)read_number(attribute);
            break;
        case IFLA_LINK:
            link->parent = (int)read_number(attribute);
            break;
        case IFLA_MTU: /* which each whole message has */
            link->is_whole = true;
            break;
        case IFLA_LINK_NETNSID:
            parent_elsewhere = true;
            break;
        case IFLA_LINKINFO:
            error = read_information(inside(attribute), link);
            break;
        case IFLA_ADDRESS:
            if (link->has_address && payload_length(attribute) >= sizeof link->address) {
                memcpy(link->address, payload(attribute), sizeof link->address);
            }
            break;
        default:
            break;
        }
    }
    if (parent_elsewhere) {
        link->parent = 0; /* the index is one of another namespace */
    }
    return error;
}

int link_parse(const struct nlmsghdr *header, struct link *out)
{
    struct ifinfomsg message;
    struct link link = {0};
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof message)) {
        return -EBADMSG;
    }
    const uint8_t *begin = (const uint8_t *)header + NLMSG_LENGTH(0);
    memcpy(&message, begin, sizeof message);
    link.family = message.ifi_family;
    link.index = message.ifi_index;
    link.has_address = message.ifi_type == ARPHRD_ETHER;
    const struct attributes attributes = {
        .next = (const struct rtattr *)(const void *)(begin + NLMSG_ALIGN(sizeof message)),
        .length = header->nlmsg_len - NLMSG_LENGTH(sizeof message),
    };
    int error = read_attributes(attributes, &link);
    if (error != 0 || link.index < 1 || link.name[0] == '\0') {
        return -EBADMSG;
    }
    *out = link;
    return 0;
}
