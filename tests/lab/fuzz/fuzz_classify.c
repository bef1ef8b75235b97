/*
 * The network against the sniffer: any frame. The first octets of the input say how the kernel
 * would describe it, the rest is the frame, in a block of exactly its size so that a read past its
 * end is seen. Held: one outcome of each frame, with what belongs to it and nothing else written; a
 * record is one that the exporter takes, with a session only where its format has some; what a
 * rejected query proves is another tunnel than its domain's; what came in to a port agrees with the
 * outcome; and -dnstt.framing changes what it says of dnstt and no more.
 */
#include "capture/sniffer/classify.h"
#include "capture/sniffer/parse/frame.h"
#include "capture/sniffer/token.h"
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include <assert.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DESCRIPTION = 3, PORTS = 2 };

/* Those of the other formats are behind the ones that the recordings are of. */
static const struct {
    const char *name;
    struct tunnel tunnel;
} tunnels[] = {
    {"t.example.com", {.format = TUNNEL_DNSTT}},
    {"tunnel.example.com", {.format = TUNNEL_DNSTT}},
    {"a.t.example.com", {.format = TUNNEL_DNSTT}},
    {"v.example.com", {.format = TUNNEL_VAYDNS, .clientid_size = 2}},
    {"w.v.example.com",
     {.format = TUNNEL_VAYDNS, .clientid_size = 8, .record_type = TUNNEL_CNAME, .mtu = 500}},
    {"u.v.example.com", {.format = TUNNEL_VAYDNS, .clientid_size = 1, .record_type = TUNNEL_A}},
    {"n.example.com", {.format = TUNNEL_NOIZDNS}},
    {"x.example.com", {.format = TUNNEL_XDNS, .mtu = TUNNEL_XDNS_MTU}},
    {"y.x.example.com", {.format = TUNNEL_XDNS, .record_type = TUNNEL_ANY, .mtu = TUNNEL_XDNS_MTU}},
    {"o.example.com", {.format = TUNNEL_OPAQUE}},
    {"e.example.com", {.format = TUNNEL_DNSTTEX}},
    {"s.example.com", {.format = TUNNEL_SLIPSTREAM}},
};

enum { TUNNELS = sizeof tunnels / sizeof *tunnels };

static const struct classifier *classifier(bool any_framing)
{
    static struct options options[2];
    static struct classifier classifiers[2];
    if (options[0].domain_count == 0) {
        for (unsigned i = 0; i < 2; i++) {
            for (unsigned j = 0; j < TUNNELS; j++) {
                if (domain_parse(tunnels[j].name, &options[i].domains[j]) != 0) {
                    abort();
                }
                options[i].tunnels[j] = tunnels[j].tunnel;
            }
            options[i].domain_count = TUNNELS;
            options[i].ports[0] = 53;
            options[i].ports[1] = 5300;
            options[i].port_count = PORTS;
            options[i].mtu = 1232;
            options[i].framing = i == 0 ? FRAMING_STRICT : FRAMING_ANY;
            classifier_make(&options[i], &classifiers[i]);
            classifiers[i].key = (struct token_key){{1, 2}, {3, 5}};
        }
    }
    return &classifiers[any_framing];
}

static void check_record(const struct wire_record *record)
{
    static union wire_message message;
    struct wire_expectation expected = {.sequence = 1, .domains = TUNNELS, .ports = PORTS};
    for (unsigned i = 0; i < TUNNELS; i++) {
        expected.strengths[i] = wire_strengths_of(&tunnels[i].tunnel);
    }
    message.batch.header =
        (struct wire_header){.magic = WIRE_MAGIC, .type = WIRE_BATCH, .count = 1, .sequence = 1};
    message.batch.records[0] = *record;
    assert(wire_check(&message, wire_batch_length(1), &expected) == WIRE_FAULT_NONE);
}

/* No query proves what its domain is configured as: it would not be rejected. */
static void check_evidence(const struct wire_record *record)
{
    const struct tunnel *tunnel = &tunnels[record->domain].tunnel;
    const struct wire_evidence evidence = wire_evidence(record);
    if (wire_is_rejected(record->outcome) && record->token != 0) {
        const bool dnstt = tunnel->format == TUNNEL_DNSTT || tunnel->format == TUNNEL_NOIZDNS;
        assert(evidence.format != tunnel->format || evidence.format == TUNNEL_VAYDNS);
        assert(evidence.format != TUNNEL_DNSTT || !dnstt);
        assert(evidence.format != tunnel->format ||
               evidence.clientid_size != tunnel->clientid_size ||
               evidence.record_type != tunnel->record_type);
        assert(record->outcome != WIRE_REJECTED_OPCODE && record->outcome != WIRE_REJECTED_EDNS);
    }
}

/* One frame's outcome, and what came with it. */
struct classified {
    enum wire_outcome outcome;
    struct wire_record record;
    struct wire_stats stats;
};

/* What came in to the ports: at most one query, and one where the outcome says so. */
static void check_ports(const struct classified *classified)
{
    const struct wire_stats *stats = &classified->stats;
    const enum wire_outcome outcome = classified->outcome;
    const uint64_t queries = stats->ports[0].queries + stats->ports[1].queries;
    const uint64_t loopback = stats->ports[0].loopback + stats->ports[1].loopback;
    struct wire_stats others = *stats;
    memset(others.ports, 0, PORTS * sizeof *others.ports);
    others.loopback_other_domain = 0;
    assert(memcmp(&others, &(struct wire_stats){0}, sizeof others) == 0);
    assert(queries <= 1 && loopback <= queries);
    assert(queries == 1 ? outcome == WIRE_IGNORED_JOINED ||
                              (outcome >= WIRE_MALFORMED && outcome != WIRE_RESPONSE)
                        : outcome <= WIRE_MALFORMED || outcome == WIRE_RESPONSE);
    assert(stats->loopback_other_domain == (outcome == WIRE_OTHER_DOMAIN ? loopback : 0));
}

static struct classified classify_as(bool any_framing, const struct frame *frame)
{
    struct classified classified;
    struct wire_record untouched;
    memset(&untouched, 0xa5, sizeof untouched);
    classified.record = untouched;
    classified.stats = (struct wire_stats){0};
    classified.outcome =
        classify_frame(classifier(any_framing), frame, &classified.stats, &classified.record);
    check_ports(&classified);
    assert(classified.outcome < WIRE_OUTCOMES && classified.outcome != WIRE_KERNEL_DROPPED);
    if (classified.outcome >= WIRE_REJECTED_FIRST) {
        assert(classified.record.outcome == classified.outcome);
        check_record(&classified.record);
        check_evidence(&classified.record);
    } else {
        assert(memcmp(&classified.record, &untouched, sizeof untouched) == 0);
    }
    return classified;
}

/* Whether -dnstt.framing is of a record's tunnel. */
static bool has_framings(const struct wire_record *record)
{
    return tunnels[record->domain].tunnel.format == TUNNEL_DNSTT;
}

/* Under any framing nothing is known of how well a query shows its session. */
static void check_same(const struct classified *strict, const struct classified *any)
{
    struct wire_record expected = strict->record;
    if (strict->outcome >= WIRE_QUERY && has_framings(&strict->record)) {
        expected.strength = WIRE_WEAK;
    }
    assert(any->outcome == strict->outcome);
    assert(memcmp(&any->record, &expected, sizeof expected) == 0);
}

/* The framings differ in what is refused of dnstt for its framing, and in nothing else. */
static void check_framings(const struct classified *strict, const struct classified *any)
{
    assert(any->outcome != WIRE_REJECTED_FRAMING || !has_framings(&any->record));
    if (strict->outcome == WIRE_REJECTED_FRAMING && has_framings(&strict->record)) {
        assert(any->outcome == WIRE_QUERY);
        assert(any->record.bytes == strict->record.bytes);
        assert(any->record.domain == strict->record.domain);
        assert(memcmp(any->record.address, strict->record.address, sizeof any->record.address) ==
               0);
    } else if (strict->outcome != WIRE_IGNORED_NOT_RESPONSE || any->outcome != WIRE_RESPONSE ||
               !has_framings(&any->record)) {
        check_same(strict, any);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t protocols[] = {ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, ETH_P_8021AD,
                                         ETH_P_ARP};
    if (size < DESCRIPTION) {
        return 0;
    }
    size_t captured = size - DESCRIPTION;
    uint8_t *octets = malloc(captured > 0 ? captured : 1);
    assert(octets != NULL);
    memcpy(octets, data + DESCRIPTION, captured);
    const struct frame frame = {
        .data = octets,
        .captured = (uint32_t)captured,
        .length = (uint32_t)captured + data[2], /* more than was kept */
        .protocol = protocols[(data[0] & 7) % 5],
        .type = (data[1] & 1)   ? PACKET_OUTGOING
                : (data[1] & 2) ? PACKET_OTHERHOST
                                : PACKET_HOST,
        .tagged = (data[0] & 8) != 0,
    };
    struct classified strict = classify_as(false, &frame);
    struct classified any = classify_as(true, &frame);
    check_framings(&strict, &any);
    free(octets);
    return 0;
}
