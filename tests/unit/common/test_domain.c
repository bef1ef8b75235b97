#include "common/domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ_012345678"
#define LABEL_47 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefg"
/* 3 * 64 + 47 characters: 241 octets on the wire. */
#define NAME_239 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_47

_Static_assert(sizeof LABEL_63 == DOMAIN_LABEL_MAX + 1, "the longest label");
_Static_assert(sizeof NAME_239 + 1 == DOMAIN_WIRE_MAX, "the longest name");

static void assert_domain(const char *given, const char *text, const char *wire, size_t wire_length)
{
    struct domain domain;
    memset(&domain, 0xa5, sizeof domain);
    assert_int_equal(domain_parse(given, &domain), 0);
    assert_string_equal(domain.text, text);
    assert_int_equal(domain.wire_length, wire_length);
    assert_memory_equal(domain.wire, wire, wire_length);
}

#define ASSERT_DOMAIN(given, text, wire) assert_domain(given, text, wire, sizeof(wire))

static void names(void **state)
{
    (void)state;
    /* sizeof counts the literal's own NUL: the root label. */
    ASSERT_DOMAIN("t.example.com", "t.example.com", "\1t\7example\3com");
    ASSERT_DOMAIN("T.Example.COM.", "t.example.com", "\1t\7example\3com");
    ASSERT_DOMAIN("a", "a", "\1a");
    ASSERT_DOMAIN("com.", "com", "\3com");
    ASSERT_DOMAIN("_Dns-9.AZaz.", "_dns-9.azaz", "\6_dns-9\4azaz");
    ASSERT_DOMAIN("-x-", "-x-", "\3-x-");
    ASSERT_DOMAIN("9.0", "9.0",
                  "\1"
                  "9\1"
                  "0");
}

static void longest_names(void **state)
{
    (void)state;
    struct domain domain;
    assert_int_equal(domain_parse(LABEL_63, &domain), 0);
    assert_int_equal(domain.wire_length, 65);
    assert_int_equal(domain.wire[0], 63);
    assert_int_equal(domain.wire[64], 0);

    struct domain dotted;
    assert_int_equal(domain_parse(NAME_239, &domain), 0);
    assert_int_equal(domain_parse(NAME_239 ".", &dotted), 0);
    assert_int_equal(domain.wire_length, 241);
    assert_int_equal(dotted.wire_length, 241);
    assert_int_equal(domain.wire[192], 47);
    assert_int_equal(domain.wire[239], 'g');
    assert_int_equal(domain.wire[240], 0);
    assert_memory_equal(domain.wire, dotted.wire, sizeof domain.wire);
    assert_int_equal(strlen(domain.text), 239);
    assert_string_equal(domain.text, dotted.text);
}

static void assert_refused(const char *given, int result)
{
    struct domain domain;
    struct domain before;
    memset(&domain, 0xa5, sizeof domain);
    memset(&before, 0xa5, sizeof before);
    assert_int_equal(domain_parse(given, &domain), result);
    assert_memory_equal(&domain, &before, sizeof domain);
}

static void malformed(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        ".",
        "..",
        ".a",
        "a..",
        "a..b",
        "a b",
        " a",
        "a ",
        "a,b",
        "a/b",
        "a*",
        "*.b",
        "a@b",
        "a\\.b",
        "a\n",
        "a\tb",
        "a\x7f",
        "a\"",
        "a=b",
        "a`",
        "a{",
        "a[",
        "a:53",
        "a^",
        "a\x01",
        "\x80",
        "\xff",
        "\xc3\xa9.example",
        "m\xc3\xbcnster.example",
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("\"%s\"\n", cases[i]);
        assert_refused(cases[i], -EINVAL);
    }
}

static void every_octet(void **state)
{
    (void)state;
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    for (unsigned octet = 1; octet < 256; octet++) {
        const char name[] = {'x', (char)octet, 'y', '\0'};
        struct domain domain;
        int expected = strchr(allowed, (int)octet) != NULL ? 0 : -EINVAL;
        assert_int_equal(domain_parse(name, &domain), expected);
    }
}

static void too_long(void **state)
{
    (void)state;
    assert_refused(LABEL_63 "x", -ENAMETOOLONG);
    assert_refused("a." LABEL_63 "x.com", -ENAMETOOLONG);
    assert_refused(NAME_239 "x", -ENAMETOOLONG);
    assert_refused(NAME_239 "x.", -ENAMETOOLONG);
    assert_refused(NAME_239 ".x", -ENAMETOOLONG);
    assert_refused(NAME_239 "..", -ENAMETOOLONG);

    /* Labels of one character up to many times the limit. */
    char name[4096];
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 == 0 ? 'a' : '.';
    name[sizeof name - 1] = '\0';
    assert_refused(name, -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),       cmocka_unit_test(longest_names), cmocka_unit_test(malformed),
        cmocka_unit_test(every_octet), cmocka_unit_test(too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
