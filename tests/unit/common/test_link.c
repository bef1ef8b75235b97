#include "common/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1024, INDEX = 7, UNKNOWN = 4000 };

/* A message in the making. */
static struct {
    _Alignas(struct nlmsghdr) uint8_t bytes[ROOM];
    size_t length;
} made;

static void begin(int index, unsigned short type)
{
    const struct ifinfomsg message = {.ifi_type = type, .ifi_index = index};
    memset(&made, 0, sizeof made);
    memcpy(made.bytes + NLMSG_LENGTH(0), &message, sizeof message);
    made.length = NLMSG_LENGTH(sizeof message);
}

static size_t put(unsigned type, const void *data, size_t length)
{
    const struct rtattr attribute = {.rta_len = (unsigned short)RTA_LENGTH(length),
                                     .rta_type = (unsigned short)type};
    size_t at = made.length;
    memcpy(made.bytes + at, &attribute, sizeof attribute);
    if (length > 0) {
        memcpy(made.bytes + at + RTA_LENGTH(0), data, length);
    }
    made.length += RTA_SPACE(length);
    return at;
}

static void put_text(unsigned type, const char *text)
{
    put(type, text, strlen(text) + 1);
}

static void put_number(unsigned type, uint32_t number)
{
    put(type, &number, sizeof number);
}

/* The nesting that was begun at `at` ends here. */
static void end(size_t at)
{
    const unsigned short length = (unsigned short)(made.length - at);
    memcpy(made.bytes + at + offsetof(struct rtattr, rta_len), &length, sizeof length);
}

static void put_kind(const char *kind, unsigned flags, uint32_t mode, size_t mode_length)
{
    size_t information = put(IFLA_LINKINFO | flags, NULL, 0);
    /* The data before the kind: the order is the kernel's choice. */
    size_t data = put(IFLA_INFO_DATA | flags, NULL, 0);
    put_number(UNKNOWN, 0xffffffff);
    put_number(0, 0xffffffff);
    put(IFLA_MACVLAN_MODE, &mode, mode_length);
    end(data);
    put_text(IFLA_INFO_KIND, kind);
    put_text(IFLA_INFO_SLAVE_KIND, "bridge");
    end(information);
}

static const uint8_t address[LINK_ADDRESS_OCTETS] = {2, 0, 0, 0, 0, 9};

static void make_whole(unsigned flags)
{
    begin(INDEX, ARPHRD_ETHER);
    put_text(IFLA_IFNAME, "child");
    put_number(UNKNOWN, 1);
    put_number(IFLA_LINK, 3);
    put_number(IFLA_MASTER, 4);
    put(IFLA_ADDRESS, address, sizeof address);
    put_kind("macvlan", flags, MACVLAN_MODE_VEPA, sizeof(uint32_t));
}

/* Parses the first `length` bytes, which lie in a block of that size. */
static int parse_first(size_t length, struct link *out)
{
    struct nlmsghdr *header = malloc(length);
    assert_non_null(header);
    memcpy(header, made.bytes, length);
    header->nlmsg_len = (uint32_t)length;
    header->nlmsg_type = RTM_NEWLINK;
    int error = link_parse(header, out);
    free(header);
    return error;
}

static struct link parse(void)
{
    struct link link;
    memset(&link, 0xa5, sizeof link);
    assert_int_equal(parse_first(made.length, &link), 0);
    return link;
}

static void assert_wrong(void)
{
    struct link link, before;
    memset(&link, 0xa5, sizeof link);
    before = link;
    assert_int_equal(parse_first(made.length, &link), -EBADMSG);
    assert_memory_equal(&link, &before, sizeof link);
}

static void assert_whole(const struct link *link)
{
    assert_int_equal(link->index, INDEX);
    assert_string_equal(link->name, "child");
    assert_string_equal(link->kind, "macvlan");
    assert_string_equal(link->master_kind, "bridge");
    assert_int_equal(link->master, 4);
    assert_int_equal(link->parent, 3);
    assert_int_equal(link->mode, MACVLAN_MODE_VEPA);
    assert_true(link->has_address);
    assert_memory_equal(link->address, address, sizeof address);
}

static void test_whole(void **state)
{
    (void)state;
    const unsigned flags[] = {0, NLA_F_NESTED, NLA_F_NESTED | NLA_F_NET_BYTEORDER};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        make_whole(flags[i]);
        struct link link = parse();
        assert_whole(&link);
    }
}

/* Cut anywhere it reads no byte past the end (the sanitizers tell), and tells what is there. */
static void test_cut(void **state)
{
    (void)state;
    make_whole(0);
    const size_t name_end = NLMSG_LENGTH(sizeof(struct ifinfomsg)) + RTA_LENGTH(sizeof "child");
    for (size_t length = sizeof(struct nlmsghdr); length < made.length; length++) {
        struct link link;
        int error = parse_first(length, &link);
        assert_int_equal(error, length < name_end ? -EBADMSG : 0);
        if (error == 0) {
            assert_int_equal(link.index, INDEX);
            assert_string_equal(link.name, "child");
            assert_true(link.parent == 0 || link.parent == 3);
            assert_true(link.mode == 0); /* the nesting that is cut is not taken */
        }
    }
}

static void test_modes(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        uint32_t mode;
        size_t length;
        uint32_t expected;
    } rows[] = {
        {"macvlan", MACVLAN_MODE_PASSTHRU, 4, MACVLAN_MODE_PASSTHRU},
        {"macvtap", MACVLAN_MODE_SOURCE, 4, MACVLAN_MODE_SOURCE},
        {"ipvlan", IPVLAN_MODE_L3S, 2, IPVLAN_MODE_L3S},
        {"ipvtap", IPVLAN_MODE_L3, 2, IPVLAN_MODE_L3},
        {"macvlan", MACVLAN_MODE_PASSTHRU, 1, 0}, /* too short */
        {"macvlan", MACVLAN_MODE_PASSTHRU, 0, 0},
        {"vxlan", 5, 4, 0}, /* there the number means something else */
        {"vlan", 5, 2, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(INDEX, ARPHRD_ETHER);
        put_text(IFLA_IFNAME, "child");
        put_kind(rows[i].kind, 0, rows[i].mode, rows[i].length);
        struct link link = parse();
        assert_string_equal(link.kind, rows[i].kind);
        assert_int_equal(link.mode, rows[i].expected);
    }
}

static void test_parent_elsewhere(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        begin(INDEX, ARPHRD_ETHER);
        put_text(IFLA_IFNAME, "child");
        put_number(order ? IFLA_LINK : IFLA_LINK_NETNSID, order ? 3 : 0);
        put_number(order ? IFLA_LINK_NETNSID : IFLA_LINK, order ? 0 : 3);
        assert_int_equal(parse().parent, 0);
    }
}

static void test_not_ethernet(void **state)
{
    (void)state;
    const uint8_t long_address[20] = {1, 2, 3};
    begin(INDEX, ARPHRD_INFINIBAND);
    put_text(IFLA_IFNAME, "ib0");
    put(IFLA_ADDRESS, long_address, sizeof long_address);
    struct link link = parse();
    assert_false(link.has_address);

    begin(INDEX, ARPHRD_ETHER);
    put_text(IFLA_IFNAME, "short");
    put(IFLA_ADDRESS, address, sizeof address - 1);
    link = parse();
    assert_memory_equal(link.address, ((uint8_t[LINK_ADDRESS_OCTETS]){0}), LINK_ADDRESS_OCTETS);
}

static void test_nothing_but_a_name(void **state)
{
    (void)state;
    begin(INDEX, ARPHRD_ETHER);
    put(IFLA_IFNAME, "eth0", 4); /* without the zero */
    struct link link = parse();
    assert_string_equal(link.name, "eth0");
    assert_string_equal(link.kind, "");
    assert_string_equal(link.master_kind, "");
    assert_int_equal(link.master, 0);
    assert_int_equal(link.parent, 0);
}

static void test_lengths_of_names(void **state)
{
    (void)state;
    begin(INDEX, ARPHRD_ETHER);
    put_text(IFLA_IFNAME, "a");
    assert_string_equal(parse().name, "a");
    begin(INDEX, ARPHRD_ETHER);
    put_text(IFLA_IFNAME, "a-name-of-fifte");
    assert_string_equal(parse().name, "a-name-of-fifte");
    begin(INDEX, ARPHRD_ETHER);
    put_text(IFLA_IFNAME, "a-name-of-sixtee");
    assert_wrong();

    begin(INDEX, ARPHRD_ETHER);
    put_text(IFLA_IFNAME, "child");
    put_kind("a-kind-of-fifte", 0, 0, 0);
    assert_string_equal(parse().kind, "a-kind-of-fifte");
    begin(INDEX, ARPHRD_ETHER);
    put_text(IFLA_IFNAME, "child");
    put_kind("a-kind-of-sixtee", 0, 0, 0);
    assert_wrong();
}

static void test_without_name_or_index(void **state)
{
    (void)state;
    begin(INDEX, ARPHRD_ETHER);
    assert_wrong();
    put_text(IFLA_IFNAME, "");
    assert_wrong();
    for (int index = -1; index <= 0; index++) {
        begin(index, ARPHRD_ETHER);
        put_text(IFLA_IFNAME, "child");
        assert_wrong();
    }
}

/* An attribute whose length is short of its own header, or past the end, ends the reading. */
static void test_wrong_lengths(void **state)
{
    (void)state;
    const unsigned short lengths[] = {0, 1, 3, 200, 0xffff};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        begin(INDEX, ARPHRD_ETHER);
        put_text(IFLA_IFNAME, "child");
        size_t at = put(UNKNOWN, NULL, 0);
        put_number(IFLA_MASTER, 4);
        memcpy(made.bytes + at, &lengths[i], sizeof lengths[i]);
        assert_int_equal(parse().master, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_parent_elsewhere),
        cmocka_unit_test(test_not_ethernet),
        cmocka_unit_test(test_nothing_but_a_name),
        cmocka_unit_test(test_lengths_of_names),
        cmocka_unit_test(test_without_name_or_index),
        cmocka_unit_test(test_wrong_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
