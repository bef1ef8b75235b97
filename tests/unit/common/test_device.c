#include "common/device.h"

#include "common/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/if_link.h>
#include <string.h>

enum { PARENT = 3, MASTER = 4 };

static struct link link_of(const char *kind, uint32_t mode, int parent)
{
    struct link link = {.index = 9, .name = "device", .mode = mode, .parent = parent};
    memcpy(link.kind, kind, strlen(kind) + 1);
    return link;
}

static struct link port_of(struct link link, const char *master_kind)
{
    link.master = MASTER;
    memcpy(link.master_kind, master_kind, strlen(master_kind) + 1);
    return link;
}

static const struct {
    const char *kind;
    uint32_t mode;
    enum device_share here;      /* with its parent, where it has one */
    enum device_share elsewhere; /* with the parent in another network namespace */
    bool warns_named, warns_here, warns_elsewhere;
} kinds[] = {
    {"", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false}, /* a card */
    {"veth", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"bridge", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"bond", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"team", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"vlan", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"dummy", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"tun", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"gre", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"gretap", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"ipip", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"vxlan", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"xfrm", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"wireguard", 0, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
    {"vrf", 0, DEVICE_HIDDEN, DEVICE_HIDDEN, true, false, false},
    {"ifb", 0, DEVICE_LEFT_OUT, DEVICE_LEFT_OUT, true, false, false},
    {"ipvlan", IPVLAN_MODE_L2, DEVICE_LEFT_OUT, DEVICE_COUNTS, false, false, false},
    {"ipvlan", IPVLAN_MODE_L3, DEVICE_LEFT_OUT, DEVICE_COUNTS, false, false, false},
    {"ipvlan", IPVLAN_MODE_L3S, DEVICE_LEFT_OUT, DEVICE_COUNTS, true, false, true},
    {"ipvtap", IPVLAN_MODE_L2, DEVICE_LEFT_OUT, DEVICE_COUNTS, false, false, false},
    {"ipvtap", IPVLAN_MODE_L3S, DEVICE_LEFT_OUT, DEVICE_COUNTS, true, false, true},
    {"macvlan", MACVLAN_MODE_PRIVATE, DEVICE_SENDS_TWICE, DEVICE_COUNTS, false, false, false},
    {"macvlan", MACVLAN_MODE_VEPA, DEVICE_SENDS_TWICE, DEVICE_COUNTS, false, false, false},
    {"macvlan", MACVLAN_MODE_BRIDGE, DEVICE_SENDS_TWICE, DEVICE_COUNTS, false, false, false},
    {"macvlan", MACVLAN_MODE_SOURCE, DEVICE_SENDS_TWICE, DEVICE_COUNTS, false, true, false},
    {"macvlan", MACVLAN_MODE_PASSTHRU, DEVICE_LEFT_OUT, DEVICE_COUNTS, false, false, false},
    {"macvtap", MACVLAN_MODE_BRIDGE, DEVICE_SENDS_TWICE, DEVICE_COUNTS, false, false, false},
    {"macvtap", MACVLAN_MODE_PASSTHRU, DEVICE_LEFT_OUT, DEVICE_COUNTS, false, false, false},
    {"macvla", MACVLAN_MODE_BRIDGE, DEVICE_COUNTS, DEVICE_COUNTS, false, false, false},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static void test_each_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct link here = link_of(kinds[i].kind, kinds[i].mode, PARENT);
        struct link elsewhere = link_of(kinds[i].kind, kinds[i].mode, 0);
        print_message("%s, mode %u\n", kinds[i].kind, kinds[i].mode);
        assert_int_equal(device_rule_of(&here)->share, kinds[i].here);
        assert_int_equal(device_rule_of(&elsewhere)->share, kinds[i].elsewhere);
        assert_null(device_port_rule_of(&here));
    }
}

static void test_warnings(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct link here = link_of(kinds[i].kind, kinds[i].mode, PARENT);
        struct link elsewhere = link_of(kinds[i].kind, kinds[i].mode, 0);
        print_message("%s, mode %u\n", kinds[i].kind, kinds[i].mode);
        assert_int_equal(device_warning(&here, true) != NULL, kinds[i].warns_named);
        assert_int_equal(device_warning(&elsewhere, true) != NULL, kinds[i].warns_named);
        assert_int_equal(device_warning(&here, false) != NULL, kinds[i].warns_here);
        assert_int_equal(device_warning(&elsewhere, false) != NULL, kinds[i].warns_elsewhere);
    }
}

/* What it is left out for is in the log. */
static void test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct link link = link_of(kinds[i].kind, kinds[i].mode, PARENT);
        const struct device_rule *rule = device_rule_of(&link);
        assert_int_equal(rule->where[0] != '\0', rule->share != DEVICE_COUNTS);
    }
}

/* Whatever a device is itself, what it is a port of decides whether it is left out. */
static void test_ports(void **state)
{
    (void)state;
    static const struct {
        const char *master;
        const char *where; /* NULL: it is no reason to leave it out */
    } rows[] = {
        {"bridge", "its bridge"},
        {"bond", "its bond"},
        {"team", "its team"},
        {"openvswitch", "its virtual switch"},
        {"", "its master"},
        {"vrf", NULL},
        {"hsr", NULL},
        {"batadv", NULL},
    };
    for (size_t i = 0; i < KINDS; i++) {
        struct link link = link_of(kinds[i].kind, kinds[i].mode, PARENT);
        for (size_t j = 0; j < sizeof rows / sizeof *rows; j++) {
            struct link port = port_of(link, rows[j].master);
            const struct device_rule *rule = device_port_rule_of(&port);
            assert_int_equal(rule != NULL, rows[j].where != NULL);
            if (rule != NULL) {
                assert_int_equal(rule->share, DEVICE_LEFT_OUT);
                assert_string_equal(rule->where, rows[j].where);
            }
            /* And its own kind goes on telling of its parent. */
            assert_ptr_equal(device_rule_of(&port), device_rule_of(&link));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
