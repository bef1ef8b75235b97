/* Messages of each format, as its clients, resolvers and scanners send them. Each row says what the
 * rules make of its message, beside what the format's own decoder says. */
#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/parse/dns.h"
#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/slipstream.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/format_rows.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    ID_TEXT = 2 * SLIPSTREAM_ID_OCTETS_MAX + 1,
};

/* The type that a well-formed question asks for. */
static unsigned type_of(const struct message *message)
{
    struct dns_question question;
    assert_int_equal(dns_question_parse(message->octets, message->length, &question), 0);
    return question.type;
}

static const char *word_of(enum wire_outcome outcome)
{
    switch ((unsigned)outcome) {
    case WIRE_IGNORED_NOT_QUERY:
        return "not-a-query";
    case WIRE_MALFORMED:
        return "malformed";
    case WIRE_OTHER_DOMAIN:
        return "other-domain";
    default:
        assert_true(wire_is_rejected(outcome));
        return wire_outcome_texts[outcome].reason;
    }
}

/* What the tunnel's format makes of a session's query of this kind, "data" or another. */
static enum wire_strength expected_strength(const struct row *row, const char *kind)
{
    /* A packet that is none of KCP's is one in dnstt's frame all the same. */
    const bool data = strncmp(kind, "data", strlen("data")) == 0 ||
                      strncmp(kind, "handshake", strlen("handshake")) == 0;
    if (options.tunnels[0].format == TUNNEL_XDNS) {
        const bool proves = type_of(&row->message) == TYPE_TXT;
        return data ? (proves ? WIRE_STRONG : WIRE_WEAK_DATA)
                    : (proves ? WIRE_STRONG_POLL : WIRE_WEAK);
    }
    return data ? WIRE_STRONG : WIRE_WEAK;
}

/* The id that the findings have, in hex. */
static void read_id(char out[ID_TEXT])
{
    bool slipstream = options.tunnels[0].format == TUNNEL_SLIPSTREAM;
    size_t at = slipstream ? findings.slipstream.at : 0;
    size_t octets = slipstream ? findings.slipstream.octets : findings.domain->id_octets;
    assert_in_range(octets, 1, SLIPSTREAM_ID_OCTETS_MAX);
    for (size_t i = 0; i < octets; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", base32_octet(findings.values, at + i));
    }
}

/* `kind` is what sort of query it is, a colon and the session's id. */
static void assert_session(const struct row *row, enum wire_outcome outcome, const char *kind)
{
    char id[ID_TEXT] = "";
    if (outcome != WIRE_QUERY) {
        fail_msg("%s: %s instead of a session's", row->name, word_of(outcome));
    }
    assert_int_equal(findings.strength, expected_strength(row, kind));
    read_id(id);
    assert_string_equal(strchr(kind, ':') + 1, id);
}

/* A query that names no session, which these words mean. */
static bool is_without_session(const char *verdict)
{
    return strcmp(verdict, "initial") == 0 || strcmp(verdict, "probe") == 0;
}

/* The outcomes that the question alone decides on. */
static bool is_of_question(enum wire_outcome outcome)
{
    switch ((unsigned)outcome) {
    case WIRE_OTHER_DOMAIN:
    case WIRE_REJECTED_QTYPE:
    case WIRE_REJECTED_ENCODING:
    case WIRE_REJECTED_SHORT:
    case WIRE_REJECTED_FRAMING:
        return true;
    default:
        return false;
    }
}

/* The rules on a response are those on its question alone. */
static void assert_response(const struct row *row, enum wire_outcome outcome)
{
    const uint8_t strength = findings.strength;
    const bool slipstream = options.tunnels[0].format == TUNNEL_SLIPSTREAM;
    if (outcome != WIRE_QUERY && !is_of_question(outcome)) {
        return;
    }
    for (unsigned code = 0; code <= 0xf; code++) {
        struct message response = row->message;
        response.octets[2] |= 0x80;
        response.octets[3] = (uint8_t)((response.octets[3] & 0xf0) | code);
        bool answered = code == 0 || (slipstream && code == 3);
        bool counts = answered && outcome == WIRE_QUERY;
        assert_int_equal(judge(&response, true),
                         counts ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE);
        if (counts) {
            assert_int_equal(findings.strength, strength);
        }
    }
}

static const char session[] = "session:";

static void assert_verdict(const struct row *row, const char *verdict)
{
    enum wire_outcome outcome = judge(&row->message, false);
    if (strncmp(verdict, session, strlen(session)) == 0) {
        assert_session(row, outcome, verdict + strlen(session));
    } else if (is_without_session(verdict)) {
        assert_int_equal(outcome, WIRE_QUERY);
        assert_int_equal(findings.strength, WIRE_NO_SESSION);
    } else if (outcome == WIRE_QUERY || strcmp(word_of(outcome), verdict) != 0) {
        fail_msg("%s: %s instead of %s", row->name,
                 outcome == WIRE_QUERY ? "a query" : word_of(outcome), verdict);
    }
    assert_response(row, outcome);
}

/* Judges each row of a file under the tunnel that its flags say. */
static void assert_rows(const char *path, struct tunnel (*tunnel_of)(const char *flags),
                        unsigned rows)
{
    static struct row row;
    unsigned count = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (; read_row(file, &row); count++) {
        char verdict[64];
        configure(row.domain, tunnel_of(row.flags));
        read_verdict(&row, "observer=", verdict, sizeof verdict);
        assert_verdict(&row, verdict);
        /* Never a session where the format's own decoder sees none. */
        assert_true(row.session || strncmp(verdict, session, strlen(session)) != 0);
    }
    (void)fclose(file);
    assert_int_equal(count, rows);
}

static struct tunnel vaydns_tunnel(const char *flags)
{
    char type[8];
    char keys[128];
    unsigned size;
    unsigned mtu;
    assert_int_equal(
        sscanf(flags, "record-type=%7s clientid-size=%u compat=false mtu=%u", type, &size, &mtu),
        3);
    (void)snprintf(keys, sizeof keys, "format=vaydns,record-type=%s,clientid-size=%u,mtu=%u", type,
                   size, mtu);
    return parse_tunnel(keys);
}

static void test_vaydns(void **state)
{
    (void)state;
    assert_rows("tests/data/formats/vaydns.tsv", vaydns_tunnel, 489);
}

/* The same server as it stands in for dnstt's. */
static struct tunnel compatible_tunnel(const char *flags)
{
    assert_string_equal(flags, "record-type=txt clientid-size=8 compat=true mtu=1232");
    return parse_tunnel("format=dnstt,mtu=1232");
}

static void test_vaydns_compatible_with_dnstt(void **state)
{
    (void)state;
    assert_rows("tests/data/formats/vaydns-compat.tsv", compatible_tunnel, 51);
}

/* Read as dnstt, which its clients speak: what its oldest ones wrote in base 36 is not counted. */
static struct tunnel noizdns_tunnel(const char *flags)
{
    assert_true(strcmp(flags, "noizdns decoder=cur mtu=1232") == 0 ||
                strcmp(flags, "noizdns decoder=v1 mtu=1232") == 0);
    return parse_tunnel("format=noizdns,mtu=1232");
}

static void test_noizdns(void **state)
{
    (void)state;
    assert_rows("tests/data/formats/noizdns.tsv", noizdns_tunnel, 159);
}

/* Its server answers every type where none is named. */
static struct tunnel xdns_tunnel(const char *flags)
{
    static const char before[] = "xdns domains=[\"t.example.com";
    char keys[64];
    assert_memory_equal(flags, before, strlen(before));
    const char *type = flags + strlen(before);
    (void)snprintf(keys, sizeof keys, "format=xdns,record-type=%.*s",
                   *type == ':' ? (int)strcspn(type + 1, "\"") : 3,
                   *type == ':' ? type + 1 : "any");
    return parse_tunnel(keys);
}

static void test_xdns(void **state)
{
    (void)state;
    assert_rows("tests/data/formats/xdns.tsv", xdns_tunnel, 248);
}

static struct tunnel xdnstt_tunnel(const char *flags)
{
    assert_string_equal(flags, "xdnstt mtu=500");
    return parse_tunnel("mtu=500");
}

static void test_xdnstt(void **state)
{
    (void)state;
    assert_rows("tests/data/formats/xdnstt.tsv", xdnstt_tunnel, 56);
}

static struct tunnel dnsttex_tunnel(const char *flags)
{
    assert_string_equal(flags, "dnsttex v1.5.21 mtu=1232");
    return parse_tunnel("format=dnsttex");
}

static void test_dnsttex(void **state)
{
    (void)state;
    assert_rows("tests/data/formats/dnsttex.tsv", dnsttex_tunnel, 60);
}

static struct tunnel slipstream_tunnel(const char *flags)
{
    assert_string_equal(flags, "slipstream decoder=rust-0.1.1 cidlen=8");
    return parse_tunnel("format=slipstream");
}

static void test_slipstream(void **state)
{
    (void)state;
    assert_rows("tests/data/formats/slipstream.tsv", slipstream_tunnel, 65);
}

static void assert_slipgate(struct row *row, const char *format)
{
    char keys[32];
    char before[32];
    char verdict[64];
    (void)snprintf(keys, sizeof keys, "format=%s", format);
    (void)snprintf(before, sizeof before, " %s=", format);
    configure(row->domain, parse_tunnel(keys));
    read_verdict(row, before, verdict, sizeof verdict);
    assert_verdict(row, verdict);
}

/* Probes that a program beside the tunnels answers: random octets to every format, of which some
 * look like a path of Slipstream's. */
static void test_slipgate(void **state)
{
    (void)state;
    static const char *const formats[] = {"dnstt", "vaydns", "noizdns", "xdns", "slipstream"};
    static struct row row;
    unsigned count = 0;
    FILE *file = fopen("tests/data/formats/slipgate-verify.tsv", "r");
    assert_non_null(file);
    for (; read_row(file, &row); count++) {
        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
            assert_slipgate(&row, formats[i]);
        }
    }
    (void)fclose(file);
    assert_int_equal(count, 20);
}

/* Every message with one question under the domain, whatever else is wrong with it. */
static void test_opaque(void **state)
{
    (void)state;
    static const char *const files[] = {"vaydns",  "noizdns",    "xdns",           "xdnstt",
                                        "dnsttex", "slipstream", "slipgate-verify"};
    static struct row row;
    unsigned outcomes[WIRE_OUTCOMES] = {0};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "tests/data/formats/%s.tsv", files[i]);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        while (read_row(file, &row)) {
            configure(row.domain, parse_tunnel("format=opaque"));
            enum wire_outcome outcome = judge(&row.message, false);
            outcomes[outcome]++;
            /* At least what any other format reads that far. */
            configure(row.domain, parse_tunnel("format=dnstt"));
            enum wire_outcome other = judge(&row.message, false);
            bool under = other == WIRE_QUERY || wire_is_rejected(other);
            assert_true(under ? outcome == WIRE_QUERY
                              : outcome == other || other == WIRE_MALFORMED);
        }
        (void)fclose(file);
    }
    unsigned sum = 0;
    for (size_t i = 0; i < WIRE_OUTCOMES; i++) {
        sum += outcomes[i];
    }
    assert_int_equal(sum, 489 + 159 + 248 + 56 + 60 + 65 + 20);
    assert_int_equal(sum, outcomes[WIRE_QUERY] + outcomes[WIRE_MALFORMED] +
                              outcomes[WIRE_OTHER_DOMAIN] + outcomes[WIRE_IGNORED_NOT_QUERY]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vaydns),     cmocka_unit_test(test_vaydns_compatible_with_dnstt),
        cmocka_unit_test(test_noizdns),    cmocka_unit_test(test_xdns),
        cmocka_unit_test(test_xdnstt),     cmocka_unit_test(test_dnsttex),
        cmocka_unit_test(test_slipstream), cmocka_unit_test(test_slipgate),
        cmocka_unit_test(test_opaque),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
