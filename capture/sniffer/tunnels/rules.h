/*
 * How the queries under each configured domain are read: what the rules of its tunnel's server make
 * of the options. Made once, before the sniffer is confined.
 */
#ifndef CAPTURE_SNIFFER_TUNNELS_RULES_H
#define CAPTURE_SNIFFER_TUNNELS_RULES_H

#include "common/domain.h"
#include "common/tunnel.h"

#include <stdbool.h>
#include <stdint.h>

struct options;

enum {
    TUNNELS_TYPES = 3, /* the most types that one server answers */
    TUNNELS_DOMAIN_WORDS = (DOMAIN_WIRE_MAX + 7) / 8,
};

/*
 * A configured domain in the form used to compare names: words of eight octets, the last word
 * first, because a name must end in the domain. What comes before the domain in the first word is
 * masked out.
 */
struct tunnels_domain {
    uint64_t wire[TUNNELS_DOMAIN_WORDS];
    uint64_t mask[TUNNELS_DOMAIN_WORDS]; /* the bits to compare: all but a letter's case */
    uint8_t word_count;
    uint8_t wire_length; /* octets, the root's included */
    uint8_t index;       /* as configured: what records carry */
    uint8_t format;      /* enum tunnel_format */
    bool plain;          /* dnstt or noizdns, strict: TXT, an id of 8 octets, frames_dnstt */
    bool any_framing;    /* of dnstt: whatever its server takes */
    uint8_t id_octets;   /* of a session's id, 1 to 8; 0: the format has no sessions */
    uint8_t id_values;   /* base32 values that hold only bits of the id; of slipstream 0 */
    uint64_t id_mask[2]; /* the id's bits in the first TOKEN_VALUES values */
    uint16_t
        types[TUNNELS_TYPES]; /* QTYPEs that the server answers; all the same where it is one */
    /* The least EDNS payload size that the server answers. The servers take a query without EDNS,
     * or with a smaller size, as one that allows 512 octets: 0 where their MTU is no more. */
    uint16_t payload_size_min;
};

/* The configured domains, longest first, so that the first match is the longest. */
struct tunnels_rules {
    unsigned domain_count;
    struct tunnels_domain domains[DOMAINS_MAX];
};

/* The record type that queries of this type ask for; TUNNEL_ANY: none that a tunnel has. */
enum tunnel_record_type tunnels_record_type(uint16_t type);

void tunnels_rules_make(const struct options *options, struct tunnels_rules *out);

#endif
