#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exporter/check_text.h"
#include "exporter/text/foreign_text.h"
#include "tests/unit/command_line.h"

#include <stdio.h>
#include <string.h>

static const char *tunnel(const char *value)
{
    static struct check_tunnel text;
    assert_int_equal(PARSE("-dnstt.domain=first.example", "-dnstt.tunnel", value, "-dnstt.mtu=900",
                           "-dnstt.active-window=1m"),
                     FLAGS_RUN);
    check_text_tunnel(&options, 1, &text);
    return text.text;
}

static void tunnels(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *text;
    } cases[] = {
        {"t.example", "dnstt, mtu 900, active window 60s"},
        {"t.example,mtu=512,active-window=1h", "dnstt, mtu 512, active window 3600s"},
        {"t.example,format=noizdns", "noizdns, mtu 900, active window 60s"},
        {"t.example,format=vaydns",
         "vaydns, clientid-size 2, record-type txt, mtu 900, active window 60s"},
        {"t.example,format=vaydns,clientid-size=8,record-type=cname,mtu=65535,active-window=1h",
         "vaydns, clientid-size 8, record-type cname, mtu 65535, active window 3600s"},
        {"t.example,format=xdns,record-type=any",
         "xdns, record-type any, mtu 1232, active window 60s"},
        {"t.example,format=dnsttex", "dnsttex, active window 60s"},
        {"t.example,format=slipstream,active-window=15s", "slipstream, active window 15s"},
        {"t.example,format=opaque", "opaque, no sessions"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(tunnel(cases[i].value), cases[i].text);

    struct check_tunnel text;
    ASSERT_RUN("-dnstt.tunnel=n.example,format=noizdns", "-dnstt.framing=any");
    check_text_tunnel(&options, 0, &text);
    assert_string_equal(text.text, "dnstt, any framing, mtu 1232, active window 30s");
    check_text_tunnel(&options, 1, &text);
    assert_string_equal(text.text, "noizdns, mtu 1232, active window 30s");
}

static void ages(void **state)
{
    (void)state;
    const uint64_t built = 1793491200; /* 2026-11-01 */
    const uint64_t day = 86400;
    static const char unknown[] = "built at an unknown time";
    const struct {
        uint64_t built, now;
        const char *text;
    } cases[] = {
        {built, built + 28 * day, "built 2026-11-01, 28 days ago"},
        {built, built + 2 * day - 1, "built 2026-11-01, 1 day ago"},
        {built, built + day, "built 2026-11-01, 1 day ago"},
        {built, built + day - 1, "built 2026-11-01, less than a day ago"},
        {built, built, "built 2026-11-01, less than a day ago"},
        {built, built - 1, "built 2026-11-01, in the future"},
        {1, built, "built 1970-01-01, 20757 days ago"},
        {253402300799, built, "built 9999-12-31, in the future"},
        {0, built, unknown},
        {253402300800, built, unknown},
        {UINT64_MAX, built, unknown},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct check_age age;
        check_text_age(cases[i].built, cases[i].now, &age);
        assert_string_equal(age.text, cases[i].text);
    }
}

static const char *type(const char *bytes)
{
    static struct check_type text;
    struct foreign_text cleaned;
    foreign_text_clean(bytes, strlen(bytes), &cleaned);
    check_text_type(&cleaned, &text);
    return text.text;
}

static void types(void **state)
{
    (void)state;
    assert_string_equal(type("GeoLite2-Country"), "GeoLite2-Country");
    assert_string_equal(type(" ipinfo  generic_bundle_free.mmdb "),
                        "ipinfo generic_bundle_free.mmdb");
    assert_string_equal(type(""), "no type");
    assert_string_equal(type("\x1b\n\x7f"), "no type");
    assert_string_equal(type("red\x1b[31m\nok\xe2\x80\xae%s"), "red [31m ok %s");
    assert_string_equal(type("L\xc3\xa4nder \xe4\xb8\xad"), "L?nder ?");

    char longest[200];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(strlen(type(longest)), FOREIGN_TEXT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tunnels),
        cmocka_unit_test(ages),
        cmocka_unit_test(types),
    };
    return cmocka_run_group_tests(tests, NULL, forget_all);
}
