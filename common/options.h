/* What the command line asks for, complete and within its bounds: the same in both programs. */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include "common/address.h"
#include "common/domain.h"
#include "common/log.h"
#include "common/tunnel.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* The kernel filter compares each packet with each port. */
    OPTIONS_PORTS_MAX = 16,
};

enum framing {
    FRAMING_STRICT, /* what follows the ClientID must be dnstt's frame */
    FRAMING_ANY,    /* of dnstt: whatever the server itself would accept: eight bytes or more */
};

struct options {
    struct domain domains[DOMAINS_MAX]; /* in the order given */
    struct tunnel tunnels[DOMAINS_MAX]; /* of each domain */
    unsigned domain_count;              /* 1 or more; with check_health 0 too */
    uint16_t ports[OPTIONS_PORTS_MAX];
    unsigned port_count;    /* 1 or more */
    uint32_t mtu;           /* bytes, 1 to 65535 */
    uint32_t active_window; /* seconds, 1 to 3600 */
    enum framing framing;
    char interface[IF_NAMESIZE];  /* empty: all */
    size_t ring_size;             /* bytes, a multiple of 512 KiB, 1 MiB to 1 GiB */
    const char *country_database; /* path, NULL without the flag; into argv, as all below */
    const char *asn_database;
    uint32_t sessions_max;         /* active sessions, 1,000 to 100,000,000 */
    uint32_t sessions_remember;    /* distinct sessions, 1,000 to 100,000,000 */
    uint32_t sessions_min_queries; /* different queries before a session counts, 1 or 2 */
    uint32_t groups_max;           /* 1 to 1,000,000 */
    uint32_t privacy_min_clients;  /* of a group that is shown, up to 1,000,000; 0: any */
    uint32_t privacy_round; /* sessions are shown in multiples of it, up to 10,000; 0: exact */
    struct address listen_addresses[ADDRESSES_MAX]; /* unused with systemd_socket */
    unsigned listen_count;                          /* 1 or more */
    uint32_t max_requests;      /* scrapes at a time; 0: as many as there are connections */
    bool systemd_socket;        /* serve on passed sockets instead (sd_listen_fds(3)) */
    const char *telemetry_path; /* begins with '/' */
    const char *web_config;     /* path, NULL without the flag */
    const char *process_user;
    enum log_level log_level;
    enum log_format log_format;
    bool check;        /* say what would be watched and served, and end */
    bool check_health; /* ask the running service at listen_addresses, and end */
    uint64_t renamed;  /* bit n: flag_table[n], an old name of another flag, was given */
};

/* What holds for a tunnel: its own key, or else the flag for all. */
static inline uint32_t options_mtu(const struct options *options, unsigned domain)
{
    uint32_t own = options->tunnels[domain].mtu;
    return own != 0 ? own : options->mtu;
}

/* Without a database nothing has a country or an ASN, so there is none to hide. */
static inline uint32_t options_min_clients(const struct options *options)
{
    const bool geoip = options->country_database != NULL || options->asn_database != NULL;
    return geoip ? options->privacy_min_clients : 0;
}

static inline uint32_t options_window(const struct options *options, unsigned domain)
{
    uint32_t own = options->tunnels[domain].active_window;
    return own != 0 ? own : options->active_window;
}

#endif
