#include "capture/sniffer/tunnels/detect.h"

#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/parse/dns.h"
#include "capture/sniffer/tunnels/dnsttex.h"
#include "capture/sniffer/tunnels/frames.h"
#include "capture/sniffer/tunnels/kcp.h"
#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/slipstream.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/tunnel.h"

#include <stddef.h>

enum {
    /* The least that proves anything, of dnsttEx: an id, a length and the header of a packet. A
     * QUIC packet has no less. */
    OCTETS_MIN = DNSTTEX_ID_OCTETS + 1 + KCP_COMPACT_HEADER_OCTETS,
    /* Of the labels: the characters that encode these, and a length octet. */
    LABELS_MIN = 1 + (OCTETS_MIN * 8 + 4) / 5,
};

/* dnstt's frame, around a packet of KCP. */
static bool is_dnstt(const uint8_t *values, size_t octets)
{
    if (frames_dnstt(values, octets, FRAMES_DNSTT_PACKET_MIN) != WIRE_STRONG) {
        return false;
    }
    size_t padding = (size_t)base32_octet(values, FRAMES_DNSTT_ID_OCTETS) - FRAMES_PADDING_MARK;
    return kcp_is_packet(values, FRAMES_DNSTT_ID_OCTETS + 1 + padding + 1, octets);
}

/* The octets of the id in the long header of a QUIC packet, of whatever type; 0: there is none. */
static uint8_t long_header_id(const uint8_t *values, size_t octets)
{
    struct slipstream_id id;
    int strength = slipstream_header(values, octets, &id);
    return strength == WIRE_STRONG || strength == WIRE_NO_SESSION
               ? base32_octet(values, SLIPSTREAM_LONG_ID_LENGTH)
               : 0;
}

/*
 * The octets behind ids of 1 to 8 octets, one for each, the first highest: the highest bit is set
 * where it may be the length of what follows it, which frames_vaydns asks for. `octets` is 9 or
 * more.
 */
static uint64_t lengths_behind_ids(const uint8_t *values, size_t octets)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t high_bits = ones << 7;
    uint64_t found = (uint64_t)base32_word(values, 1) << 32 | base32_word(values, 5);
    uint64_t differ = found ^ ((octets - 1) * ones - UINT64_C(0x0102030405060708));
    /* Whatever is 0, and seldom what is 1. */
    return (differ - ones) & ~differ & high_bits;
}

/* Looks for VayDNS's data with any size of an id. With two sizes that fit as far as the first
 * command, nothing says which it is. So at most one packet is read through. Returns how many are
 * proved: 0 or 1. */
static unsigned prove_vaydns(const uint8_t *values, size_t octets, enum tunnel_record_type type,
                             struct detect_proof *out)
{
    unsigned found = 0;
    uint8_t size = 0;
    uint64_t lengths = lengths_behind_ids(values, octets);
    for (uint8_t id = 1; lengths != 0; id++, lengths <<= 8) {
        if (lengths >> 63 != 0 && kcp_has_command(values, id + 1u)) {
            size = id;
            found++;
        }
    }
    if (found != 1 || frames_vaydns(values, octets, size) != WIRE_STRONG) {
        return 0;
    }
    *out = (struct detect_proof){{TUNNEL_VAYDNS, size, (uint8_t)type}, .id_octets = size};
    return 1;
}

/* Looks for each format whose names are base32. Returns how many are proved, `*out` the last. */
static unsigned prove_base32(const uint8_t *values, size_t octets, enum tunnel_record_type type,
                             struct detect_proof *out)
{
    unsigned proofs = prove_vaydns(values, octets, type, out);
    if (type != TUNNEL_TXT) {
        return proofs;
    }
    if (is_dnstt(values, octets)) {
        *out = (struct detect_proof){{.format = TUNNEL_DNSTT}, .id_octets = FRAMES_DNSTT_ID_OCTETS};
        proofs++;
    }
    uint8_t id = long_header_id(values, octets);
    if (id > 0) {
        *out = (struct detect_proof){{.format = TUNNEL_SLIPSTREAM}, SLIPSTREAM_LONG_ID, id};
        proofs++;
    }
    return proofs;
}

static unsigned prove_base32hex(const uint8_t *values, size_t octets, struct detect_proof *out)
{
    *out = (struct detect_proof){{.format = TUNNEL_DNSTTEX}, .id_octets = DNSTTEX_ID_OCTETS};
    return dnsttex_frame(values, octets) == WIRE_STRONG ? 1 : 0;
}

enum alphabet {
    NEITHER,
    BASE32,
    BASE32HEX,
};

/*
 * Reads labels of so many octets, unless the verdict did. What can be read in both alphabets is
 * taken for base32: one in a hundred of dnsttEx's names. Its own domain rejects none of its data.
 */
static enum alphabet read_labels(struct tunnels_findings *rejected, enum wire_outcome outcome,
                                 bool txt, size_t length, const uint8_t *end)
{
    const uint8_t *labels = rejected->question.name;
    const bool other = rejected->domain->format != TUNNEL_DNSTTEX;
    const bool was_read = other && outcome != WIRE_REJECTED_QTYPE;
    if (was_read ? outcome != WIRE_REJECTED_ENCODING
                 : tunnels_read_labels(labels, length, end, false, rejected)) {
        return BASE32;
    }
    return txt && other && tunnels_read_labels(labels, length, end, true, rejected) ? BASE32HEX
                                                                                    : NEITHER;
}

bool detect_format(struct tunnels_findings *rejected, enum wire_outcome outcome, const uint8_t *end,
                   struct detect_proof *out)
{
    const struct dns_question *question = &rejected->question;
    const enum tunnel_record_type type = tunnels_record_type(question->type);
    size_t length = (size_t)question->name_length - rejected->domain->wire_length;
    if (type == TUNNEL_ANY || length < LABELS_MIN) {
        return false;
    }
    enum alphabet alphabet = read_labels(rejected, outcome, type == TUNNEL_TXT, length, end);
    if (alphabet == NEITHER) {
        return false;
    }
    const uint8_t *values = rejected->values;
    size_t octets = base32_octet_count(rejected->value_count);
    if (octets < OCTETS_MIN || !base32_is_canonical(values, rejected->value_count)) {
        return false;
    }
    unsigned proofs = alphabet == BASE32 ? prove_base32(values, octets, type, out)
                                         : prove_base32hex(values, octets, out);
    return proofs == 1; /* of two, one is chance, and nothing says which */
}
