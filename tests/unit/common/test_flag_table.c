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

#include "common/flag_table.h"
#include "tests/unit/command_line.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static void defaults(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-dnstt.domain", "T.example.com."), FLAGS_RUN);
    assert_int_equal(options.domain_count, 1);
    assert_string_equal(options.domains[0].text, "t.example.com");
    static const struct tunnel dnstt = {.format = TUNNEL_DNSTT};
    assert_memory_equal(&options.tunnels[0], &dnstt, sizeof dnstt);
    assert_int_equal(options.port_count, 1);
    assert_int_equal(options.ports[0], 53);
    assert_int_equal(options.mtu, 1232);
    assert_int_equal(options.active_window, 30);
    assert_int_equal(options.framing, FRAMING_STRICT);
    assert_string_equal(options.interface, "");
    assert_int_equal(options.ring_size, 2 * 1024 * 1024);
    assert_null(options.country_database);
    assert_null(options.asn_database);
    assert_int_equal(options.sessions_max, 1000000);
    assert_int_equal(options.sessions_remember, 1000000);
    assert_int_equal(options.sessions_min_queries, 1);
    assert_int_equal(options.groups_max, 10000);
    assert_int_equal(options.privacy_min_clients, 0);
    assert_int_equal(options.privacy_round, 0);
    assert_int_equal(options.listen_count, 1);
    const struct address *address = &options.listen_addresses[0];
    assert_int_equal(address->socket.any.sa_family, AF_INET);
    assert_int_equal(address->socket.v4.sin_port, htons(9713));
    assert_int_equal(address->socket.v4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    assert_false(address->every);
    assert_string_equal(address->text, "127.0.0.1:9713");
    assert_int_equal(options.max_requests, 40);
    assert_string_equal(options.telemetry_path, "/metrics");
    assert_null(options.web_config);
    assert_string_equal(options.process_user, "nobody");
    assert_int_equal(options.log_level, LOG_INFO);
    assert_int_equal(options.log_format, LOG_LOGFMT);
    assert_false(options.check);
}

static void given_values(void **state)
{
    (void)state;
    ASSERT_RUN("-dnstt.port", "5300", "-dnstt.mtu=512", "--dnstt.active-window", "1m30s",
               "--dnstt.framing=any", "-capture.interface=eth0", "-capture.ring-size", "1GiB",
               "-geoip.country-database", "a b.mmdb", "-geoip.asn-database=./=.mmdb",
               "-sessions.max=1000", "-sessions.remember=100000000", "-sessions.min-queries=2",
               "-groups.max=1", "-privacy.min-clients", "5", "-privacy.round=10",
               "-web.listen-address", ":80,unix:/run/x", "-web.listen-address=[::1]:81",
               "-web.max-requests=0", "-web.telemetry-path", "/a", "-web.config.file=/a b.yml",
               "-process.user=65534:7", "-log.level=error", "-log.format", "json");
    assert_int_equal(options.domain_count, 1);
    assert_int_equal(options.port_count, 1);
    assert_int_equal(options.ports[0], 5300);
    assert_int_equal(options.mtu, 512);
    assert_int_equal(options.active_window, 90);
    assert_int_equal(options.framing, FRAMING_ANY);
    assert_string_equal(options.interface, "eth0");
    assert_int_equal(options.ring_size, 1024 * 1024 * 1024);
    assert_string_equal(options.country_database, "a b.mmdb");
    assert_string_equal(options.asn_database, "./=.mmdb");
    assert_int_equal(options.sessions_max, 1000);
    assert_int_equal(options.sessions_remember, 100000000);
    assert_int_equal(options.sessions_min_queries, 2);
    assert_int_equal(options.groups_max, 1);
    assert_int_equal(options.privacy_min_clients, 5);
    assert_int_equal(options_min_clients(&options), 5);
    assert_int_equal(options.privacy_round, 10);
    assert_int_equal(options.listen_count, 3);
    assert_true(options.listen_addresses[0].every);
    assert_int_equal(options.listen_addresses[0].socket.v6.sin6_port, htons(80));
    assert_string_equal(options.listen_addresses[0].text, ":80");
    assert_string_equal(options.listen_addresses[1].text, "unix:/run/x");
    assert_string_equal(options.listen_addresses[1].socket.local.sun_path, "/run/x");
    assert_string_equal(options.listen_addresses[2].text, "[::1]:81");
    assert_int_equal(options.max_requests, 0);
    assert_string_equal(options.telemetry_path, "/a");
    assert_string_equal(options.web_config, "/a b.yml");
    assert_string_equal(options.process_user, "65534:7");
    assert_int_equal(options.log_level, LOG_ERROR);
    assert_int_equal(options.log_format, LOG_JSON);
}

static void values_at_the_limits(void **state)
{
    (void)state;
    ASSERT_RUN("-dnstt.mtu=1");
    assert_int_equal(options.mtu, 1);
    ASSERT_RUN("-dnstt.port=1,65535", "-dnstt.mtu=65535", "-dnstt.active-window=1h",
               "-capture.interface=123456789012345", "-capture.ring-size=1048576",
               "-sessions.max=100000000", "-sessions.remember=1000", "-groups.max=1000000",
               "-privacy.min-clients=1000000", "-privacy.round=10000", "-web.max-requests=1000",
               "-log.level=debug");
    assert_int_equal(options.max_requests, 1000);
    assert_int_equal(options.ports[0], 1);
    assert_int_equal(options.ports[1], 65535);
    assert_int_equal(options.mtu, 65535);
    assert_int_equal(options.active_window, 3600);
    assert_string_equal(options.interface, "123456789012345");
    assert_int_equal(options.ring_size, 1024 * 1024);
    assert_int_equal(options.sessions_max, 100000000);
    assert_int_equal(options.sessions_remember, 1000);
    assert_int_equal(options.groups_max, 1000000);
    assert_int_equal(options.privacy_min_clients, 1000000);
    assert_int_equal(options_min_clients(&options), 0); /* without a database */
    assert_int_equal(options.privacy_round, 10000);
    assert_int_equal(options.log_level, LOG_DEBUG);
    assert_false(options.systemd_socket);
    ASSERT_RUN("-web.systemd-socket");
    assert_true(options.systemd_socket);
    ASSERT_RUN("-web.systemd-socket=false");
    assert_false(options.systemd_socket);
    ASSERT_RUN("-web.systemd-socket=false", "-web.listen-address=:80");
    ASSERT_RUN("-check");
    assert_true(options.check);
    ASSERT_RUN("--check=false");
    assert_false(options.check);
    assert_false(options.check_health);
    assert_int_equal(PARSE("-check", "-version"), FLAGS_VERSION);
    ASSERT_RUN("-check.health", "-web.systemd-socket", "-web.listen-address=unix:/a");
    assert_true(options.check_health);
    assert_int_equal(PARSE("-check", "-help"), FLAGS_HELP);
    ASSERT_WRONG("-web.systemd-socket: the .socket unit names the addresses; leave out "
                 "-web.listen-address",
                 "-web.systemd-socket", "-dnstt.domain=a", "-web.listen-address=127.0.0.1:9713");

    char path[129];
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[128] = '\0';
    ASSERT_RUN("-web.telemetry-path", path, "-log.level=warn", "-dnstt.active-window=2000ms",
               "-capture.ring-size=1536KiB");
    assert_string_equal(options.telemetry_path, path);
    assert_int_equal(options.log_level, LOG_WARN);
    assert_int_equal(options.active_window, 2);
    assert_int_equal(options.ring_size, 1536 * 1024);
}

/* A tunnel is a domain and what its keys say; those that it has not are as the flags for all. */
static void tunnels(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-dnstt.tunnel", "V.Example.,format=vaydns,active-window=15s,mtu=1",
                           "-dnstt.domain=d.example", "-dnstt.tunnel=x.example,format=xdns",
                           "-dnstt.mtu=900", "-dnstt.active-window=1m"),
                     FLAGS_RUN);
    assert_int_equal(options.domain_count, 3);
    assert_string_equal(options.domains[0].text, "v.example");
    assert_string_equal(options.domains[1].text, "d.example");
    assert_string_equal(options.domains[2].text, "x.example");
    static const struct tunnel expected[] = {
        {.format = TUNNEL_VAYDNS, .clientid_size = 2, .mtu = 1, .active_window = 15},
        {.format = TUNNEL_DNSTT},
        {.format = TUNNEL_XDNS, .mtu = 1232},
    };
    assert_memory_equal(options.tunnels, expected, sizeof expected);
    static const uint32_t mtus[] = {1, 900, 1232};
    static const uint32_t windows[] = {15, 60, 60};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(options_mtu(&options, i), mtus[i]);
        assert_int_equal(options_window(&options, i), windows[i]);
    }
}

/* The error shows the part that is wrong, up to a comma. */
static void wrong_tunnels(void **state)
{
    (void)state;
    ASSERT_WRONG("-dnstt.tunnel format=dns: unknown format; give dnstt, vaydns, noizdns, xdns, "
                 "dnsttex, slipstream or opaque",
                 "-dnstt.tunnel=t.example.com,mtu=500,format=dns,x");
    ASSERT_WRONG(
        "-dnstt.tunnel t.example.com,,mtu=500: no value; give key=value, such as format=vaydns",
        "-dnstt.tunnel=t.example.com,,mtu=500");
    ASSERT_WRONG(
        "-dnstt.tunnel t.example.com,mtu=500,: no value; give key=value, such as format=vaydns",
        "-dnstt.tunnel=t.example.com,mtu=500,");
    ASSERT_WRONG("-dnstt.tunnel t.example.com: ends in a comma; give key=value after it, such as "
                 "format=vaydns",
                 "-dnstt.tunnel=t.example.com,");
    ASSERT_WRONG("-dnstt.tunnel b.example: no value; give key=value, such as format=vaydns",
                 "-dnstt.tunnel=a.example,b.example");
    ASSERT_WRONG("-dnstt.tunnel a b: not a domain name; give labels of letters, digits, hyphens "
                 "and underscores, such as t.example.com",
                 "-dnstt.tunnel=a b,mtu=500");
    ASSERT_WRONG(
        "-dnstt.tunnel ,mtu=500: not a domain name; give labels of letters, digits, hyphens "
        "and underscores, such as t.example.com",
        "-dnstt.tunnel=,mtu=500");
}

struct wrong_case {
    const char *flag;
    const char *remedy;
    const char *values[13];
};

/* Each value in each of the four forms. */
static void wrong_values(void **state)
{
    (void)state;
    static const struct wrong_case cases[] = {
        {"dnstt.domain",
         "not a domain name; give labels of letters, digits, hyphens and underscores, such as "
         "t.example.com",
         {"\"\"", ".", "a..b", ".a", "a b", "a/b", "*.example.com"}},
        /* Those of the keys are in test_tunnel.c. */
        {"dnstt.tunnel",
         "not a domain name; give labels of letters, digits, hyphens and underscores, such as "
         "t.example.com",
         {"\"\"", ".", "a..b", ".a", "a b", "a/b", "*.example.com", "format=vaydns"}},
        {"dnstt.port",
         "not a port; give a number from 1 to 65535",
         {"\"\"", "0", "65536", "70000", "-1", "+53", "53x", "0x35", "5 3", "4294967349"}},
        {"dnstt.mtu",
         "not an MTU; give a number of bytes from 1 to 65535",
         {"\"\"", "0", "65536", "1232 ", "-1232", "1KiB", "18446744073709552848"}},
        {"dnstt.active-window",
         "not a window; give whole seconds from 1s to 1h, such as 30s or 1m30s",
         {"\"\"", "30", "0s", "1500ms", "3601s", "61m", "1.5m", "-1s", "forever"}},
        {"dnstt.framing",
         "unknown framing; give strict or any",
         {"\"\"", "Strict", "none", "any "}},
        {"capture.interface",
         "not an interface name; give one that `ip link` lists, or all",
         {"\"\"", "eth 0", "a/b", ".", "..", "eth0:1", "1234567890123456", "eth0,eth1 "}},
        {"capture.ring-size",
         "not a ring size; give a multiple of 512KiB from 1MiB to 1GiB",
         {"\"\"", "0", "512KiB", "1048575", "1048577", "1280KiB", "2GiB", "1073741825", "2MB",
          "2 MiB"}},
        {"geoip.country-database",
         "no path; give that of a MaxMind DB file (.mmdb), or leave the flag out",
         {"\"\""}},
        {"geoip.asn-database",
         "no path; give that of a MaxMind DB file (.mmdb), or leave the flag out",
         {"\"\""}},
        {"sessions.max",
         "not a limit; give a number of sessions from 1000 to 100000000",
         {"\"\"", "999", "100000001", "1e6", "4294968296"}},
        {"sessions.remember",
         "not a limit; give a number of sessions from 1000 to 100000000",
         {"\"\"", "999", "100000001", "1,000,000", "4294968296"}},
        {"sessions.min-queries",
         "not a number of queries; give 1 or 2",
         {"\"\"", "0", "3", "-1", "1.5", "4294967297"}},
        {"groups.max",
         "not a limit; give a number of groups from 1 to 1000000",
         {"\"\"", "0", "1000001", "-1", "4294967297"}},
        {"privacy.min-clients",
         "not a number of clients; give one from 0 to 1000000",
         {"\"\"", "1000001", "-1", "4294967296", "5k"}},
        {"privacy.round",
         "not a multiple; give a number from 0 to 10000",
         {"\"\"", "10001", "-1", "4294967296", "1e3"}},
        {"web.listen-address",
         "not an address; give a numeric one with a port, such as 127.0.0.1:9713, [::1]:9713 or "
         ":9713, or unix: and an absolute path of up to 107 bytes",
         {"\"\"", "9713", "::1:9713", "example.com:9713", "127.0.0.1:0", "unix:run/x", "unix:"}},
        {"web.systemd-socket", "not for a switch; give true or false", {"\"\"", "1", "yes"}},
        {"web.telemetry-path",
         "not a path; give one such as /metrics: a slash and 1 to 127 characters that need no "
         "escape in a URL, and not below /-/",
         {"\"\"", "/", "metrics", "/a b", "/a?b", "/a#b", "/%41", "/\"", "/<", "/a\\", "http://a/",
          "/-/healthy"}},
        {"web.max-requests",
         "not a limit; give a number of scrapes from 1 to 1000, or 0 for none",
         {"\"\"", "-1", "1001", "4294967296", "1k"}},
        {"web.config.file",
         "no path; give that of a web configuration file, or leave the flag out",
         {"\"\""}},
        {"process.user", "no user; give a name, uid or uid:gid, such as nobody", {"\"\""}},
        {"log.level",
         "unknown level; give debug, info, warn or error",
         {"\"\"", "INFO", "warning", "6"}},
        {"log.format", "unknown format; give logfmt or json", {"\"\"", "JSON", "text"}},
        {"check", "not for a switch; give true or false", {"\"\"", "1", "yes", "True"}},
        {"check.health", "not for a switch; give true or false", {"\"\"", "1", "yes", "True"}},
        {"version", "not for a switch; give true or false", {"\"\"", "1", "yes", "True"}},
        {"help", "not for a switch; give true or false", {"\"\"", "1", "yes", "True"}},
    };
    /* Every flag of the table has its wrong values here; the old names stand last in it. */
    const size_t flag_count = sizeof cases / sizeof cases[0];
    for (size_t i = 0; i < FLAG_TABLE_ROWS; i++)
        assert_int_equal(flag_table[i].renamed_to != NULL, i >= flag_count);

    for (size_t i = 0; i < flag_count; i++) {
        const struct flag *flag = &flag_table[i];
        assert_string_equal(cases[i].flag, flag->name);
        for (size_t j = 0; cases[i].values[j] != NULL; j++) {
            const char *shown = cases[i].values[j];
            const char *value = strcmp(shown, "\"\"") == 0 ? "" : shown;
            char expected[256];
            char name[64];
            char joined[128];
            snprintf(expected, sizeof expected, "-%s %s: %s", flag->name, shown, cases[i].remedy);
            snprintf(name, sizeof name, "--%s", flag->name);
            snprintf(joined, sizeof joined, "--%s=%s", flag->name, value);
            ASSERT_WRONG(expected, "-dnstt.domain=good.example", joined);
            ASSERT_WRONG(expected, "-dnstt.domain=good.example", joined + 1);
            if (flag->argument == NULL || (flag->repeatable && strchr(value, ',') != NULL))
                continue;
            ASSERT_WRONG(expected, "-dnstt.domain=good.example", name, value);
            ASSERT_WRONG(expected, "-dnstt.domain=good.example", name + 1, value, "-help");
        }
    }
}

static void overlong_values(void **state)
{
    (void)state;
    char value[1000];
    memset(value, 'a', sizeof value);
    value[64] = '\0';
    ASSERT_WRONG(
        "-dnstt.domain aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: too "
        "long; a label has at most 63 characters, a tunnel domain 239",
        "-dnstt.domain", value);
    value[64] = 'a';
    value[255] = '\0';
    ASSERT_WRONG(
        "-dnstt.domain aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: too "
        "long; a label has at most 63 characters, a tunnel domain 239",
        "-dnstt.domain", value);
    value[255] = 'a';
    value[256] = '\0';
    ASSERT_WRONG(
        "-dnstt.domain aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: too "
        "long; -help says what to give",
        "-dnstt.domain", value);
    static const char too_long_a_domain[] =
        "-dnstt.tunnel aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: too long; "
        "a label has at most 63 characters, a tunnel domain 239";
    ASSERT_WRONG(too_long_a_domain, "-dnstt.tunnel", value);
    value[255] = '\0';
    ASSERT_WRONG(too_long_a_domain, "-dnstt.tunnel", value);
    value[60] = '\0';
    ASSERT_WRONG("-log.level aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: unknown "
                 "level; give debug, info, warn or error",
                 "-log.level", value);

    /* Past a path's limit, and a port that would be 53 if it were cut short. */
    memset(value, 'a', 129);
    value[0] = '/';
    value[129] = '\0';
    ASSERT_WRONG(
        "-web.telemetry-path /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: "
        "not a path; give one such as /metrics: a slash and 1 to 127 characters that need "
        "no escape in a URL, and not below /-/",
        "-web.telemetry-path", value);
    memset(value, '0', 300);
    memcpy(value + 253, "530", 3);
    value[256] = '\0';
    assert_int_equal(PARSE("-dnstt.port", value), FLAGS_WRONG);
}

/* Giving a default changes nothing. */
static void help_tells_the_defaults(void **state)
{
    (void)state;
    for (size_t i = 0; i < FLAG_TABLE_ROWS; i++) {
        const struct flag *flag = &flag_table[i];
        if (flag->default_text == NULL)
            continue;
        ASSERT_RUN("--");
        static struct options without;
        without = options;

        char argument[128];
        snprintf(argument, sizeof argument, "-%s=%s", flag->name, flag->default_text);
        ASSERT_RUN(argument);
        /* Then the texts stand in argv, elsewhere but alike. */
        assert_string_equal(options.telemetry_path, without.telemetry_path);
        assert_string_equal(options.process_user, without.process_user);
        options.telemetry_path = without.telemetry_path;
        options.process_user = without.process_user;
        assert_memory_equal(&options, &without, sizeof options);
    }
}

static void too_many_values(void **state)
{
    (void)state;
    char domains[512] = "d0";
    for (int i = 1; i < DOMAINS_MAX; i++)
        snprintf(domains + strlen(domains), sizeof domains - strlen(domains), ",d%d", i);
    assert_int_equal(PARSE("-dnstt.domain", domains), FLAGS_RUN);
    assert_int_equal(options.domain_count, 32);
    assert_string_equal(options.domains[31].text, "d31");
    ASSERT_WRONG("-dnstt.domain d32: one too many; give at most 32 domains", "-dnstt.domain",
                 domains, "-dnstt.domain=d32");
    ASSERT_WRONG("-dnstt.tunnel d32: one too many; give at most 32 domains", "-dnstt.domain",
                 domains, "-dnstt.tunnel=d32,format=opaque");

    ASSERT_RUN("-dnstt.port=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16");
    assert_int_equal(options.port_count, 16);
    ASSERT_RUN("-web.listen-address=:1,:2,:3,:4,:5,:6,:7,unix:/8");
    assert_int_equal(options.listen_count, 8);
    ASSERT_WRONG("-web.listen-address :9: one too many; give at most 8 addresses",
                 "-web.listen-address=:1,:2,:3,:4,:5,:6,:7,unix:/8,:9");
    ASSERT_WRONG("-dnstt.port 17: one too many; give at most 16 ports",
                 "-dnstt.port=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17");
}

static void old_names(void **state)
{
    (void)state;
    ASSERT_RUN("-groups.max=7");
    assert_int_equal(options.groups_max, 7);
    assert_int_equal(options.renamed, 0);

    ASSERT_RUN("-series.max=8");
    assert_int_equal(options.groups_max, 8);
    assert_int_equal(options.renamed, UINT64_C(1) << (FLAG_TABLE_ROWS - 1));

    /* The one flag that it is, whatever it is called. */
    ASSERT_RUN("-groups.max", "9", "-series.max", "10");
    assert_int_equal(options.groups_max, 10);
    ASSERT_WRONG("-groups.max 0: not a limit; give a number of groups from 1 to 1000000",
                 "-dnstt.domain=good.example", "-series.max=0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(given_values),
        cmocka_unit_test(values_at_the_limits),
        cmocka_unit_test(tunnels),
        cmocka_unit_test(wrong_tunnels),
        cmocka_unit_test(wrong_values),
        cmocka_unit_test(overlong_values),
        cmocka_unit_test(old_names),
        cmocka_unit_test(help_tells_the_defaults),
        cmocka_unit_test(too_many_values),
    };
    return cmocka_run_group_tests(tests, NULL, forget_all);
}
