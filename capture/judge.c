#include "capture/judge.h"

#include "capture/ip.h"

#include <linux/if_packet.h>
#include <string.h>

void judge_make(const struct options *options, struct judge *out)
{
    dnstt_rules_make(options, &out->rules);
    out->port_count = options->port_count;
    memcpy(out->ports, options->ports, sizeof out->ports);
}

static bool has_port(const struct judge *judge, uint16_t port)
{
    for (unsigned i = 0; i < judge->port_count; i++) {
        if (judge->ports[i] == port) {
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

static void fill_record(const struct datagram *datagram, const uint8_t *resolver,
                        enum wire_kind kind, const struct dnstt_judgement *judgement,
                        struct wire_record *record)
{
    record->token = 0;
    memcpy(record->address, resolver, sizeof record->address);
    record->bytes = (uint16_t)datagram->length;
    record->kind = (uint8_t)kind;
    record->reason = WIRE_REJECT_NONE;
    record->domain = judgement->domain;
    memset(record->fingerprint, 0, sizeof record->fingerprint);
}

static enum outcome judge_query(const struct judge *judge, const struct datagram *datagram,
                                struct wire_record *record, enum wire_ignore *ignored)
{
    struct dnstt_judgement judgement;
    bool whole = datagram->captured == datagram->length && !datagram->fragment;
    switch (dnstt_judge_query(&judge->rules, datagram->payload, datagram->captured, whole,
                              &judgement)) {
    case DNSTT_SESSION: {
        fill_record(datagram, datagram->source, WIRE_QUERY, &judgement, record);
        record->token = token_session(&judge->key, judgement.domain, judgement.client_id);
        uint32_t fingerprint =
            token_fingerprint(&judge->key, judgement.values + DNSTT_CLIENT_ID_VALUES,
                              judgement.value_count - DNSTT_CLIENT_ID_VALUES);
        record->fingerprint[0] = fingerprint & 0xff;
        record->fingerprint[1] = fingerprint >> 8 & 0xff;
        record->fingerprint[2] = fingerprint >> 16 & 0xff;
        return OUTCOME_RECORD;
    }
    case DNSTT_REJECTED:
        fill_record(datagram, datagram->source, WIRE_REJECTED, &judgement, record);
        record->reason = (uint8_t)judgement.reason;
        return OUTCOME_RECORD;
    case DNSTT_NOT_QUERY:
        return ignore(WIRE_IGNORE_NOT_QUERY, ignored);
    case DNSTT_OTHER_DOMAIN:
        return OUTCOME_OTHER_DOMAIN;
    case DNSTT_MALFORMED:
    case DNSTT_NOT_RESPONSE:
    default:
        return OUTCOME_MALFORMED;
    }
}

static enum outcome judge_response(const struct judge *judge, const struct datagram *datagram,
                                   struct wire_record *record, enum wire_ignore *ignored)
{
    struct dnstt_judgement judgement;
    if (dnstt_judge_response(&judge->rules, datagram->payload, datagram->captured, &judgement) !=
        DNSTT_SESSION) {
        return ignore(WIRE_IGNORE_NOT_RESPONSE, ignored);
    }
    fill_record(datagram, datagram->destination, WIRE_RESPONSE, &judgement, record);
    record->token = token_session(&judge->key, judgement.domain, judgement.client_id);
    return OUTCOME_RECORD;
}

enum outcome judge_frame(const struct judge *judge, const struct frame *frame,
                         struct wire_record *record, enum wire_ignore *ignored)
{
    struct datagram datagram;

    if (frame->type != PACKET_HOST && frame->type != PACKET_OUTGOING) {
        return ignore(WIRE_IGNORE_DIRECTION, ignored);
    }
    switch (ip_parse(frame, &datagram)) {
    case IP_DATAGRAM:
        break;
    case IP_NOT_UDP:
        return ignore(WIRE_IGNORE_NOT_UDP, ignored);
    case IP_FRAGMENT:
        return ignore(WIRE_IGNORE_FRAGMENT, ignored);
    case IP_MALFORMED:
    default:
        return OUTCOME_MALFORMED;
    }
    bool inbound = frame->type == PACKET_HOST;
    uint16_t ours = inbound ? datagram.destination_port : datagram.source_port;
    uint16_t theirs = inbound ? datagram.source_port : datagram.destination_port;
    if (!has_port(judge, ours)) {
        return ignore(has_port(judge, theirs) ? WIRE_IGNORE_DIRECTION : WIRE_IGNORE_NOT_UDP,
                      ignored);
    }
    return inbound ? judge_query(judge, &datagram, record, ignored)
                   : judge_response(judge, &datagram, record, ignored);
}
