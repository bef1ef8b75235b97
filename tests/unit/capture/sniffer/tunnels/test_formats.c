/* Messages of each format, as its clients, resolvers and scanners send them. Each row says what the
 * rules make of its message, beside what the format's own decoder says. */
#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/parse/dns.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_MAX_BYTES = 4096,
    ID_TEXT = 2 * TUNNEL_CLIENT_ID_MAX + 1,
};

static struct options options;
static struct tunnels_rules rules;
static struct tunnels_findings findings;

/* A row, taken apart; texts are in the line that it was read from. */
struct row {
    char line[LINE_MAX_BYTES];
    struct message message;
    const char *name;
    const char *flags;
    const char *domain;
    bool session; /* the format's own decoder takes it as one */
    const char *note;
};

static void configure(const char *domain, struct tunnel tunnel)
{
    memset(&options, 0, sizeof options);
    assert_int_equal(domain_parse(domain, &options.domains[0]), 0);
    options.domain_count = 1;
    options.tunnels[0] = tunnel;
    options.mtu = 1232;
    memset(&rules, 0xa5, sizeof rules);
    tunnels_rules_make(&options, &rules);
}

static enum wire_outcome judge(const struct message *message, bool response)
{
    uint8_t *copy = exact_copy(message->octets, message->length);
    memset(&findings, 0xa5, sizeof findings);
    enum wire_outcome outcome =
        response ? tunnels_classify_response(&rules, copy, message->length, &findings)
                 : tunnels_classify_query(&rules, copy, message->length, true, &findings);
    free(copy);
    return outcome;
}

/* Reads the next row; false at the end. */
static bool read_row(FILE *file, struct row *row)
{
    do {
        if (fgets(row->line, sizeof row->line, file) == NULL) {
            return false;
        }
        assert_non_null(strchr(row->line, '\n'));
    } while (row->line[0] == '#');
    char *rest = row->line;
    row->name = strsep(&rest, "\t");
    const char *hex = strsep(&rest, "\t");
    row->flags = strsep(&rest, "\t");
    row->domain = strsep(&rest, "\t");
    const char *decoded = strsep(&rest, "\t");
    const char *id = strsep(&rest, "\t");
    row->note = strsep(&rest, "\n");
    assert_true(hex != NULL && decoded != NULL && id != NULL && row->note != NULL);
    row->session = strcmp(decoded, "session") == 0;
    row->message = (struct message){0};
    for (; *hex != '\0'; hex += 2) {
        unsigned octet;
        assert_int_equal(sscanf(hex, "%2x", &octet), 1);
        put8(&row->message, octet);
    }
    return true;
}

/* The word behind this text in the note, up to a space. */
static void read_verdict(const struct row *row, const char *before, char *out, size_t size)
{
    const char *found = strstr(row->note, before);
    assert_non_null(found);
    found += strlen(before);
    (void)snprintf(out, size, "%.*s", (int)strcspn(found, " "), found);
}

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
    if (options.tunnels[0].format == TUNNEL_XDNS) {
        return type_of(&row->message) == TYPE_TXT ? WIRE_STRONG : WIRE_WEAK;
    }
    /* A packet that is none of KCP's is one in dnstt's frame all the same. */
    return strncmp(kind, "data", strlen("data")) == 0 ? WIRE_STRONG : WIRE_WEAK;
}

/* `kind` is "data:" or "poll:" and the session's id. */
static void assert_session(const struct row *row, enum wire_outcome outcome, const char *kind)
{
    char id[ID_TEXT] = "";
    if (outcome != WIRE_QUERY) {
        fail_msg("%s: %s instead of a session's", row->name, word_of(outcome));
    }
    for (size_t i = 0; i < findings.domain->id_octets; i++) {
        (void)snprintf(id + 2 * i, sizeof id - 2 * i, "%02x", base32_octet(findings.values, i));
    }
    assert_string_equal(strchr(kind, ':') + 1, id);
    assert_int_equal(findings.strength, expected_strength(row, kind));
    /* Never a session where the format's own decoder sees none. */
    assert_true(row->session);
}

/* The rules on a response are those on its question alone. */
static void assert_response(const struct row *row, enum wire_outcome outcome)
{
    uint8_t strength = findings.strength;
    struct message response = row->message;
    response.octets[2] |= 0x80;
    response.octets[3] &= 0xf0;
    if (outcome == WIRE_QUERY) {
        assert_int_equal(judge(&response, true), WIRE_RESPONSE);
        assert_int_equal(findings.strength, strength);
    } else if (outcome == WIRE_OTHER_DOMAIN || outcome == WIRE_REJECTED_QTYPE ||
               outcome == WIRE_REJECTED_ENCODING || outcome == WIRE_REJECTED_SHORT ||
               outcome == WIRE_REJECTED_FRAMING) {
        assert_int_equal(judge(&response, true), WIRE_IGNORED_NOT_RESPONSE);
    }
}

static void assert_verdict(const struct row *row, const char *verdict)
{
    static const char session[] = "session:";
    enum wire_outcome outcome = judge(&row->message, false);
    if (strncmp(verdict, session, strlen(session)) == 0) {
        assert_session(row, outcome, verdict + strlen(session));
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
    }
    (void)fclose(file);
    assert_int_equal(count, rows);
}

static struct tunnel parse_tunnel(const char *keys)
{
    struct tunnel tunnel = {0};
    const char *part;
    assert_null(tunnel_parse(keys, &tunnel, &part));
    return tunnel;
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

/* Probes that a program beside the tunnels answers: random octets to every format. */
static void test_slipgate(void **state)
{
    (void)state;
    static const char *const formats[] = {"dnstt", "vaydns", "noizdns", "xdns"};
    static struct row row;
    unsigned count = 0;
    FILE *file = fopen("tests/data/formats/slipgate-verify.tsv", "r");
    assert_non_null(file);
    for (; read_row(file, &row); count++) {
        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
            char keys[32];
            char before[32];
            char verdict[64];
            (void)snprintf(keys, sizeof keys, "format=%s", formats[i]);
            (void)snprintf(before, sizeof before, " %s=", formats[i]);
            configure(row.domain, parse_tunnel(keys));
            read_verdict(&row, before, verdict, sizeof verdict);
            assert_verdict(&row, verdict);
        }
    }
    (void)fclose(file);
    assert_int_equal(count, 20);
}

/* Every message with one question under the domain, whatever else is wrong with it. */
static void test_opaque(void **state)
{
    (void)state;
    static const char *const files[] = {"vaydns", "noizdns", "xdns", "xdnstt", "slipgate-verify"};
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
    assert_int_equal(sum, 489 + 159 + 248 + 56 + 20);
    assert_int_equal(sum, outcomes[WIRE_QUERY] + outcomes[WIRE_MALFORMED] +
                              outcomes[WIRE_OTHER_DOMAIN] + outcomes[WIRE_IGNORED_NOT_QUERY]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vaydns),  cmocka_unit_test(test_vaydns_compatible_with_dnstt),
        cmocka_unit_test(test_noizdns), cmocka_unit_test(test_xdns),
        cmocka_unit_test(test_xdnstt),  cmocka_unit_test(test_slipgate),
        cmocka_unit_test(test_opaque),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
