#include "capture/sniffer/classify.h"
#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/parse/frame.h"
#include "capture/sniffer/token.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "capture/sniffer/parse/dns.h"
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "t.example.com"

enum {
    ID_VALUES = 12, /* of base32 that hold only bits of eight octets */
    PORT = 53,
    OTHER_PORT = 5300,
    CLIENT_PORT = 40000,
    UNCHANGED = 0xa5,
};

static struct options options;
static struct classifier classifier;
static struct wire_record record;

static int configure(void **state)
{
    (void)state;
    memset(&options, 0, sizeof options);
    assert_int_equal(domain_parse("other.example", &options.domains[0]), 0);
    assert_int_equal(domain_parse(DOMAIN, &options.domains[1]), 0);
    options.domain_count = 2;
    options.ports[0] = OTHER_PORT;
    options.ports[1] = PORT;
    options.port_count = 2;
    options.mtu = 1232;
    options.framing = FRAMING_STRICT;
    memset(&classifier, 0, sizeof classifier);
    classifier_make(&options, &classifier);
    classifier.key = (struct token_key){.session = {1, 2}, .fingerprint = {3, 0x9e3779b97f4a7c15}};
    return 0;
}

/* Classifies a frame of which `captured` octets were kept; what the outcome does not set stays. */
static enum wire_outcome judge_part(const struct message *message, size_t captured,
                                    unsigned protocol, unsigned type, bool tagged)
{
    static struct wire_record before;
    memset(&before, UNCHANGED, sizeof before);
    record = before;
    uint8_t *copy = exact_copy(message->octets, captured);
    const struct frame frame = {
        .data = copy,
        .captured = (uint32_t)captured,
        .length = (uint32_t)message->length,
        .protocol = (uint16_t)protocol,
        .type = (uint8_t)type,
        .tagged = tagged,
    };
    enum wire_outcome outcome = classify_frame(&classifier, &frame, &record);
    free(copy);
    if (outcome < WIRE_REJECTED_FIRST) {
        assert_memory_equal(&record, &before, sizeof before);
    }
    assert_in_range(outcome, 0, WIRE_OUTCOMES - 1);
    return outcome;
}

static unsigned protocol_of(const struct message *message)
{
    return message->octets[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6;
}

static enum wire_outcome judge_message(const struct message *message, unsigned type)
{
    return judge_part(message, message->length, protocol_of(message), type, false);
}

/* That the outcome is the record's. */
static void assert_recorded(enum wire_outcome outcome)
{
    assert_in_range(outcome, WIRE_REJECTED_FIRST, WIRE_OUTCOMES - 1);
    assert_int_equal(record.outcome, outcome);
    if (wire_is_rejected(outcome)) {
        assert_int_equal(record.strength, WIRE_NO_SESSION);
    }
}

static void assert_ignored(const struct message *message, unsigned type, enum wire_outcome reason)
{
    assert_int_equal(judge_message(message, type), reason);
}

/* The packet that carries a DNS message; the ports' order makes it a query or a response. */
static struct message carry(const struct message *dns, unsigned version, unsigned source,
                            unsigned destination)
{
    struct message packet = {0};
    if (version == 4) {
        put_ipv4(&packet, IPPROTO_UDP, UDP_HEADER + dns->length);
    } else {
        put_ipv6(&packet, IPPROTO_UDP, UDP_HEADER + dns->length);
    }
    put_udp(&packet, source, destination, dns->length);
    put(&packet, dns->octets, dns->length);
    return packet;
}

static struct message query_message(const char *domain)
{
    struct message dns = {0};
    put_query(&dns, poll_payload, POLL_OCTETS, domain);
    return dns;
}

static struct message response_message(unsigned answer)
{
    struct message dns = {0};
    put_response(&dns, poll_payload, POLL_OCTETS, DOMAIN, answer);
    return dns;
}

static int read_poll(uint8_t values[BASE32_BUFFER_SIZE])
{
    struct message labels = {0};
    put_payload(&labels, poll_payload, POLL_OCTETS);
    int count = base32_read_labels(labels.octets, labels.length, values);
    assert_in_range(count, ID_VALUES + 1, BASE32_BUFFER_SIZE - BASE32_STEP);
    return count;
}

static uint64_t poll_token(void)
{
    uint8_t values[BASE32_BUFFER_SIZE];
    read_poll(values);
    /* All bits of twelve values and four of the next. */
    uint8_t mask[TOKEN_VALUES] = {0};
    uint64_t words[2];
    memset(mask, 0x1f, ID_VALUES);
    mask[ID_VALUES] = 0x1e;
    memcpy(words, mask, sizeof words);
    return token_session(&classifier.key, 1, values, words);
}

static uint32_t poll_fingerprint(void)
{
    uint8_t values[BASE32_BUFFER_SIZE];
    int count = read_poll(values);
    return token_fingerprint(&classifier.key, values + ID_VALUES, (size_t)count - ID_VALUES);
}

static void assert_response_record(size_t bytes, const uint8_t *address)
{
    assert_true(record.token == poll_token());
    assert_memory_equal(record.address, address, sizeof record.address);
    assert_int_equal(record.bytes, bytes);
    assert_int_equal(record.outcome, WIRE_RESPONSE);
    assert_int_equal(record.strength, WIRE_WEAK);
    assert_int_equal(record.domain, 1);
    assert_int_equal(wire_fingerprint(&record), 0);
}

static void test_query(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    for (unsigned version = 4; version <= 6; version += 2) {
        struct message packet = carry(&dns, version, CLIENT_PORT, PORT);
        assert_recorded(judge_message(&packet, PACKET_HOST));
        assert_true(record.token == poll_token());
        assert_memory_equal(record.address, version == 4 ? mapped_source : ipv6_source, 16);
        assert_int_equal(record.bytes, dns.length);
        assert_int_equal(record.outcome, WIRE_QUERY);
        assert_int_equal(record.strength, WIRE_WEAK);
        assert_int_equal(record.domain, 1);
        assert_int_equal(wire_fingerprint(&record), poll_fingerprint());
    }
}

static void test_response(void **state)
{
    (void)state;
    struct message dns = response_message(600);
    for (unsigned version = 4; version <= 6; version += 2) {
        struct message packet = carry(&dns, version, PORT, CLIENT_PORT);
        assert_recorded(judge_message(&packet, PACKET_OUTGOING));
        assert_response_record(dns.length, version == 4 ? mapped_destination : ipv6_destination);
    }
}

static void test_token_is_the_session_s(void **state)
{
    (void)state;
    struct message one = query_message(DOMAIN);
    struct message other = query_message("other.example");
    struct message packet = carry(&one, 4, CLIENT_PORT, PORT);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    struct wire_record first = record;
    packet = carry(&other, 4, CLIENT_PORT, PORT);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_int_equal(record.domain, 0);
    assert_true(record.token != first.token);
    assert_int_equal(wire_fingerprint(&record), wire_fingerprint(&first));

    uint8_t payload[POLL_OCTETS];
    memcpy(payload, poll_payload, POLL_OCTETS);
    payload[POLL_OCTETS - 1]++;
    struct message next = {0};
    put_query(&next, payload, POLL_OCTETS, DOMAIN);
    packet = carry(&next, 6, CLIENT_PORT, OTHER_PORT);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_true(record.token == first.token);
    assert_int_not_equal(wire_fingerprint(&record), wire_fingerprint(&first));
}

/* A resolver that mixes case sends the same query again. */
static void test_fingerprint_of_a_retry(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    for (unsigned round = 0; round < 100; round++) {
        struct message retry = dns;
        for (size_t i = DNS_HEADER_OCTETS; i < dns.length - 15; i++) {
            uint8_t octet = dns.octets[i];
            bool upper = octet >= 'a' && octet <= 'z' && random_below(2) == 0;
            retry.octets[i] = (uint8_t)(octet - (upper ? 0x20 : 0));
        }
        struct message packet = carry(&retry, 4, CLIENT_PORT, PORT);
        assert_recorded(judge_message(&packet, PACKET_HOST));
        assert_true(record.token == poll_token());
        assert_int_equal(wire_fingerprint(&record), poll_fingerprint());
    }
}

static void test_rejected(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    set16(&dns, dns.length - 8, 1231);
    struct message packet = carry(&dns, 4, CLIENT_PORT, PORT);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_true(record.token == 0);
    assert_memory_equal(record.address, mapped_source, 16);
    assert_int_equal(record.bytes, dns.length);
    assert_int_equal(record.outcome, WIRE_REJECTED_EDNS);
    assert_int_equal(record.domain, 1);
    assert_int_equal(wire_fingerprint(&record), 0);
}

/* The other domain's tunnel, beside that of dnstt. */
static void configure_tunnel(struct tunnel tunnel)
{
    options.tunnels[0] = tunnel;
    classifier_make(&options, &classifier);
}

static void assert_query_record(const struct message *dns, enum wire_strength strength)
{
    struct message packet = carry(dns, 4, CLIENT_PORT, PORT);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_int_equal(record.outcome, WIRE_QUERY);
    assert_int_equal(record.strength, strength);
    assert_int_equal(record.domain, 0);
    assert_int_equal(record.bytes, dns->length);
}

/* A query with a packet proves its session, and so does the response to it. */
static void test_strength(void **state)
{
    (void)state;
    uint8_t payload[8 + 1 + 1 + 24] = {1, 2, 3, 4, 5, 6, 7, 8, 0xe0, 24};
    struct message dns = {0};
    put_query(&dns, payload, sizeof payload, "other.example");
    assert_query_record(&dns, WIRE_STRONG);
    uint64_t token = record.token;
    assert_true(token != 0);

    struct message answer = {0};
    put_response(&answer, payload, sizeof payload, "other.example", 10);
    struct message packet = carry(&answer, 4, PORT, CLIENT_PORT);
    assert_recorded(judge_message(&packet, PACKET_OUTGOING));
    assert_int_equal(record.outcome, WIRE_RESPONSE);
    assert_int_equal(record.strength, WIRE_STRONG);
    assert_true(record.token == token);
    assert_int_equal(wire_fingerprint(&record), 0);
}

/* Two octets name the session; the four after them are what makes one query another. */
static void test_short_client_id(void **state)
{
    (void)state;
    configure_tunnel((struct tunnel){.format = TUNNEL_VAYDNS, .clientid_size = 2});
    uint8_t payload[6] = {0xab, 0xcd, 1, 2, 3, 4};
    struct message first = {0};
    put_query(&first, payload, sizeof payload, "other.example");
    assert_query_record(&first, WIRE_WEAK);
    struct wire_record before = record;
    for (size_t bit = 0; bit < sizeof payload * 8; bit++) {
        payload[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
        struct message other = {0};
        put_query(&other, payload, sizeof payload, "other.example");
        assert_query_record(&other, WIRE_WEAK);
        assert_true((record.token != before.token) == (bit < 16));
        /* The value that holds the id's last bit is folded with what follows it. */
        assert_true((wire_fingerprint(&record) != wire_fingerprint(&before)) == (bit >= 15));
        payload[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
    }
}

/* A format without sessions: queries and bytes, and nothing that could name one. */
static void test_no_session(void **state)
{
    (void)state;
    configure_tunnel((struct tunnel){.format = TUNNEL_OPAQUE});
    struct message dns = query_message("other.example");
    assert_query_record(&dns, WIRE_NO_SESSION);
    assert_true(record.token == 0);
    assert_int_equal(wire_fingerprint(&record), 0);

    struct message answer = {0};
    put_response(&answer, poll_payload, POLL_OCTETS, "other.example", 10);
    set16(&answer, FLAGS_AT, 0x8403);
    struct message packet = carry(&answer, 4, PORT, CLIENT_PORT);
    assert_recorded(judge_message(&packet, PACKET_OUTGOING));
    assert_int_equal(record.outcome, WIRE_RESPONSE);
    assert_int_equal(record.strength, WIRE_NO_SESSION);
    assert_true(record.token == 0);
    assert_int_equal(wire_fingerprint(&record), 0);
    assert_int_equal(record.bytes, answer.length);
}

static void test_dns_verdicts_without_a_record(void **state)
{
    (void)state;
    struct message foreign = query_message("example.com");
    struct message packet = carry(&foreign, 4, CLIENT_PORT, PORT);
    assert_int_equal(judge_message(&packet, PACKET_HOST), WIRE_OTHER_DOMAIN);

    struct message response = response_message(10);
    packet = carry(&response, 4, CLIENT_PORT, PORT);
    assert_ignored(&packet, PACKET_HOST, WIRE_IGNORED_NOT_QUERY);

    struct message query = query_message(DOMAIN);
    packet = carry(&query, 4, PORT, CLIENT_PORT);
    assert_ignored(&packet, PACKET_OUTGOING, WIRE_IGNORED_NOT_RESPONSE);

    struct message trailing = query_message(DOMAIN);
    put8(&trailing, 0);
    packet = carry(&trailing, 4, CLIENT_PORT, PORT);
    assert_int_equal(judge_message(&packet, PACKET_HOST), WIRE_MALFORMED);
}

/* Every length of a message below its own, the header's twelve octets included. */
static void test_short_messages(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    struct message response = response_message(10);
    for (size_t length = 0; length < query.length; length++) {
        struct message part = {.length = length};
        memcpy(part.octets, query.octets, length);
        struct message packet = carry(&part, 4, CLIENT_PORT, PORT);
        assert_int_equal(judge_message(&packet, PACKET_HOST), WIRE_MALFORMED);
        if (length < query.length - 11) {
            memcpy(part.octets, response.octets, length);
            packet = carry(&part, 6, PORT, CLIENT_PORT);
            assert_ignored(&packet, PACKET_OUTGOING, WIRE_IGNORED_NOT_RESPONSE);
        }
    }
}

static void test_directions(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    struct message response = response_message(10);
    struct message to_port = carry(&query, 4, CLIENT_PORT, PORT);
    struct message from_port = carry(&response, 4, PORT, CLIENT_PORT);
    struct message elsewhere = carry(&query, 4, CLIENT_PORT, 54);
    for (unsigned type = 0; type < 8; type++) {
        if (type == PACKET_HOST || type == PACKET_OUTGOING) {
            assert_ignored(&elsewhere, type, WIRE_IGNORED_NOT_UDP);
        } else {
            assert_ignored(&to_port, type, WIRE_IGNORED_DIRECTION);
            assert_ignored(&from_port, type, WIRE_IGNORED_DIRECTION);
            assert_ignored(&elsewhere, type, WIRE_IGNORED_DIRECTION);
            /* It is not even parsed. */
            const struct message nothing = {0};
            assert_ignored(&nothing, type, WIRE_IGNORED_DIRECTION);
        }
    }
    /* What the host asks a server elsewhere, and what that answers. */
    assert_ignored(&to_port, PACKET_OUTGOING, WIRE_IGNORED_DIRECTION);
    assert_ignored(&from_port, PACKET_HOST, WIRE_IGNORED_DIRECTION);
    /* Between two configured ports the direction says which of them counts. */
    struct message both = carry(&query, 4, OTHER_PORT, PORT);
    assert_recorded(judge_message(&both, PACKET_HOST));
    assert_int_equal(record.outcome, WIRE_QUERY);
    both = carry(&response, 4, OTHER_PORT, PORT);
    assert_recorded(judge_message(&both, PACKET_OUTGOING));
    assert_int_equal(record.outcome, WIRE_RESPONSE);
}

static void test_ports(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    for (unsigned port = 0; port <= UINT16_MAX; port += port < 6000 ? 1 : 251) {
        bool ours = port == PORT || port == OTHER_PORT;
        struct message packet = carry(&query, 4, CLIENT_PORT, port);
        if (ours) {
            assert_recorded(judge_message(&packet, PACKET_HOST));
        } else {
            assert_ignored(&packet, PACKET_HOST, WIRE_IGNORED_NOT_UDP);
        }
    }
}

static void test_other_and_broken_packets(void **state)
{
    (void)state;
    static const unsigned types[] = {PACKET_HOST, PACKET_OUTGOING};
    struct message query = query_message(DOMAIN);
    for (size_t i = 0; i < 2; i++) {
        struct message packet = carry(&query, 4, CLIENT_PORT, PORT);
        packet.octets[9] = IPPROTO_TCP;
        assert_ignored(&packet, types[i], WIRE_IGNORED_NOT_UDP);
        packet.octets[9] = IPPROTO_UDP;
        set16(&packet, 6, 0x00b9);
        assert_ignored(&packet, types[i], WIRE_IGNORED_FRAGMENT);
        set16(&packet, 6, 0);
        packet.octets[0] = 0x44;
        assert_int_equal(judge_message(&packet, types[i]), WIRE_MALFORMED);
        packet.octets[0] = 0x45;
        assert_int_equal(judge_part(&packet, packet.length, ETH_P_ARP, types[i], false),
                         WIRE_IGNORED_NOT_UDP);
    }
}

/* A response that leaves as two fragments is counted once, by the first one's UDP length. */
static void test_fragmented_response(void **state)
{
    (void)state;
    struct message dns = response_message(1600);
    struct message ipv4 = carry(&dns, 4, PORT, CLIENT_PORT);
    ipv4.length = IPV4_HEADER + 1480;
    set16(&ipv4, 2, (unsigned)ipv4.length);
    set16(&ipv4, 6, 0x2000);
    assert_recorded(judge_message(&ipv4, PACKET_OUTGOING));
    assert_response_record(dns.length, mapped_destination);
    set16(&ipv4, 6, 1480 / 8);
    assert_ignored(&ipv4, PACKET_OUTGOING, WIRE_IGNORED_FRAGMENT);

    struct message ipv6 = {0};
    put_ipv6(&ipv6, IPPROTO_FRAGMENT, 8 + 1232);
    put(&ipv6, "\x11\0\0\1\0\0\0\1", 8);
    put_udp(&ipv6, PORT, CLIENT_PORT, dns.length);
    put(&ipv6, dns.octets, 1232 - UDP_HEADER);
    assert_recorded(judge_message(&ipv6, PACKET_OUTGOING));
    assert_response_record(dns.length, ipv6_destination);
    set16(&ipv6, IPV6_HEADER + 2, 1232 / 8 * 8);
    assert_ignored(&ipv6, PACKET_OUTGOING, WIRE_IGNORED_FRAGMENT);
}

/* A query's first fragment is classified by its question alone, if it has that. */
static void test_fragmented_query(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    size_t question_end = dns.length - 11;
    set16(&dns, dns.length - 8, 512); /* OPT's size: would be rejected if it were looked at */
    struct message whole = carry(&dns, 4, CLIENT_PORT, PORT);
    for (size_t kept = 0; kept <= dns.length; kept++) {
        struct message packet = whole;
        packet.length = IPV4_HEADER + UDP_HEADER + kept;
        set16(&packet, 2, (unsigned)packet.length);
        set16(&packet, 6, 0x2000);
        enum wire_outcome outcome = judge_message(&packet, PACKET_HOST);
        if (kept < question_end) {
            assert_int_equal(outcome, WIRE_MALFORMED);
        } else {
            assert_recorded(outcome);
            assert_int_equal(record.outcome, WIRE_QUERY);
            assert_int_equal(record.bytes, dns.length);
        }
    }
    assert_recorded(judge_message(&whole, PACKET_HOST));
    assert_true(wire_is_rejected(record.outcome));
}

/* So is a query of which not all was kept. */
static void test_snapped_query(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    size_t question_end = dns.length - 11;
    set16(&dns, dns.length - 8, 512);
    struct message packet = carry(&dns, 4, CLIENT_PORT, PORT);
    size_t headers = IPV4_HEADER + UDP_HEADER;
    for (size_t captured = 0; captured < packet.length; captured++) {
        enum wire_outcome outcome = judge_part(&packet, captured, ETH_P_IP, PACKET_HOST, false);
        if (captured < headers + question_end) {
            assert_int_equal(outcome, WIRE_MALFORMED);
        } else {
            assert_recorded(outcome);
            assert_int_equal(record.outcome, WIRE_QUERY);
            assert_int_equal(record.bytes, dns.length);
        }
    }
}

/* Responses are kept up to a snap length that holds the question. */
static void test_snapped_response(void **state)
{
    (void)state;
    struct message dns = response_message(1000);
    struct message packet = carry(&dns, 6, PORT, CLIENT_PORT);
    size_t headers = IPV6_HEADER + UDP_HEADER;
    size_t question_end = query_message(DOMAIN).length - 11;
    for (size_t captured = 0; captured <= packet.length; captured++) {
        enum wire_outcome outcome =
            judge_part(&packet, captured, ETH_P_IPV6, PACKET_OUTGOING, false);
        if (captured < headers) {
            assert_int_equal(outcome, WIRE_MALFORMED);
        } else if (captured < headers + question_end) {
            assert_int_equal(outcome, WIRE_IGNORED_NOT_RESPONSE);
        } else {
            assert_recorded(outcome);
            assert_response_record(dns.length, ipv6_destination);
        }
    }
}

static void test_extension_headers(void **state)
{
    (void)state;
    struct message dns = query_message(DOMAIN);
    struct message packet = {0};
    put_ipv6(&packet, IPPROTO_HOPOPTS, 8 + 16 + UDP_HEADER + dns.length);
    put(&packet, "\x3c\0\1\4\0\0\0\0", 8); /* destination options follow */
    put(&packet, "\x11\1\1\14\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    put_udp(&packet, CLIENT_PORT, PORT, dns.length);
    put(&packet, dns.octets, dns.length);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_int_equal(record.outcome, WIRE_QUERY);
    assert_int_equal(record.bytes, dns.length);
    assert_memory_equal(record.address, ipv6_source, 16);
}

static void test_vlan_forms(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    struct message response = response_message(10);
    for (unsigned version = 4; version <= 6; version += 2) {
        unsigned network = version == 4 ? ETH_P_IP : ETH_P_IPV6;
        /* The tag went with the link header. */
        struct message packet = carry(&query, version, CLIENT_PORT, PORT);
        assert_recorded(judge_part(&packet, packet.length, network, PACKET_HOST, true));
        /* The data begin at the network header although the protocol is the tag's. */
        struct message leaving = carry(&response, version, PORT, CLIENT_PORT);
        assert_recorded(judge_part(&leaving, leaving.length, ETH_P_8021Q, PACKET_OUTGOING, false));
        assert_response_record(response.length,
                               version == 4 ? mapped_destination : ipv6_destination);
        /* An inner tag stands before it. */
        struct message inner = {0};
        put16(&inner, 0x0064);
        put16(&inner, network);
        put(&inner, packet.octets, packet.length);
        assert_recorded(judge_part(&inner, inner.length, ETH_P_8021AD, PACKET_HOST, false));
        assert_int_equal(record.bytes, query.length);
        assert_recorded(judge_part(&inner, inner.length, network, PACKET_HOST, true));
        assert_int_equal(record.bytes, query.length);
    }
}

static void test_trailing_padding_is_no_part_of_the_message(void **state)
{
    (void)state;
    struct message query = query_message(DOMAIN);
    struct message packet = carry(&query, 4, CLIENT_PORT, PORT);
    put_zeros(&packet, 18);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_int_equal(record.outcome, WIRE_QUERY);
    assert_int_equal(record.bytes, query.length);
    /* Octets that UDP counts in are one. */
    set16(&packet, 2, (unsigned)packet.length);
    set16(&packet, IPV4_HEADER + 4, (unsigned)packet.length - IPV4_HEADER);
    assert_int_equal(judge_message(&packet, PACKET_HOST), WIRE_MALFORMED);
}

/* What a recording holds, as classified. */
struct account {
    unsigned outcomes[WIRE_OUTCOMES];
    unsigned bytes[WIRE_OUTCOMES];
    unsigned strengths[WIRE_STRENGTHS]; /* of queries */
    unsigned frames;
    uint64_t tokens[8];
    unsigned sessions;
};

static void count_session(struct account *account, uint64_t token)
{
    for (unsigned i = 0; i < account->sessions; i++) {
        if (account->tokens[i] == token) {
            return;
        }
    }
    assert_in_range(account->sessions, 0, 7);
    account->tokens[account->sessions++] = token;
}

/* Classifies each frame of a recording as the server's host saw it. */
static struct account judge_recording(const char *path)
{
    struct account account = {0};
    uint8_t header[24];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(header, 1, sizeof header, file), sizeof header);
    while (fread(header, 1, 16, file) == 16) {
        uint32_t captured;
        struct message frame = {0};
        memcpy(&captured, header + 8, sizeof captured);
        assert_in_range(captured, ETH_HLEN, sizeof frame.octets);
        assert_int_equal(fread(frame.octets, 1, captured, file), captured);
        struct message packet = {0};
        put(&packet, frame.octets + ETH_HLEN, captured - ETH_HLEN);
        /* The server has 10.77.0.2 and fd77::2. */
        bool leaves = protocol_of(&packet) == ETH_P_IP
                          ? memcmp(packet.octets + 12, "\x0a\x4d\0\2", 4) == 0
                          : packet.octets[8] == 0xfd && packet.octets[23] == 2;
        unsigned protocol = (unsigned)frame.octets[12] << 8 | frame.octets[13];
        enum wire_outcome outcome = judge_part(&packet, packet.length, protocol,
                                               leaves ? PACKET_OUTGOING : PACKET_HOST, false);
        account.frames++;
        account.outcomes[outcome]++;
        if (outcome >= WIRE_REJECTED_FIRST) {
            account.bytes[outcome] += record.bytes;
        }
        if (outcome == WIRE_QUERY) {
            account.strengths[record.strength]++;
            count_session(&account, record.token);
        }
    }
    (void)fclose(file);
    return account;
}

/* The number behind "key" in the truth beside a recording; 0 when it has none. */
static unsigned read_truth(const char *text, const char *key)
{
    char quoted[64];
    (void)snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *found = strstr(text, quoted);
    return found == NULL ? 0 : (unsigned)strtoul(found + strlen(quoted), NULL, 10);
}

enum { TRUTH_SIZE = 4096 };

/* Reads the truth beside a recording and classifies the recording. */
static struct account judge_with_truth(const char *name, char truth[TRUTH_SIZE])
{
    char path[64];
    (void)snprintf(path, sizeof path, "tests/data/pcap/%s.json", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(truth, 1, TRUTH_SIZE - 1, file) > 0);
    (void)fclose(file);
    (void)snprintf(path, sizeof path, "tests/data/pcap/%s.pcap", name);
    return judge_recording(path);
}

static void test_recordings(void **state)
{
    (void)state;
    static const char *const names[] = {"1c-direct", "1c-direct-frag", "2c-direct-drop10",
                                        "2c-direct-v6", "3c-unbound"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char truth[TRUTH_SIZE] = {0};
        struct account account = judge_with_truth(names[i], truth);

        assert_in_range(account.frames, 100, 10000);
        assert_int_equal(account.frames, read_truth(truth, "frames"));
        assert_int_equal(account.outcomes[WIRE_QUERY], read_truth(truth, "q_tunnel"));
        assert_int_equal(account.bytes[WIRE_QUERY], read_truth(truth, "tunnel_in_bytes"));
        assert_int_equal(account.outcomes[WIRE_RESPONSE], read_truth(truth, "tunnel_out"));
        assert_int_equal(account.bytes[WIRE_RESPONSE], read_truth(truth, "tunnel_out_bytes"));
        assert_int_equal(account.outcomes[WIRE_REJECTED_QTYPE], read_truth(truth, "q_non_txt"));
        assert_int_equal(account.strengths[WIRE_STRONG], read_truth(truth, "data"));
        assert_int_equal(account.strengths[WIRE_WEAK], read_truth(truth, "poll"));
        assert_int_equal(account.sessions, read_truth(truth, "distinct_client_ids"));
        assert_int_equal(account.outcomes[WIRE_IGNORED_FRAGMENT],
                         read_truth(truth, "ip_fragments") / 2);
        assert_int_equal(account.outcomes[WIRE_IGNORED_NOT_RESPONSE],
                         read_truth(truth, "udp_out") - read_truth(truth, "tunnel_out"));
        assert_int_equal(account.outcomes[WIRE_MALFORMED], 0);
        assert_int_equal(account.outcomes[WIRE_OTHER_DOMAIN], 0);
    }
}

static void assert_as_in_truth(const struct account *account, const char *truth)
{
    assert_in_range(account->frames, 100, 10000);
    assert_int_equal(account->outcomes[WIRE_QUERY], read_truth(truth, "queries"));
    assert_int_equal(account->bytes[WIRE_QUERY], read_truth(truth, "bytes_in"));
    assert_int_equal(account->strengths[WIRE_STRONG], read_truth(truth, "data"));
    assert_int_equal(account->strengths[WIRE_WEAK], read_truth(truth, "poll"));
    assert_int_equal(account->sessions, read_truth(truth, "sessions"));
    assert_int_equal(account->outcomes[WIRE_RESPONSE], read_truth(truth, "responses"));
    assert_int_equal(account->bytes[WIRE_RESPONSE], read_truth(truth, "bytes_out"));
    assert_int_equal(account->outcomes[WIRE_REJECTED_QTYPE], read_truth(truth, "rejected_qtype"));
    assert_int_equal(account->outcomes[WIRE_REJECTED_FRAMING],
                     read_truth(truth, "rejected_framing"));
    assert_int_equal(account->outcomes[WIRE_IGNORED_NOT_RESPONSE],
                     read_truth(truth, "not_response"));
    assert_int_equal(account->outcomes[WIRE_MALFORMED], 0);
    assert_int_equal(account->outcomes[WIRE_OTHER_DOMAIN], 0);
}

/* Of vaydns's own client and server, in its own format and in dnstt's. */
static void test_recordings_of_vaydns(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct tunnel tunnel;
    } recordings[] = {
        {"vay-1c-null", {.format = TUNNEL_VAYDNS, .record_type = TUNNEL_NULL, .clientid_size = 2}},
        {"vay-2c-compat", {.format = TUNNEL_DNSTT}},
        {"vay-2c-id4", {.format = TUNNEL_VAYDNS, .clientid_size = 4}},
        {"vay-2c-unbound-a",
         {.format = TUNNEL_VAYDNS, .record_type = TUNNEL_A, .clientid_size = 2}},
        {"vay-3c-direct", {.format = TUNNEL_VAYDNS, .clientid_size = 2}},
        {"vay-3c-unbound", {.format = TUNNEL_VAYDNS, .clientid_size = 2}},
    };
    for (size_t i = 0; i < sizeof recordings / sizeof *recordings; i++) {
        options.tunnels[1] = recordings[i].tunnel;
        classifier_make(&options, &classifier);
        char truth[TRUTH_SIZE] = {0};
        struct account account = judge_with_truth(recordings[i].name, truth);
        assert_as_in_truth(&account, truth);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, configure)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_query),
        TEST(test_response),
        TEST(test_token_is_the_session_s),
        TEST(test_fingerprint_of_a_retry),
        TEST(test_rejected),
        TEST(test_strength),
        TEST(test_short_client_id),
        TEST(test_no_session),
        TEST(test_dns_verdicts_without_a_record),
        TEST(test_short_messages),
        TEST(test_directions),
        TEST(test_ports),
        TEST(test_other_and_broken_packets),
        TEST(test_fragmented_response),
        TEST(test_fragmented_query),
        TEST(test_snapped_query),
        TEST(test_snapped_response),
        TEST(test_extension_headers),
        TEST(test_vlan_forms),
        TEST(test_trailing_padding_is_no_part_of_the_message),
        TEST(test_recordings),
        TEST(test_recordings_of_vaydns),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
