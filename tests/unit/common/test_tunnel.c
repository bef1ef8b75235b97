#include "common/tunnel.h"
#include "common/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_MAX = 63 }; /* bytes of a part that is still looked at */

static const char unknown_key[] =
    "unknown key; give format, clientid-size, record-type, mtu or active-window";
static const char no_value[] = "no value; give key=value, such as format=vaydns";
static const char too_long[] = "too long; give key=value, such as format=vaydns";
static const char twice[] = "given twice; give each key once";
static const char not_of_dnstt[] = "not a key of dnstt; give format, mtu or active-window";
static const char not_of_noizdns[] = "not a key of noizdns; give format, mtu or active-window";
static const char not_of_xdns[] = "not a key of xdns; give format, record-type or active-window";
static const char not_of_dnsttex[] = "not a key of dnsttex; give format or active-window";
static const char not_of_slipstream[] = "not a key of slipstream; give format or active-window";
static const char not_of_opaque[] = "not a key of opaque; give format alone";
static const char wrong_format[] =
    "unknown format; give dnstt, vaydns, noizdns, xdns, dnsttex, slipstream or opaque";
static const char wrong_size[] = "not a size; give a number of bytes from 1 to 8";
static const char wrong_vaydns_type[] =
    "not a record type of vaydns; give txt, null, cname, a, aaaa, mx, ns, srv or caa";
static const char wrong_xdns_type[] = "not a record type of xdns; give txt, a, aaaa or any";
static const char wrong_mtu[] = "not an MTU; give a number of bytes from 1 to 65535";
static const char wrong_window[] = "not a window; give whole seconds from 1s to 1h, such as 15s";

static void assert_tunnel(const char *keys, struct tunnel expected)
{
    /* In a block of its own, so that a read past its end shows. */
    char *copy = strdup(keys);
    const char *part = NULL;
    struct tunnel tunnel;
    memset(&tunnel, 0xa5, sizeof tunnel);
    const char *wrong = tunnel_parse(copy, &tunnel, &part);
    if (wrong != NULL) {
        fail_msg("%s: %s", keys, wrong);
    }
    assert_int_equal(tunnel.format, expected.format);
    assert_int_equal(tunnel.record_type, expected.record_type);
    assert_int_equal(tunnel.clientid_size, expected.clientid_size);
    assert_int_equal(tunnel.mtu, expected.mtu);
    assert_int_equal(tunnel.active_window, expected.active_window);
    free(copy);
}

/* That the part which begins `at` so many bytes is wrong, and nothing is taken. */
static void assert_wrong(const char *keys, size_t at, const char *expected)
{
    char *copy = strdup(keys);
    const char *part = NULL;
    struct tunnel tunnel;
    struct tunnel before;
    memset(&tunnel, 0xa5, sizeof tunnel);
    memset(&before, 0xa5, sizeof before);
    const char *wrong = tunnel_parse(copy, &tunnel, &part);
    assert_string_equal(wrong != NULL ? wrong : "taken", expected);
    assert_ptr_equal(part, copy + at);
    assert_memory_equal(&tunnel, &before, sizeof tunnel);
    free(copy);
}

static void test_defaults(void **state)
{
    (void)state;
    assert_tunnel("", (struct tunnel){.format = TUNNEL_DNSTT});
    assert_tunnel("format=dnstt", (struct tunnel){.format = TUNNEL_DNSTT});
    assert_tunnel("format=noizdns", (struct tunnel){.format = TUNNEL_NOIZDNS});
    assert_tunnel("format=vaydns", (struct tunnel){.format = TUNNEL_VAYDNS, .clientid_size = 2});
    assert_tunnel("format=xdns", (struct tunnel){.format = TUNNEL_XDNS, .mtu = 1232});
    assert_tunnel("format=dnsttex", (struct tunnel){.format = TUNNEL_DNSTTEX});
    assert_tunnel("format=slipstream", (struct tunnel){.format = TUNNEL_SLIPSTREAM});
    assert_tunnel("format=opaque", (struct tunnel){.format = TUNNEL_OPAQUE});
}

static void test_each_key(void **state)
{
    (void)state;
    assert_tunnel("mtu=500", (struct tunnel){.mtu = 500});
    assert_tunnel("active-window=1m30s", (struct tunnel){.active_window = 90});
    assert_tunnel("format=noizdns,mtu=512,active-window=15s",
                  (struct tunnel){.format = TUNNEL_NOIZDNS, .mtu = 512, .active_window = 15});
    assert_tunnel("format=vaydns,clientid-size=4,record-type=null,mtu=1400,active-window=15s",
                  (struct tunnel){.format = TUNNEL_VAYDNS,
                                  .record_type = TUNNEL_NULL,
                                  .clientid_size = 4,
                                  .mtu = 1400,
                                  .active_window = 15});
    assert_tunnel(
        "format=xdns,record-type=any,active-window=10s",
        (struct tunnel){
            .format = TUNNEL_XDNS, .record_type = TUNNEL_ANY, .mtu = 1232, .active_window = 10});
    assert_tunnel("format=dnsttex,active-window=20s",
                  (struct tunnel){.format = TUNNEL_DNSTTEX, .active_window = 20});
    assert_tunnel("active-window=1h,format=slipstream",
                  (struct tunnel){.format = TUNNEL_SLIPSTREAM, .active_window = 3600});
}

/* The format decides which keys there are, wherever it stands. */
static void test_keys_in_any_order(void **state)
{
    (void)state;
    static const char *const keys[] = {"format=vaydns", "clientid-size=8", "record-type=caa",
                                       "mtu=1", "active-window=1h"};
    enum { COUNT = sizeof keys / sizeof *keys, ORDERS = 120 };
    for (unsigned order = 0; order < ORDERS; order++) {
        const char *left[COUNT];
        char text[128] = "";
        memcpy(left, keys, sizeof keys);
        for (unsigned i = COUNT, rest = order; i > 0; rest /= i, i--) {
            unsigned chosen = rest % i;
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s",
                           i == COUNT ? "" : ",", left[chosen]);
            left[chosen] = left[i - 1];
        }
        assert_tunnel(text, (struct tunnel){.format = TUNNEL_VAYDNS,
                                            .record_type = TUNNEL_CAA,
                                            .clientid_size = 8,
                                            .mtu = 1,
                                            .active_window = 3600});
    }
    assert_tunnel("record-type=aaaa,format=xdns",
                  (struct tunnel){.format = TUNNEL_XDNS, .record_type = TUNNEL_AAAA, .mtu = 1232});
    assert_wrong("record-type=mx,format=xdns", 0, wrong_xdns_type);
    assert_wrong("clientid-size=2,format=noizdns", 0, not_of_noizdns);
}

/* What is wrong is found from the left, but the format first of all. */
static void test_order_of_errors(void **state)
{
    (void)state;
    assert_wrong("mtu=0,clientid-size=9,format=vaydns", 0, wrong_mtu);
    assert_wrong("clientid-size=9,mtu=0,format=vaydns", 0, wrong_size);
    assert_wrong("mtu=0,format=x", 6, wrong_format);
    assert_wrong("mtu=0,foo=1", 6, unknown_key);
    assert_wrong("mtu=1,record-type=txt,format=dnstt", 6, not_of_dnstt);
}

static void test_limits(void **state)
{
    (void)state;
    for (unsigned size = 1; size <= 8; size++) {
        char text[64];
        (void)snprintf(text, sizeof text, "format=vaydns,clientid-size=%u", size);
        assert_tunnel(text, (struct tunnel){.format = TUNNEL_VAYDNS, .clientid_size = size});
    }
    assert_tunnel("mtu=1", (struct tunnel){.mtu = 1});
    assert_tunnel("mtu=65535", (struct tunnel){.mtu = 65535});
    assert_tunnel("active-window=1s", (struct tunnel){.active_window = 1});
    assert_tunnel("active-window=2000ms", (struct tunnel){.active_window = 2});
    assert_tunnel("active-window=60m", (struct tunnel){.active_window = 3600});
}

static void test_record_types(void **state)
{
    (void)state;
    for (int type = TUNNEL_TXT; type < TUNNEL_RECORD_TYPES; type++) {
        const char *name = tunnel_record_type_name((enum tunnel_record_type)type);
        char text[64];
        (void)snprintf(text, sizeof text, "format=vaydns,record-type=%s", name);
        if (type == TUNNEL_ANY) {
            assert_wrong(text, 14, wrong_vaydns_type);
        } else {
            assert_tunnel(text, (struct tunnel){.format = TUNNEL_VAYDNS,
                                                .record_type = (enum tunnel_record_type)type,
                                                .clientid_size = 2});
        }
        (void)snprintf(text, sizeof text, "format=xdns,record-type=%s", name);
        if (type == TUNNEL_TXT || type == TUNNEL_A || type == TUNNEL_AAAA || type == TUNNEL_ANY) {
            assert_tunnel(text, (struct tunnel){.format = TUNNEL_XDNS,
                                                .record_type = (enum tunnel_record_type)type,
                                                .mtu = 1232});
        } else {
            assert_wrong(text, 12, wrong_xdns_type);
        }
    }
}

struct wrong_value {
    const char *format;
    const char *key;
    const char *expected;
    const char *values[11];
};

static void test_wrong_values(void **state)
{
    (void)state;
    static const struct wrong_value rows[] = {
        {"vaydns",
         "clientid-size",
         wrong_size,
         {"", "0", "9", "-1", "+2", " 2", "2 ", "0x2", "2.0", "4294967298"}},
        {"vaydns",
         "record-type",
         wrong_vaydns_type,
         {"", "TXT", "any", "txt ", "16", "tx", "txtx", "a|aaaa"}},
        {"xdns", "record-type", wrong_xdns_type, {"", "A", "all", "null", "cname", "mx", "caa"}},
        {"dnstt", "mtu", wrong_mtu, {"", "0", "65536", "-1", "1KiB", "4294967296", "500 "}},
        {"vaydns", "mtu", wrong_mtu, {"", "0", "65536"}},
        {"noizdns", "mtu", wrong_mtu, {"", "0", "65536"}},
        {"dnstt",
         "active-window",
         wrong_window,
         {"", "0s", "15", "1500ms", "3601s", "2h", "-1s", "1.5m", "forever", "4294967311s"}},
        {"vaydns", "active-window", wrong_window, {"", "0s", "3601s"}},
        {"noizdns", "active-window", wrong_window, {"", "0s", "3601s"}},
        {"xdns", "active-window", wrong_window, {"", "0s", "3601s"}},
        {"dnsttex", "active-window", wrong_window, {"", "0s", "3601s"}},
        {"slipstream", "active-window", wrong_window, {"", "0s", "3601s"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t j = 0; rows[i].values[j] != NULL; j++) {
            char text[128];
            int at = snprintf(text, sizeof text, "format=%s,", rows[i].format);
            (void)snprintf(text + at, sizeof text - (size_t)at, "%s=%s", rows[i].key,
                           rows[i].values[j]);
            assert_wrong(text, (size_t)at, rows[i].expected);
        }
    }
    static const char *const formats[] = {"",        "Dnstt",       "dnst",   "dnsttt", "dnstt ",
                                          "dnsttEx", "slipstreams", "xdnstt", "any",    "0"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "format=%s", formats[i]);
        assert_wrong(text, 0, wrong_format);
    }
}

/* vaydns has every key that there is. */
static void test_keys_that_a_format_has_not(void **state)
{
    (void)state;
    assert_wrong("clientid-size=2", 0, not_of_dnstt);
    assert_wrong("record-type=txt", 0, not_of_dnstt);
    assert_wrong("format=dnstt,record-type=txt", 13, not_of_dnstt);
    assert_wrong("format=noizdns,clientid-size=8", 15, not_of_noizdns);
    assert_wrong("format=noizdns,record-type=txt", 15, not_of_noizdns);
    assert_wrong("format=xdns,clientid-size=8", 12, not_of_xdns);
    assert_wrong("format=xdns,mtu=1232", 12, not_of_xdns);
    static const char *const keys[] = {"clientid-size=8", "record-type=txt", "mtu=1232"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "format=dnsttex,%s", keys[i]);
        assert_wrong(text, 15, not_of_dnsttex);
        (void)snprintf(text, sizeof text, "format=slipstream,%s", keys[i]);
        assert_wrong(text, 18, not_of_slipstream);
    }
    assert_wrong("format=opaque,clientid-size=8", 14, not_of_opaque);
    assert_wrong("format=opaque,record-type=txt", 14, not_of_opaque);
    assert_wrong("format=opaque,mtu=1232", 14, not_of_opaque);
    assert_wrong("format=opaque,active-window=30s", 14, not_of_opaque);
    /* Also when the value would be wrong. */
    assert_wrong("format=xdns,mtu=0", 12, not_of_xdns);
}

static void test_syntax(void **state)
{
    (void)state;
    assert_wrong("foo=1", 0, unknown_key);
    assert_wrong("=1", 0, unknown_key);
    assert_wrong("=", 0, unknown_key);
    assert_wrong("FORMAT=dnstt", 0, unknown_key);
    assert_wrong("format =dnstt", 0, unknown_key);
    assert_wrong("mtu=1, active-window=1s", 6, unknown_key);
    assert_wrong("clientid_size=2", 0, unknown_key);
    assert_wrong("format", 0, no_value);
    assert_wrong(",", 0, no_value);
    assert_wrong("mtu=500,", 8, no_value);
    assert_wrong(",mtu=500", 0, no_value);
    assert_wrong("mtu=500,,active-window=1s", 8, no_value);
    assert_wrong("mtu=500,other.example", 8, no_value);
    assert_wrong("format=dnstt=dnstt", 0, wrong_format);
    assert_wrong("mtu==1", 0, wrong_mtu);
}

static void test_given_twice(void **state)
{
    (void)state;
    assert_wrong("format=dnstt,format=dnstt", 13, twice);
    assert_wrong("format=xdns,mtu=1,format=vaydns", 18, twice);
    assert_wrong("mtu=500,mtu=500", 8, twice);
    assert_wrong("active-window=1s,mtu=1,active-window=2s", 23, twice);
    assert_wrong("clientid-size=2,format=vaydns,clientid-size=3", 30, twice);
    assert_wrong("format=vaydns,record-type=txt,record-type=txt", 30, twice);
    assert_wrong("format=xdns,record-type=txt,record-type=a", 28, twice);
}

static void test_longest_part(void **state)
{
    (void)state;
    char text[PART_MAX + 16];
    memset(text, '0', sizeof text);
    memcpy(text, "mtu=", 4);
    text[PART_MAX] = '\0';
    text[PART_MAX - 1] = '7';
    assert_tunnel(text, (struct tunnel){.mtu = 7});
    text[PART_MAX] = '0';
    text[PART_MAX + 1] = '\0';
    assert_wrong(text, 0, too_long);
    memcpy(text + PART_MAX + 1, ",mtu=1", sizeof ",mtu=1");
    assert_wrong(text, 0, too_long);
    memset(text, 'x', PART_MAX);
    text[PART_MAX] = '\0';
    assert_wrong(text, 0, no_value);
}

/* How its name, its ids and what its queries can show go together. */
static const struct {
    const char *name;
    uint32_t id;
    enum wire_strength least, most;
} formats_table[] = {
    {"dnstt", 8, WIRE_WEAK, WIRE_STRONG},
    {"vaydns", 5, WIRE_WEAK, WIRE_STRONG},
    {"noizdns", 8, WIRE_WEAK, WIRE_STRONG},
    {"xdns", 8, WIRE_WEAK, WIRE_STRONG_POLL},
    {"dnsttex", 8, WIRE_NO_SESSION, WIRE_STRONG},
    {"slipstream", 8, WIRE_NO_SESSION, WIRE_STRONG},
    {"opaque", 0, WIRE_NO_SESSION, WIRE_NO_SESSION},
};

static void test_formats(void **state)
{
    (void)state;
    assert_int_equal(sizeof formats_table / sizeof *formats_table, TUNNEL_FORMATS);
    for (int format = TUNNEL_DNSTT; format < TUNNEL_FORMATS; format++) {
        struct tunnel tunnel = {.format = (enum tunnel_format)format};
        tunnel.clientid_size = format == TUNNEL_VAYDNS ? 5 : 0;
        struct wire_strengths strengths = wire_strengths_of(&tunnel);
        assert_string_equal(tunnel_format_name(tunnel.format), formats_table[format].name);
        assert_int_equal(tunnel_client_id_size(&tunnel), formats_table[format].id);
        assert_int_equal(strengths.least, formats_table[format].least);
        assert_int_equal(strengths.most, formats_table[format].most);
    }
}

static void test_names_of_record_types(void **state)
{
    (void)state;
    static const char *const types[] = {"txt", "null", "cname", "a",   "aaaa",
                                        "mx",  "ns",   "srv",   "caa", "any"};
    for (int type = TUNNEL_TXT; type < TUNNEL_RECORD_TYPES; type++) {
        assert_string_equal(tunnel_record_type_name((enum tunnel_record_type)type), types[type]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_each_key),
        cmocka_unit_test(test_keys_in_any_order),
        cmocka_unit_test(test_order_of_errors),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_record_types),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_keys_that_a_format_has_not),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_given_twice),
        cmocka_unit_test(test_longest_part),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_names_of_record_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
