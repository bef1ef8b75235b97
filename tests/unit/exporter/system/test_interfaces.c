/* What the changes of interfaces come to, by messages put together octet by octet. */
#include "exporter/system/interfaces.h"

#include "common/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    NOW = 1000,
    LATER = NOW + INTERFACES_GRACE_SECONDS,
    BRIDGE = 90, /* an index */
    PARENT = 91,
};

static struct interfaces interfaces;

/* --- Messages. */

static struct {
    struct nlmsghdr header;
    struct ifinfomsg message;
    uint8_t attributes[512];
} sent;

static struct rtattr *open_attribute(unsigned type)
{
    struct rtattr *attribute =
        (struct rtattr *)(void *)((uint8_t *)&sent + NLMSG_ALIGN(sent.header.nlmsg_len));
    attribute->rta_type = (unsigned short)type;
    sent.header.nlmsg_len = NLMSG_ALIGN(sent.header.nlmsg_len) + (uint32_t)sizeof *attribute;
    return attribute;
}

static void close_attribute(struct rtattr *attribute)
{
    attribute->rta_len =
        (unsigned short)((uint8_t *)&sent + sent.header.nlmsg_len - (uint8_t *)attribute);
}

static void put_octets(unsigned type, const void *octets, size_t length)
{
    struct rtattr *attribute = open_attribute(type);
    memcpy(attribute + 1, octets, length);
    sent.header.nlmsg_len += (uint32_t)length;
    close_attribute(attribute);
}

static void put_text(unsigned type, const char *text)
{
    put_octets(type, text, strlen(text) + 1);
}

static void put_index(unsigned type, int index)
{
    put_octets(type, &index, sizeof index);
}

static void begin(uint16_t type, int index, const char *name)
{
    memset(&sent, 0, sizeof sent);
    sent.header.nlmsg_len = NLMSG_LENGTH(sizeof sent.message);
    sent.header.nlmsg_type = type;
    sent.message.ifi_index = index;
    sent.message.ifi_type = ARPHRD_ETHER;
    put_text(IFLA_IFNAME, name);
    put_index(IFLA_MTU, 1500);
}

static void put_kinds(const char *kind, const char *master_kind)
{
    struct rtattr *information = open_attribute(IFLA_LINKINFO);
    if (kind != NULL) {
        put_text(IFLA_INFO_KIND, kind);
    }
    if (master_kind != NULL) {
        put_text(IFLA_INFO_SLAVE_KIND, master_kind);
    }
    close_attribute(information);
}

/* An interface of its own driver, or of a kind, which is a port of a bridge or stands alone. */
static void put_link(int index, const char *kind, bool port)
{
    begin(RTM_NEWLINK, index, "eth0");
    if (port) {
        put_index(IFLA_MASTER, BRIDGE);
    }
    put_kinds(kind, port ? "bridge" : NULL);
}

static void take(uint32_t now)
{
    interfaces_take(&interfaces, &sent.header, now);
}

/* What was put together is there at the start. */
static void know(void)
{
    struct link link;
    assert_int_equal(link_parse(&sent.header, &link), 0);
    interfaces_know(&interfaces, &link);
}

static void remove_link(int index, uint32_t now)
{
    begin(RTM_DELLINK, index, "eth0");
    take(now);
}

static void assert_tells(enum interface_change change, uint32_t now)
{
    const struct interface *interface = interfaces_tell(&interfaces, now);
    assert_non_null(interface);
    assert_int_equal(interface->change, change);
    assert_string_equal(interface->name, "eth0");
    assert_null(interfaces_tell(&interfaces, now));
}

static void assert_never_tells(void)
{
    assert_int_equal(interfaces_wait(&interfaces, (struct timer_now){NOW, 0}), -1);
    assert_null(interfaces_tell(&interfaces, UINT32_MAX));
}

static int start(void **state)
{
    (void)state;
    memset(&interfaces, 0, sizeof interfaces);
    return 0;
}

/* --- Those of the start. */

static void test_a_counted_one_gets_a_master(void **state)
{
    static const struct {
        const char *master_kind;
        bool changes;
        const char *shown_by;
    } masters[] = {
        {"bridge", true, "its bridge"},
        {"bond", true, "its bond"},
        {"team", true, "its team"},
        {"vrf", false, ""},
        {"hsr", false, ""},
    };
    for (size_t i = 0; i < sizeof masters / sizeof *masters; i++) {
        start(state);
        put_link(1, NULL, false);
        know();
        begin(RTM_NEWLINK, 1, "eth0");
        put_index(IFLA_MASTER, BRIDGE);
        put_kinds(NULL, masters[i].master_kind);
        take(NOW);
        if (!masters[i].changes) {
            assert_never_tells();
            continue;
        }
        assert_null(interfaces_tell(&interfaces, LATER - 1));
        const struct interface *interface = interfaces_tell(&interfaces, LATER);
        assert_non_null(interface);
        assert_int_equal(interface->change, INTERFACE_DOUBLED);
        assert_string_equal(interface->shown_by, masters[i].shown_by);
        assert_never_tells();
    }
}

static void test_one_left_out_loses_its_master(void **state)
{
    (void)state;
    put_link(1, "veth", true);
    know();
    put_link(1, "veth", false);
    take(NOW);
    assert_null(interfaces_tell(&interfaces, LATER - 1));
    assert_tells(INTERFACE_MISSED, LATER);
    assert_string_equal(interfaces.entries[0].shown_by, "");
}

static void test_another_master_is_no_change(void **state)
{
    (void)state;
    put_link(1, "veth", true);
    know();
    begin(RTM_NEWLINK, 1, "eth0");
    put_index(IFLA_MASTER, BRIDGE + 1);
    put_kinds("veth", "bond");
    take(NOW);
    assert_never_tells();
}

static void test_a_macvlan_of_the_start(void **state)
{
    (void)state;
    put_link(1, "macvlan", false);
    put_index(IFLA_LINK, PARENT);
    know();
    take(NOW);
    assert_never_tells();
    put_link(1, "macvlan", true);
    put_index(IFLA_LINK, PARENT);
    take(NOW);
    assert_tells(INTERFACE_DOUBLED, LATER);
}

static void test_a_change_that_does_not_last(void **state)
{
    (void)state;
    put_link(1, NULL, false);
    know();
    put_link(1, NULL, true);
    take(NOW);
    put_link(1, NULL, false);
    take(LATER - 1);
    assert_never_tells();
    /* The time begins anew. */
    put_link(1, NULL, true);
    take(LATER);
    assert_null(interfaces_tell(&interfaces, LATER + INTERFACES_GRACE_SECONDS - 1));
    assert_tells(INTERFACE_DOUBLED, LATER + INTERFACES_GRACE_SECONDS);
}

static void test_messages_do_not_put_it_off(void **state)
{
    (void)state;
    put_link(1, NULL, false);
    know();
    put_link(1, NULL, true);
    for (uint32_t now = NOW; now <= LATER; now++) {
        take(now);
    }
    assert_tells(INTERFACE_DOUBLED, LATER);
}

static void test_told_once(void **state)
{
    (void)state;
    put_link(1, NULL, false);
    know();
    for (unsigned i = 0; i < 3; i++) {
        put_link(1, NULL, true);
        take(NOW);
        if (i == 0) {
            assert_tells(INTERFACE_DOUBLED, LATER);
        }
        put_link(1, NULL, false);
        take(NOW);
    }
    assert_never_tells();
}

/* A port loses its master just before it goes. */
static void test_one_is_removed(void **state)
{
    (void)state;
    put_link(1, "veth", true);
    know();
    put_link(2, NULL, true);
    know();
    put_link(1, "veth", false);
    take(NOW);
    remove_link(1, NOW);
    assert_never_tells();
    /* The number comes back, as another's. */
    put_link(1, "veth", false);
    take(NOW);
    put_link(1, "veth", true);
    take(NOW);
    assert_never_tells();
    /* The other one is still known. */
    put_link(2, NULL, false);
    take(NOW);
    assert_tells(INTERFACE_MISSED, LATER);
}

/* A bridge tells of its ports too, under its own family: that a port is one, or is gone. */
static void test_what_a_bridge_tells(void **state)
{
    (void)state;
    put_link(1, "veth", true);
    know();
    begin(RTM_DELLINK, 1, "eth0");
    put_index(IFLA_MASTER, BRIDGE);
    sent.message.ifi_family = AF_BRIDGE;
    take(NOW);
    begin(RTM_NEWLINK, 1, "eth0");
    sent.message.ifi_family = AF_BRIDGE;
    take(NOW);
    assert_never_tells();
    put_link(1, "veth", false);
    take(NOW);
    assert_tells(INTERFACE_MISSED, LATER);
}

/* --- New ones. */

static void test_one_is_born(void **state)
{
    static const struct {
        const char *kind;
        int parent;
        bool port;
        bool changes;
    } born[] = {
        {"ifb", 0, false, true},          {"ifb", 0, true, true},
        {"ipvlan", PARENT, false, true},  {"ipvtap", PARENT, false, true},
        {"macvlan", PARENT, false, true}, {"macvlan", PARENT, true, true},
        {"macvtap", PARENT, false, true}, {"macvlan", 0, false, false},
        {"ipvlan", 0, false, false},      {"veth", PARENT, false, false},
        {"vrf", 0, false, false},         {"veth", 0, true, false},
        {"tun", 0, false, false},         {"tun", 0, true, false},
        {"bridge", 0, false, false},      {"vlan", PARENT, false, false},
        {NULL, 0, false, false},          {NULL, 0, true, false},
    };
    for (size_t i = 0; i < sizeof born / sizeof *born; i++) {
        start(state);
        put_link(7, born[i].kind, born[i].port);
        if (born[i].parent != 0) {
            put_index(IFLA_LINK, born[i].parent);
        }
        take(NOW);
        take(NOW + 1);
        if (born[i].changes) {
            assert_tells(INTERFACE_BORN, LATER);
        }
        assert_never_tells();
    }
}

static void test_one_is_born_in_another_mode(void **state)
{
    const uint32_t mode = MACVLAN_MODE_PASSTHRU;
    (void)state;
    begin(RTM_NEWLINK, 7, "eth0");
    put_index(IFLA_LINK, PARENT);
    struct rtattr *information = open_attribute(IFLA_LINKINFO);
    put_text(IFLA_INFO_KIND, "macvtap");
    struct rtattr *data = open_attribute(IFLA_INFO_DATA);
    put_octets(IFLA_MACVLAN_MODE, &mode, sizeof mode);
    close_attribute(data);
    close_attribute(information);
    take(NOW);
    assert_tells(INTERFACE_BORN, LATER);
}

/* A driver of a wireless network tells of a scan by a message with the name and little else. */
static void test_part_of_a_message(void **state)
{
    (void)state;
    put_link(1, NULL, true);
    know();
    memset(&sent, 0, sizeof sent);
    sent.header.nlmsg_len = NLMSG_LENGTH(sizeof sent.message);
    sent.header.nlmsg_type = RTM_NEWLINK;
    sent.message.ifi_index = 1;
    put_text(IFLA_IFNAME, "eth0");
    put_index(IFLA_WIRELESS, 0);
    take(NOW);
    assert_never_tells();
}

/* As that of a container, which is made outside and given away. */
static void test_one_is_born_and_gone(void **state)
{
    (void)state;
    put_link(7, "ifb", false);
    take(NOW);
    assert_int_equal(interfaces_wait(&interfaces, (struct timer_now){NOW, 0}),
                     INTERFACES_GRACE_SECONDS * 1000);
    remove_link(7, NOW + 1);
    assert_never_tells();
    assert_int_equal(interfaces.count, 0);
    assert_int_equal(interfaces.born, 0);
    assert_int_equal(interfaces.waiting, 0);
}

static void test_many_are_born(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * INTERFACES_BORN_MAX; i++) {
        put_link(1 + i, "ifb", false);
        take(NOW);
    }
    for (unsigned i = 0; i < INTERFACES_BORN_MAX; i++) {
        assert_non_null(interfaces_tell(&interfaces, LATER));
    }
    assert_never_tells();
    for (int i = 0; i < 2 * INTERFACES_BORN_MAX; i++) {
        remove_link(1 + i, LATER);
    }
    assert_int_equal(interfaces.count, 0);
    put_link(1, "ifb", false);
    take(NOW);
    assert_tells(INTERFACE_BORN, LATER);
}

/* --- Bounds. */

static void test_more_than_can_be_known(void **state)
{
    (void)state;
    for (int i = 1; i <= INTERFACES_MAX; i++) {
        put_link(i, NULL, false);
        know();
    }
    assert_false(interfaces.too_many);
    put_link(7, "ifb", false);
    sent.message.ifi_index = INTERFACES_MAX + 1;
    know();
    assert_true(interfaces.too_many);
    take(NOW);
    assert_never_tells();
    put_link(INTERFACES_MAX, NULL, true);
    take(NOW);
    assert_tells(INTERFACE_DOUBLED, LATER);
}

static void test_births_beside_all_that_can_be_known(void **state)
{
    (void)state;
    for (int i = 1; i <= INTERFACES_MAX; i++) {
        put_link(i, NULL, false);
        know();
    }
    for (int i = 1; i <= INTERFACES_BORN_MAX + 1; i++) {
        put_link(INTERFACES_MAX + i, "ifb", false);
        take(NOW);
    }
    assert_int_equal(interfaces.count, INTERFACES_MAX + INTERFACES_BORN_MAX);
}

static void test_the_wait(void **state)
{
    (void)state;
    assert_int_equal(interfaces_wait(&interfaces, (struct timer_now){NOW, 0}), -1);
    for (int i = 1; i <= 2; i++) {
        put_link(i, NULL, false);
        know();
    }
    put_link(2, NULL, true);
    take(NOW);
    put_link(1, NULL, true);
    take(NOW + 1);
    assert_int_equal(interfaces_wait(&interfaces, (struct timer_now){NOW + 1, 500}),
                     (INTERFACES_GRACE_SECONDS - 1) * 1000 - 500);
    assert_int_equal(interfaces_wait(&interfaces, (struct timer_now){LATER + 9, 0}), 0);
    assert_non_null(interfaces_tell(&interfaces, LATER));
    assert_null(interfaces_tell(&interfaces, LATER));
    assert_int_equal(interfaces_wait(&interfaces, (struct timer_now){LATER, 0}), 1000);
}

/* --- Hostile messages. */

static void test_other_messages(void **state)
{
    (void)state;
    put_link(1, "ifb", false);
    for (unsigned type = 0; type <= 200; type++) {
        if (type != RTM_NEWLINK) {
            sent.header.nlmsg_type = (uint16_t)type;
            take(NOW);
        }
    }
    assert_never_tells();
}

/* Cut at each octet, in memory of just that length: a reader past the end is caught by the
 * sanitizers and Valgrind. */
static void test_truncated_messages(void **state)
{
    (void)state;
    put_link(1, NULL, false);
    know();
    put_link(7, "macvlan", false);
    put_index(IFLA_LINK, PARENT);
    const uint32_t whole = sent.header.nlmsg_len;
    for (uint32_t length = sizeof sent.header; length <= whole; length++) {
        struct nlmsghdr *cut = malloc(length);
        assert_non_null(cut);
        memcpy(cut, &sent, length);
        cut->nlmsg_len = length;
        interfaces_take(&interfaces, cut, NOW);
        assert_int_equal(interfaces.count, length == whole ? 2 : 1);
        free(cut);
    }
    assert_tells(INTERFACE_BORN, LATER);
}

/* Each octet with each value: whatever comes of it, no bound is passed. */
static void test_changed_octets(void **state)
{
    for (unsigned value = 0; value < 256; value++) {
        put_link(7, "macvlan", true);
        const uint32_t whole = sent.header.nlmsg_len;
        start(state);
        for (uint32_t i = sizeof sent.header; i < whole; i++) {
            struct nlmsghdr *changed = malloc(whole);
            assert_non_null(changed);
            memcpy(changed, &sent, whole);
            ((uint8_t *)changed)[i] = (uint8_t)value;
            interfaces_take(&interfaces, changed, NOW);
            free(changed);
        }
        assert_in_range(interfaces.count, 0, INTERFACES_BORN_MAX);
        while (interfaces_tell(&interfaces, LATER) != NULL) {
        }
        assert_int_equal(interfaces.waiting, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_counted_one_gets_a_master, start),
        cmocka_unit_test_setup(test_one_left_out_loses_its_master, start),
        cmocka_unit_test_setup(test_another_master_is_no_change, start),
        cmocka_unit_test_setup(test_a_macvlan_of_the_start, start),
        cmocka_unit_test_setup(test_a_change_that_does_not_last, start),
        cmocka_unit_test_setup(test_messages_do_not_put_it_off, start),
        cmocka_unit_test_setup(test_told_once, start),
        cmocka_unit_test_setup(test_one_is_removed, start),
        cmocka_unit_test_setup(test_what_a_bridge_tells, start),
        cmocka_unit_test_setup(test_one_is_born, start),
        cmocka_unit_test_setup(test_part_of_a_message, start),
        cmocka_unit_test_setup(test_one_is_born_in_another_mode, start),
        cmocka_unit_test_setup(test_one_is_born_and_gone, start),
        cmocka_unit_test_setup(test_many_are_born, start),
        cmocka_unit_test_setup(test_more_than_can_be_known, start),
        cmocka_unit_test_setup(test_births_beside_all_that_can_be_known, start),
        cmocka_unit_test_setup(test_the_wait, start),
        cmocka_unit_test_setup(test_other_messages, start),
        cmocka_unit_test_setup(test_truncated_messages, start),
        cmocka_unit_test_setup(test_changed_octets, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
