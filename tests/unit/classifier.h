/* Frames with DNS messages, and a classifier of two domains, for the tests of what it makes of
 * them. Include after cmocka. */
#ifndef TESTS_UNIT_CLASSIFIER_H
#define TESTS_UNIT_CLASSIFIER_H

#include "capture/sniffer/classify.h"
#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/parse/frame.h"
#include "capture/sniffer/token.h"
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/message.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "t.example.com"

enum {
    PORT = 53,
    OTHER_PORT = 5300,
    CLIENT_PORT = 40000,
    UNCHANGED = 0xa5,
};

static struct options options;
static struct classifier classifier;
static struct wire_record record;
static struct wire_stats stats; /* what came in to each port */

static inline int configure(void **state)
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
    memset(&stats, 0, sizeof stats);
    classifier_make(&options, &classifier);
    classifier.key = (struct token_key){.session = {1, 2}, .fingerprint = {3, 0x9e3779b97f4a7c15}};
    return 0;
}

/* Classifies a frame of which `captured` octets were kept; what the outcome does not set stays. */
static inline enum wire_outcome judge_part(const struct message *message, size_t captured,
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
    enum wire_outcome outcome = classify_frame(&classifier, &frame, &stats, &record);
    free(copy);
    if (outcome < WIRE_REJECTED_FIRST) {
        assert_memory_equal(&record, &before, sizeof before);
    }
    assert_in_range(outcome, 0, WIRE_OUTCOMES - 1);
    return outcome;
}

static inline unsigned protocol_of(const struct message *message)
{
    return message->octets[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6;
}

static inline enum wire_outcome judge_message(const struct message *message, unsigned type)
{
    return judge_part(message, message->length, protocol_of(message), type, false);
}

/* That the outcome is the record's. */
static inline void assert_recorded(enum wire_outcome outcome)
{
    assert_in_range(outcome, WIRE_REJECTED_FIRST, WIRE_OUTCOMES - 1);
    assert_int_equal(record.outcome, outcome);
    if (wire_is_rejected(outcome)) {
        assert_int_equal(record.strength, WIRE_NO_SESSION);
    }
}

/* The packet that carries a DNS message; the ports' order makes it a query or a response. */
static inline struct message carry(const struct message *dns, unsigned version, unsigned source,
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

static inline struct message query_message(const char *domain)
{
    struct message dns = {0};
    put_query(&dns, poll_payload, POLL_OCTETS, domain);
    return dns;
}

enum { ID_VALUES = 12 }; /* of base32 that hold only bits of eight octets */

static inline int read_poll(uint8_t values[BASE32_BUFFER_SIZE])
{
    struct message labels = {0};
    put_payload(&labels, poll_payload, POLL_OCTETS);
    int count = base32_read_labels(labels.octets, labels.length, values);
    assert_in_range(count, ID_VALUES + 1, BASE32_BUFFER_SIZE - BASE32_STEP);
    return count;
}

static inline uint64_t poll_token(void)
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

static inline uint32_t poll_fingerprint(void)
{
    uint8_t values[BASE32_BUFFER_SIZE];
    int count = read_poll(values);
    return token_fingerprint(&classifier.key, values + ID_VALUES, (size_t)count - ID_VALUES);
}

/* The other domain's tunnel, beside that of dnstt. */
static inline void configure_tunnel(struct tunnel tunnel)
{
    options.tunnels[0] = tunnel;
    classifier_make(&options, &classifier);
}

static inline void assert_query_record(const struct message *dns, enum wire_strength strength)
{
    struct message packet = carry(dns, 4, CLIENT_PORT, PORT);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_int_equal(record.outcome, WIRE_QUERY);
    assert_int_equal(record.strength, strength);
    assert_int_equal(record.domain, 0);
    assert_int_equal(record.bytes, dns->length);
}

#define TEST(name) cmocka_unit_test_setup(name, configure)

#endif
