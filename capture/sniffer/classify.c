#include "capture/sniffer/classify.h"

#include "capture/sniffer/parse/frame.h"
#include "capture/sniffer/parse/ip.h"

#include <linux/if_packet.h>
#include <stdbool.h>
#include <string.h>

void classifier_make(const struct options *options, struct classifier *out)
{
    dnstt_rules_make(options, &out->rules);
    out->port_count = options->port_count;
    memcpy(out->ports, options->ports, sizeof out->ports);
}

static bool has_port(const struct classifier *classifier, uint16_t port)
{
    for (unsigned i = 0; i < classifier->port_count; i++) {
        if (classifier->ports[i] == port) {
            return true;
        }
    }
    return false;
}

/* Fills all but token and fingerprint, which are 0. */
static inline void fill_record(const struct datagram *datagram, enum wire_outcome outcome,
                               const struct dnstt_findings *findings, struct wire_record *record)
{
    const uint8_t *resolver = outcome == WIRE_RESPONSE ? datagram->destination : datagram->source;
    record->token = 0;
    memcpy(record->address, resolver, sizeof record->address);
    record->bytes = (uint16_t)datagram->length;
    record->outcome = (uint8_t)outcome;
    record->reserved = 0;
    record->domain = findings->domain;
    memset(record->fingerprint, 0, sizeof record->fingerprint);
}

static inline void set_fingerprint(const struct token_key *key,
                                   const struct dnstt_findings *findings,
                                   struct wire_record *record)
{
    uint32_t fingerprint = token_fingerprint(key, findings->values + DNSTT_CLIENT_ID_VALUES,
                                             findings->value_count - DNSTT_CLIENT_ID_VALUES);
    record->fingerprint[0] = fingerprint & 0xff;
    record->fingerprint[1] = fingerprint >> 8 & 0xff;
    record->fingerprint[2] = fingerprint >> 16 & 0xff;
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
    struct dnstt_findings findings;

    enum wire_outcome outcome = read_datagram(classifier, frame, &datagram);
    if (outcome != WIRE_UNDECIDED) {
        return outcome;
    }
    if (frame->type == PACKET_HOST) {
        bool whole = datagram.captured == datagram.length && !datagram.fragment;
        outcome = dnstt_classify_query(&classifier->rules, datagram.payload, datagram.captured,
                                       whole, &findings);
    } else {
        outcome = dnstt_classify_response(&classifier->rules, datagram.payload, datagram.captured,
                                          &findings);
    }
    if (outcome < WIRE_REJECTED_FIRST) {
        return outcome;
    }
    fill_record(&datagram, outcome, &findings, record);
    if (!wire_is_rejected(outcome)) {
        record->token = token_session(&classifier->key, findings.domain, findings.values);
    }
    if (outcome == WIRE_QUERY) {
        set_fingerprint(&classifier->key, &findings, record);
    }
    return outcome;
}
