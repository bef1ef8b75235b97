#include "common/rtnetlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* More than one part of a list: the kernel fills at most 32 KiB. */
    ANSWER_BYTES = 64 * 1024,
    /* The number of RTM_NEW... is by so much lower than that of RTM_GET... */
    REQUEST_TO_ANSWER = 2,
};

_Static_assert(RTM_GETLINK - RTM_NEWLINK == REQUEST_TO_ANSWER, "as with each kind");
_Static_assert(RTM_GETNEIGH - RTM_NEWNEIGH == REQUEST_TO_ANSWER, "as with each kind");

/* Returns 1 when it was the last part, 0 when more follow, -errno. */
static int take_part(uint8_t *answer, size_t length, uint16_t type, rtnetlink_take *take,
                     void *owner)
{
    for (struct nlmsghdr *header = (struct nlmsghdr *)(void *)answer;
         header != NULL && NLMSG_OK(header, length); header = rtnetlink_next(header, &length)) {
        if (header->nlmsg_type == NLMSG_DONE) {
            return 1;
        }
        if (header->nlmsg_type == NLMSG_ERROR) {
            return -EIO;
        }
        int error = header->nlmsg_type == type ? take(owner, header) : 0;
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int take_parts(int descriptor, uint16_t type, rtnetlink_take *take, void *owner)
{
    static _Alignas(struct nlmsghdr) uint8_t answer[ANSWER_BYTES];
    for (;;) {
        ssize_t length = recv(descriptor, answer, sizeof answer, 0);
        if (length < 0) {
            return -errno;
        }
        int result = take_part(answer, (size_t)length, type, take, owner);
        if (result != 0) {
            return result < 0 ? result : 0;
        }
    }
}

static int ask(int descriptor, uint16_t type, uint8_t family)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg message; /* its first octet is the family, as that of struct ndmsg */
    } request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
                   .nlmsg_type = type,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .message = {.ifi_family = family},
    };
    return send(descriptor, &request, request.header.nlmsg_len, 0) < 0 ? -errno : 0;
}

int rtnetlink_dump(uint16_t request, uint8_t family, rtnetlink_take *take, void *owner)
{
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) {
        return -errno;
    }
    int error = ask(descriptor, request, family);
    if (error == 0) {
        error = take_parts(descriptor, request - REQUEST_TO_ANSWER, take, owner);
    }
    close(descriptor);
    return error;
}
