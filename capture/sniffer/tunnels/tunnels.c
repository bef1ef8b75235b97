#include "capture/sniffer/tunnels/tunnels.h"

#include "capture/sniffer/tunnels/frames.h"
#include "common/options.h"
#include "common/tunnel.h"

#include <string.h>

enum {
    WORD_OCTETS = 8,
    VALUE_MASK = 0x1f,
    VALUE_BITS = 5,     /* of a character of base32 */
    NO_EDNS_SIZE = 512, /* RFC 6891, section 6.2.3: what a query allows without EDNS, or at least */
};

/* Lays the domain out from its end backwards: see struct tunnels_domain. */
static void make_domain(const struct domain *domain, uint8_t index, struct tunnels_domain *out)
{
    uint8_t wire[sizeof out->wire] = {0};
    uint8_t mask[sizeof out->mask] = {0};
    size_t length = domain->wire_length;
    size_t words = (length + WORD_OCTETS - 1) / WORD_OCTETS;
    size_t lead_in = words * WORD_OCTETS - length;
    for (size_t i = 0; i < length; i++) {
        uint8_t octet = domain->wire[i];
        uint8_t bits = octet >= 'a' && octet <= 'z' ? 0xdf : 0xff; /* 0x20 is a letter's case bit */
        mask[lead_in + i] = bits;
        wire[lead_in + i] = octet & bits;
    }
    for (size_t i = 0; i < words; i++) {
        memcpy(&out->wire[i], wire + (words - 1 - i) * WORD_OCTETS, WORD_OCTETS);
        memcpy(&out->mask[i], mask + (words - 1 - i) * WORD_OCTETS, WORD_OCTETS);
    }
    out->word_count = (uint8_t)words;
    out->wire_length = domain->wire_length;
    out->index = index;
}

/* The types that a server with this -record-type answers. */
static void make_types(enum tunnel_record_type record_type, uint16_t types[TUNNELS_TYPES])
{
    static const uint16_t codes[TUNNEL_RECORD_TYPES] = {
        [TUNNEL_TXT] = DNS_TYPE_TXT,
        [TUNNEL_NULL] = 10,
        [TUNNEL_CNAME] = 5,
        [TUNNEL_A] = 1,
        [TUNNEL_AAAA] = 28,
        [TUNNEL_MX] = 15,
        [TUNNEL_NS] = 2,
        [TUNNEL_SRV] = 33,
        [TUNNEL_CAA] = 257,
        [TUNNEL_ANY] = DNS_TYPE_TXT,
    };
    for (unsigned i = 0; i < TUNNELS_TYPES; i++) {
        types[i] = codes[record_type];
    }
    if (record_type == TUNNEL_ANY) {
        types[1] = codes[TUNNEL_A];
        types[2] = codes[TUNNEL_AAAA];
    }
}

/* Sets the bits of an id of so many octets in the values that encode it. */
static void make_id(uint32_t octets, struct tunnels_domain *out)
{
    uint8_t mask[sizeof out->id_mask] = {0};
    unsigned bits = octets * 8;
    unsigned values = bits / VALUE_BITS;
    memset(mask, VALUE_MASK, values);
    mask[values] = VALUE_MASK & ~(VALUE_MASK >> bits % VALUE_BITS);
    memcpy(out->id_mask, mask, sizeof mask);
    out->id_octets = (uint8_t)octets;
    out->id_values = (uint8_t)values;
}

static void make_rules(const struct options *options, uint8_t index, struct tunnels_domain *out)
{
    const struct tunnel *tunnel = &options->tunnels[index];
    make_types(tunnel->record_type, out->types);
    make_id(tunnel_client_id_size(tunnel), out);
    out->format = (uint8_t)tunnel->format;
    out->any_framing = tunnel->format == TUNNEL_DNSTT && options->framing == FRAMING_ANY;
    out->plain =
        !out->any_framing && (tunnel->format == TUNNEL_DNSTT || tunnel->format == TUNNEL_NOIZDNS);
    const uint32_t mtu = options_mtu(options, index);
    out->payload_size_min = mtu <= NO_EDNS_SIZE ? 0 : (uint16_t)mtu;
}

void tunnels_rules_make(const struct options *options, struct tunnels_rules *out)
{
    const struct domain *sorted[DOMAINS_MAX];
    unsigned count = options->domain_count;
    for (unsigned i = 0; i < count; i++) {
        unsigned place = i;
        for (; place > 0; place--) {
            if (sorted[place - 1]->wire_length >= options->domains[i].wire_length) {
                break;
            }
            sorted[place] = sorted[place - 1];
        }
        sorted[place] = &options->domains[i];
    }
    for (unsigned i = 0; i < count; i++) {
        uint8_t index = (uint8_t)(sorted[i] - options->domains);
        make_domain(sorted[i], index, &out->domains[i]);
        make_rules(options, index, &out->domains[i]);
    }
    out->domain_count = count;
}

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

/* Whether an encoder wrote these values, 2 or more: no bits to spare, and no tail that encodes
 * nothing. */
static inline bool is_canonical(const uint8_t *values, size_t count)
{
    enum { NEVER = 0x20 }; /* set below in each value */
    static const uint8_t spare[8] = {0, NEVER, 0x3, NEVER, 0xf, 0x1, NEVER, 0x7};
    return ((values[count - 1] | NEVER) & spare[count % 8]) == 0;
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
    return type == DNS_TYPE_TXT ? WIRE_STRONG : WIRE_WEAK;
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
    if (!is_canonical(findings->values, findings->value_count)) {
        return FRAMES_WRONG;
    }
    return plain ? frames_dnstt(findings->values, length, FRAMES_DNSTT_PACKET_MIN)
                 : read_other_frame(domain, type, findings->values, length);
}

/* The rules on the labels before the domain, in a message that ends at `end`. Returns WIRE_QUERY,
 * or why it is rejected. Inline, since a call costs each packet twenty instructions. */
__attribute__((always_inline)) static inline enum wire_outcome
classify_payload(const struct dns_question *question, const struct tunnels_domain *domain,
                 bool plain, const uint8_t *end, struct tunnels_findings *out)
{
    const uint8_t *name = question->name;
    size_t length = (size_t)question->name_length - domain->wire_length;
    if ((size_t)(end - name) < length + BASE32_STEP) {
        memcpy(out->scratch, name, length);
        name = out->scratch;
    }
    int value_count = base32_read_labels(name, length, out->values);
    if (value_count < 0) {
        return WIRE_REJECTED_ENCODING;
    }
    out->value_count = (unsigned)value_count;
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

/* Separate, so that a tunnel of plain dnstt pays nothing for the others. */
__attribute__((noinline)) static enum wire_outcome
classify_under_other(const struct tunnels_domain *domain, uint8_t opcode,
                     const struct dns_question *question, const struct dns_edns *edns,
                     const uint8_t *end, struct tunnels_findings *out)
{
    if (domain->format == TUNNEL_OPAQUE) {
        out->strength = WIRE_NO_SESSION;
        return WIRE_QUERY;
    }
    return classify_under(domain, false, opcode, question, edns, end, out);
}

/* A query whose question alone could be read, which opaque asks for no more of. */
__attribute__((noinline)) static enum wire_outcome
classify_broken(const struct tunnels_rules *rules, const struct dns_question *question,
                struct tunnels_findings *out)
{
    const struct tunnels_domain *domain = find_domain(rules, question);
    if (domain == NULL || domain->format != TUNNEL_OPAQUE) {
        return WIRE_MALFORMED;
    }
    out->domain = domain;
    out->strength = WIRE_NO_SESSION;
    return WIRE_QUERY;
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
    struct dns_header header;
    struct dns_question question;
    struct dns_edns edns;

    if (captured > 2 && message[2] >> 7 != 0) {
        return WIRE_IGNORED_NOT_QUERY;
    }
    if (dns_header_parse(message, captured, &header) != 0 || header.question_count != 1 ||
        dns_question_parse(message, captured, &question) != 0) {
        return WIRE_MALFORMED;
    }
    if (header.answer_count != 0 || header.authority_count != 0 ||
        read_edns(message, captured, whole, question.end, header.additional_count, &edns) != 0) {
        return classify_broken(rules, &question, out);
    }
    const struct tunnels_domain *domain = find_domain(rules, &question);
    if (domain == NULL) {
        return WIRE_OTHER_DOMAIN;
    }
    out->domain = domain;
    const uint8_t *end = message + captured;
    return domain->plain ? classify_under(domain, true, header.opcode, &question, &edns, end, out)
                         : classify_under_other(domain, header.opcode, &question, &edns, end, out);
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
    if (domain == NULL) {
        return WIRE_IGNORED_NOT_RESPONSE;
    }
    out->domain = domain;
    if (domain->format == TUNNEL_OPAQUE) {
        out->strength = WIRE_NO_SESSION;
        return WIRE_RESPONSE;
    }
    if (header.response_code != 0 || !is_answered(domain, question.type)) {
        return WIRE_IGNORED_NOT_RESPONSE;
    }
    const uint8_t *end = message + captured;
    enum wire_outcome outcome = domain->plain
                                    ? classify_payload(&question, domain, true, end, out)
                                    : classify_payload(&question, domain, false, end, out);
    return outcome == WIRE_QUERY ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE;
}
