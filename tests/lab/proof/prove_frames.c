/*
 * The frames and KCP: any values that a name can hold. They stand at the end of an object, with the
 * zeros that follow them, so that what is read past these is seen.
 */
#include "tests/lab/proof/proof.h"

#include "capture/sniffer/tunnels/dnsttex.c"
#include "capture/sniffer/tunnels/frames.h"
#include "capture/sniffer/tunnels/kcp.c"
#include "capture/sniffer/tunnels/slipstream.c"

enum {
    POLL = 4,          /* octets of vaydns's query without a packet */
    PACKET_LEAST = 25, /* octets of the least packet and its length */
};

static uint8_t octets[DNS_NAME_MAX + BASE32_STEP];
static size_t value_count;
static const uint8_t *values;

/* Returns how many octets the values encode. */
static size_t any_values(void)
{
    __CPROVER_havoc_object(octets);
    value_count = nondet_size();
    __CPROVER_assume(value_count <= DNS_NAME_MAX);
    values = octets + DNS_NAME_MAX - value_count;
    return base32_octet_count(value_count);
}

/* --- segment: one of KCP's, the first or any. */

static bool is_command(uint8_t command)
{
    return command >= 81 && command <= 84;
}

void prove_segment(void)
{
    size_t end = any_values();
    size_t at = nondet_size();
    __CPROVER_assume(at <= DNS_NAME_MAX && at + KCP_HEADER_OCTETS <= end);

    size_t result = segment(values, at, end);

    PROMISE(result == 0 || is_command(base32_octet(values, at + 4)),
            "a segment has a command of KCP's");
    PROMISE(result == 0 || (result >= KCP_HEADER_OCTETS && result <= end - at),
            "a segment has a header, and ends within the values");
    REACH(result == KCP_HEADER_OCTETS && at + result == end, "a header alone");
    REACH(at == 0 && result == base32_octet_count(DNS_NAME_MAX), "the longest segment");
    REACH(result == KCP_HEADER_OCTETS && at + 2 * result == end, "one before another");
    REACH(result == 0, "none");
}

/* --- kcp_has_command: a segment's first five octets. */

void prove_kcp_has_command(void)
{
    size_t end = any_values();
    size_t begin = nondet_size();
    __CPROVER_assume(begin <= DNS_NAME_MAX && begin + 5 <= end);

    bool result = kcp_has_command(values, begin);

    PROMISE(result == is_command(base32_octet(values, begin + 4)), "a command is one of KCP's");
    REACH(result && begin + 5 == end, "the last octet");
    REACH(!result, "another");
}

/* --- The segments and words of a packet. */

size_t packet_begin;
size_t first;        /* octets of the packet's first segment, or 0 */
size_t segments_end; /* of those found */

/* Of the words of four octets any, but for the packet's first, which is its conversation. */
uint32_t conversation;
uint32_t last_word;
size_t last_word_at;

uint32_t model_base32_word(const uint8_t *given, size_t index)
{
    REQUIRE(given == values && __CPROVER_r_ok(values + index * 8 / 5, sizeof(uint64_t)),
            "a word has its values");
    last_word = index == packet_begin ? conversation : nondet_unsigned();
    last_word_at = index;
    return last_word;
}

/* --- compact_segment: one of dnsttEx's. */

void prove_compact_segment(void)
{
    size_t end = any_values();
    size_t at = nondet_size();
    __CPROVER_assume(at <= DNS_NAME_MAX && at + KCP_COMPACT_HEADER_OCTETS <= end);

    size_t result = compact_segment(values, at, end);

    PROMISE(result == 0 || (result >= KCP_COMPACT_HEADER_OCTETS && result <= end - at),
            "a segment has a header, and ends within the values");
    PROMISE(result == 0 || (last_word_at == at + 8 && result == KCP_COMPACT_HEADER_OCTETS +
                                                                    (last_word >> 8 & 0xff) +
                                                                    ((last_word & 0xff) << 8)),
            "a segment has its length");
    REACH(result == KCP_COMPACT_HEADER_OCTETS && at + result == end, "a header alone");
    REACH(at == 0 && result == base32_octet_count(DNS_NAME_MAX), "the longest segment");
    REACH(result == 0, "none");
}

/* --- continues: the segments after the first, each of which begins where the last ended. */

/* Chooses the packet that ends at `end`, of segments with a header of so many octets. */
static void any_packet(size_t end, size_t header)
{
    packet_begin = nondet_size();
    first = nondet_size();
    conversation = nondet_unsigned();
    __CPROVER_assume(packet_begin <= DNS_NAME_MAX && packet_begin + header <= end);
    __CPROVER_assume(first == 0 || (first >= header && first <= end - packet_begin));
    __CPROVER_assume(first == 0 || header == KCP_COMPACT_HEADER_OCTETS ||
                     is_command(base32_octet(values, packet_begin + 4)));
}

static size_t next_segment(const uint8_t *given, size_t at, size_t end, size_t header, bool same)
{
    REQUIRE(given == values && at <= DNS_NAME_MAX && at + header <= end &&
                end <= base32_octet_count(value_count),
            "a header has its octets");
    REQUIRE(at == segments_end, "a segment begins where the last ended");
    REQUIRE(at == packet_begin || (last_word_at == at && same),
            "a segment is of the packet's conversation");
    size_t result = nondet_size();
    __CPROVER_assume(result == 0 || (result >= header && result <= end - at));
    if (at == packet_begin) {
        result = first;
    }
    segments_end = at + result;
    return result;
}

size_t model_segment(const uint8_t *given, size_t at, size_t end)
{
    return next_segment(given, at, end, KCP_HEADER_OCTETS, last_word == conversation);
}

size_t model_compact_segment(const uint8_t *given, size_t at, size_t end)
{
    return next_segment(given, at, end, KCP_COMPACT_HEADER_OCTETS,
                        last_word >> 16 == conversation >> 16);
}

void prove_continues(void)
{
    size_t end = any_values();
    any_packet(end, KCP_HEADER_OCTETS);
    size_t at = packet_begin + first;
    segments_end = at;

    bool result = continues(values, packet_begin, at, end);

    PROMISE(!result || first != 0, "a packet has its first segment");
    PROMISE(!result || segments_end == end, "the last segment ends with the packet");
    REACH(result && at + KCP_HEADER_OCTETS == end, "a header alone");
    REACH(result && packet_begin == 0 && end == base32_octet_count(DNS_NAME_MAX),
          "the longest packet");
    REACH(!result && first == 0, "none");
    REACH(!result && segments_end > at, "too few octets for another");
}

void prove_compact_continues(void)
{
    size_t end = any_values();
    any_packet(end, KCP_COMPACT_HEADER_OCTETS);
    size_t at = packet_begin + first;
    segments_end = at;

    bool result = compact_continues(values, packet_begin, at, end);

    PROMISE(!result || first != 0, "a packet has its first segment");
    PROMISE(!result || segments_end == end, "the last segment ends with the packet");
    REACH(result && at + KCP_COMPACT_HEADER_OCTETS == end, "a header alone");
    REACH(result && packet_begin == 0 && end == base32_octet_count(DNS_NAME_MAX),
          "the longest packet");
    REACH(!result && first == 0, "none");
    REACH(!result && segments_end > at, "too few octets for another");
}

/* --- kcp_is_packet, kcp_is_compact_packet. */

bool continued; /* whether further segments were found to end with the packet */

bool model_continues(const uint8_t *given, size_t begin, size_t at, size_t end)
{
    REQUIRE(given == values && begin == packet_begin && end <= base32_octet_count(value_count),
            "the packet is passed on");
    REQUIRE(at == begin + first, "it goes on where its first segment ended");
    continued = first != 0 && nondet_bool();
    return continued;
}

void prove_kcp_is_packet(void)
{
    size_t end = any_values();
    any_packet(end, KCP_HEADER_OCTETS);
    segments_end = packet_begin;
    continued = false;

    bool result = kcp_is_packet(values, packet_begin, end);

    PROMISE(!result || is_command(base32_octet(values, packet_begin + 4)),
            "a packet begins with a command of KCP's");
    PROMISE(result == (packet_begin + first == end || continued),
            "it tells whether segments fill it");
    REACH(result && packet_begin + KCP_HEADER_OCTETS == end, "a header alone");
    REACH(result && packet_begin == 0 && end == base32_octet_count(DNS_NAME_MAX),
          "the longest packet");
    REACH(result && segments_end < end, "two segments");
    REACH(!result, "none");
}

void prove_kcp_is_compact_packet(void)
{
    size_t end = any_values();
    any_packet(end, KCP_COMPACT_HEADER_OCTETS);
    segments_end = packet_begin;
    continued = false;

    bool result = kcp_is_compact_packet(values, packet_begin, end);

    PROMISE(result == (packet_begin + first == end || continued),
            "it tells whether segments fill it");
    REACH(result && packet_begin + KCP_COMPACT_HEADER_OCTETS == end, "a header alone");
    REACH(result && packet_begin == 0 && end == base32_octet_count(DNS_NAME_MAX),
          "the longest packet");
    REACH(result && segments_end < end, "two segments");
    REACH(!result, "none");
}

/* --- The frames. */

bool model_kcp_is_packet(const uint8_t *given, size_t begin, size_t end)
{
    REQUIRE(given == values && begin <= DNS_NAME_MAX && begin + KCP_HEADER_OCTETS <= end &&
                end <= base32_octet_count(value_count),
            "a header has its octets");
    return nondet_bool();
}

void prove_frames_dnstt(void)
{
    size_t length = any_values();
    size_t packet_min = nondet_bool() ? FRAMES_DNSTT_PACKET_MIN : FRAMES_XDNS_PACKET_MIN;
    __CPROVER_assume(length >= FRAMES_DNSTT_ID_OCTETS);

    int result = frames_dnstt(values, length, packet_min);

    uint8_t mark = base32_octet(values, FRAMES_DNSTT_ID_OCTETS);
    size_t packet = (size_t)FRAMES_DNSTT_ID_OCTETS + 1 + (mark & 0x1f);
    PROMISE(result == FRAMES_WRONG || result == WIRE_WEAK || result == WIRE_STRONG,
            "nothing else is returned");
    PROMISE(result == FRAMES_WRONG ||
                (mark >= FRAMES_PADDING_MARK && mark <= FRAMES_PADDING_MARK + FRAMES_PADDING_MAX),
            "a frame begins with its padding");
    PROMISE(result != WIRE_WEAK || length == packet, "a poll ends with the padding");
    PROMISE(result != WIRE_STRONG || (length >= packet + 1 + packet_min &&
                                      base32_octet(values, packet) == length - packet - 1),
            "a packet has its length");
    REACH(result == WIRE_WEAK && length == FRAMES_DNSTT_ID_OCTETS + 1, "a poll without padding");
    REACH(result == WIRE_WEAK && length == FRAMES_DNSTT_ID_OCTETS + 1 + FRAMES_PADDING_MAX,
          "the longest poll");
    REACH(result == WIRE_STRONG && length == base32_octet_count(DNS_NAME_MAX),
          "the longest packet");
    REACH(result == WIRE_STRONG && length == packet + 2, "xdns's least packet");
    REACH(result == FRAMES_WRONG && length == FRAMES_DNSTT_ID_OCTETS, "an id alone");
}

void prove_frames_vaydns(void)
{
    size_t length = any_values();
    size_t id = nondet_size();
    __CPROVER_assume(id >= 1 && id <= 8 && length >= id);

    int result = frames_vaydns(values, length, id);

    size_t rest = length - id;
    PROMISE(result == FRAMES_WRONG || result == WIRE_WEAK || result == WIRE_STRONG,
            "nothing else is returned");
    PROMISE((result == WIRE_WEAK) == (rest == POLL), "four octets are a poll, and nothing else is");
    PROMISE(result != WIRE_STRONG || (rest >= PACKET_LEAST && base32_octet(values, id) == rest - 1),
            "a packet has its length");
    REACH(result == WIRE_WEAK && id == 8, "a poll");
    REACH(result == WIRE_STRONG && rest == PACKET_LEAST, "the least packet");
    REACH(result == WIRE_STRONG && length == base32_octet_count(DNS_NAME_MAX),
          "the longest packet");
    REACH(result == FRAMES_WRONG && rest == 0, "an id alone");
    REACH(result == FRAMES_WRONG && rest >= PACKET_LEAST, "no packet");
}

/* --- dnsttEx's. */

size_t packets_end; /* of those found */

/* The last octet that was read, and where. */
uint8_t last_octet;
size_t last_octet_at;

uint8_t model_base32_octet(const uint8_t *given, size_t index)
{
    REQUIRE(given == values && __CPROVER_r_ok(values + index * 8 / 5, 3),
            "an octet has its values");
    last_octet = nondet_octet();
    last_octet_at = index;
    return last_octet;
}

bool model_kcp_is_compact_packet(const uint8_t *given, size_t begin, size_t end)
{
    REQUIRE(given == values && begin <= DNS_NAME_MAX && begin + KCP_COMPACT_HEADER_OCTETS <= end &&
                end <= base32_octet_count(value_count),
            "a header has its octets");
    REQUIRE(begin == packets_end + 1 && last_octet_at == packets_end && last_octet == end - begin,
            "a packet has its length, and begins where the last ended");
    bool result = nondet_bool();
    if (result) {
        packets_end = end;
    }
    return result;
}

void prove_are_packets(void)
{
    size_t end = any_values();
    size_t at = nondet_size();
    __CPROVER_assume(end >= DNSTTEX_OCTETS_MIN && at >= DNSTTEX_OCTETS_MIN && at <= DNS_NAME_MAX);
    packets_end = at;

    bool result = are_packets(values, at, end);

    PROMISE(!result || (at < end && packets_end == end), "packets end exactly at the end");
    REACH(result && at + 1 + KCP_COMPACT_HEADER_OCTETS == end, "the least packet");
    REACH(result && at == DNSTTEX_OCTETS_MIN && end == base32_octet_count(DNS_NAME_MAX),
          "the longest packets");
    REACH(!result && at > end, "padding past the end");
    REACH(!result && packets_end > at, "no packet after one");
}

bool padded; /* whether packets behind padding were looked for */

bool model_are_packets(const uint8_t *given, size_t at, size_t end)
{
    REQUIRE(given == values && at >= DNSTTEX_OCTETS_MIN && at <= DNS_NAME_MAX &&
                end <= base32_octet_count(value_count),
            "packets are looked for behind the id");
    padded = true;
    bool result = at < end && nondet_bool();
    if (result) {
        packets_end = end;
    }
    return result;
}

uint32_t frame_word; /* the four octets behind the id */

uint32_t model_frame_word(const uint8_t *given, size_t index)
{
    REQUIRE(given == values && index == 8 && __CPROVER_r_ok(values + 12, sizeof(uint64_t)),
            "a word has its values");
    return frame_word;
}

void prove_dnsttex_frame(void)
{
    size_t length = any_values();
    frame_word = nondet_unsigned();
    __CPROVER_assume(length >= DNSTTEX_OCTETS_MIN);
    const uint8_t mark = (uint8_t)(frame_word >> 24);
    bool hint = mark == 0xfd && (frame_word >> 8 & 0xffff) >= 512 && length > 11;
    const size_t begin = hint ? 11 : 8;
    const uint8_t frame = hint ? (uint8_t)(frame_word & 0xff) : mark;
    packets_end = last_octet_at = begin;
    last_octet = frame;
    padded = false;

    int result = dnsttex_frame(values, length);

    PROMISE(result == FRAMES_WRONG || result == WIRE_NO_SESSION || result == WIRE_WEAK ||
                result == WIRE_STRONG,
            "nothing else is returned");
    PROMISE((result == WIRE_NO_SESSION) == (mark == 0xff && (length == 15 || length >= 17)),
            "a probe has its mark and its length, and nothing else is one");
    PROMISE(result != WIRE_WEAK ||
                (length - begin == 7 && (frame == 0 || (begin == 11 && frame == 0xfe))),
            "a poll is seven octets");
    PROMISE(result != WIRE_STRONG || (packets_end == length && padded == (frame >= 0xe0)),
            "packets end exactly at the end");
    REACH(result == WIRE_NO_SESSION && length == 15, "the least probe");
    REACH(result == WIRE_WEAK && begin == 8, "a poll");
    REACH(result == WIRE_WEAK && frame == 0xfe, "a poll with a hint");
    REACH(result == WIRE_STRONG && padded && begin == 11, "padding behind a hint");
    REACH(result == WIRE_STRONG && padded && mark == 0xfd && begin == 8, "a mark that is no hint");
    REACH(result == WIRE_STRONG && length == base32_octet_count(DNS_NAME_MAX) && !padded,
          "the longest packet");
    REACH(result == FRAMES_WRONG && length == DNSTTEX_OCTETS_MIN, "a mark alone");
}

/* --- Slipstream's. */

void prove_slipstream_header(void)
{
    size_t length = any_values();
    struct slipstream_id id;
    const uint8_t form = base32_octet(values, 0);

    int result = slipstream_header(values, length, &id);

    size_t source = 6 + (size_t)id.octets;
    PROMISE(result == FRAMES_WRONG || result == FRAMES_SHORT || result == WIRE_NO_SESSION ||
                result == WIRE_WEAK || result == WIRE_STRONG,
            "nothing else is returned");
    PROMISE(result != WIRE_STRONG || (form >> 4 == 0xe && base32_word(values, 1) == 1),
            "a Handshake of version 1 proves a session");
    PROMISE(result != WIRE_STRONG || (id.at == 6 && id.octets == base32_octet(values, 5) &&
                                      id.octets >= 1 && id.octets <= SLIPSTREAM_ID_OCTETS_MAX),
            "a long header has the length of its id");
    PROMISE(result != WIRE_STRONG ||
                (source < length && source + 1 + base32_octet(values, source) <= length),
            "both ids are in the payload");
    PROMISE((result == WIRE_WEAK) == (form >> 6 == 1 && length >= 29),
            "a short header has its octets, and nothing else is one");
    PROMISE(result != WIRE_WEAK || (id.at == 1 && id.octets == 8), "its id is as its server's");
    PROMISE(result != WIRE_NO_SESSION || ((form >> 4 == 0xc || form >> 4 == 0xd) && length >= 21),
            "an Initial or 0-RTT names no session");
    const uint8_t first_id = base32_octet(values, 5);
    PROMISE(result != WIRE_NO_SESSION ||
                (first_id <= SLIPSTREAM_ID_OCTETS_MAX && (size_t)6 + first_id < length),
            "the client's id is in the payload");
    PROMISE(result <= WIRE_NO_SESSION || id.at + id.octets <= length,
            "an id is inside the payload");
    REACH(result == WIRE_STRONG && id.octets == SLIPSTREAM_ID_OCTETS_MAX &&
              length == source + 1 + SLIPSTREAM_ID_OCTETS_MAX,
          "the longest ids");
    REACH(result == WIRE_STRONG && id.octets == 1 && length == 21, "the least packet");
    REACH(result == WIRE_WEAK && length == 29, "the least with a short header");
    REACH(result == WIRE_NO_SESSION && base32_octet(values, 5) == 0, "no id");
    REACH(result == FRAMES_SHORT && length == 0, "nothing");
    REACH(result == FRAMES_WRONG && form >> 4 == 0xf, "a Retry");
}
