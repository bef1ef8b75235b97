#include "capture/interface.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* More than one part of a dump: the kernel fills at most 32 KiB. */
    ANSWER_BYTES = 64 * 1024,
};

static int request_links(int descriptor)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
                   .nlmsg_type = RTM_GETLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .link = {.ifi_family = AF_UNSPEC},
    };
    ssize_t sent = send(descriptor, &request, request.header.nlmsg_len, 0);
    return sent < 0 ? -errno : 0;
}

static int note_link(struct nlmsghdr *header, struct interface_list *list)
{
    struct ifinfomsg *link = NLMSG_DATA(header);
    size_t length = header->nlmsg_len - NLMSG_LENGTH(sizeof *link);
    const char *name = "";
    size_t name_length = 0;
    bool has_master = false;
    for (struct rtattr *attribute = IFLA_RTA(link); RTA_OK(attribute, length);
         attribute = RTA_NEXT(attribute, length)) {
        if (attribute->rta_type == IFLA_IFNAME) {
            name = RTA_DATA(attribute);
            name_length = strnlen(name, RTA_PAYLOAD(attribute));
        }
        has_master = has_master || attribute->rta_type == IFLA_MASTER;
    }
    if (!has_master) {
        return 0;
    }
    if (list->count == FILTER_EXCLUDED_MAX || name_length >= IF_NAMESIZE) {
        return -E2BIG;
    }
    memcpy(list->names[list->count], name, name_length);
    list->names[list->count][name_length] = '\0';
    list->indexes[list->count++] = link->ifi_index;
    return 0;
}

/* Reads one part of the dump. Returns 1 when it was the last, 0 when more follow, -errno. */
static int note_part(uint8_t *answer, size_t length, struct interface_list *list)
{
    for (struct nlmsghdr *header = (struct nlmsghdr *)(void *)answer; NLMSG_OK(header, length);
         header = NLMSG_NEXT(header, length)) {
        if (header->nlmsg_type == NLMSG_DONE) {
            return 1;
        }
        if (header->nlmsg_type == NLMSG_ERROR) {
            return -EIO;
        }
        int error = header->nlmsg_type == RTM_NEWLINK ? note_link(header, list) : 0;
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int read_dump(int descriptor, struct interface_list *list)
{
    static _Alignas(struct nlmsghdr) uint8_t answer[ANSWER_BYTES];
    for (;;) {
        ssize_t length = recv(descriptor, answer, sizeof answer, 0);
        if (length < 0) {
            return -errno;
        }
        int result = note_part(answer, (size_t)length, list);
        if (result != 0) {
            return result < 0 ? result : 0;
        }
    }
}

int interface_list_subordinate(struct interface_list *out)
{
    struct interface_list list = {.count = 0};
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) {
        return -errno;
    }
    int error = request_links(descriptor);
    if (error == 0) {
        error = read_dump(descriptor, &list);
    }
    close(descriptor);
    if (error == 0) {
        *out = list;
    }
    return error;
}
