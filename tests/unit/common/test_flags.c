#include "common/address.h"
#include "common/domain.h"
#include "common/flags.h"
#include "common/log.h"
#include "common/options.h"
#include "common/tunnel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/build.h"
#include "common/flag_table.h"
#include "tests/unit/command_line.h"
#include "tests/unit/random.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    FUZZ_ROUNDS = 20000,
    HELP_COLUMNS = 79,
};

/* A flag that is not repeatable takes its last value; but each must be right. */
static void last_value(void **state)
{
    (void)state;
    ASSERT_RUN("-dnstt.mtu=600", "-log.format=json", "-dnstt.mtu", "700", "-log.format=logfmt",
               "-capture.interface=eth0", "-capture.interface=all");
    assert_int_equal(options.mtu, 700);
    assert_int_equal(options.log_format, LOG_LOGFMT);
    assert_string_equal(options.interface, "");
    ASSERT_WRONG("-dnstt.mtu 0: not an MTU; give a number of bytes from 1 to 65535",
                 "-dnstt.domain=a", "-dnstt.mtu=0", "-dnstt.mtu=700");
}

static void repeated_values(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-dnstt.port", "5301,5300", "-dnstt.domain=b.example,a.example",
                           "--dnstt.port=53", "-dnstt.domain", "t.a.example"),
                     FLAGS_RUN);
    assert_int_equal(options.port_count, 3);
    assert_int_equal(options.ports[0], 5301);
    assert_int_equal(options.ports[1], 5300);
    assert_int_equal(options.ports[2], 53);
    assert_int_equal(options.domain_count, 3);
    assert_string_equal(options.domains[0].text, "b.example");
    assert_string_equal(options.domains[1].text, "a.example");
    assert_string_equal(options.domains[2].text, "t.a.example");
    assert_memory_equal(options.domains[1].wire, "\1a\7example", sizeof "\1a\7example");

    /* Not of a tunnel, whose commas stand between its own keys. */
    assert_int_equal(PARSE("-dnstt.tunnel=x.example,mtu=500", "-dnstt.domain=b.example",
                           "--dnstt.tunnel", "t.x.example,format=opaque"),
                     FLAGS_RUN);
    assert_int_equal(options.domain_count, 3);
    assert_string_equal(options.domains[0].text, "x.example");
    assert_string_equal(options.domains[1].text, "b.example");
    assert_string_equal(options.domains[2].text, "t.x.example");
    assert_int_equal(options.tunnels[0].format, TUNNEL_DNSTT);
    assert_int_equal(options.tunnels[2].format, TUNNEL_OPAQUE);

    ASSERT_WRONG("-dnstt.port 53: given twice; name each port once", "-dnstt.port=53,54,53");
    ASSERT_WRONG("-dnstt.port 53: given twice; name each port once", "-dnstt.port=53",
                 "-dnstt.port=53");
    ASSERT_WRONG("-dnstt.domain A.Example.: given twice; name each domain once",
                 "-dnstt.domain=b.example,a.example", "-dnstt.domain=A.Example.");
    ASSERT_WRONG("-dnstt.tunnel a.example: given twice; name each domain once",
                 "-dnstt.domain=b.example,a.example", "-dnstt.tunnel=a.example,format=xdns");
    ASSERT_WRONG("-dnstt.domain a.example: given twice; name each domain once",
                 "-dnstt.tunnel=a.example", "-dnstt.domain=b.example,a.example");
    ASSERT_WRONG("-web.listen-address localhost:9713: given twice; name each address once",
                 "-web.listen-address=[::1]:9713,127.0.0.1:9713,localhost:9713");
    ASSERT_WRONG("-dnstt.port 0: not a port; give a number from 1 to 65535", "-dnstt.port=53,0,54");
    ASSERT_WRONG("-dnstt.port \"\": not a port; give a number from 1 to 65535", "-dnstt.port=53,");
    ASSERT_WRONG("-dnstt.port \"\": not a port; give a number from 1 to 65535", "-dnstt.port=,53");
}

/* The framing is dnstt's; without a tunnel of it the flag would do nothing. */
static void framing_is_of_dnstt_alone(void **state)
{
    (void)state;
    static const char wrong[] = "-dnstt.framing any: for dnstt tunnels alone, and there is none; "
                                "leave the flag out";
    static const char *const others[] = {"a.example,format=vaydns", "a.example,format=noizdns",
                                         "a.example,format=xdns", "a.example,format=opaque"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ASSERT_WRONG(wrong, "-dnstt.tunnel", others[i], "-dnstt.framing=any");
        ASSERT_WRONG(wrong, "-dnstt.framing=any", "-dnstt.tunnel=b.example,format=opaque",
                     "-dnstt.tunnel", others[i]);
        assert_int_equal(PARSE("-dnstt.tunnel", others[i], "-dnstt.framing=strict"), FLAGS_RUN);
        ASSERT_RUN("-dnstt.tunnel", others[i], "-dnstt.framing=any");
        assert_int_equal(PARSE("-dnstt.framing=any", "-dnstt.tunnel", others[i],
                               "-dnstt.tunnel=b.example,mtu=500"),
                         FLAGS_RUN);
        assert_int_equal(options.framing, FRAMING_ANY);
    }
}

static void unprintable_values(void **state)
{
    (void)state;
    ASSERT_WRONG("-log.level a?b???c~ ?: unknown level; give debug, info, warn or error",
                 "-log.level",
                 "a\nb\x1b\xc3\xa9"
                 "c~ \x7f");
    ASSERT_WRONG("-?[31m: unknown flag; -help lists the flags", "-\x1b[31m=x");
    ASSERT_WRONG("?[31m: unexpected argument; -help lists the flags", "\x1b[31m");
}

static void syntax(void **state)
{
    (void)state;
    ASSERT_WRONG("-foo: unknown flag; -help lists the flags", "-foo");
    ASSERT_WRONG("-foo: unknown flag; -help lists the flags", "--foo=bar");
    ASSERT_WRONG("-dnstt.domai: unknown flag; -help lists the flags", "-dnstt.domai", "a");
    ASSERT_WRONG("-dnstt.domains: unknown flag; -help lists the flags", "-dnstt.domains=a");
    ASSERT_WRONG("-DNSTT.domain: unknown flag; -help lists the flags", "-DNSTT.domain=a");
    ASSERT_WRONG("-H: unknown flag; -help lists the flags", "-H");
    ASSERT_WRONG("-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: unknown flag; "
                 "-help lists the flags",
                 "-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1");
    ASSERT_WRONG("-=x: bad flag syntax; -help lists the flags", "-=x");
    ASSERT_WRONG("--=x: bad flag syntax; -help lists the flags", "--=x");
    ASSERT_WRONG("---x: bad flag syntax; -help lists the flags", "---x");
    ASSERT_WRONG("---help: bad flag syntax; -help lists the flags", "---help");
    ASSERT_WRONG("foo: unexpected argument; -help lists the flags", "-dnstt.domain=a", "foo");
    ASSERT_WRONG("-: unexpected argument; -help lists the flags", "-dnstt.domain=a", "-", "b");
    ASSERT_WRONG("\"\": unexpected argument; -help lists the flags", "");
    ASSERT_WRONG("-help: unexpected argument; -help lists the flags", "--", "-help");
    ASSERT_WRONG("--: unexpected argument; -help lists the flags", "--", "--");
    ASSERT_WRONG("true: unexpected argument; -help lists the flags", "-help=false", "true");
    ASSERT_WRONG("-log.level: value missing; give one, as -help shows", "-log.level");
    ASSERT_WRONG("-dnstt.domain: value missing; give one, as -help shows", "--dnstt.domain");
    ASSERT_WRONG("-log.level -log.format: unknown level; give debug, info, warn or error",
                 "-log.level", "-log.format", "json");
    ASSERT_WRONG(
        "-dnstt.domain: missing; give the domain of a dnstt tunnel, or -dnstt.tunnel for another",
        "-log.level=info");
    ASSERT_WRONG(
        "-dnstt.domain: missing; give the domain of a dnstt tunnel, or -dnstt.tunnel for another",
        "--");

    /* The running service knows its tunnels. */
    assert_int_equal(PARSE("-check.health", "-dnstt.framing=any"), FLAGS_RUN);
    assert_int_equal(options.listen_count, 1);

    ASSERT_RUN("--");
    /* As with Go, what follows a flag is its value, whatever it looks like. */
    ASSERT_RUN("-geoip.asn-database", "--");
    assert_string_equal(options.asn_database, "--");
}

static void no_arguments(void **state)
{
    (void)state;
    memset(&error, 0, sizeof error);
    char *const none[] = {NULL};
    assert_int_equal(flags_parse(0, none, &options, &error), FLAGS_WRONG);
    assert_string_equal(
        error.text,
        "-dnstt.domain: missing; give the domain of a dnstt tunnel, or -dnstt.tunnel for another");
}

static void switches(void **state)
{
    (void)state;
    static const char *const help[] = {"-help", "--help", "-h", "--h", "-help=true", "-h=true"};
    for (size_t i = 0; i < sizeof help / sizeof help[0]; i++)
        assert_int_equal(PARSE(help[i]), FLAGS_HELP);
    assert_int_equal(PARSE("-version"), FLAGS_VERSION);
    assert_int_equal(PARSE("--version=true"), FLAGS_VERSION);

    /* They act where they stand. */
    assert_int_equal(PARSE("-help", "-version"), FLAGS_HELP);
    assert_int_equal(PARSE("-version", "-help"), FLAGS_VERSION);
    assert_int_equal(PARSE("-help", "-foo"), FLAGS_HELP);
    assert_int_equal(PARSE("-dnstt.port=53", "-version", "x"), FLAGS_VERSION);
    ASSERT_WRONG("-foo: unknown flag; -help lists the flags", "-foo", "-help");

    ASSERT_RUN("-help=false", "--version=false", "-h=false");
}

/* Runs a printing function and returns what it wrote. */
static const char *printed(int (*print)(int))
{
    static char text[16384];
    int file = memfd_create("printed", MFD_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(print(file), 0);
    ssize_t length = pread(file, text, sizeof text, 0);
    close(file);
    assert_in_range(length, 1, sizeof text - 1);
    text[length] = '\0';
    return text;
}

/* Returns what follows `part` where it first stands. */
static const char *after(const char *text, const char *part)
{
    const char *found = strstr(text, part);
    if (found == NULL)
        fail_msg("not in the text: %s", part);
    return found + strlen(part);
}

static void help(void **state)
{
    (void)state;
    const char *rest = printed(flags_print_help);
    size_t column = 0;
    for (const char *c = rest; *c != '\0'; c++) {
        column = *c == '\n' ? 0 : column + 1;
        assert_in_range(column, 0, HELP_COLUMNS);
        assert_true(*c == '\n' || isprint((unsigned char)*c));
    }

    rest = after(rest, "\nUsage: dnstt_exporter -dnstt.domain NAME [flags]\n"
                       "       dnstt_exporter -dnstt.tunnel DOMAIN[,KEY=VALUE]... [flags]\n");
    for (size_t i = 0; i < FLAG_TABLE_ROWS; i++) {
        const struct flag *flag = &flag_table[i];
        if (flag->renamed_to != NULL)
            continue;
        char heading[128];
        snprintf(heading, sizeof heading, "\n  -%s%s%s\n        ", flag->name,
                 flag->argument != NULL ? " " : "", flag->argument != NULL ? flag->argument : "");
        rest = after(rest, heading);
        const char *end = strstr(rest, "\n  -");
        const size_t length = end != NULL ? (size_t)(end - rest) : strlen(rest);
        char paragraph[1024];
        assert_in_range(length, 10, sizeof paragraph - 1);
        memcpy(paragraph, rest, length);
        paragraph[length] = '\0';

        char first_line[128];
        snprintf(first_line, sizeof first_line, "%.*s", (int)strcspn(flag->help, "\n"), flag->help);
        after(paragraph, first_line);
        if (flag->default_text != NULL) {
            char expected[64];
            snprintf(expected, sizeof expected, "(default %s)", flag->default_text);
            after(paragraph, expected);
        }
        assert_int_equal(strstr(paragraph, "repeatable") != NULL, flag->repeatable);
        assert_int_equal(strstr(paragraph, "comma-separated") != NULL,
                         flag->repeatable && flag->kind != FLAG_TUNNEL);
    }
}

static void version(void **state)
{
    (void)state;
    char expected[512];
    snprintf(expected, sizeof expected,
             "dnstt_exporter, version %s (branch: %s, revision: %s)\n"
             "  compiler:         %s\n"
             "  platform:         linux/",
             build_version(), build_branch(), build_revision(), build_compiler());
    const char *text = printed(build_print);
    assert_memory_equal(text, expected, strlen(expected));

    unsigned parts[3];
    int used = 0;
    assert_int_equal(sscanf(build_version(), "%u.%u.%u%n", &parts[0], &parts[1], &parts[2], &used),
                     3);
    assert_int_equal(build_version()[used], '\0');
    assert_true(build_branch()[0] != '\0' && build_revision()[0] != '\0');
    assert_int_equal(sscanf(build_compiler(), "gcc %u.%u%n", &parts[0], &parts[1], &used) == 2 ||
                         sscanf(build_compiler(), "clang %u.%u%n", &parts[0], &parts[1], &used) ==
                             2,
                     true);
    assert_null(strchr(build_compiler() + used, ' '));
}

static void printing_fails(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    assert_int_equal(flags_print_help(full), -ENOSPC);
    assert_int_equal(build_print(full), -ENOSPC);
    close(full);

    int read_only = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(read_only >= 0);
    assert_int_equal(flags_print_help(read_only), -EBADF);
    close(read_only);
}

static void add_random_argument(char *out, size_t size)
{
    static const char *const values[] = {"53",
                                         "t.example.com",
                                         "1m30s",
                                         "2MiB",
                                         "any",
                                         "all",
                                         "a,b,c",
                                         ":9713",
                                         "/metrics",
                                         "json",
                                         "debug",
                                         "1000000",
                                         "-",
                                         "--",
                                         "=",
                                         "",
                                         "true",
                                         "false",
                                         "-x",
                                         "---",
                                         "a.b,format=vaydns,clientid-size=3,active-window=15s",
                                         "c.d,record-type=any,format=xdns",
                                         "e.f,mtu=500",
                                         "g.h,format=opaque"};
    const struct flag *flag = &flag_table[random_below(FLAG_TABLE_ROWS)];
    const char *value = values[random_below(sizeof values / sizeof values[0])];
    switch (random_below(7)) {
    case 0:
        snprintf(out, size, "%s", value);
        break;
    case 1:
        snprintf(out, size, "-%s", flag->name);
        break;
    case 4:
        snprintf(out, size, "--dnstt.tunnel=%s", value);
        break;
    case 2:
        snprintf(out, size, "-dnstt.domain=%s", value);
        break;
    case 3:
        snprintf(out, size, "-%s=%s", flag->name,
                 flag->default_text != NULL ? flag->default_text : value);
        break;
    default:
        snprintf(out, size, "--%s=%s", flag->name, value);
    }
    const unsigned changes = random_below(4) == 0 ? random_below(4) : 0;
    for (unsigned i = 0; i < changes && out[0] != '\0'; i++)
        out[random_below((unsigned)strlen(out))] = (char)(1 + random_below(255));
    if (random_below(50) == 0) {
        const size_t length = strlen(out);
        memset(out + length, 1 + (int)random_below(255), size - 1 - length);
        out[size - 1] = '\0';
    }
}

static void assert_tunnel_in_range(const struct tunnel *tunnel)
{
    bool vaydns = tunnel->format == TUNNEL_VAYDNS;
    assert_in_range(tunnel->format, TUNNEL_DNSTT, TUNNEL_OPAQUE);
    assert_in_range(tunnel->record_type, TUNNEL_TXT, TUNNEL_ANY);
    assert_in_range(tunnel->clientid_size, vaydns ? 1 : 0, vaydns ? 8 : 0);
    assert_in_range(tunnel->mtu, 0, 65535);
    assert_in_range(tunnel->active_window, 0, 3600);
}

static void assert_options_in_range(void)
{
    assert_in_range(options.domain_count, options.check_health ? 0 : 1, DOMAINS_MAX);
    for (unsigned i = 0; i < options.domain_count; i++) {
        assert_in_range(options.domains[i].wire_length, 3, DOMAIN_WIRE_MAX);
        assert_int_equal(strnlen(options.domains[i].text, DOMAIN_WIRE_MAX),
                         options.domains[i].wire_length - 2);
        assert_tunnel_in_range(&options.tunnels[i]);
    }
    assert_in_range(options.port_count, 1, OPTIONS_PORTS_MAX);
    for (unsigned i = 0; i < options.port_count; i++)
        assert_int_not_equal(options.ports[i], 0);
    assert_in_range(options.mtu, 1, 65535);
    assert_in_range(options.active_window, 1, 3600);
    assert_in_range(options.framing, FRAMING_STRICT, FRAMING_ANY);
    assert_in_range(strnlen(options.interface, IF_NAMESIZE), 0, IF_NAMESIZE - 1);
    assert_in_range(options.ring_size, 1024 * 1024, 1024 * 1024 * 1024);
    assert_int_equal(options.ring_size % (512 * 1024), 0);
    assert_in_range(options.sessions_max, 1000, 100000000);
    assert_in_range(options.sessions_remember, 1000, 100000000);
    assert_in_range(options.groups_max, 1, 1000000);
    assert_in_range(options.listen_count, 1, ADDRESSES_MAX);
    for (unsigned i = 0; i < options.listen_count; i++) {
        assert_true(options.listen_addresses[i].length > 0);
        assert_true(strlen(options.listen_addresses[i].text) > 0);
    }
    assert_int_equal(options.telemetry_path[0], '/');
    assert_true(strlen(options.process_user) > 0);
    assert_in_range(options.log_level, LOG_DEBUG, LOG_ERROR);
    assert_in_range(options.log_format, LOG_LOGFMT, LOG_JSON);
}

static void random_command_lines(void **state)
{
    (void)state;
    random_start();
    unsigned results[FLAGS_WRONG + 1] = {0};
    for (int round = 0; round < FUZZ_ROUNDS; round++) {
        char texts[8][600];
        const char *list[9] = {NULL};
        const unsigned count = random_below(8);
        for (unsigned i = 0; i < count; i++) {
            add_random_argument(texts[i], sizeof texts[i]);
            list[i] = texts[i];
        }
        enum flags_result result = parse_list(list);
        results[result]++;
        if (result == FLAGS_RUN)
            assert_options_in_range();
        if (result != FLAGS_WRONG)
            continue;
        /* Whole, one line, and nothing a terminal would obey. */
        const size_t length = strnlen(error.text, sizeof error.text);
        assert_in_range(length, 10, sizeof error.text - 2);
        for (size_t i = 0; i < length; i++)
            assert_in_range(error.text[i], ' ', '~');
        assert_non_null(strstr(error.text, ": "));
        assert_non_null(strstr(error.text, "; "));
    }
    /* The arguments were neither all right nor all wrong. */
    for (int result = FLAGS_RUN; result <= FLAGS_WRONG; result++)
        assert_true(results[result] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_value),
        cmocka_unit_test(repeated_values),
        cmocka_unit_test(framing_is_of_dnstt_alone),
        cmocka_unit_test(unprintable_values),
        cmocka_unit_test(syntax),
        cmocka_unit_test(no_arguments),
        cmocka_unit_test(switches),
        cmocka_unit_test(help),
        cmocka_unit_test(version),
        cmocka_unit_test(printing_fails),
        cmocka_unit_test(random_command_lines),
    };
    return cmocka_run_group_tests(tests, NULL, forget_all);
}
