#include "capture/sniffer/tunnels/tunnels.h"

#include "capture/sniffer/tunnels/dnsttex.h"
#include "capture/sniffer/tunnels/frames.h"
#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/slipstream.h"
#include "common/tunnel.h"

#include <string.h>

/* Whether a label begins at `offset` of the name. */
static bool label_begins(const struct dns_question *question, size_t offset)
{
    size_t at = 0;
    while (at < offset) {
        at += 1u + question->name[at];
    }
    return at == offset;
}

static inline bool is_under(const struct dns_question *question,
                            const struct tunnels_domain *domain)
{
    if (question->name_length < domain->wire_length) {
        return false;
    }
    /* The last word may begin up to seven octets before the name, inside the header. */
    const uint8_t *at = question->name + question->name_length;
    const size_t words = domain->word_count;
    size_t i = 0;
    do {
        uint64_t word;
        at -= sizeof word;
        memcpy(&word, at, sizeof word);
        if ((word & domain->mask[i]) != domain->wire[i]) {
            return false;
        }
    } while (++i < words);
    return label_begins(question, (size_t)question->name_length - domain->wire_length);
}

static inline const struct tunnels_domain *find_domain(const struct tunnels_rules *rules,
                                                       const struct dns_question *question)
{
    const struct tunnels_domain *domain = rules->domains;
    unsigned left = rules->domain_count;
    do {
        if (is_under(question, domain)) {
            return domain;
        }
        domain++;
    } while (--left > 0);
    return NULL;
}

/* What follows the id, in canonical values of a tunnel that is not plain dnstt. Returns enum
 * wire_strength, or FRAMES_WRONG. VayDNS first, as the most used. */
static inline int read_other_frame(const struct tunnels_domain *domain, uint16_t type,
                                   const uint8_t *values, size_t length)
{
    if (domain->format == TUNNEL_VAYDNS) {
        return frames_vaydns(values, length, domain->id_octets);
    }
    int strength = frames_dnstt(values, length, FRAMES_XDNS_PACKET_MIN);
    if (strength == FRAMES_WRONG) {
        return FRAMES_WRONG;
    }
    /* A minimising resolver asks for fragments of a name by type A, and some look like a poll. */
    const bool data = strength == WIRE_STRONG;
    if (type == DNS_TYPE_TXT) {
        return data ? WIRE_STRONG : WIRE_STRONG_POLL;
    }
    return data ? WIRE_WEAK_DATA : WIRE_WEAK;
}

/* How well the values, of `length` octets, prove a session of theirs, or FRAMES_WRONG. `plain`:
 * known to be domain->plain. */
__attribute__((always_inline)) static inline int
read_payload(const struct tunnels_domain *domain, bool plain, uint16_t type,
             const struct tunnels_findings *findings, size_t length)
{
    if (!plain && domain->any_framing) {
        return WIRE_WEAK;
    }
    if (!base32_is_canonical(findings->values, findings->value_count)) {
        return FRAMES_WRONG;
    }
    return plain ? frames_dnstt(findings->values, length, FRAMES_DNSTT_PACKET_MIN)
                 : read_other_frame(domain, type, findings->values, length);
}

/* Reads the labels before the domain, in a message that ends at `end`. False: a character of theirs
 * is none of the format's. */
__attribute__((always_inline)) static inline bool read_values(const struct dns_question *question,
                                                              const struct tunnels_domain *domain,
                                                              const uint8_t *end, bool hex,
                                                              struct tunnels_findings *out)
{
    size_t length = (size_t)question->name_length - domain->wire_length;
    return tunnels_read_labels(question->name, length, end, hex, out);
}

/* The rules on the labels before the domain, in a message that ends at `end`. Returns WIRE_QUERY,
 * or why it is rejected. Inline, since a call costs each packet twenty instructions. */
__attribute__((always_inline)) static inline enum wire_outcome
classify_payload(const struct dns_question *question, const struct tunnels_domain *domain,
                 bool plain, const uint8_t *end, struct tunnels_findings *out)
{
    if (!read_values(question, domain, end, false, out)) {
        return WIRE_REJECTED_ENCODING;
    }
    size_t octet_count = base32_octet_count(out->value_count);
    if (octet_count < (plain ? FRAMES_DNSTT_ID_OCTETS : domain->id_octets)) {
        return WIRE_REJECTED_SHORT;
    }
    int strength = read_payload(domain, plain, question->type, out, octet_count);
    if (strength == FRAMES_WRONG) {
        return WIRE_REJECTED_FRAMING;
    }
    out->strength = (uint8_t)strength;
    return WIRE_QUERY;
}

static inline bool is_answered(const struct tunnels_domain *domain, uint16_t type)
{
    return type == domain->types[0] || type == domain->types[1] || type == domain->types[2];
}

static inline bool is_served(const struct tunnels_domain *domain, const struct dns_edns *edns)
{
    return edns->opt_count <= 1 && edns->version == 0 &&
           edns->payload_size >= domain->payload_size_min;
}

/* The rules on a query under a domain. */
__attribute__((always_inline)) static inline enum wire_outcome
classify_under(const struct tunnels_domain *domain, bool plain, uint8_t opcode,
               const struct dns_question *question, const struct dns_edns *edns, const uint8_t *end,
               struct tunnels_findings *out)
{
    if (opcode != 0) {
        return WIRE_REJECTED_OPCODE;
    }
    if (plain ? question->type != DNS_TYPE_TXT : !is_answered(domain, question->type)) {
        return WIRE_REJECTED_QTYPE;
    }
    if (!is_served(domain, edns)) {
        return WIRE_REJECTED_EDNS;
    }
    return classify_payload(question, domain, plain, end, out);
}

/* The rules of dnsttEx on the labels before the domain. */
static enum wire_outcome classify_dnsttex_payload(const struct dns_question *question,
                                                  const struct tunnels_domain *domain,
                                                  const uint8_t *end, struct tunnels_findings *out)
{
    if (!read_values(question, domain, end, true, out)) {
        return WIRE_REJECTED_ENCODING;
    }
    size_t octet_count = base32_octet_count(out->value_count);
    if (octet_count < DNSTTEX_OCTETS_MIN) {
        return WIRE_REJECTED_SHORT;
    }
    int strength = base32_is_canonical(out->values, out->value_count)
                       ? dnsttex_frame(out->values, octet_count)
                       : FRAMES_WRONG;
    if (strength == FRAMES_WRONG) {
        return WIRE_REJECTED_FRAMING;
    }
    out->strength = (uint8_t)strength;
    return WIRE_QUERY;
}

/* In the order of dnsttEx's server, which asks for no size. */
static enum wire_outcome classify_dnsttex(const struct tunnels_domain *domain, uint8_t opcode,
                                          const struct dns_question *question,
                                          const struct dns_edns *edns, const uint8_t *end,
                                          struct tunnels_findings *out)
{
    if (opcode != 0) {
        return WIRE_REJECTED_OPCODE;
    }
    if (edns->opt_count > 1) {
        return WIRE_REJECTED_EDNS;
    }
    if (question->name_length == domain->wire_length) {
        return WIRE_REJECTED_SHORT;
    }
    if (question->type != DNS_TYPE_TXT) {
        return WIRE_REJECTED_QTYPE;
    }
    if (edns->version != 0) {
        return WIRE_REJECTED_EDNS;
    }
    return classify_dnsttex_payload(question, domain, end, out);
}

/* What a Slipstream server looks at, in its order: nothing but the question. */
static enum wire_outcome classify_slipstream(const struct tunnels_domain *domain,
                                             const struct dns_question *question,
                                             const uint8_t *end, struct tunnels_findings *out)
{
    if (question->type != DNS_TYPE_TXT) {
        return WIRE_REJECTED_QTYPE;
    }
    if (question->name_length == domain->wire_length) {
        return WIRE_REJECTED_SHORT;
    }
    if (!read_values(question, domain, end, false, out) ||
        !base32_is_canonical(out->values, out->value_count)) {
        return WIRE_REJECTED_ENCODING;
    }
    int strength =
        slipstream_header(out->values, base32_octet_count(out->value_count), &out->slipstream);
    if (strength < 0) {
        return strength == FRAMES_SHORT ? WIRE_REJECTED_SHORT : WIRE_REJECTED_FRAMING;
    }
    out->strength = (uint8_t)strength;
    return WIRE_QUERY;
}

/* The formats whose servers look at nothing past the question. */
static bool asks_question_only(const struct tunnels_domain *domain)
{
    return domain->format == TUNNEL_SLIPSTREAM || domain->format == TUNNEL_OPAQUE;
}

static enum wire_outcome classify_question_only(const struct tunnels_domain *domain,
                                                const struct dns_question *question,
                                                const uint8_t *end, struct tunnels_findings *out)
{
    if (domain->format == TUNNEL_SLIPSTREAM) {
        return classify_slipstream(domain, question, end, out);
    }
    out->strength = WIRE_NO_SESSION;
    return WIRE_QUERY;
}

/* Separate, so that a tunnel of plain dnstt pays nothing for the others. */
__attribute__((noinline)) static enum wire_outcome
classify_under_other(const struct tunnels_domain *domain, uint8_t opcode,
                     const struct dns_question *question, const struct dns_edns *edns,
                     const uint8_t *end, struct tunnels_findings *out)
{
    if (asks_question_only(domain)) {
        return classify_question_only(domain, question, end, out);
    }
    if (domain->format == TUNNEL_DNSTTEX) {
        return classify_dnsttex(domain, opcode, question, edns, end, out);
    }
    return classify_under(domain, false, opcode, question, edns, end, out);
}

/*
 * Whether the octets begin as whole queries of one length do, or are two of which the last is
 * shorter: what UDP GRO makes of datagrams that come close to each other, and UDP_SEGMENT before
 * the network card cuts them (udp(7)). They are not counted one by one, or one forged packet would
 * count as thirty.
 */
static bool is_joined(const uint8_t *message, size_t length)
{
    size_t first;
    size_t second;
    if (dns_query_length(message, length, &first) != 0 ||
        dns_query_length(message + first, length - first, &second) != 0) {
        return false;
    }
    return second == first || (second < first && first + second == length);
}

/* A query that could not be read past its question: some formats ask for no more. */
__attribute__((noinline)) static enum wire_outcome
classify_broken(const struct tunnels_rules *rules, const struct dns_question *question,
                const uint8_t *message, const uint8_t *end, struct tunnels_findings *out)
{
    if (is_joined(message, (size_t)(end - message))) {
        return WIRE_IGNORED_JOINED;
    }
    const struct tunnels_domain *domain = find_domain(rules, question);
    if (domain == NULL || !asks_question_only(domain)) {
        return WIRE_MALFORMED;
    }
    out->domain = domain;
    return classify_question_only(domain, question, end, out);
}

/* Without the whole message a query is not held to what it allows. */
static inline int read_edns(const uint8_t *message, size_t captured, bool whole, size_t at,
                            unsigned record_count, struct dns_edns *out)
{
    if (!whole) {
        *out = (struct dns_edns){.payload_size = UINT16_MAX};
        return 0;
    }
    return dns_records_parse(message, captured, at, record_count, out);
}

enum wire_outcome tunnels_classify_query(const struct tunnels_rules *rules, const uint8_t *message,
                                         size_t captured, bool whole, struct tunnels_findings *out)
{
    const uint8_t *end = message + captured;
    struct dns_question *question = &out->question;
    struct dns_header header;
    struct dns_edns edns;

    if (captured > 2 && message[2] >> 7 != 0) {
        return WIRE_IGNORED_NOT_QUERY;
    }
    if (dns_header_parse(message, captured, &header) != 0 || header.question_count != 1 ||
        dns_question_parse(message, captured, question) != 0) {
        return WIRE_MALFORMED;
    }
    if (header.answer_count != 0 || header.authority_count != 0 ||
        read_edns(message, captured, whole, question->end, header.additional_count, &edns) != 0) {
        return classify_broken(rules, question, message, end, out);
    }
    const struct tunnels_domain *domain = find_domain(rules, question);
    if (domain == NULL) {
        return WIRE_OTHER_DOMAIN;
    }
    out->domain = domain;
    return domain->plain ? classify_under(domain, true, header.opcode, question, &edns, end, out)
                         : classify_under_other(domain, header.opcode, question, &edns, end, out);
}

/* Whether a server of this format answers a query that counts with this RCODE. */
static bool is_answer_code(const struct tunnels_domain *domain, uint8_t response_code)
{
    enum { NO_ERROR = 0, NAME_ERROR = 3 }; /* RFC 1035, section 4.1.1 */
    switch (domain->format) {
    case TUNNEL_OPAQUE:
        return true;
    case TUNNEL_SLIPSTREAM: /* the second when there is nothing to send */
        return response_code == NO_ERROR || response_code == NAME_ERROR;
    default:
        return response_code == NO_ERROR;
    }
}

/* The question of a response, as that of a query. */
static enum wire_outcome classify_answered(const struct tunnels_domain *domain,
                                           const struct dns_question *question, const uint8_t *end,
                                           struct tunnels_findings *out)
{
    if (asks_question_only(domain)) {
        return classify_question_only(domain, question, end, out);
    }
    if (!is_answered(domain, question->type)) {
        return WIRE_REJECTED_QTYPE;
    }
    if (domain->format == TUNNEL_DNSTTEX) {
        return classify_dnsttex_payload(question, domain, end, out);
    }
    return domain->plain ? classify_payload(question, domain, true, end, out)
                         : classify_payload(question, domain, false, end, out);
}

enum wire_outcome tunnels_classify_response(const struct tunnels_rules *rules,
                                            const uint8_t *message, size_t captured,
                                            struct tunnels_findings *out)
{
    struct dns_header header;
    struct dns_question question;

    if (dns_header_parse(message, captured, &header) != 0 || !header.response ||
        header.question_count != 1 || dns_question_parse(message, captured, &question) != 0) {
        return WIRE_IGNORED_NOT_RESPONSE;
    }
    const struct tunnels_domain *domain = find_domain(rules, &question);
    if (domain == NULL || !is_answer_code(domain, header.response_code)) {
        return WIRE_IGNORED_NOT_RESPONSE;
    }
    out->domain = domain;
    return classify_answered(domain, &question, message + captured, out) == WIRE_QUERY
               ? WIRE_RESPONSE
               : WIRE_IGNORED_NOT_RESPONSE;
}
