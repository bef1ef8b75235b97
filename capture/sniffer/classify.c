#include "capture/sniffer/classify.h"

#include "capture/sniffer/parse/frame.h"
#include "capture/sniffer/parse/ip.h"

#include <linux/if_packet.h>
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

static enum outcome ignore(enum wire_ignore reason, enum wire_ignore *ignored)
{
    *ignored = reason;
    return OUTCOME_IGNORED;
}

/* Fills all but token and fingerprint, which are 0. */
static inline void fill_record(const struct datagram *datagram, enum wire_kind kind,
                               const struct dnstt_findings *findings, struct wire_record *record)
{
    const uint8_t *resolver = kind == WIRE_RESPONSE ? datagram->destination : datagram->source;
    record->token = 0;
    memcpy(record->address, resolver, sizeof record->address);
    record->bytes = (uint16_t)datagram->length;
    record->kind = (uint8_t)kind;
    record->reason = (uint8_t)findings->reason;
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

static enum outcome without_datagram(enum ip_result result, enum wire_ignore *ignored)
{
    switch (result) {
    case IP_NOT_UDP:
        return ignore(WIRE_IGNORE_NOT_UDP, ignored);
    case IP_FRAGMENT:
        return ignore(WIRE_IGNORE_FRAGMENT, ignored);
    case IP_DATAGRAM:
    case IP_MALFORMED:
    default:
        return OUTCOME_MALFORMED;
    }
}

/*
 * Reads the datagram of a frame to or from the server. Returns OUTCOME_RECORD when its message is
 * to be classified, else the frame's outcome.
 */
static enum outcome read_datagram(const struct classifier *classifier, const struct frame *frame,
                                  struct datagram *datagram, enum wire_ignore *ignored)
{
    if (frame->type != PACKET_HOST && frame->type != PACKET_OUTGOING) {
        return ignore(WIRE_IGNORE_DIRECTION, ignored);
    }
    enum ip_result result = ip_parse(frame, datagram);
    if (result != IP_DATAGRAM) {
        return without_datagram(result, ignored);
    }
    bool inbound = frame->type == PACKET_HOST;
    uint16_t ours = inbound ? datagram->destination_port : datagram->source_port;
    if (!has_port(classifier, ours)) {
        uint16_t theirs = inbound ? datagram->source_port : datagram->destination_port;
        return ignore(has_port(classifier, theirs) ? WIRE_IGNORE_DIRECTION : WIRE_IGNORE_NOT_UDP,
                      ignored);
    }
    return OUTCOME_RECORD;
}

static enum outcome without_record(enum dnstt_verdict verdict, enum wire_ignore *ignored)
{
    switch (verdict) {
    case DNSTT_NOT_QUERY:
        return ignore(WIRE_IGNORE_NOT_QUERY, ignored);
    case DNSTT_NOT_RESPONSE:
        return ignore(WIRE_IGNORE_NOT_RESPONSE, ignored);
    case DNSTT_OTHER_DOMAIN:
        return OUTCOME_OTHER_DOMAIN;
    case DNSTT_MALFORMED:
    case DNSTT_SESSION:
    case DNSTT_REJECTED:
    default:
        return OUTCOME_MALFORMED;
    }
}

enum outcome classify_frame(const struct classifier *classifier, const struct frame *frame,
                            struct wire_record *record, enum wire_ignore *ignored)
{
    struct datagram datagram;
    struct dnstt_findings findings;
    enum dnstt_verdict verdict;
    enum wire_kind kind;

    enum outcome outcome = read_datagram(classifier, frame, &datagram, ignored);
    if (outcome != OUTCOME_RECORD) {
        return outcome;
    }
    if (frame->type == PACKET_HOST) {
        bool whole = datagram.captured == datagram.length && !datagram.fragment;
        verdict = dnstt_classify_query(&classifier->rules, datagram.payload, datagram.captured,
                                       whole, &findings);
        kind = verdict == DNSTT_SESSION ? WIRE_QUERY : WIRE_REJECTED;
    } else {
        verdict = dnstt_classify_response(&classifier->rules, datagram.payload, datagram.captured,
                                          &findings);
        kind = WIRE_RESPONSE;
    }
    if (verdict != DNSTT_SESSION && verdict != DNSTT_REJECTED) {
        return without_record(verdict, ignored);
    }
    fill_record(&datagram, kind, &findings, record);
    if (kind != WIRE_REJECTED) {
        record->token = token_session(&classifier->key, findings.domain, findings.values);
    }
    if (kind == WIRE_QUERY) {
        set_fingerprint(&classifier->key, &findings, record);
    }
    return OUTCOME_RECORD;
}
