/*
 * What counts: the verdict on one DNS message, by the rules of the server of its tunnel, which its
 * domain names. docs/tunnels.md is the same for operators. Pure, no allocation.
 */
#ifndef CAPTURE_SNIFFER_TUNNELS_TUNNELS_H
#define CAPTURE_SNIFFER_TUNNELS_TUNNELS_H

#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/parse/dns.h"
#include "common/domain.h"
#include "common/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options;

enum {
    TUNNELS_TYPES = 3, /* the most types that one server answers */
    /* A name and what is read past it. */
    TUNNELS_SCRATCH_SIZE = DNS_NAME_MAX + BASE32_STEP,
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
    uint8_t id_values;   /* base32 values that hold only bits of the id */
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

void tunnels_rules_make(const struct options *options, struct tunnels_rules *out);

struct tunnels_findings {
    /* Set when rejected, a query or a response. */
    const struct tunnels_domain *domain;
    /* Set by a query or a response: enum wire_strength. */
    uint8_t strength;
    /* Set by a query or a response of a session: the values of all characters before the domain.
     * They begin with the ClientID, and BASE32_STEP zeros follow them. */
    unsigned value_count;
    uint8_t values[BASE32_BUFFER_SIZE];
    /* Private: labels are read from here when the message ends right after them. */
    uint8_t scratch[TUNNELS_SCRATCH_SIZE];
};

/*
 * Classifies a message that came to the server. `captured` octets are available; `whole` means that
 * they are the whole message. Without it (a first fragment), rules that look past the question are
 * skipped. Returns WIRE_QUERY, a rejection, WIRE_IGNORED_NOT_QUERY, WIRE_MALFORMED or
 * WIRE_OTHER_DOMAIN. In `*out` only the fields that the outcome sets are valid.
 */
enum wire_outcome tunnels_classify_query(const struct tunnels_rules *rules, const uint8_t *message,
                                         size_t captured, bool whole, struct tunnels_findings *out);

/*
 * Classifies a message that left the server: WIRE_RESPONSE when QR is set, RCODE is 0 (opaque: or
 * any other) and its one question would be accepted by the rules that need only the question
 * (domain, type, encoding, short, framing), else WIRE_IGNORED_NOT_RESPONSE. Nothing past the
 * question is read.
 */
enum wire_outcome tunnels_classify_response(const struct tunnels_rules *rules,
                                            const uint8_t *message, size_t captured,
                                            struct tunnels_findings *out);

#endif
