#include "common/flag_table.h"

#include "common/address.h"
#include "common/domain.h"
#include "common/flag_values.h"
#include "common/log.h"
#include "common/number.h"
#include "common/options.h"

#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    MTU_MIN = 512,     /* RFC 1035, section 4.2.1: what DNS over UDP always carries */
    WINDOW_MAX = 3600, /* seconds: the session table keeps time in 16 bits */
    RING_STEP = 512 * 1024,
    RING_MIN = 2 * RING_STEP,
    RING_MAX = 1024 * 1024 * 1024,
    SESSIONS_MIN = 1000,
    SESSIONS_MAX = 100 * 1000 * 1000,
    GROUPS_MAX = 1000 * 1000,
    MAX_REQUESTS_MAX = 1000,  /* more than the most connections possible */
    TELEMETRY_PATH_MAX = 128, /* bytes: longer than any real one, and fits the log and the pages */
};

/* Returns the index of `value` among `names`, or -1. */
static int choose(const char *value, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(value, names[i]) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static const char *set_domain(struct options *options, const char *value)
{
    struct domain domain;
    int result = domain_parse(value, &domain);
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
    options->domains[options->domain_count++] = domain;
    return NULL;
}

static const char *set_port(struct options *options, const char *value)
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

static const char *set_mtu(struct options *options, const char *value)
{
    uint64_t mtu = 0;
    if (number_parse(value, MTU_MIN, UINT16_MAX, &mtu) != 0) {
        return "not an MTU; give a number of bytes from 512 to 65535";
    }
    options->mtu = (uint16_t)mtu;
    return NULL;
}

static const char *set_active_window(struct options *options, const char *value)
{
    if (flag_values_seconds(value, 1, WINDOW_MAX, &options->active_window) != 0) {
        return "not a window; give whole seconds from 1s to 1h, such as 30s or 1m30s";
    }
    return NULL;
}

static const char *set_framing(struct options *options, const char *value)
{
    static const char *const names[] = {[FRAMING_STRICT] = "strict", [FRAMING_ANY] = "any"};

    int chosen = choose(value, names, sizeof names / sizeof names[0]);
    if (chosen < 0) {
        return "unknown framing; give strict or any";
    }
    options->framing = (enum framing)chosen;
    return NULL;
}

static const char *set_interface(struct options *options, const char *value)
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

static const char *set_ring_size(struct options *options, const char *value)
{
    uint64_t bytes = 0;
    if (flag_values_bytes(value, RING_MIN, RING_MAX, &bytes) != 0 || bytes % RING_STEP != 0) {
        return "not a ring size; give a multiple of 512KiB from 1MiB to 1GiB";
    }
    options->ring_size = (size_t)bytes;
    return NULL;
}

static const char *set_path(const char **path, const char *value)
{
    if (value[0] == '\0') {
        return "no path; give that of a MaxMind DB file (.mmdb), or leave the flag out";
    }
    *path = value;
    return NULL;
}

static const char *set_country_database(struct options *options, const char *value)
{
    return set_path(&options->country_database, value);
}

static const char *set_asn_database(struct options *options, const char *value)
{
    return set_path(&options->asn_database, value);
}

static const char *set_sessions_max(struct options *options, const char *value)
{
    uint64_t limit = 0;
    if (number_parse(value, SESSIONS_MIN, SESSIONS_MAX, &limit) != 0) {
        return "not a limit; give a number of sessions from 1000 to 100000000";
    }
    options->sessions_max = (uint32_t)limit;
    return NULL;
}

static const char *set_sessions_remember(struct options *options, const char *value)
{
    uint64_t limit = 0;
    if (number_parse(value, SESSIONS_MIN, SESSIONS_MAX, &limit) != 0) {
        return "not a limit; give a number of sessions from 1000 to 100000000";
    }
    options->sessions_remember = (uint32_t)limit;
    return NULL;
}

static const char *set_sessions_min_queries(struct options *options, const char *value)
{
    uint64_t queries = 0;
    if (number_parse(value, 1, 2, &queries) != 0) {
        return "not a number of queries; give 1 or 2";
    }
    options->sessions_min_queries = (uint32_t)queries;
    return NULL;
}

static const char *set_groups_max(struct options *options, const char *value)
{
    uint64_t limit = 0;
    if (number_parse(value, 1, GROUPS_MAX, &limit) != 0) {
        return "not a limit; give a number of groups from 1 to 1000000";
    }
    options->groups_max = (uint32_t)limit;
    return NULL;
}

static const char *set_listen_address(struct options *options, const char *value)
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

static const char *set_systemd_socket(struct options *options, const char *value)
{
    (void)value;
    options->systemd_socket = true;
    return NULL;
}

static const char *set_telemetry_path(struct options *options, const char *value)
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

static const char *set_max_requests(struct options *options, const char *value)
{
    uint64_t limit = 0;
    if (number_parse(value, 0, MAX_REQUESTS_MAX, &limit) != 0) {
        return "not a limit; give a number of scrapes from 1 to 1000, or 0 for none";
    }
    options->max_requests = (uint32_t)limit;
    return NULL;
}

static const char *set_web_config(struct options *options, const char *value)
{
    if (value[0] == '\0') {
        return "no path; give that of a web configuration file, or leave the flag out";
    }
    options->web_config = value;
    return NULL;
}

static const char *set_process_user(struct options *options, const char *value)
{
    if (value[0] == '\0') {
        return "no user; give a name, uid or uid:gid, such as nobody";
    }
    options->process_user = value;
    return NULL;
}

static const char *set_log_level(struct options *options, const char *value)
{
    static const char *const names[] = {
        [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

    int chosen = choose(value, names, sizeof names / sizeof names[0]);
    if (chosen < 0) {
        return "unknown level; give debug, info, warn or error";
    }
    options->log_level = (enum log_level)chosen;
    return NULL;
}

static const char *set_log_format(struct options *options, const char *value)
{
    static const char *const names[] = {[LOG_LOGFMT] = "logfmt", [LOG_JSON] = "json"};

    int chosen = choose(value, names, sizeof names / sizeof names[0]);
    if (chosen < 0) {
        return "unknown format; give logfmt or json";
    }
    options->log_format = (enum log_format)chosen;
    return NULL;
}

const struct flag flag_table[] = {
    {.name = "dnstt.domain",
     .argument = "NAME",
     .repeatable = true,
     .help = "tunnel domain that dnstt-server serves, such as t.example.com;\n"
             "required; up to 32",
     .set = set_domain},
    {.name = "dnstt.port",
     .argument = "PORT",
     .default_text = "53",
     .repeatable = true,
     .help = "UDP port that resolvers send to, as this host sees it; up to 16",
     .set = set_port},
    {.name = "dnstt.mtu",
     .argument = "BYTES",
     .default_text = "1232",
     .help = "dnstt-server's -mtu, 512 to 65535: it refuses queries that allow\n"
             "smaller responses",
     .set = set_mtu},
    {.name = "dnstt.active-window",
     .argument = "DURATION",
     .default_text = "30s",
     .help = "a session is active this long after its latest query: whole seconds,\n"
             "1s to 1h, such as 30s or 1m30s",
     .set = set_active_window},
    {.name = "dnstt.framing",
     .argument = "strict|any",
     .default_text = "strict",
     .help = "strict counts queries in dnstt's own framing only; any counts all that\n"
             "the server would accept",
     .set = set_framing},
    {.name = "capture.interface",
     .argument = "NAME",
     .default_text = "all",
     .help = "network interface to watch, or all",
     .set = set_interface},
    {.name = "capture.ring-size",
     .argument = "SIZE",
     .default_text = "2MiB",
     .help = "memory shared with the kernel for captured packets: bytes, or with\n"
             "KiB, MiB or GiB; a multiple of 512KiB, 1MiB to 1GiB",
     .set = set_ring_size},
    {.name = "geoip.country-database",
     .argument = "PATH",
     .help = "MaxMind DB file for the country label: the resolver's country",
     .set = set_country_database},
    {.name = "geoip.asn-database",
     .argument = "PATH",
     .help = "MaxMind DB file for the asn label: the resolver's AS number",
     .set = set_asn_database},
    {.name = "sessions.max",
     .argument = "COUNT",
     .default_text = "1000000",
     .help = "active sessions at a time, 1000 to 100000000; memory: 20 to 23\n"
             "bytes each",
     .set = set_sessions_max},
    {.name = "sessions.remember",
     .argument = "COUNT",
     .default_text = "1000000",
     .help = "sessions remembered, so that each is counted once, 1000 to 100000000;\n"
             "memory: 9.4 to 10.6 bytes each",
     .set = set_sessions_remember},
    {.name = "sessions.min-queries",
     .argument = "1|2",
     .default_text = "1",
     .help = "a session counts from its first query, or from its second, different\n"
             "one, which leaves out ids that were forged for one query",
     .set = set_sessions_min_queries},
    {.name = "groups.max",
     .argument = "COUNT",
     .default_text = "10000",
     .help = "groups of domain, country and AS number, 1 to 1000000; memory: up to\n"
             "160 bytes each",
     .set = set_groups_max},
    {.name = "web.listen-address",
     .argument = "ADDRESS",
     .default_text = "127.0.0.1:9713",
     .repeatable = true,
     .help = "where to serve the metrics: host:port or [v6]:port with a numeric\n"
             "host, :port for every address of this host, or unix:/path; up to 8",
     .set = set_listen_address},
    {.name = "web.systemd-socket",
     .kind = FLAG_SWITCH,
     .help = "serve on the sockets that a systemd .socket unit passes; not together\n"
             "with -web.listen-address",
     .set = set_systemd_socket},
    {.name = "web.telemetry-path",
     .argument = "PATH",
     .default_text = "/metrics",
     .help = "path of the metrics page, up to 128 bytes",
     .set = set_telemetry_path},
    {.name = "web.max-requests",
     .argument = "COUNT",
     .default_text = "40",
     .help = "scrapes at a time, 1 to 1000, or 0 for as many as there are\n"
             "connections; those beyond are answered with 503",
     .set = set_max_requests},
    {.name = "web.config.file",
     .argument = "PATH",
     .help = "YAML file for TLS, client certificates, passwords, headers and a limit\n"
             "on requests, in the format of Prometheus' exporter-toolkit",
     .set = set_web_config},
    {.name = "process.user",
     .argument = "USER",
     .default_text = "nobody",
     .help = "user to run as when started as root: a name, uid or uid:gid",
     .set = set_process_user},
    {.name = "log.level",
     .argument = "debug|info|warn|error",
     .default_text = "info",
     .help = "lowest level to log: debug, info, warn or error",
     .set = set_log_level},
    {.name = "log.format",
     .argument = "logfmt|json",
     .default_text = "logfmt",
     .help = "form of the log lines on standard error: logfmt or json",
     .set = set_log_format},
    {.name = "version", .kind = FLAG_VERSION, .help = "print the version and exit"},
    {.name = "help", .kind = FLAG_HELP, .help = "print this text and exit; -h does the same"},
    /* Until version 0.3: before 0.2 this limit was said to cap Prometheus series, which it never
     * did. */
    {.name = "series.max", .renamed_to = "groups.max"},
};
