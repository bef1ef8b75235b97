#include "capture/sniffer/tunnels/dnstt.h"

#include <string.h>

enum {
    WORD_OCTETS = 8,
    FRAME_PADDING_MARK = 0xe0, /* an octet of this value plus n comes before n octets of padding */
    FRAME_PACKET_MIN = 24,     /* a KCP packet's header */
};

/* Lays the domain out from its end backwards: see struct dnstt_domain. */
static void make_domain(const struct domain *domain, uint8_t index, struct dnstt_domain *out)
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

void dnstt_rules_make(const struct options *options, struct dnstt_rules *out)
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
        make_domain(sorted[i], (uint8_t)(sorted[i] - options->domains), &out->domains[i]);
    }
    out->domain_count = count;
    out->mtu = (uint16_t)options->mtu;
    out->framing = options->framing;
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

static inline bool is_under(const struct dns_question *question, const struct dnstt_domain *domain)
{
    if (question->name_length < domain->wire_length) {
        return false;
    }
    /* The last word may begin up to seven octets before the name, inside the header. */
    const uint8_t *at = question->name + question->name_length;
    for (unsigned i = 0; i < domain->word_count; i++) {
        uint64_t word;
        at -= sizeof word;
        memcpy(&word, at, sizeof word);
        if ((word & domain->mask[i]) != domain->wire[i]) {
            return false;
        }
    }
    return label_begins(question, (size_t)question->name_length - domain->wire_length);
}

static inline const struct dnstt_domain *find_domain(const struct dnstt_rules *rules,
                                                     const struct dns_question *question)
{
    for (unsigned i = 0; i < rules->domain_count; i++) {
        if (is_under(question, &rules->domains[i])) {
            return &rules->domains[i];
        }
    }
    return NULL;
}

/*
 * Whether a payload of `length` octets has a valid frame after the ClientID: marked padding, then
 * nothing or one packet after its length.
 */
static bool is_framed(const uint8_t *values, size_t length)
{
    uint8_t mark = base32_octet(values, DNSTT_CLIENT_ID_OCTETS);
    if (length == DNSTT_CLIENT_ID_OCTETS || mark < FRAME_PADDING_MARK) {
        return false;
    }
    size_t packet = DNSTT_CLIENT_ID_OCTETS + 1u + mark - FRAME_PADDING_MARK;
    if (packet >= length) {
        return packet == length;
    }
    size_t packet_length = base32_octet(values, packet);
    return packet_length >= FRAME_PACKET_MIN && packet_length < FRAME_PADDING_MARK &&
           packet + 1 + packet_length == length;
}

/* The rules on the labels before the domain, in a message that ends at `end`. Returns WIRE_QUERY,
 * or why it is rejected. */
static inline enum wire_outcome classify_payload(const struct dnstt_rules *rules,
                                                 const struct dns_question *question,
                                                 const struct dnstt_domain *domain,
                                                 const uint8_t *end, struct dnstt_findings *out)
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
    if (octet_count < DNSTT_CLIENT_ID_OCTETS) {
        return WIRE_REJECTED_SHORT;
    }
    if (rules->framing == FRAMING_STRICT && !is_framed(out->values, octet_count)) {
        return WIRE_REJECTED_FRAMING;
    }
    return WIRE_QUERY;
}

static bool is_served(const struct dnstt_rules *rules, const struct dns_edns *edns)
{
    return edns->opt_count == 1 && edns->version == 0 && edns->payload_size >= rules->mtu;
}

enum wire_outcome dnstt_classify_query(const struct dnstt_rules *rules, const uint8_t *message,
                                       size_t captured, bool whole, struct dnstt_findings *out)
{
    struct dns_header header;
    struct dns_question question;
    struct dns_edns edns;

    if (captured > 2 && message[2] >> 7 != 0) {
        return WIRE_IGNORED_NOT_QUERY;
    }
    if (dns_header_parse(message, captured, &header) != 0 || header.question_count != 1 ||
        header.answer_count != 0 || header.authority_count != 0 ||
        dns_question_parse(message, captured, &question) != 0 ||
        (whole &&
         dns_records_parse(message, captured, question.end, header.additional_count, &edns) != 0)) {
        return WIRE_MALFORMED;
    }
    const struct dnstt_domain *domain = find_domain(rules, &question);
    if (domain == NULL) {
        return WIRE_OTHER_DOMAIN;
    }
    out->domain = domain->index;
    if (header.opcode != 0) {
        return WIRE_REJECTED_OPCODE;
    }
    if (question.type != DNS_TYPE_TXT) {
        return WIRE_REJECTED_QTYPE;
    }
    if (whole && !is_served(rules, &edns)) {
        return WIRE_REJECTED_EDNS;
    }
    return classify_payload(rules, &question, domain, message + captured, out);
}

enum wire_outcome dnstt_classify_response(const struct dnstt_rules *rules, const uint8_t *message,
                                          size_t captured, struct dnstt_findings *out)
{
    struct dns_header header;
    struct dns_question question;

    if (dns_header_parse(message, captured, &header) != 0 || !header.response ||
        header.response_code != 0 || header.question_count != 1 ||
        dns_question_parse(message, captured, &question) != 0 || question.type != DNS_TYPE_TXT) {
        return WIRE_IGNORED_NOT_RESPONSE;
    }
    const struct dnstt_domain *domain = find_domain(rules, &question);
    if (domain == NULL) {
        return WIRE_IGNORED_NOT_RESPONSE;
    }
    out->domain = domain->index;
    enum wire_outcome outcome = classify_payload(rules, &question, domain, message + captured, out);
    return outcome == WIRE_QUERY ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE;
}
