/* Which Host values name loopback. */
#include "exporter/http/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What each of these may have behind it. */
static const char *const ports[] = {"", ":0", ":80", ":9713", ":65535"};
static const char *const wrong_ports[] = {":", ":x", ":-1", ":65536", ":80x", ": 80", ":80:80"};

static const char *const loopback[] = {
    "localhost",
    "LOCALHOST",
    "LocalHost",
    "localhost.",
    "Localhost.",
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.255",
    "127.0.0.0",
    "127.0.0.1.",
    "127.1",
    "127.1.",
    "127.0.1",
    "0x7f.1",
    "0X7F.0.0.1",
    "0177.0.0.1",
    "2130706433",
    "0x7f000001",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:127.8.9.10]",
    "[::FFFF:7F00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
};

static const char *const others[] = {
    /* Names that somebody's DNS can have. */
    "example.com",
    "evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1.example.com.",
    "127.0.0.1.fade",
    "127.fade",
    "0x7f.cafe",
    "localhost.evil.example",
    "localhost.localdomain",
    "evil.localhost",
    "evil-localhost",
    "localhosts",
    "localhos",
    "localhost..",
    ".localhost",
    "127.0.0.1..",
    "127.1..",
    "1.0.0.127.in-addr.arpa",
    /* Other addresses. */
    "10.77.0.2",
    "126.255.255.255",
    "128.0.0.1",
    "0.0.0.0",
    "0",
    "127",
    "[::]",
    "[::2]",
    "[::127.0.0.1]",
    "[::ffff:128.0.0.1]",
    "[::ffff:10.77.0.2]",
    "[64:ff9b::127.0.0.1]",
    "[2001:db8::1]",
    /* No addresses. */
    "",
    ".",
    "..",
    "127.0.0.256",
    "127.0.0.0.1",
    "127..1",
    "127.0.0.1 ",
    " 127.0.0.1",
    "127.0.0.1 evil.example",
    "127.0.0.1\tx",
    "localhost ",
    "::1",
    "[]",
    "[",
    "]",
    "[::1",
    "::1]",
    "[::1].",
    "[::1]x",
    "x[::1]",
    "[[::1]]",
    "[::1%lo]",
    "[localhost]",
    "[127.0.0.1]",
    "user@127.0.0.1",
    "127.0.0.1/",
    "localhost/",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void check(const char *name, const char *port, bool expected)
{
    char host[128];
    (void)snprintf(host, sizeof host, "%s%s", name, port);
    if (request_host_is_loopback(host) != expected) {
        print_error("%s is%s taken for loopback\n", host, expected ? " not" : "");
    }
    assert_int_equal(request_host_is_loopback(host), expected);
}

static void test_loopback(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(loopback); i++) {
        for (size_t j = 0; j < LENGTH(ports); j++) {
            check(loopback[i], ports[j], true);
        }
        for (size_t j = 0; j < LENGTH(wrong_ports); j++) {
            check(loopback[i], wrong_ports[j], false);
        }
    }
}

static void test_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(others); i++) {
        for (size_t j = 0; j < LENGTH(ports); j++) {
            check(others[i], ports[j], false);
        }
    }
}

/* Each byte that is wrong in a right name, and each name that is cut short. */
static void test_each_byte(void **state)
{
    (void)state;
    static const char right[] = "localhost.:9713";
    for (size_t i = 0; i < sizeof right - 1; i++) {
        char host[sizeof right];
        memcpy(host, right, sizeof host);
        host[i] = '_';
        assert_false(request_host_is_loopback(host));
        host[i] = '\0';
        check(host, "", i == 9 || i == 10 || i > 11);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_each_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
