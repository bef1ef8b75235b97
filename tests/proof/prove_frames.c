/*
 * The frames and KCP: any values that a name can hold. They stand at the end of an object, with the
 * zeros that follow them, so that what is read past these is seen.
 */
#include "tests/proof/proof.h"

#include "capture/sniffer/tunnels/frames.c"
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

/* --- kcp_is_packet. */

void prove_kcp_is_packet(void)
{
    size_t end = any_values();
    size_t begin = nondet_size();
    __CPROVER_assume(begin <= DNS_NAME_MAX && begin + KCP_HEADER_OCTETS <= end);

    bool result = kcp_is_packet(values, begin, end);

    uint8_t command = base32_octet(values, begin + 4);
    PROMISE(!result || (command >= 81 && command <= 84), "a packet begins with a command of KCP's");
    REACH(result && begin + KCP_HEADER_OCTETS == end, "a header alone");
    REACH(result && begin == 0 && end == base32_octet_count(DNS_NAME_MAX), "the longest packet");
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
