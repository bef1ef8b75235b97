/*
 * What counts: the verdict on one DNS message, by the rules of the server of its tunnel, which its
 * domain names. docs/tunnels.md is the same for operators. Pure, no allocation.
 */
#ifndef CAPTURE_SNIFFER_TUNNELS_TUNNELS_H
#define CAPTURE_SNIFFER_TUNNELS_TUNNELS_H

#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/parse/dns.h"
#include "capture/sniffer/tunnels/slipstream.h"
#include "common/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    /* A name and what is read past it. */
    TUNNELS_SCRATCH_SIZE = DNS_NAME_MAX + BASE32_STEP,
};

struct tunnels_domain;
struct tunnels_rules;

struct tunnels_findings {
    /* Set when rejected, a query or a response. */
    const struct tunnels_domain *domain;
    struct dns_question question; /* set when rejected, a query */
    /* Set by a query or a response: enum wire_strength. */
    uint8_t strength;
    /* Set by those of a slipstream session: where its id is. */
    struct slipstream_id slipstream;
    /* Set by a query or a response of a session: the values of all characters before the domain.
     * They begin with the ClientID, but for slipstream, and BASE32_STEP zeros follow them. Set too
     * when labels are rejected as WIRE_REJECTED_SHORT or WIRE_REJECTED_FRAMING. */
    unsigned value_count;
    uint8_t values[BASE32_BUFFER_SIZE];
    /* Private: labels are read from here when the message ends right after them. */
    uint8_t scratch[TUNNELS_SCRATCH_SIZE];
};

/*
 * Reads labels that take `length` octets, their length octets included, in a message that ends at
 * `end`, into values. False: a character is not of the alphabet, which is base32 or base32hex.
 */
__attribute__((always_inline)) static inline bool tunnels_read_labels(const uint8_t *labels,
                                                                      size_t length,
                                                                      const uint8_t *end, bool hex,
                                                                      struct tunnels_findings *out)
{
    if ((size_t)(end - labels) < length + BASE32_STEP) {
        memcpy(out->scratch, labels, length);
        labels = out->scratch;
    }
    int value_count = hex ? base32hex_read_labels(labels, length, out->values)
                          : base32_read_labels(labels, length, out->values);
    if (value_count < 0) {
        return false;
    }
    out->value_count = (unsigned)value_count;
    return true;
}

/*
 * Classifies a message that came to the server. `captured` octets are available; `whole` means that
 * they are the whole message. Without it (a first fragment), rules that look past the question are
 * skipped. Returns WIRE_QUERY, a rejection, WIRE_IGNORED_NOT_QUERY, WIRE_IGNORED_JOINED,
 * WIRE_MALFORMED or WIRE_OTHER_DOMAIN. In `*out` only the fields that the outcome sets are valid.
 */
enum wire_outcome tunnels_classify_query(const struct tunnels_rules *rules, const uint8_t *message,
                                         size_t captured, bool whole, struct tunnels_findings *out);

/*
 * Classifies a message that left the server: WIRE_RESPONSE when QR is set, RCODE is 0 (slipstream:
 * or 3; opaque: or any other) and its one question would be accepted by the rules that need only
 * the question (domain, type, encoding, short, framing), else WIRE_IGNORED_NOT_RESPONSE. Nothing
 * past the question is read.
 */
enum wire_outcome tunnels_classify_response(const struct tunnels_rules *rules,
                                            const uint8_t *message, size_t captured,
                                            struct tunnels_findings *out);

#endif
