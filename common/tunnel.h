/*
 * A tunnel that the server serves: how the queries under its domain are read. Keys have the names
 * of the servers' own flags.
 */
#ifndef COMMON_TUNNEL_H
#define COMMON_TUNNEL_H

#include <stdint.h>

enum tunnel_format {
    TUNNEL_DNSTT,
    TUNNEL_VAYDNS,
    TUNNEL_NOIZDNS, /* read as dnstt, which its clients speak */
    TUNNEL_XDNS,
    TUNNEL_DNSTTEX,
    TUNNEL_SLIPSTREAM,
    TUNNEL_OPAQUE, /* anything: queries and bytes, no sessions */
    TUNNEL_FORMATS,
};

/* What a server answers, by the name that its flag has for it. */
enum tunnel_record_type {
    TUNNEL_TXT,
    TUNNEL_NULL,
    TUNNEL_CNAME,
    TUNNEL_A,
    TUNNEL_AAAA,
    TUNNEL_MX,
    TUNNEL_NS,
    TUNNEL_SRV,
    TUNNEL_CAA,
    TUNNEL_ANY, /* TXT, A and AAAA */
    TUNNEL_RECORD_TYPES,
};

enum {
    TUNNEL_CLIENT_ID_MAX = 8, /* bytes */
    TUNNEL_VAYDNS_ID_DEFAULT = 2,
    TUNNEL_XDNS_MTU = 1232,   /* fixed in its server */
    TUNNEL_WINDOW_MAX = 3600, /* seconds: the session table keeps time in 16 bits */
};

/* An all-zero one is dnstt, as the flags -dnstt.mtu and -dnstt.active-window say. */
struct tunnel {
    enum tunnel_format format;
    enum tunnel_record_type record_type;
    uint32_t clientid_size; /* bytes, 1 to 8; of TUNNEL_VAYDNS, else 0 */
    uint32_t mtu;           /* bytes, 1 to 65535; 0: as -dnstt.mtu */
    uint32_t active_window; /* seconds, 1 to 3600; 0: as -dnstt.active-window */
};

/* Static names, as the keys `format` and `record-type` take them. */
const char *tunnel_format_name(enum tunnel_format format);
const char *tunnel_record_type_name(enum tunnel_record_type type);

/* Bytes of a session's id; 0 for a format without sessions. */
uint32_t tunnel_client_id_size(const struct tunnel *tunnel);

/*
 * Reads what follows a domain: `key=value` parts between commas, or an empty text. Returns NULL
 * with `*out` filled, or what is wrong and what to give instead (static text), with `*part` at the
 * part that is wrong; `*out` is then untouched.
 */
const char *tunnel_parse(const char *keys, struct tunnel *out, const char **part);

#endif
