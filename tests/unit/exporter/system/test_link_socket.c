/* What the socket takes in, whatever is asked on it. */
#include "exporter/system/link_socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

static int descriptor;
static unsigned links;

static void count(void *owner, const struct nlmsghdr *header, uint32_t now)
{
    assert_ptr_equal(owner, &links);
    assert_int_equal(now, 7);
    links += header->nlmsg_type == RTM_NEWLINK;
    assert_true(header->nlmsg_type == RTM_NEWLINK || header->nlmsg_type == NLMSG_DONE);
}

/* How many links come in answer. The kernel puts a list's first part there before send(2) returns.
 * On a new socket each, since a list that is dropped is never done, and keeps others from being
 * asked for. */
static unsigned answers_to(uint16_t type, uint8_t family)
{
    const struct {
        struct nlmsghdr header;
        struct ifinfomsg message;
    } request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = type,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .message = {.ifi_family = family},
    };
    int error;
    close(descriptor);
    descriptor = link_socket_open();
    assert_true(descriptor >= 0);
    links = 0;
    /* As a reply to a scrape is sent, which the syscall policy allows. */
    assert_int_equal(send(descriptor, &request, sizeof request, MSG_NOSIGNAL), sizeof request);
    do {
        error = link_socket_read(descriptor, count, &links, 7);
    } while (error == 0);
    assert_int_equal(error, -EAGAIN);
    return links;
}

static int open_one(void **state)
{
    (void)state;
    descriptor = link_socket_open();
    return descriptor >= 0 ? 0 : -1;
}

static int close_it(void **state)
{
    (void)state;
    return close(descriptor);
}

static void test_nothing_waits(void **state)
{
    (void)state;
    assert_int_equal(link_socket_read(descriptor, count, &links, 7), -EAGAIN);
    assert_int_equal(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void test_links_alone(void **state)
{
    (void)state;
    assert_in_range(answers_to(RTM_GETLINK, AF_UNSPEC), 1, 10000);
    assert_int_equal(answers_to(RTM_GETADDR, AF_UNSPEC), 0);
    assert_int_equal(answers_to(RTM_GETROUTE, AF_UNSPEC), 0);
    assert_int_equal(answers_to(RTM_GETNEIGH, AF_UNSPEC), 0);
    assert_int_equal(answers_to(RTM_GETRULE, AF_UNSPEC), 0);
    /* What IPv6 and bridges have to tell of interfaces. */
    assert_int_equal(answers_to(RTM_GETLINK, AF_INET6), 0);
    assert_int_equal(answers_to(RTM_GETLINK, AF_BRIDGE), 0);
}

static void test_the_filter_stays(void **state)
{
    struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    const struct sock_fprog program = {.len = 1, .filter = &all};
    const int off = 0;
    (void)state;
    assert_int_equal(setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program),
                     -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(setsockopt(descriptor, SOL_SOCKET, SO_DETACH_FILTER, &off, sizeof off), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(setsockopt(descriptor, SOL_SOCKET, SO_LOCK_FILTER, &off, sizeof off), -1);
    assert_int_equal(errno, EPERM);
}

/* More than it holds. */
static void test_lost_messages(void **state)
{
    const int bytes = 0; /* the least there is */
    (void)state;
    assert_int_equal(setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
    int error = 0;
    for (unsigned i = 0; error == 0 && i < 100; i++) {
        const struct {
            struct nlmsghdr header;
            struct ifinfomsg message;
        } request = {
            .header = {.nlmsg_len = sizeof request,
                       .nlmsg_type = RTM_GETLINK,
                       .nlmsg_flags = NLM_F_REQUEST},
            .message = {.ifi_index = 1},
        };
        error = send(descriptor, &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno
                                                                                            : 0;
    }
    assert_int_equal(link_socket_read(descriptor, count, &links, 7), -ENOBUFS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_waits, open_one, close_it),
        cmocka_unit_test_setup_teardown(test_links_alone, open_one, close_it),
        cmocka_unit_test_setup_teardown(test_the_filter_stays, open_one, close_it),
        cmocka_unit_test_setup_teardown(test_lost_messages, open_one, close_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
