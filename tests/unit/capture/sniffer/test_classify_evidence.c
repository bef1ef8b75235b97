/* What records say of rejected queries: recordings of clients and servers of one format, read as
 * those of another. */
#include "capture/sniffer/classify.h"
#include "capture/sniffer/token.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/classifier.h"
#include "tests/unit/recording.h"

#include <linux/if_packet.h>
#include <stdio.h>

enum {
    ENOUGH = 20,  /* pieces of evidence, of two ids: what the exporter asks for */
    IDS_MAX = 64, /* of one recording */
    SUBDOMAIN = 1,
};

/* The evidence of a recording. */
struct found {
    unsigned pieces;
    unsigned ids;
    uint64_t tokens[IDS_MAX];
    unsigned minimised; /* the same, but for the type: a resolver's own question */
};

/* A resolver that minimises names may ask for a whole name by type A before it asks by the client's
 * type. */
static bool is_minimised(struct wire_evidence evidence, struct wire_evidence truth)
{
    return evidence.format == truth.format && evidence.clientid_size == truth.clientid_size &&
           evidence.format == TUNNEL_VAYDNS && evidence.record_type == TUNNEL_A &&
           truth.record_type != TUNNEL_A;
}

static void note(struct found *found, struct wire_evidence truth)
{
    const struct wire_evidence evidence = wire_evidence(&record);
    unsigned i = 0;
    if (is_minimised(evidence, truth)) {
        found->minimised++;
        return;
    }
    assert_memory_equal(&evidence, &truth, sizeof truth);
    while (i < found->ids && found->tokens[i] != record.token) {
        i++;
    }
    if (i == found->ids) {
        assert_in_range(found->ids, 0, IDS_MAX - 1);
        found->tokens[found->ids++] = record.token;
    }
    found->pieces++;
}

/* Reads a recording as one of this tunnel's. Whatever it proves is `truth`. */
static struct found read_as(const char *name, struct tunnel tunnel, struct wire_evidence truth)
{
    struct found found = {0};
    struct recorded recorded;
    options.tunnels[SUBDOMAIN] = tunnel;
    classifier_make(&options, &classifier);
    FILE *file = recording_open(name);
    while (recording_next(file, &recorded)) {
        if (wire_is_rejected(recorded.outcome) && record.token != 0) {
            assert_int_equal(record.domain, SUBDOMAIN);
            assert_int_equal(record.strength, WIRE_NO_SESSION);
            note(&found, truth);
        } else if (wire_is_rejected(recorded.outcome)) {
            assert_int_equal(wire_fingerprint(&record), 0);
        }
    }
    return found;
}

static const struct {
    const char *name;
    struct tunnel tunnel; /* what it is of */
} recordings[] = {
    {"1c-direct", {.format = TUNNEL_DNSTT}},
    {"1c-direct-frag", {.format = TUNNEL_DNSTT}},
    {"2c-direct-drop10", {.format = TUNNEL_DNSTT}},
    {"2c-direct-v6", {.format = TUNNEL_DNSTT}},
    {"3c-unbound", {.format = TUNNEL_DNSTT}},
    {"vay-1c-null", {.format = TUNNEL_VAYDNS, .record_type = TUNNEL_NULL, .clientid_size = 2}},
    {"vay-2c-compat", {.format = TUNNEL_DNSTT}},
    {"vay-2c-id4", {.format = TUNNEL_VAYDNS, .clientid_size = 4}},
    {"vay-2c-unbound-a", {.format = TUNNEL_VAYDNS, .record_type = TUNNEL_A, .clientid_size = 2}},
    {"vay-3c-direct", {.format = TUNNEL_VAYDNS, .clientid_size = 2}},
    {"vay-3c-unbound", {.format = TUNNEL_VAYDNS, .clientid_size = 2}},
    {"slip-2conn-3paths", {.format = TUNNEL_SLIPSTREAM}},
};

enum { RECORDINGS = sizeof recordings / sizeof *recordings };

static struct wire_evidence truth_of(unsigned recording)
{
    const struct tunnel *tunnel = &recordings[recording].tunnel;
    return (struct wire_evidence){.format = (uint8_t)tunnel->format,
                                  .clientid_size = (uint8_t)tunnel->clientid_size,
                                  .record_type = (uint8_t)tunnel->record_type};
}

/* Queries with data, and how many sessions they are of. */
struct data {
    unsigned queries, sessions;
};

static struct data data_of(unsigned recording)
{
    char truth[TRUTH_SIZE];
    truth_open(recordings[recording].name, truth);
    return (struct data){
        .queries = read_truth(truth, "data") + read_truth(truth, "handshake") +
                   read_truth(truth, "initial"),
        .sessions = truth_has(truth, "sessions") ? read_truth(truth, "sessions")
                                                 : read_truth(truth, "distinct_client_ids"),
    };
}

static bool is_dnstt(enum tunnel_format format)
{
    return format == TUNNEL_DNSTT || format == TUNNEL_NOIZDNS;
}

/* Whether a tunnel takes the queries of another as its own. */
static bool takes(const struct tunnel *tunnel, const struct tunnel *other)
{
    if (tunnel->format == TUNNEL_OPAQUE) {
        return true;
    }
    if (is_dnstt(other->format)) {
        return is_dnstt(tunnel->format) ||
               (tunnel->format == TUNNEL_XDNS && tunnel->record_type != TUNNEL_A);
    }
    return tunnel->format == other->format && tunnel->record_type == other->record_type &&
           tunnel->clientid_size == other->clientid_size;
}

/* Each recording under each tunnel: every query with data proves what it is of, or is taken; under
 * Slipstream's tunnel, some pass for a path of its. */
static void assert_all_proved(unsigned recording, struct tunnel tunnel)
{
    const struct data data = data_of(recording);
    const struct found found = read_as(recordings[recording].name, tunnel, truth_of(recording));
    if (takes(&tunnel, &recordings[recording].tunnel)) {
        assert_int_equal(found.pieces, 0);
    } else if (tunnel.format == TUNNEL_SLIPSTREAM) {
        assert_in_range(found.pieces, 0, data.queries);
    } else {
        assert_int_equal(found.pieces, data.queries);
        assert_true(found.ids >= data.sessions);
        assert_true(data.queries < ENOUGH || data.sessions < 2 ||
                    (found.pieces >= ENOUGH && found.ids >= 2));
    }
    /* The client's type is always the most frequent. */
    assert_true(takes(&tunnel, &recordings[recording].tunnel) ||
                tunnel.format == TUNNEL_SLIPSTREAM || found.minimised * 4 <= found.pieces);
    /* Each session has its id: a connection of Slipstream's the client's besides. */
    assert_true(recordings[recording].tunnel.format == TUNNEL_SLIPSTREAM ||
                found.ids <= data.sessions);
}

static void test_recordings(void **state)
{
    (void)state;
    static const enum tunnel_record_type xdns_types[] = {TUNNEL_TXT, TUNNEL_A, TUNNEL_ANY};
    for (unsigned recording = 0; recording < RECORDINGS; recording++) {
        for (enum tunnel_format format = TUNNEL_DNSTT; format < TUNNEL_FORMATS; format++) {
            if (format != TUNNEL_VAYDNS && format != TUNNEL_XDNS) {
                assert_all_proved(recording, (struct tunnel){.format = format});
            }
        }
        for (unsigned i = 0; i < sizeof xdns_types / sizeof *xdns_types; i++) {
            assert_all_proved(recording, (struct tunnel){.format = TUNNEL_XDNS,
                                                         .record_type = xdns_types[i],
                                                         .mtu = TUNNEL_XDNS_MTU});
        }
        for (unsigned i = 0; i < TUNNEL_CLIENT_ID_MAX * TUNNEL_ANY; i++) {
            assert_all_proved(
                recording, (struct tunnel){.format = TUNNEL_VAYDNS,
                                           .record_type = (enum tunnel_record_type)(i % TUNNEL_ANY),
                                           .clientid_size = 1 + i / TUNNEL_ANY});
        }
    }
}

/* --- One query --- */

static struct message vaydns_query(unsigned flags, unsigned type, unsigned size)
{
    enum { ID = 2, PACKET = 24 };
    static const uint8_t payload[ID + 1 + PACKET] = {0x12, 0x34, PACKET, [ID + 5] = 81};
    struct message dns = {0};
    put_dns_header(&dns, flags, 1);
    put_payload(&dns, payload, sizeof payload);
    put_name(&dns, DOMAIN);
    put16(&dns, type);
    put16(&dns, CLASS_IN);
    put_opt(&dns, size);
    return carry(&dns, 4, CLIENT_PORT, PORT);
}

static void assert_nothing_proved(const struct message *packet, enum wire_outcome outcome)
{
    assert_int_equal(judge_message(packet, PACKET_HOST), outcome);
    assert_recorded(outcome);
    assert_true(record.token == 0);
    assert_int_equal(wire_fingerprint(&record), 0);
}

/* The token is that of the id, in the format that is proved. */
static void test_token(void **state)
{
    (void)state;
    uint8_t values[BASE32_BUFFER_SIZE] = {0};
    struct message packet = vaydns_query(0x0100, TYPE_TXT, 4096);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_int_equal(record.outcome, WIRE_REJECTED_FRAMING);
    values[0] = 0x12 >> 3;
    values[1] = (0x12 << 2 | 0x34 >> 6) & 0x1f;
    values[2] = 0x34 >> 1 & 0x1f;
    values[3] = (0x34 << 4) & 0x1f;
    assert_true(record.token == token_session_at(&classifier.key, SUBDOMAIN, values, 0, 2));
    assert_int_equal(wire_fingerprint(&record), TUNNEL_VAYDNS | 2 << 8 | TUNNEL_TXT << 16);

    packet = vaydns_query(0x0100, TYPE_A, 4096);
    assert_recorded(judge_message(&packet, PACKET_HOST));
    assert_int_equal(record.outcome, WIRE_REJECTED_QTYPE);
    assert_true(record.token == token_session_at(&classifier.key, SUBDOMAIN, values, 0, 2));
    assert_int_equal(wire_fingerprint(&record), TUNNEL_VAYDNS | 2 << 8 | TUNNEL_A << 16);
}

/* A size that is too small is no matter of the format, and an UPDATE is no query of a client's. */
static void test_other_refusals(void **state)
{
    (void)state;
    struct message packet = vaydns_query(0x0100, TYPE_TXT, 1231);
    assert_nothing_proved(&packet, WIRE_REJECTED_EDNS);
    packet = vaydns_query(5 << 11, TYPE_TXT, 4096);
    assert_nothing_proved(&packet, WIRE_REJECTED_OPCODE);
    packet = vaydns_query(0x0100, 65, 4096);
    assert_nothing_proved(&packet, WIRE_REJECTED_QTYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_recordings),
        TEST(test_token),
        TEST(test_other_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
