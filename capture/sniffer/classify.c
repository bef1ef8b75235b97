#include "capture/sniffer/classify.h"

#include "capture/sniffer/parse/frame.h"
#include "capture/sniffer/parse/ip.h"
#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/slipstream.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/tunnel.h"

#include <linux/if_packet.h>
#include <stdbool.h>
#include <string.h>

void classifier_make(const struct options *options, struct classifier *out)
{
    tunnels_rules_make(options, &out->rules);
    out->port_count = options->port_count;
    memcpy(out->ports, options->ports, sizeof out->ports);
}

_Static_assert((int)SLIPSTREAM_ID_OCTETS_MAX <= (int)TOKEN_OCTETS_MAX, "any id has a token");

static bool has_port(const struct classifier *classifier, uint16_t port)
{
    unsigned i = 0;
    do {
        if (classifier->ports[i] == port) {
            return true;
        }
    } while (++i < classifier->port_count);
    return false;
}

/* Fills all but what names a session, which is 0. */
static inline void fill_record(const struct datagram *datagram, enum wire_outcome outcome,
                               const struct tunnels_domain *domain, struct wire_record *record)
{
    const uint8_t *resolver = outcome == WIRE_RESPONSE ? datagram->destination : datagram->source;
    record->token = 0;
    memcpy(record->address, resolver, sizeof record->address);
    record->bytes = (uint16_t)datagram->length;
    record->outcome = (uint8_t)outcome;
    record->strength = WIRE_NO_SESSION;
    wire_set_fingerprint(record, domain->index, 0);
}

/* Names the session of a query or a response that has one. */
static inline void set_session(const struct token_key *key, const struct tunnels_domain *domain,
                               const struct tunnels_findings *findings, struct wire_record *record)
{
    record->strength = findings->strength;
    record->token = domain->format == TUNNEL_SLIPSTREAM
                        ? token_session_at(key, domain->index, findings->values,
                                           findings->slipstream.at, findings->slipstream.octets)
                        : token_session(key, domain->index, findings->values, domain->id_mask);
    if (record->outcome != WIRE_QUERY) {
        return;
    }
    uint32_t fingerprint = token_fingerprint(key, findings->values + domain->id_values,
                                             findings->value_count - domain->id_values);
    wire_set_fingerprint(record, domain->index, fingerprint);
}

/*
 * Reads the datagram of a frame to or from the server. Returns WIRE_UNDECIDED when its message is
 * to be classified, else the frame's outcome.
 */
static enum wire_outcome read_datagram(const struct classifier *classifier,
                                       const struct frame *frame, struct datagram *datagram)
{
    if (frame->type != PACKET_HOST && frame->type != PACKET_OUTGOING) {
        return WIRE_IGNORED_DIRECTION;
    }
    enum wire_outcome outcome = ip_parse(frame, datagram);
    if (outcome != WIRE_UNDECIDED) {
        return outcome;
    }
    bool inbound = frame->type == PACKET_HOST;
    uint16_t ours = inbound ? datagram->destination_port : datagram->source_port;
    if (!has_port(classifier, ours)) {
        uint16_t theirs = inbound ? datagram->source_port : datagram->destination_port;
        return has_port(classifier, theirs) ? WIRE_IGNORED_DIRECTION : WIRE_IGNORED_NOT_UDP;
    }
    return WIRE_UNDECIDED;
}

enum wire_outcome classify_frame(const struct classifier *classifier, const struct frame *frame,
                                 struct wire_record *record)
{
    struct datagram datagram;
    struct tunnels_findings findings;

    enum wire_outcome outcome = read_datagram(classifier, frame, &datagram);
    if (outcome != WIRE_UNDECIDED) {
        return outcome;
    }
    if (frame->type == PACKET_HOST) {
        bool whole = datagram.captured == datagram.length && !datagram.fragment;
        outcome = tunnels_classify_query(&classifier->rules, datagram.payload, datagram.captured,
                                         whole, &findings);
    } else {
        outcome = tunnels_classify_response(&classifier->rules, datagram.payload, datagram.captured,
                                            &findings);
    }
    if (outcome < WIRE_REJECTED_FIRST) {
        return outcome;
    }
    const struct tunnels_domain *domain = findings.domain;
    fill_record(&datagram, outcome, domain, record);
    if (outcome >= WIRE_QUERY && findings.strength != WIRE_NO_SESSION) {
        set_session(&classifier->key, domain, &findings, record);
    }
    return outcome;
}
