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

/* All but token and fingerprint, which are 0. */
static void fill_record(const struct datagram *datagram, enum wire_kind kind,
                        const struct dnstt_judgement *judgement, struct wire_record *record)
{
    const uint8_t *resolver = kind == WIRE_RESPONSE ? datagram->destination : datagram->source;
    record->token = 0;
    memcpy(record->address, resolver, sizeof record->address);
    record->bytes = (uint16_t)datagram->length;
    record->kind = (uint8_t)kind;
    record->reason = (uint8_t)judgement->reason;
    record->domain = judgement->domain;
    memset(record->fingerprint, 0, sizeof record->fingerprint);
}

static void set_fingerprint(const struct token_key *key, const struct dnstt_judgement *judgement,
                            struct wire_record *record)
{
    uint32_t fingerprint = token_fingerprint(key, judgement->values + DNSTT_CLIENT_ID_VALUES,
                                             judgement->value_count - DNSTT_CLIENT_ID_VALUES);
    record->fingerprint[0] = fingerprint & 0xff;
    record->fingerprint[1] = fingerprint >> 8 & 0xff;
    record->fingerprint[2] = fingerprint >> 16 & 0xff;
}

/*
 * Reads the datagram of a frame to or from the server. Returns OUTCOME_RECORD when its message is
 * to be judged, else the frame's outcome.
 */
static enum outcome read_datagram(const struct judge *judge, const struct frame *frame,
                                  struct datagram *datagram, enum wire_ignore *ignored)
{
    if (frame->type != PACKET_HOST && frame->type != PACKET_OUTGOING) {
        return ignore(WIRE_IGNORE_DIRECTION, ignored);
    }
    switch (ip_parse(frame, datagram)) {
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
    uint16_t ours = inbound ? datagram->destination_port : datagram->source_port;
    uint16_t theirs = inbound ? datagram->source_port : datagram->destination_port;
    if (!has_port(judge, ours)) {
        return ignore(has_port(judge, theirs) ? WIRE_IGNORE_DIRECTION : WIRE_IGNORE_NOT_UDP,
                      ignored);
    }
    return OUTCOME_RECORD;
}

enum outcome judge_frame(const struct judge *judge, const struct frame *frame,
                         struct wire_record *record, enum wire_ignore *ignored)
{
    struct datagram datagram;
    struct dnstt_judgement judgement;
    enum dnstt_verdict verdict;

    enum outcome outcome = read_datagram(judge, frame, &datagram, ignored);
    if (outcome != OUTCOME_RECORD) {
        return outcome;
    }
    if (frame->type == PACKET_HOST) {
        bool whole = datagram.captured == datagram.length && !datagram.fragment;
        verdict = dnstt_judge_query(&judge->rules, datagram.payload, datagram.captured, whole,
                                    &judgement);
    } else {
        verdict =
            dnstt_judge_response(&judge->rules, datagram.payload, datagram.captured, &judgement);
    }
    switch (verdict) {
    case DNSTT_SESSION:
        fill_record(&datagram, frame->type == PACKET_HOST ? WIRE_QUERY : WIRE_RESPONSE, &judgement,
                    record);
        record->token = token_session(&judge->key, judgement.domain, judgement.values);
        if (record->kind == WIRE_QUERY) {
            set_fingerprint(&judge->key, &judgement, record);
        }
        return OUTCOME_RECORD;
    case DNSTT_REJECTED:
        fill_record(&datagram, WIRE_REJECTED, &judgement, record);
        return OUTCOME_RECORD;
    case DNSTT_NOT_QUERY:
        return ignore(WIRE_IGNORE_NOT_QUERY, ignored);
    case DNSTT_NOT_RESPONSE:
        return ignore(WIRE_IGNORE_NOT_RESPONSE, ignored);
    case DNSTT_OTHER_DOMAIN:
        return OUTCOME_OTHER_DOMAIN;
    case DNSTT_MALFORMED:
    default:
        return OUTCOME_MALFORMED;
    }
}
