#include "capture/sniffer/tunnels/rules.h"

#include "capture/sniffer/parse/dns.h"
#include "common/options.h"

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

/* The codes of the types, RFC 1035 and later. */
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

enum tunnel_record_type tunnels_record_type(uint16_t type)
{
    enum tunnel_record_type record_type = TUNNEL_TXT;
    while (record_type < TUNNEL_ANY && codes[record_type] != type) {
        record_type++;
    }
    return record_type;
}

/* The types that a server with this -record-type answers. */
static void make_types(enum tunnel_record_type record_type, uint16_t types[TUNNELS_TYPES])
{
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
    if (tunnel->format == TUNNEL_SLIPSTREAM) {
        out->id_values = 0; /* a fingerprint is of all that a name says */
    }
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
