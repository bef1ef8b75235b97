#include "capture/sniffer/classify.h"

#include "capture/sniffer/parse/dns.h"
#include "capture/sniffer/parse/frame.h"
#include "capture/sniffer/parse/ip.h"
#include "capture/sniffer/tunnels/detect.h"
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
_Static_assert((int)OPTIONS_PORTS_MAX <= (int)WIRE_PORTS_MAX, "any port has its counters");

/* The index of a watched port; of another, how many there are. */
static unsigned find_port(const struct classifier *classifier, uint16_t port)
{
    unsigned i = 0;
    do {
        if (classifier->ports[i] == port) {
            return i;
        }
    } while (++i < classifier->port_count);
    return i;
}

/* 127.0.0.0/8 (RFC 1122, section 3.2.1.3) or ::1 (RFC 4291, section 2.5.3). */
static inline bool is_loopback(const uint8_t address[16])
{
    static const uint8_t mapped[13] = {[10] = 0xff, 0xff, 127};
    static const uint8_t loopback6[16] = {[15] = 1};
    return (address[12] == 127 && memcmp(address, mapped, sizeof mapped) == 0) ||
           (address[15] == 1 && memcmp(address, loopback6, sizeof loopback6) == 0);
}

/* Counts a message that came in to the port with this index, if it is a query by its header: of
 * those that are not malformed or joined its outcome says so. */
static inline void count_arrival(const struct datagram *datagram, enum wire_outcome outcome,
                                 unsigned port, struct wire_stats *stats)
{
    if (outcome < WIRE_OTHER_DOMAIN &&
        (outcome == WIRE_IGNORED_NOT_QUERY || datagram->captured < DNS_HEADER_OCTETS)) {
        return;
    }
    stats->ports[port].queries++;
    if (is_loopback(datagram->source)) {
        stats->ports[port].loopback++;
        stats->loopback_other_domain += outcome == WIRE_OTHER_DOMAIN;
    }
}

/* Fills all but what names a session. */
static inline void fill_record(const struct datagram *datagram, enum wire_outcome outcome,
                               struct wire_record *record)
{
    const uint8_t *resolver = outcome == WIRE_RESPONSE ? datagram->destination : datagram->source;
    memcpy(record->address, resolver, sizeof record->address);
    record->bytes = (uint16_t)datagram->length;
    record->outcome = (uint8_t)outcome;
}

static inline void set_no_session(const struct tunnels_domain *domain, struct wire_record *record)
{
    record->token = 0;
    record->strength = WIRE_NO_SESSION;
    wire_set_fingerprint(record, domain->index, 0);
}

/* Names the session of a query or a response that has one. */
static inline void set_session(const struct token_key *key, const struct tunnels_findings *findings,
                               struct wire_record *record)
{
    const struct tunnels_domain *domain = findings->domain;
    record->strength = findings->strength;
    record->token = domain->format == TUNNEL_SLIPSTREAM
                        ? token_session_at(key, domain->index, findings->values,
                                           findings->slipstream.at, findings->slipstream.octets)
                        : token_session(key, domain->index, findings->values, domain->id_mask);
    uint32_t fingerprint = record->outcome == WIRE_QUERY
                               ? token_fingerprint(key, findings->values + domain->id_values,
                                                   findings->value_count - domain->id_values)
                               : 0;
    wire_set_fingerprint(record, domain->index, fingerprint);
}

/* Sets what a rejected query proves of another format. A refusal for its opcode or its EDNS size
 * says nothing of the format. Separate, as accepted queries pay nothing for it. */
__attribute__((noinline)) static void set_evidence(const struct token_key *key, const uint8_t *end,
                                                   struct tunnels_findings *findings,
                                                   struct wire_record *record)
{
    struct detect_proof proof;
    set_no_session(findings->domain, record);
    if (record->outcome == WIRE_REJECTED_OPCODE || record->outcome == WIRE_REJECTED_EDNS ||
        !detect_format(findings, (enum wire_outcome)record->outcome, end, &proof)) {
        return;
    }
    record->token =
        token_session_at(key, record->domain, findings->values, proof.id_at, proof.id_octets);
    wire_set_evidence(record, proof.evidence);
}

/* A datagram whose port of ours is none: the other may be. Separate, as it is rare. */
__attribute__((noinline)) static enum wire_outcome
classify_unwatched(const struct classifier *classifier, uint16_t other_port)
{
    return find_port(classifier, other_port) < classifier->port_count ? WIRE_IGNORED_DIRECTION
                                                                      : WIRE_IGNORED_NOT_UDP;
}

static inline enum wire_outcome classify_inbound(const struct classifier *classifier,
                                                 const struct datagram *datagram,
                                                 struct tunnels_findings *findings,
                                                 struct wire_stats *stats)
{
    unsigned port = find_port(classifier, datagram->destination_port);
    if (port == classifier->port_count) {
        return classify_unwatched(classifier, datagram->source_port);
    }
    bool whole = datagram->captured == datagram->length && !datagram->fragment;
    enum wire_outcome outcome = tunnels_classify_query(&classifier->rules, datagram->payload,
                                                       datagram->captured, whole, findings);
    count_arrival(datagram, outcome, port, stats);
    return outcome;
}

static inline enum wire_outcome classify_outbound(const struct classifier *classifier,
                                                  const struct datagram *datagram,
                                                  struct tunnels_findings *findings)
{
    if (find_port(classifier, datagram->source_port) == classifier->port_count) {
        return classify_unwatched(classifier, datagram->destination_port);
    }
    return tunnels_classify_response(&classifier->rules, datagram->payload, datagram->captured,
                                     findings);
}

enum wire_outcome classify_frame(const struct classifier *classifier, const struct frame *frame,
                                 struct wire_stats *stats, struct wire_record *record)
{
    struct datagram datagram;
    struct tunnels_findings findings;

    if (frame->type != PACKET_HOST && frame->type != PACKET_OUTGOING) {
        return WIRE_IGNORED_DIRECTION;
    }
    enum wire_outcome outcome = ip_parse(frame, &datagram);
    if (outcome != WIRE_UNDECIDED) {
        return outcome;
    }
    outcome = frame->type == PACKET_HOST ? classify_inbound(classifier, &datagram, &findings, stats)
                                         : classify_outbound(classifier, &datagram, &findings);
    if (outcome < WIRE_REJECTED_FIRST) {
        return outcome;
    }
    fill_record(&datagram, outcome, record);
    if (outcome < WIRE_QUERY) {
        set_evidence(&classifier->key, datagram.payload + datagram.captured, &findings, record);
    } else if (findings.strength != WIRE_NO_SESSION) {
        set_session(&classifier->key, &findings, record);
    } else {
        set_no_session(findings.domain, record);
    }
    return outcome;
}
