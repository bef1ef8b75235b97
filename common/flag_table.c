#include "common/flag_table.h"

#include "common/address.h"
#include "common/domain.h"
#include "common/flag_values.h"
#include "common/log.h"
#include "common/number.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/typed_offset.h"

#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    RING_STEP = 512 * 1024,
    RING_MIN = 2 * RING_STEP,
    RING_MAX = 1024 * 1024 * 1024,
    SESSIONS_MIN = 1000,
    SESSIONS_MAX = 100 * 1000 * 1000,
    GROUPS_MAX = 1000 * 1000,
    PRIVACY_MIN_CLIENTS_MAX = 1000000,
    PRIVACY_ROUND_MAX = 10000, /* a million packets */
    MAX_REQUESTS_MAX = 1000,   /* more than the most connections possible */
    TUNNEL_DOMAIN_MAX = 255,   /* bytes: longer than any domain */
    TELEMETRY_PATH_MAX = 128,  /* bytes: longer than any real one, and fits the log and the pages */
};

static const char *add_domain(struct options *options, const char *text,
                              const struct tunnel *tunnel)
{
    struct domain domain;
    int result = domain_parse(text, &domain);
    if (result == -ENAMETOOLONG) {
        return "too long; a label has at most 63 characters, a tunnel domain 239";
    }
    if (result != 0) {
        return "not a domain name; give labels of letters, digits, hyphens and underscores, such "
               "as t.example.com";
    }
    for (unsigned i = 0; i < options->domain_count; i++) {
        if (strcmp(options->domains[i].text, domain.text) == 0) {
            return "given twice; name each domain once";
        }
    }
    if (options->domain_count == DOMAINS_MAX) {
        return "one too many; give at most 32 domains";
    }
    options->tunnels[options->domain_count] = *tunnel;
    options->domains[options->domain_count++] = domain;
    return NULL;
}

static const char *read_domain(struct options *options, const char *value)
{
    return add_domain(options, value, &(struct tunnel){.format = TUNNEL_DNSTT});
}

static const char *read_tunnel(struct options *options, const char *value, const char **part)
{
    char name[TUNNEL_DOMAIN_MAX + 1];
    size_t length = strcspn(value, ",");
    if (length > TUNNEL_DOMAIN_MAX) {
        return "too long; a label has at most 63 characters, a tunnel domain 239";
    }
    memcpy(name, value, length);
    name[length] = '\0';
    struct tunnel tunnel;
    const char *keys = value[length] == ',' ? value + length + 1 : value + length;
    if (value[length] == ',' && keys[0] == '\0') {
        return "ends in a comma; give key=value after it, such as format=vaydns";
    }
    const char *wrong = tunnel_parse(keys, &tunnel, part);
    return wrong != NULL ? wrong : add_domain(options, name, &tunnel);
}

static const char *read_port(struct options *options, const char *value)
{
    uint64_t number = 0;
    if (number_parse(value, 1, UINT16_MAX, &number) != 0) {
        return "not a port; give a number from 1 to 65535";
    }
    const uint16_t port = (uint16_t)number;
    for (unsigned i = 0; i < options->port_count; i++) {
        if (options->ports[i] == port) {
            return "given twice; name each port once";
        }
    }
    if (options->port_count == OPTIONS_PORTS_MAX) {
        return "one too many; give at most 16 ports";
    }
    options->ports[options->port_count++] = port;
    return NULL;
}

static const char *read_interface(struct options *options, const char *value)
{
    size_t length = strlen(value);
    /* What the kernel refuses in a name (dev_valid_name in net/core/dev.c), and DEL. */
    bool valid = length > 0 && length < IF_NAMESIZE && strcmp(value, ".") != 0 &&
                 strcmp(value, "..") != 0 && strpbrk(value, "/:\x7f") == NULL;
    for (size_t i = 0; valid && i < length; i++) {
        valid = (unsigned char)value[i] > ' ';
    }
    if (!valid) {
        return "not an interface name; give one that `ip link` lists, or all";
    }
    if (strcmp(value, "all") == 0) {
        length = 0;
    }
    memcpy(options->interface, value, length);
    options->interface[length] = '\0';
    return NULL;
}

static const char *read_listen_address(struct options *options, const char *value)
{
    struct address address;
    if (address_parse(value, &address) != 0) {
        return "not an address; give a numeric one with a port, such as 127.0.0.1:9713, "
               "[::1]:9713 or :9713, or unix: and an absolute path of up to 107 bytes";
    }
    for (unsigned i = 0; i < options->listen_count; i++) {
        if (address_equal(&options->listen_addresses[i], &address)) {
            return "given twice; name each address once";
        }
    }
    if (options->listen_count == ADDRESSES_MAX) {
        return "one too many; give at most 8 addresses";
    }
    options->listen_addresses[options->listen_count++] = address;
    return NULL;
}

static const char *read_telemetry_path(struct options *options, const char *value)
{
    /* What a path may hold unescaped: RFC 3986, section 3.3. */
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "/-._~!$&'()*+,;=:@";

    size_t length = strlen(value);
    if (length < 2 || length > TELEMETRY_PATH_MAX || value[0] != '/' ||
        strspn(value, allowed) != length || strncmp(value, "/-/", strlen("/-/")) == 0) {
        return "not a path; give one such as /metrics: a slash and 1 to 127 characters that need "
               "no escape in a URL, and not below /-/";
    }
    options->telemetry_path = value;
    return NULL;
}

#define PLACE(field, type) .offset = TYPED_OFFSET(struct options, field, type)
#define NUMBER(field, least, most)                                                                 \
    .kind = FLAG_NUMBER, PLACE(field, uint32_t), .low = (least), .high = (most)
#define SECONDS(field, least, most)                                                                \
    .kind = FLAG_SECONDS, PLACE(field, uint32_t), .low = (least), .high = (most)
#define BYTES(field, least, most, multiple)                                                        \
    .kind = FLAG_BYTES, PLACE(field, size_t), .low = (least), .high = (most), .step = (multiple)
#define CHOICE(field, type) .kind = FLAG_CHOICE, PLACE(field, type)
#define TEXT(field)         .kind = FLAG_TEXT, PLACE(field, const char *)
#define SWITCH(field)       .kind = FLAG_SWITCH, PLACE(field, bool)

const struct flag flag_table[] = {
    {.name = "dnstt.domain",
     .argument = "NAME",
     .repeatable = true,
     .help = "domain of a dnstt tunnel, such as t.example.com; this flag or\n"
             "-dnstt.tunnel is required; up to 32 in all",
     .notes = "The longest match wins.",
     .read = read_domain},
    {.name = "dnstt.tunnel",
     .kind = FLAG_TUNNEL,
     .argument = "DOMAIN[,KEY=VALUE]...",
     .repeatable = true,
     .help = "a tunnel: its domain and how its queries are read, by the keys\n"
             "format=dnstt, vaydns, noizdns, xdns, dnsttex, slipstream or opaque;\n"
             "clientid-size=1 to 8 (vaydns, default 2); record-type=txt, null,\n"
             "cname, a, aaaa, mx, ns, srv or caa (vaydns), txt, a, aaaa or any\n"
             "(xdns); mtu and active-window instead of the flags for all; xdnstt\n"
             "is mtu=500",
     .notes = "docs/tunnels.md has the keys, and how to read them off a server's command "
              "line."},
    {.name = "dnstt.port",
     .argument = "PORT",
     .default_text = "53",
     .repeatable = true,
     .help = "UDP port that resolvers send to, as this host sees it; up to 16",
     .read = read_port},
    {.name = "dnstt.mtu",
     .argument = "BYTES",
     .default_text = "1232",
     .help = "the servers' -mtu, 1 to 65535: they refuse queries that allow\n"
             "smaller responses",
     .notes = "A query without EDNS, or with a size below 512, counts as one that allows "
              "512, so with 512 or less none is refused for its size. mtu= of "
              "-dnstt.tunnel is for a single tunnel.",
     NUMBER(mtu, 1, UINT16_MAX),
     .wrong = "not an MTU; give a number of bytes from 1 to 65535"},
    {.name = "dnstt.active-window",
     .argument = "DURATION",
     .default_text = "30s",
     .help = "a session is active this long after its latest query: whole seconds,\n"
             "1s to 1h, such as 30s or 1m30s",
     .notes = "active-window= of -dnstt.tunnel is for a single tunnel.",
     SECONDS(active_window, 1, TUNNEL_WINDOW_MAX),
     .wrong = "not a window; give whole seconds from 1s to 1h, such as 30s or 1m30s"},
    {.name = "dnstt.framing",
     .argument = "strict|any",
     .default_text = "strict",
     .help = "strict counts queries in dnstt's own framing only; any counts all that\n"
             "the server would accept; of dnstt tunnels alone",
     .notes = "With any, forged ids count too.",
     CHOICE(framing, enum framing),
     .wrong = "unknown framing; give strict or any"},
    {.name = "capture.interface",
     .argument = "NAME",
     .default_text = "all",
     .help = "network interface to watch, or all",
     .read = read_interface},
    {.name = "capture.ring-size",
     .argument = "SIZE",
     .default_text = "2MiB",
     .help = "memory shared with the kernel for captured packets: bytes, or with\n"
             "KiB, MiB or GiB; a multiple of 512KiB, 1MiB to 1GiB",
     .notes = "It is kernel memory, taken whole at the start and never swapped.",
     BYTES(ring_size, RING_MIN, RING_MAX, RING_STEP),
     .wrong = "not a ring size; give a multiple of 512KiB from 1MiB to 1GiB"},
    {.name = "geoip.country-database",
     .argument = "PATH",
     .help = "MaxMind DB file for the country label: the resolver's country",
     .notes = "Up to 128 MiB. It adds the label country.",
     TEXT(country_database),
     .wrong = "no path; give that of a MaxMind DB file (.mmdb), or leave the flag out"},
    {.name = "geoip.asn-database",
     .argument = "PATH",
     .help = "MaxMind DB file for the asn label: the resolver's AS number",
     .notes = "Up to 128 MiB. It adds the label asn.",
     TEXT(asn_database),
     .wrong = "no path; give that of a MaxMind DB file (.mmdb), or leave the flag out"},
    {.name = "sessions.max",
     .argument = "COUNT",
     .default_text = "1000000",
     .help = "active sessions at a time, 1000 to 100000000; memory: 40 to 45\n"
             "bytes each",
     NUMBER(sessions_max, SESSIONS_MIN, SESSIONS_MAX),
     .wrong = "not a limit; give a number of sessions from 1000 to 100000000"},
    {.name = "sessions.remember",
     .argument = "COUNT",
     .default_text = "1000000",
     .help = "sessions remembered, so that each is counted once, 1000 to 100000000;\n"
             "memory: 9.4 to 10.6 bytes each",
     NUMBER(sessions_remember, SESSIONS_MIN, SESSIONS_MAX),
     .wrong = "not a limit; give a number of sessions from 1000 to 100000000"},
    {.name = "sessions.min-queries",
     .argument = "1|2",
     .default_text = "1",
     .help = "a session of dnstt or noizdns counts from its first query, or from its\n"
             "second, different one, which leaves out ids forged for one query",
     .notes = "Queries and bytes are counted either way. Other formats have rules of "
              "their own: docs/tunnels.md.",
     NUMBER(sessions_min_queries, 1, 2),
     .wrong = "not a number of queries; give 1 or 2"},
    {.name = "groups.max",
     .argument = "COUNT",
     .default_text = "10000",
     .help = "groups of domain, country and AS number, 1 to 1000000; memory: up to\n"
             "180 bytes each, 264 with an ASN database",
     .notes = "What comes later counts as other.",
     NUMBER(groups_max, 1, GROUPS_MAX),
     .wrong = "not a limit; give a number of groups from 1 to 1000000"},
    {.name = "privacy.min-clients",
     .argument = "COUNT",
     .default_text = "0",
     .help = "countries and AS numbers with fewer active sessions are counted as\n"
             "other, and one that never had so many is not shown at all; 0 to\n"
             "1000000, 0 shows each",
     .notes = "Once a place has fallen below, it is shown again at a quarter more. "
              "docs/privacy.md says what can still be learned.",
     NUMBER(privacy_min_clients, 0, PRIVACY_MIN_CLIENTS_MAX),
     .wrong = "not a number of clients; give one from 0 to 1000000"},
    {.name = "privacy.round",
     .argument = "COUNT",
     .default_text = "0",
     .help = "sessions are shown rounded up to multiples of this, packets to 100\n"
             "times and bytes to 64KiB times as many; 0 to 10000, 0 shows exact\n"
             "values",
     .notes = "Sums then hold only within the rounding.",
     NUMBER(privacy_round, 0, PRIVACY_ROUND_MAX),
     .wrong = "not a multiple; give a number from 0 to 10000"},
    {.name = "web.listen-address",
     .argument = "ADDRESS",
     .default_text = "127.0.0.1:9713",
     .repeatable = true,
     .help = "where to serve the metrics: host:port or [v6]:port with a numeric\n"
             "host, :port for every address of this host, or unix:/path; up to 8",
     .notes = "localhost stands for 127.0.0.1. An address of loopback answers only to "
              "requests whose Host header names loopback. A unix socket is made with mode "
              "0660 once privileges are gone; one that nobody listens on is replaced, and "
              "it stays behind at the end.",
     .read = read_listen_address},
    {.name = "web.systemd-socket",
     .help = "serve on the sockets that a systemd .socket unit passes; not together\n"
             "with -web.listen-address",
     .notes = "TCP or unix, up to 8.",
     SWITCH(systemd_socket)},
    {.name = "web.telemetry-path",
     .argument = "PATH",
     .default_text = "/metrics",
     .help = "path of the metrics page, up to 128 bytes",
     .notes = "Beside it are / (the status page, as HTML, text or JSON; also "
              "/status.html, /status.txt and /status.json), /-/healthy (200 while the "
              "exporter lives) and /-/ready (503 while the sniffer is silent).",
     .read = read_telemetry_path},
    {.name = "web.max-requests",
     .argument = "COUNT",
     .default_text = "40",
     .help = "scrapes at a time, 1 to 1000, or 0 for as many as there are\n"
             "connections; those beyond are answered with 503",
     .notes = "There are at most 64 connections, and 16 from one address.",
     NUMBER(max_requests, 0, MAX_REQUESTS_MAX),
     .wrong = "not a limit; give a number of scrapes from 1 to 1000, or 0 for none"},
    {.name = "web.config.file",
     .argument = "PATH",
     .help = "YAML file for TLS, client certificates, passwords, headers and a limit\n"
             "on requests, in the format of Prometheus' exporter-toolkit",
     .notes = "Paths in it are relative to its folder. Private keys, and a file with "
              "password hashes, must not be readable to everybody. What is replaced is "
              "read again. docs/web-config.md has the keys.",
     TEXT(web_config),
     .wrong = "no path; give that of a web configuration file, or leave the flag out"},
    {.name = "process.user",
     .argument = "USER",
     .default_text = "nobody",
     .help = "user to run as when started as root: a name, uid or uid:gid",
     .notes = "A name is looked up in /etc/passwd.",
     TEXT(process_user),
     .wrong = "no user; give a name, uid or uid:gid, such as nobody"},
    {.name = "log.level",
     .argument = "debug|info|warn|error",
     .default_text = "info",
     .help = "lowest level to log: debug, info, warn or error",
     CHOICE(log_level, enum log_level),
     .wrong = "unknown level; give debug, info, warn or error"},
    {.name = "log.format",
     .argument = "logfmt|json",
     .default_text = "logfmt",
     .help = "form of the log lines on standard error: logfmt or json",
     CHOICE(log_format, enum log_format),
     .wrong = "unknown format; give logfmt or json"},
    {.name = "check",
     .help = "say what would be watched and served, and end: status 0, or 1 or 2 as\n"
             "a start would; binds nothing, and works beside the running service",
     .notes = "Every error is shown, not only the first. Privileges are given up before "
              "the first file that a flag names is opened.",
     SWITCH(check)},
    {.name = "check.health",
     .help = "ask the running service whether it is healthy, at -web.listen-address,\n"
             "and end: status 0 or 1, within seconds; needs no other flag where that\n"
             "address is the default",
     .notes =
         "Root becomes the user of -process.user before it asks. That a password is needed "
         "is an answer too. A service with TLS closes the connection of a plain request, which "
         "counts as an answer where -web.config.file is given as well.",
     SWITCH(check_health)},
    {.name = "version", .kind = FLAG_VERSION, .help = "print the version and exit"},
    {.name = "help", .kind = FLAG_HELP, .help = "print this text and exit; -h does the same"},
    /* Until version 0.3: before 0.2 this limit was said to cap Prometheus series, which it never
     * did. */
    {.name = "series.max", .renamed_to = "groups.max"},
};

static const char *set_number(const struct flag *flag, void *field, const char *value)
{
    uint64_t number = 0;
    if (number_parse(value, flag->low, flag->high, &number) != 0) {
        return flag->wrong;
    }
    *(uint32_t *)field = (uint32_t)number;
    return NULL;
}

static const char *set_bytes(const struct flag *flag, void *field, const char *value)
{
    uint64_t bytes = 0;
    if (flag_values_bytes(value, flag->low, flag->high, &bytes) != 0 || bytes % flag->step != 0) {
        return flag->wrong;
    }
    *(size_t *)field = (size_t)bytes;
    return NULL;
}

static const char *set_choice(const struct flag *flag, void *field, const char *value)
{
    int chosen = flag_values_choice(value, flag->argument);
    if (chosen < 0) {
        return flag->wrong;
    }
    memcpy(field, &chosen, sizeof chosen);
    return NULL;
}

_Static_assert(sizeof(enum framing) == sizeof(int), "a choice is stored as an int");

const char *flag_set(const struct flag *flag, struct options *options, const char *value,
                     const char **part)
{
    void *field = (char *)options + flag->offset;
    *part = value;
    switch (flag->kind) {
    case FLAG_TUNNEL:
        return read_tunnel(options, value, part);
    case FLAG_OWN:
        return flag->read(options, value);
    case FLAG_NUMBER:
        return set_number(flag, field, value);
    case FLAG_SECONDS:
        return flag_values_seconds(value, (uint32_t)flag->low, (uint32_t)flag->high, field) == 0
                   ? NULL
                   : flag->wrong;
    case FLAG_BYTES:
        return set_bytes(flag, field, value);
    case FLAG_CHOICE:
        return set_choice(flag, field, value);
    case FLAG_TEXT:
        if (value[0] == '\0') {
            return flag->wrong;
        }
        *(const char **)field = value;
        return NULL;
    case FLAG_SWITCH:
        *(bool *)field = true;
        return NULL;
    case FLAG_VERSION:
    case FLAG_HELP:
        break;
    }
    return NULL;
}
