/*
 * The frames and KCP: any values that a name can hold. They stand at the end of an object, with the
 * zeros that follow them, so that what is read past these is seen.
 */
#include "tests/proof/proof.h"

#include "capture/sniffer/tunnels/frames.h"
#include "capture/sniffer/tunnels/kcp.c"

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

/* --- continues: the segments after the first, each of which begins where the last ended. */

size_t packet_begin;
size_t first;        /* octets of the packet's first segment, or 0 */
size_t segments_end; /* of those found */

/* Of the words of four octets any, but for the packet's first, which is its conversation. */
uint32_t conversation;
uint32_t last_word;
size_t last_word_at;

/* Chooses the packet that ends at `end`. */
static void any_packet(size_t end)
{
    packet_begin = nondet_size();
    first = nondet_size();
    conversation = nondet_unsigned();
    __CPROVER_assume(packet_begin <= DNS_NAME_MAX && packet_begin + KCP_HEADER_OCTETS <= end);
    __CPROVER_assume(first == 0 || (first >= KCP_HEADER_OCTETS && first <= end - packet_begin &&
                                    is_command(base32_octet(values, packet_begin + 4))));
}

uint32_t model_base32_word(const uint8_t *given, size_t index)
{
    REQUIRE(given == values && __CPROVER_r_ok(values + index * 8 / 5, sizeof(uint64_t)),
            "a word has its values");
    last_word = index == packet_begin ? conversation : nondet_unsigned();
    last_word_at = index;
    return last_word;
}

size_t model_segment(const uint8_t *given, size_t at, size_t end)
{
    REQUIRE(given == values && at <= DNS_NAME_MAX && at + KCP_HEADER_OCTETS <= end &&
                end <= base32_octet_count(value_count),
            "a header has its octets");
    REQUIRE(at == segments_end, "a segment begins where the last ended");
    REQUIRE(at == packet_begin || (last_word_at == at && last_word == conversation),
            "a segment is of the packet's conversation");
    size_t result = nondet_size();
    __CPROVER_assume(result == 0 || (result >= KCP_HEADER_OCTETS && result <= end - at));
    if (at == packet_begin) {
        result = first;
    }
    segments_end = at + result;
    return result;
}

void prove_continues(void)
{
    size_t end = any_values();
    any_packet(end);
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

/* --- kcp_is_packet. */

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
    any_packet(end);
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
