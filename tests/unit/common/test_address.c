#include "common/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static struct address parse(const char *text)
{
    struct address address;
    memset(&address, 0xa5, sizeof address);
    print_message("\"%s\"\n", text);
    assert_int_equal(address_parse(text, &address), 0);
    return address;
}

static void assert_v4(const char *text, uint32_t host, uint16_t port)
{
    struct address address = parse(text);
    const struct sockaddr_in expected = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
    assert_int_equal(address.length, sizeof expected);
    assert_memory_equal(&address.socket.v4, &expected, sizeof expected);
    assert_false(address.every);
}

static void assert_v6(const char *text, const struct in6_addr *host, uint16_t port, bool every)
{
    struct address address = parse(text);
    const struct sockaddr_in6 expected = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = *host};
    assert_int_equal(address.length, sizeof expected);
    assert_memory_equal(&address.socket.v6, &expected, sizeof expected);
    assert_int_equal(address.every, every);
}

static void v4(void **state)
{
    (void)state;
    assert_v4("127.0.0.1:9713", 0x7f000001, 9713);
    assert_v4("0.0.0.0:1", 0, 1);
    assert_v4("255.255.255.255:65535", 0xffffffff, 65535);
    assert_v4("192.0.2.7:80", 0xc0000207, 80);
    assert_v4("localhost:9713", 0x7f000001, 9713);
    assert_v4("LocalHost:80", 0x7f000001, 80);
}

static void v6(void **state)
{
    (void)state;
    assert_v6("[::1]:9713", &in6addr_loopback, 9713, false);
    assert_v6("[::]:80", &in6addr_any, 80, false);

    const struct in6_addr longest = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8, 0x11, 0x11, 0x22, 0x22,
                                                 0x33, 0x33, 0x44, 0x44, 192, 168, 100, 200}};
    assert_v6("[2001:0db8:1111:2222:3333:4444:192.168.100.200]:65535", &longest, 65535, false);
}

static void every_address(void **state)
{
    (void)state;
    assert_v6(":9713", &in6addr_any, 9713, true);
}

static void paths(void **state)
{
    (void)state;
    struct address address = parse("unix:/run/dnstt exporter.sock");
    assert_int_equal(address.socket.any.sa_family, AF_UNIX);
    assert_int_equal(address.length, sizeof(struct sockaddr_un));
    assert_string_equal(address.socket.local.sun_path, "/run/dnstt exporter.sock");
    assert_string_equal(address.text, "unix:/run/dnstt exporter.sock");

    char text[sizeof "unix:" + sizeof address.socket.local.sun_path] = "unix:/";
    memset(text + strlen(text), 'a', sizeof text - 1 - strlen(text));
    assert_int_equal(address_parse(text, &address), -EINVAL);
    text[strlen(text) - 1] = '\0';
    address = parse(text);
    assert_string_equal(address.socket.local.sun_path, text + strlen("unix:"));
    assert_string_equal(address.text, text);
}

static void assert_equality(const char *left_text, const char *right_text, bool equal)
{
    struct address left = parse(left_text);
    struct address right = parse(right_text);
    assert_int_equal(address_equal(&left, &right), equal);
}

static void equality(void **state)
{
    (void)state;
    assert_equality("127.0.0.1:9713", "localhost:9713", true);
    assert_equality("[::]:9713", ":9713", true);
    assert_equality("[::1]:9713", "[0:0::0:1]:9713", true);
    assert_equality("unix:/a", "unix:/a", true);
    assert_equality("127.0.0.1:9713", "127.0.0.1:9714", false);
    assert_equality("127.0.0.1:9713", "127.0.0.2:9713", false);
    assert_equality("[::1]:9713", "[::2]:9713", false);
    assert_equality("0.0.0.0:9713", ":9713", false);
    assert_equality("unix:/a", "unix:/b", false);
    assert_equality("unix:/a", "unix:/aa", false);
}

static void refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        ":",
        "9713",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:4294967297",
        "127.0.0.1:18446744073709551617",
        "127.0.0.1:-1",
        "127.0.0.1:+80",
        "127.0.0.1: 80",
        "127.0.0.1:80 ",
        "127.0.0.1:http",
        "127.0.0.1:0x50",
        " 127.0.0.1:80",
        "127.1:80",
        "127.0.0.01:80",
        "256.0.0.1:80",
        "1.2.3.4.5:80",
        "[127.0.0.1]:80",
        "::1:80",
        "2001:db8::1:80",
        "[::1]",
        "[::1]80",
        "[::1:80",
        "::1]:80",
        "[]:80",
        "[:80",
        "]:80",
        "[[::1]]:80",
        "[::1%lo]:80",
        "[:::]:80",
        "[12345::]:80",
        "localhost",
        "localhost.:80",
        "example.com:80",
        "*:80",
        "unix:",
        "unix:run/x",
        "unix:@x",
        "UNIX:/run/x",
        "/run/x",
        "http://127.0.0.1:80",
        /* One character more than the longest host. */
        "[2001:0db8:1111:2222:3333:4444:192.168.100.2000]:65535",
        "000000000000000000000000000000000000000000000000000000000000127.0.0.1:80",
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct address address;
        struct address before;
        memset(&address, 0xa5, sizeof address);
        memset(&before, 0xa5, sizeof before);
        print_message("\"%s\"\n", cases[i]);
        assert_int_equal(address_parse(cases[i], &address), -EINVAL);
        assert_memory_equal(&address, &before, sizeof address);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v4),    cmocka_unit_test(v6),       cmocka_unit_test(every_address),
        cmocka_unit_test(paths), cmocka_unit_test(equality), cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
