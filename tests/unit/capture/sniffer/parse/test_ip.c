#include "capture/sniffer/parse/frame.h"
#include "capture/sniffer/parse/ip.h"
#include "common/wire.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { PAYLOAD = 30, EXTENSION_KINDS = 6 };

/* Extension headers whose length counts in eights. */
static const uint8_t extension_kinds[EXTENSION_KINDS] = {
    IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS, IPPROTO_MH, 139, 140,
};

/* What the last parse gave, and where in the frame its payload began. */
static struct datagram datagram;
static size_t payload_offset;

/* Parses a frame of which `captured` octets are kept and `length` were on the wire. */
static enum wire_outcome parse(const struct message *message, size_t captured, size_t length,
                               unsigned protocol, bool tagged)
{
    static struct datagram before;
    memset(&before, 0xa5, sizeof before);
    memset(&datagram, 0xa5, sizeof datagram);
    uint8_t *copy = exact_copy(message->octets, captured);
    const struct frame frame = {
        .data = copy,
        .captured = (uint32_t)captured,
        .length = (uint32_t)length,
        .protocol = (uint16_t)protocol,
        .type = PACKET_HOST,
        .tagged = tagged,
    };
    enum wire_outcome result = ip_parse(&frame, &datagram);
    if (result != WIRE_UNDECIDED) {
        assert_memory_equal(&datagram, &before, sizeof before);
    } else {
        assert_true(datagram.captured <= datagram.length);
        payload_offset = (size_t)(datagram.payload - copy);
        assert_true(payload_offset + datagram.captured <= captured);
    }
    free(copy);
    return result;
}

static enum wire_outcome parse_whole(const struct message *message, unsigned protocol)
{
    return parse(message, message->length, message->length, protocol, false);
}

static void put_ipv4_datagram(struct message *message)
{
    put_ipv4(message, IPPROTO_UDP, UDP_HEADER + PAYLOAD);
    put_udp(message, 1025, 53, PAYLOAD);
    put_zeros(message, PAYLOAD);
}

static void put_ipv6_datagram(struct message *message)
{
    put_ipv6(message, IPPROTO_UDP, UDP_HEADER + PAYLOAD);
    put_udp(message, 1025, 53, PAYLOAD);
    put_zeros(message, PAYLOAD);
}

static void assert_datagram(size_t offset, size_t captured, size_t length, bool fragment)
{
    assert_int_equal(payload_offset, offset);
    assert_int_equal(datagram.captured, captured);
    assert_int_equal(datagram.length, length);
    assert_int_equal(datagram.fragment, fragment);
    assert_int_equal(datagram.source_port, 1025);
    assert_int_equal(datagram.destination_port, 53);
}

static void test_ipv4(void **state)
{
    (void)state;
    struct message message = {0};
    put_ipv4_datagram(&message);
    assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_UNDECIDED);
    assert_datagram(28, PAYLOAD, PAYLOAD, false);
    assert_memory_equal(datagram.source, mapped_source, 16);
    assert_memory_equal(datagram.destination, mapped_destination, 16);
    /* "Don't fragment" and the reserved bit say nothing. */
    set16(&message, 6, 0xc000);
    assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_UNDECIDED);
    assert_datagram(28, PAYLOAD, PAYLOAD, false);
}

static void test_ipv4_options(void **state)
{
    (void)state;
    for (unsigned words = 0; words <= 15; words++) {
        struct message message = {0};
        put_ipv4(&message, IPPROTO_UDP, 0);
        message.octets[0] = (uint8_t)(0x40 | words);
        size_t header = words * 4;
        if (header > IPV4_HEADER) {
            put_zeros(&message, header - IPV4_HEADER);
        }
        put_udp(&message, 1025, 53, PAYLOAD);
        put_zeros(&message, PAYLOAD);
        set16(&message, 2, (unsigned)message.length);
        if (words < 5) {
            assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_MALFORMED);
        } else {
            assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_UNDECIDED);
            assert_datagram(header + UDP_HEADER, PAYLOAD, PAYLOAD, false);
        }
    }
}

static void test_ipv4_total_length(void **state)
{
    (void)state;
    struct message message = {0};
    put_ipv4_datagram(&message);
    for (unsigned total = 0; total <= UINT16_MAX; total++) {
        set16(&message, 2, total);
        assert_int_equal(parse_whole(&message, ETH_P_IP),
                         total == message.length ? WIRE_UNDECIDED : WIRE_MALFORMED);
    }
}

static void test_padding_is_left_out(void **state)
{
    (void)state;
    for (size_t padding = 0; padding < 40; padding++) {
        struct message ipv4 = {0};
        put_ipv4_datagram(&ipv4);
        put_zeros(&ipv4, padding);
        assert_int_equal(parse_whole(&ipv4, ETH_P_IP), WIRE_UNDECIDED);
        assert_datagram(28, PAYLOAD, PAYLOAD, false);

        struct message ipv6 = {0};
        put_ipv6_datagram(&ipv6);
        put_zeros(&ipv6, padding);
        assert_int_equal(parse_whole(&ipv6, ETH_P_IPV6), WIRE_UNDECIDED);
        assert_datagram(48, PAYLOAD, PAYLOAD, false);

        /* Padding is no place for the UDP header either. */
        set16(&ipv4, 2, IPV4_HEADER + UDP_HEADER - 1);
        assert_int_equal(parse_whole(&ipv4, ETH_P_IP), WIRE_MALFORMED);
        set16(&ipv6, 4, UDP_HEADER - 1);
        assert_int_equal(parse_whole(&ipv6, ETH_P_IPV6), WIRE_MALFORMED);
    }
}

static void test_udp_length(void **state)
{
    (void)state;
    struct message ipv4 = {0};
    struct message ipv6 = {0};
    put_ipv4_datagram(&ipv4);
    put_ipv6_datagram(&ipv6);
    for (unsigned length = 0; length <= UINT16_MAX; length++) {
        bool fits = length >= UDP_HEADER && length <= UDP_HEADER + PAYLOAD;
        enum wire_outcome expected = fits ? WIRE_UNDECIDED : WIRE_MALFORMED;
        set16(&ipv4, IPV4_HEADER + 4, length);
        assert_int_equal(parse_whole(&ipv4, ETH_P_IP), expected);
        if (fits) {
            assert_datagram(28, length - UDP_HEADER, length - UDP_HEADER, false);
        }
        set16(&ipv6, IPV6_HEADER + 4, length);
        assert_int_equal(parse_whole(&ipv6, ETH_P_IPV6), expected);
    }
}

/* Every captured length: the headers have to be there, the payload does not. */
static void test_snapped(void **state)
{
    (void)state;
    struct message ipv4 = {0};
    struct message ipv6 = {0};
    put_ipv4_datagram(&ipv4);
    put_ipv6_datagram(&ipv6);
    for (size_t captured = 0; captured <= ipv4.length; captured++) {
        enum wire_outcome result = parse(&ipv4, captured, ipv4.length, ETH_P_IP, false);
        assert_int_equal(result, captured < 28 ? WIRE_MALFORMED : WIRE_UNDECIDED);
        if (result == WIRE_UNDECIDED) {
            assert_datagram(28, captured - 28, PAYLOAD, false);
        }
    }
    for (size_t captured = 0; captured <= ipv6.length; captured++) {
        enum wire_outcome result = parse(&ipv6, captured, ipv6.length, ETH_P_IPV6, false);
        assert_int_equal(result, captured < 48 ? WIRE_MALFORMED : WIRE_UNDECIDED);
        if (result == WIRE_UNDECIDED) {
            assert_datagram(48, captured - 48, PAYLOAD, false);
        }
    }
}

/* On the wire it was that short: then the lengths contradict it. */
static void test_truncated(void **state)
{
    (void)state;
    struct message ipv4 = {0};
    struct message ipv6 = {0};
    put_ipv4_datagram(&ipv4);
    put_ipv6_datagram(&ipv6);
    for (size_t length = 0; length < ipv4.length; length++) {
        assert_int_equal(parse(&ipv4, length, length, ETH_P_IP, false), WIRE_MALFORMED);
    }
    for (size_t length = 0; length < ipv6.length; length++) {
        assert_int_equal(parse(&ipv6, length, length, ETH_P_IPV6, false), WIRE_MALFORMED);
    }
}

static void test_other_protocols(void **state)
{
    (void)state;
    struct message ipv4 = {0};
    struct message ipv6 = {0};
    put_ipv4_datagram(&ipv4);
    put_ipv6_datagram(&ipv6);
    ipv4.octets[9] = IPPROTO_TCP;
    assert_int_equal(parse_whole(&ipv4, ETH_P_IP), WIRE_IGNORED_NOT_UDP);
    set16(&ipv4, 6, 0x2001); /* a later fragment of it */
    assert_int_equal(parse_whole(&ipv4, ETH_P_IP), WIRE_IGNORED_NOT_UDP);
    static const uint8_t next[] = {IPPROTO_TCP, IPPROTO_ICMPV6, IPPROTO_ESP, IPPROTO_NONE, 253};
    for (size_t i = 0; i < sizeof next; i++) {
        ipv6.octets[6] = next[i];
        assert_int_equal(parse_whole(&ipv6, ETH_P_IPV6), WIRE_IGNORED_NOT_UDP);
    }
    assert_int_equal(parse_whole(&ipv6, ETH_P_ARP), WIRE_IGNORED_NOT_UDP);
    assert_int_equal(parse(&ipv6, 0, 0, ETH_P_ARP, false), WIRE_IGNORED_NOT_UDP);
}

static void test_wrong_version(void **state)
{
    (void)state;
    struct message ipv4 = {0};
    struct message ipv6 = {0};
    put_ipv4_datagram(&ipv4);
    put_ipv6_datagram(&ipv6);
    assert_int_equal(parse_whole(&ipv4, ETH_P_IPV6), WIRE_MALFORMED);
    assert_int_equal(parse_whole(&ipv6, ETH_P_IP), WIRE_MALFORMED);
}

static void test_ipv4_fragments(void **state)
{
    (void)state;
    struct message message = {0};
    put_ipv4_datagram(&message);
    for (unsigned fragment = 0; fragment <= UINT16_MAX; fragment++) {
        set16(&message, 6, fragment);
        enum wire_outcome expected =
            (fragment & 0x1fff) != 0 ? WIRE_IGNORED_FRAGMENT : WIRE_UNDECIDED;
        assert_int_equal(parse_whole(&message, ETH_P_IP), expected);
        if (expected == WIRE_UNDECIDED) {
            assert_datagram(28, PAYLOAD, PAYLOAD, (fragment & 0x2000) != 0);
        }
    }
    /* A first fragment's UDP length speaks of what later ones hold too. */
    set16(&message, 6, 0x2000);
    set16(&message, IPV4_HEADER + 4, 65535);
    assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_UNDECIDED);
    assert_datagram(28, PAYLOAD, 65527, true);
    set16(&message, IPV4_HEADER + 4, UDP_HEADER - 1);
    assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_MALFORMED);
    /* It needs the ports. */
    set16(&message, IPV4_HEADER + 4, 100);
    set16(&message, 2, IPV4_HEADER + UDP_HEADER - 1);
    assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_MALFORMED);
    /* A later one may be of any size that fits. */
    set16(&message, 6, 0x0001);
    assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_IGNORED_FRAGMENT);
    set16(&message, 2, (unsigned)message.length + 1);
    assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_MALFORMED);
    set16(&message, 2, IPV4_HEADER - 1);
    assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_MALFORMED);
    set16(&message, 2, IPV4_HEADER);
    assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_IGNORED_FRAGMENT);
    message.octets[0] = 0x44;
    assert_int_equal(parse_whole(&message, ETH_P_IP), WIRE_MALFORMED);
}

static void test_ipv6(void **state)
{
    (void)state;
    struct message message = {0};
    put_ipv6_datagram(&message);
    assert_int_equal(parse_whole(&message, ETH_P_IPV6), WIRE_UNDECIDED);
    assert_datagram(48, PAYLOAD, PAYLOAD, false);
    assert_memory_equal(datagram.source, ipv6_source, 16);
    assert_memory_equal(datagram.destination, ipv6_destination, 16);
    message.octets[0] = 0x6f; /* traffic class and flow label say nothing */
    assert_int_equal(parse_whole(&message, ETH_P_IPV6), WIRE_UNDECIDED);
    for (unsigned length = 0; length <= UINT16_MAX; length++) {
        set16(&message, 4, length);
        assert_int_equal(parse_whole(&message, ETH_P_IPV6),
                         length == UDP_HEADER + PAYLOAD ? WIRE_UNDECIDED : WIRE_MALFORMED);
    }
}

static void test_jumbogram(void **state)
{
    (void)state;
    struct message message = {0};
    put_ipv6(&message, IPPROTO_HOPOPTS, 0);
    put(&message, "\x11\0\xc2\4\0\1\0\0", 8);
    put_udp(&message, 1025, 53, PAYLOAD);
    put_zeros(&message, PAYLOAD);
    assert_int_equal(parse_whole(&message, ETH_P_IPV6), WIRE_MALFORMED);
}

/* Puts an extension header of `octets` in all, which `next` follows. */
static void put_extension(struct message *message, unsigned next, unsigned octets)
{
    put8(message, next);
    put8(message, octets / 8 - 1);
    put_zeros(message, octets - 2);
}

static void put_udp_in_ipv6(struct message *message)
{
    put_udp(message, 1025, 53, PAYLOAD);
    put_zeros(message, PAYLOAD);
    set16(message, 4, (unsigned)message->length - IPV6_HEADER);
}

static void test_each_extension_header(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < EXTENSION_KINDS; kind++) {
        for (unsigned octets = 8; octets <= 2048; octets += 8) {
            struct message message = {0};
            put_ipv6(&message, extension_kinds[kind], 0);
            put_extension(&message, IPPROTO_UDP, octets);
            put_udp_in_ipv6(&message);
            assert_int_equal(parse_whole(&message, ETH_P_IPV6), WIRE_UNDECIDED);
            assert_datagram(IPV6_HEADER + octets + UDP_HEADER, PAYLOAD, PAYLOAD, false);
        }
    }
    for (unsigned words = 2; words <= 255; words++) {
        struct message message = {0};
        put_ipv6(&message, IPPROTO_AH, 0);
        put8(&message, IPPROTO_UDP);
        put8(&message, words - 2);
        put_zeros(&message, words * 4 - 2);
        put_udp_in_ipv6(&message);
        assert_int_equal(parse_whole(&message, ETH_P_IPV6), WIRE_UNDECIDED);
        assert_datagram(IPV6_HEADER + words * 4 + UDP_HEADER, PAYLOAD, PAYLOAD, false);
    }
}

static void test_extension_header_chain(void **state)
{
    (void)state;
    for (unsigned count = 0; count <= IP_EXTENSION_HEADERS_MAX + 2; count++) {
        for (unsigned last = 0; last < 2; last++) {
            unsigned upper = last == 0 ? IPPROTO_UDP : IPPROTO_TCP;
            struct message message = {0};
            put_ipv6(&message, count > 0 ? IPPROTO_DSTOPTS : upper, 0);
            for (unsigned i = 1; i <= count; i++) {
                put_extension(&message, i < count ? IPPROTO_DSTOPTS : upper, 8 * i);
            }
            put_udp_in_ipv6(&message);
            enum wire_outcome expected =
                upper == IPPROTO_UDP ? WIRE_UNDECIDED : WIRE_IGNORED_NOT_UDP;
            assert_int_equal(parse_whole(&message, ETH_P_IPV6),
                             count <= IP_EXTENSION_HEADERS_MAX ? expected : WIRE_MALFORMED);
        }
    }
}

static void test_extension_header_beyond_the_packet(void **state)
{
    (void)state;
    struct message message = {0};
    put_ipv6(&message, IPPROTO_HOPOPTS, 0);
    put_extension(&message, IPPROTO_ROUTING, 16);
    put_extension(&message, IPPROTO_UDP, 24);
    put_udp_in_ipv6(&message);
    size_t headers = IPV6_HEADER + 16 + 24 + UDP_HEADER;
    /* Captured too little of the headers, and then enough. */
    for (size_t captured = 0; captured <= message.length; captured++) {
        assert_int_equal(parse(&message, captured, message.length, ETH_P_IPV6, false),
                         captured < headers ? WIRE_MALFORMED : WIRE_UNDECIDED);
    }
    /* The packet itself ends in them. */
    for (unsigned length = 1; length < headers - IPV6_HEADER; length++) {
        set16(&message, 4, length);
        assert_int_equal(parse_whole(&message, ETH_P_IPV6), WIRE_MALFORMED);
    }
    /* It ends with one that leads to no UDP. */
    message.octets[IPV6_HEADER + 16] = IPPROTO_NONE;
    for (size_t captured = 0; captured <= message.length; captured++) {
        assert_int_equal(parse(&message, captured, message.length, ETH_P_IPV6, false),
                         captured < IPV6_HEADER + 16 + 8 ? WIRE_MALFORMED : WIRE_IGNORED_NOT_UDP);
    }
    set16(&message, 4, 16 + 24);
    assert_int_equal(parse_whole(&message, ETH_P_IPV6), WIRE_IGNORED_NOT_UDP);
    set16(&message, 4, 16 + 23);
    assert_int_equal(parse_whole(&message, ETH_P_IPV6), WIRE_MALFORMED);
}

static void test_ipv6_fragments(void **state)
{
    (void)state;
    for (unsigned fragment = 0; fragment <= UINT16_MAX; fragment++) {
        struct message message = {0};
        put_ipv6(&message, IPPROTO_FRAGMENT, 0);
        put8(&message, IPPROTO_UDP);
        put8(&message, 0xff); /* reserved, and no length */
        put16(&message, fragment);
        put_zeros(&message, 4);
        put_udp(&message, 1025, 53, 200);
        put_zeros(&message, 64);
        set16(&message, 4, (unsigned)message.length - IPV6_HEADER);
        enum wire_outcome result = parse_whole(&message, ETH_P_IPV6);
        if (fragment >> 3 != 0) {
            assert_int_equal(result, WIRE_IGNORED_FRAGMENT);
        } else if ((fragment & 1) != 0) {
            assert_int_equal(result, WIRE_UNDECIDED);
            assert_datagram(56, 64, 200, true);
        } else {
            /* An atomic fragment is whole, so its UDP length has to fit. */
            assert_int_equal(result, WIRE_MALFORMED);
            set16(&message, IPV6_HEADER + 8 + 4, UDP_HEADER + 64);
            assert_int_equal(parse_whole(&message, ETH_P_IPV6), WIRE_UNDECIDED);
            assert_datagram(56, 64, 64, false);
        }
    }
}

/* Where the kernel left the network header, with a tag's protocol. */
static void test_tagged_at_the_network_header(void **state)
{
    (void)state;
    static const uint16_t protocols[] = {ETH_P_8021Q, ETH_P_8021AD, ETH_P_IP, ETH_P_IPV6};
    struct message ipv4 = {0};
    struct message ipv6 = {0};
    put_ipv4_datagram(&ipv4);
    put_ipv6_datagram(&ipv6);
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        bool tagged = i >= 2;
        assert_int_equal(parse(&ipv4, ipv4.length, ipv4.length, protocols[i], tagged),
                         WIRE_UNDECIDED);
        assert_datagram(28, PAYLOAD, PAYLOAD, false);
        assert_int_equal(parse(&ipv6, ipv6.length, ipv6.length, protocols[i], tagged),
                         WIRE_UNDECIDED);
        assert_datagram(48, PAYLOAD, PAYLOAD, false);
    }
}

static void test_tagged_at_the_tag(void **state)
{
    (void)state;
    for (unsigned version = 4; version <= 6; version += 2) {
        unsigned network = version == 4 ? ETH_P_IP : ETH_P_IPV6;
        size_t headers = version == 4 ? 28 : 48;
        for (unsigned tags = 1; tags <= 3; tags++) {
            struct message message = {0};
            for (unsigned i = 1; i <= tags; i++) {
                put16(&message, 0x2064); /* priority 1, VLAN 100 */
                put16(&message, i < tags ? ETH_P_8021Q : network);
            }
            if (version == 4) {
                put_ipv4_datagram(&message);
            } else {
                put_ipv6_datagram(&message);
            }
            bool known = tags <= IP_VLAN_TAGS_MAX;
            assert_int_equal(parse(&message, message.length, message.length, ETH_P_8021AD, false),
                             known ? WIRE_UNDECIDED : WIRE_IGNORED_NOT_UDP);
            if (known) {
                assert_datagram(4 * tags + headers, PAYLOAD, PAYLOAD, false);
            }
            /* The protocol may be the inner one already. */
            enum wire_outcome inner =
                parse(&message, message.length, message.length, network, true);
            assert_int_equal(inner, known ? WIRE_UNDECIDED : WIRE_IGNORED_NOT_UDP);
            /* Without a tag there is none to strip. */
            assert_int_equal(parse_whole(&message, network), WIRE_MALFORMED);
            for (size_t captured = 0; known && captured < 4 * tags + headers; captured++) {
                assert_int_equal(parse(&message, captured, message.length, ETH_P_8021Q, false),
                                 WIRE_MALFORMED);
            }
        }
    }
}

static void test_tag_counts_as_no_part_of_the_packet(void **state)
{
    (void)state;
    for (unsigned excess = 0; excess <= 5; excess++) {
        struct message message = {0};
        put16(&message, 100);
        put16(&message, ETH_P_IP);
        put_ipv4_datagram(&message);
        set16(&message, 4 + 2, (unsigned)message.length - 4 + excess);
        assert_int_equal(parse(&message, message.length, message.length, ETH_P_8021Q, false),
                         excess == 0 ? WIRE_UNDECIDED : WIRE_MALFORMED);
    }
}

static void test_tag_that_looks_like_a_version(void **state)
{
    (void)state;
    /* Priority 2 gives the TCI IPv4's first four bits, priority 3 IPv6's. */
    for (unsigned tci = 0; tci <= UINT16_MAX; tci++) {
        struct message message = {0};
        put16(&message, tci);
        put16(&message, ETH_P_IP);
        put_ipv4_datagram(&message);
        assert_int_equal(parse(&message, message.length, message.length, ETH_P_8021Q, false),
                         WIRE_UNDECIDED);
        assert_datagram(32, PAYLOAD, PAYLOAD, false);
    }
}

static void test_other_protocols_in_a_tag(void **state)
{
    (void)state;
    struct message message = {0};
    put16(&message, 100);
    put16(&message, ETH_P_ARP);
    put_zeros(&message, 28);
    assert_int_equal(parse(&message, message.length, message.length, ETH_P_8021Q, false),
                     WIRE_IGNORED_NOT_UDP);
    /* It claims to be IPv4, and neither form is. */
    assert_int_equal(parse(&message, message.length, message.length, ETH_P_IP, true),
                     WIRE_MALFORMED);
}

/* Whatever comes, nothing outside the frame is read (exact_copy), and what results fits in it. */
static void test_random_frames(void **state)
{
    (void)state;
    static const uint16_t protocols[] = {ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, ETH_P_ARP};
    unsigned results[WIRE_OUTCOMES + 1] = {0};
    for (unsigned round = 0; round < 200000; round++) {
        struct message message = {0};
        if (random_below(2) == 0) {
            put_ipv4_datagram(&message);
        } else {
            put_ipv6(&message, extension_kinds[random_below(EXTENSION_KINDS)], 0);
            put_extension(&message, random_below(2) == 0 ? IPPROTO_FRAGMENT : IPPROTO_AH, 16);
            put_zeros(&message, 16);
            message.octets[IPV6_HEADER + 16] = IPPROTO_UDP;
            put_udp_in_ipv6(&message);
        }
        unsigned network = message.octets[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6;
        for (uint32_t changes = random_below(4); changes > 0; changes--) {
            message.octets[random_below((uint32_t)message.length)] = (uint8_t)random_next();
        }
        size_t captured =
            random_below(3) == 0 ? random_below((uint32_t)message.length + 1) : message.length;
        unsigned protocol = random_below(4) == 0 ? protocols[random_below(4)] : network;
        results[parse(&message, captured, message.length, protocol, random_below(4) == 0)]++;
    }
    static const enum wire_outcome all[] = {WIRE_UNDECIDED, WIRE_IGNORED_NOT_UDP,
                                            WIRE_IGNORED_FRAGMENT, WIRE_MALFORMED};
    unsigned sum = 0;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        assert_in_range(results[all[i]], 1000, 180000);
        sum += results[all[i]];
    }
    assert_int_equal(sum, 200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_ipv4_options),
        cmocka_unit_test(test_ipv4_total_length),
        cmocka_unit_test(test_padding_is_left_out),
        cmocka_unit_test(test_udp_length),
        cmocka_unit_test(test_snapped),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_other_protocols),
        cmocka_unit_test(test_wrong_version),
        cmocka_unit_test(test_ipv4_fragments),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_jumbogram),
        cmocka_unit_test(test_each_extension_header),
        cmocka_unit_test(test_extension_header_chain),
        cmocka_unit_test(test_extension_header_beyond_the_packet),
        cmocka_unit_test(test_ipv6_fragments),
        cmocka_unit_test(test_tagged_at_the_network_header),
        cmocka_unit_test(test_tagged_at_the_tag),
        cmocka_unit_test(test_tag_counts_as_no_part_of_the_packet),
        cmocka_unit_test(test_tag_that_looks_like_a_version),
        cmocka_unit_test(test_other_protocols_in_a_tag),
        cmocka_unit_test(test_random_frames),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
