/*
 * What counts: the verdict on one DNS message, by the rules of dnstt's server (v1.20241021).
 * README, "What counts", is the same list for operators. Pure, no allocation.
 */
#ifndef CAPTURE_SNIFFER_TUNNELS_DNSTT_H
#define CAPTURE_SNIFFER_TUNNELS_DNSTT_H

#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/parse/dns.h"
#include "common/domain.h"
#include "common/options.h"
#include "common/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DNSTT_CLIENT_ID_OCTETS = 8,
    /* Values that hold only ClientID bits: its last four bits share the next value with one bit of
     * what follows. */
    DNSTT_CLIENT_ID_VALUES = 12,
    /* A name and what is read past it. */
    DNSTT_SCRATCH_SIZE = DNS_NAME_MAX + BASE32_STEP,
    DNSTT_DOMAIN_WORDS = (DOMAIN_WIRE_MAX + 7) / 8,
};

/*
 * A configured domain in the form used to compare names: words of eight octets, the last word
 * first, because a name must end in the domain. What comes before the domain in the first word is
 * masked out.
 */
struct dnstt_domain {
    uint64_t wire[DNSTT_DOMAIN_WORDS];
    uint64_t mask[DNSTT_DOMAIN_WORDS]; /* the bits to compare: all but a letter's case */
    uint8_t word_count;
    uint8_t wire_length; /* octets, the root's included */
    uint8_t index;       /* as configured: what records carry */
};

/* The configured domains, longest first, so that the first match is the longest. */
struct dnstt_rules {
    unsigned domain_count;
    struct dnstt_domain domains[DOMAINS_MAX];
    uint16_t mtu; /* octets: the least EDNS payload size that the server answers */
    enum framing framing;
};

void dnstt_rules_make(const struct options *options, struct dnstt_rules *out);

struct dnstt_findings {
    uint8_t domain; /* the configured index: set when rejected, a query or a response */
    /* Set by a query or a response: the values of all characters before the domain. They begin with
     * the ClientID, and BASE32_STEP zeros follow them. */
    unsigned value_count;
    uint8_t values[BASE32_BUFFER_SIZE];
    /* Private: labels are read from here when the message ends right after them. */
    uint8_t scratch[DNSTT_SCRATCH_SIZE];
};

/*
 * Classifies a message that came to the server. `captured` octets are available; `whole` means that
 * they are the whole message. Without it (a first fragment), rules that look past the question are
 * skipped. Returns WIRE_QUERY, a rejection, WIRE_IGNORED_NOT_QUERY, WIRE_MALFORMED or
 * WIRE_OTHER_DOMAIN. In `*out` only the fields that the outcome sets are valid.
 */
enum wire_outcome dnstt_classify_query(const struct dnstt_rules *rules, const uint8_t *message,
                                       size_t captured, bool whole, struct dnstt_findings *out);

/*
 * Classifies a message that left the server: WIRE_RESPONSE when QR is set, RCODE is 0 and its one
 * question would be a session's by the rules that need only the question (domain, type, encoding,
 * short, framing), else
 * WIRE_IGNORED_NOT_RESPONSE. Nothing past the question is read.
 */
enum wire_outcome dnstt_classify_response(const struct dnstt_rules *rules, const uint8_t *message,
                                          size_t captured, struct dnstt_findings *out);

#endif
