#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/verdicts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { VECTORS_MIN = 34, VECTOR_LINE_MAX = 2048 };

static void describe(enum wire_outcome verdict, char *out, size_t size)
{
    static const char *const words[WIRE_OUTCOMES] = {
        [WIRE_IGNORED_NOT_QUERY] = "not-a-query",
        [WIRE_MALFORMED] = "malformed",
        [WIRE_OTHER_DOMAIN] = "other-domain",
        [WIRE_IGNORED_NOT_RESPONSE] = "not-a-response",
    };
    if (wire_is_rejected(verdict)) {
        (void)snprintf(out, size, "reject %s", wire_outcome_texts[verdict].reason);
    } else if (verdict == WIRE_QUERY || verdict == WIRE_RESPONSE) {
        int length = snprintf(out, size, "session ");
        for (size_t i = 0; i < CLIENT_ID_OCTETS; i++) {
            length += snprintf(out + length, size - (size_t)length, "%02x",
                               base32_octet(findings.values, i));
        }
    } else {
        (void)snprintf(out, size, "%s", words[verdict]);
    }
}

static void test_vectors(void **state)
{
    (void)state;
    char line[VECTOR_LINE_MAX];
    unsigned count = 0;
    FILE *file = fopen("tests/data/vectors.tsv", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        char *rest = line;
        const char *name = strsep(&rest, "\t");
        const char *verdict = strsep(&rest, "\t");
        const char *hex = strsep(&rest, "\n");
        assert_true(verdict != NULL && hex != NULL && rest != NULL);
        struct message message = {0};
        for (; *hex != '\0'; hex += 2) {
            unsigned octet;
            assert_int_equal(sscanf(hex, "%2x", &octet), 1);
            put8(&message, octet);
        }
        char found[64];
        describe(judge_query(&message, message.length, true), found, sizeof found);
        if (strcmp(found, verdict) != 0) {
            fail_msg("%s: %s instead of %s", name, found, verdict);
        }
        count++;
    }
    (void)fclose(file);
    assert_in_range(count, VECTORS_MIN, 1000);
}

/* One message with every fault, mended one by one: each verdict comes in its turn. */
static void test_order_of_the_rules(void **state)
{
    (void)state;
    struct message message = {0};
    put_dns_header(&message, 0x9100, 0);
    set16(&message, ANCOUNT_AT, 1);
    size_t characters = message.length + 1;
    put_label(&message, '!', 13);
    size_t domain = message.length + 1;
    put_name(&message, "funnel.example.com");
    size_t type = message.length;
    put16(&message, TYPE_A);
    put16(&message, CLASS_IN);
    size_t opt = message.length;
    put_opt(&message, MTU - 1);

    assert_int_equal(judge_query(&message, message.length, true), WIRE_IGNORED_NOT_QUERY);
    set16(&message, FLAGS_AT, 0x1100);
    assert_int_equal(judge_query(&message, message.length, true), WIRE_MALFORMED);
    set16(&message, ANCOUNT_AT, 0);
    assert_int_equal(judge_query(&message, message.length, true), WIRE_MALFORMED);
    set16(&message, ARCOUNT_AT, 1);
    assert_int_equal(judge_query(&message, message.length, true), WIRE_OTHER_DOMAIN);
    message.octets[domain] = 't';
    assert_rejected(&message, WIRE_REJECTED_OPCODE);
    set16(&message, FLAGS_AT, 0x0100);
    assert_rejected(&message, WIRE_REJECTED_QTYPE);
    set16(&message, type, TYPE_TXT);
    assert_rejected(&message, WIRE_REJECTED_EDNS);
    set16(&message, opt + 3, MTU);
    assert_rejected(&message, WIRE_REJECTED_ENCODING);
    memset(message.octets + characters, 'a', 13);
    /* The characters are too few first, and then a ClientID with nothing behind. */
    struct message shorter = {0};
    put_dns_header(&shorter, 0x0100, 1);
    put_label(&shorter, 'a', 12);
    put(&shorter, message.octets + domain - 1, message.length - domain + 1);
    assert_rejected(&shorter, WIRE_REJECTED_SHORT);
    assert_rejected(&message, WIRE_REJECTED_FRAMING);

    struct message good = {0};
    put_query(&good, poll_payload, POLL_OCTETS, DOMAIN);
    assert_session(&good);
    assert_int_equal(findings.domain->index, 0);
}

static void test_header_counts(void **state)
{
    (void)state;
    static const size_t counts[] = {QDCOUNT_AT, ANCOUNT_AT, NSCOUNT_AT, ARCOUNT_AT};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        unsigned right = counts[i] == QDCOUNT_AT || counts[i] == ARCOUNT_AT;
        for (unsigned count = 0; count <= UINT16_MAX; count++) {
            struct message message = {0};
            put_query(&message, poll_payload, POLL_OCTETS, DOMAIN);
            set16(&message, counts[i], count);
            assert_int_equal(judge_query(&message, message.length, true),
                             count == right ? WIRE_QUERY : WIRE_MALFORMED);
        }
    }
}

static void test_edns(void **state)
{
    (void)state;
    struct message message = {0};
    put_query(&message, poll_payload, POLL_OCTETS, DOMAIN);
    size_t opt = message.length - 11;
    set16(&message, opt + 3, MTU);
    /* The extended code and the flags, DO among them, say nothing; the version does. */
    for (size_t octet = 5; octet < 9; octet++) {
        message.octets[opt + octet] = 0x80;
        if (octet == 6) {
            assert_rejected(&message, WIRE_REJECTED_EDNS);
        } else {
            assert_session(&message);
        }
        message.octets[opt + octet] = 0;
    }
    put_opt(&message, 4096);
    set16(&message, ARCOUNT_AT, 2);
    assert_rejected(&message, WIRE_REJECTED_EDNS);
    message.length = opt;
    set16(&message, ARCOUNT_AT, 0);
    assert_rejected(&message, WIRE_REJECTED_EDNS);
    /* Of a message that is not whole, nothing past the question counts. */
    assert_int_equal(judge_query(&message, message.length, false), WIRE_QUERY);
    set16(&message, ARCOUNT_AT, 3);
    assert_int_equal(judge_query(&message, message.length, false), WIRE_QUERY);
    assert_int_equal(judge_query(&message, message.length, true), WIRE_MALFORMED);
}

static void test_types_and_opcodes(void **state)
{
    (void)state;
    struct message message = {0};
    put_query(&message, poll_payload, POLL_OCTETS, DOMAIN);
    size_t type = message.length - 11 - 4;
    for (unsigned value = 0; value <= UINT16_MAX; value++) {
        set16(&message, type, value);
        if (value == TYPE_TXT) {
            assert_session(&message);
        } else {
            assert_rejected(&message, WIRE_REJECTED_QTYPE);
        }
    }
    set16(&message, type, TYPE_TXT);
    for (unsigned flags = 0; flags < 0x8000; flags++) {
        set16(&message, FLAGS_AT, flags);
        if ((flags & 0x7800) == 0) {
            assert_session(&message);
        } else {
            assert_rejected(&message, WIRE_REJECTED_OPCODE);
        }
    }
}

static void test_truncated_messages(void **state)
{
    (void)state;
    uint8_t payload[PAYLOAD_MAX];
    size_t lengths[] = {POLL_OCTETS, make_payload(payload, 3, 40), make_payload(payload, 3, 120)};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct message query = {0};
        struct message response = {0};
        payload[CLIENT_ID_OCTETS] = (uint8_t)(i == 0 ? 0xe8 : 0xe3);
        payload[12] = (uint8_t)(i == 1 ? 40 : 120);
        put_query(&query, payload, lengths[i], DOMAIN);
        put_response(&response, payload, lengths[i], DOMAIN, 100);
        size_t question_end = query.length - 11;
        assert_session(&query);
        for (size_t length = 0; length <= query.length; length++) {
            assert_int_equal(judge_query(&query, length, true),
                             length < query.length ? WIRE_MALFORMED : WIRE_QUERY);
            assert_int_equal(judge_query(&query, length, false),
                             length < question_end ? WIRE_MALFORMED : WIRE_QUERY);
        }
        for (size_t length = 0; length <= response.length; length++) {
            assert_int_equal(judge_response(&response, length),
                             length < question_end ? WIRE_IGNORED_NOT_RESPONSE : WIRE_RESPONSE);
            /* QR is seen as soon as it is there. */
            assert_int_equal(judge_query(&response, length, true),
                             length < 3 ? WIRE_MALFORMED : WIRE_IGNORED_NOT_QUERY);
        }
    }
}

static void test_responses(void **state)
{
    (void)state;
    struct message message = {0};
    put_response(&message, poll_payload, POLL_OCTETS, DOMAIN, 100);
    assert_int_equal(judge_response(&message, message.length), WIRE_RESPONSE);
    assert_int_equal(findings.domain->index, 0);
    assert_payload(poll_payload, POLL_OCTETS);
    for (unsigned flags = 0; flags <= UINT16_MAX; flags++) {
        set16(&message, FLAGS_AT, flags);
        bool answered = (flags & 0x8000) != 0 && (flags & 0x000f) == 0;
        assert_int_equal(judge_response(&message, message.length),
                         answered ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE);
    }
    set16(&message, FLAGS_AT, 0x8600); /* cut, with TC */
    for (unsigned count = 0; count <= UINT16_MAX; count++) {
        set16(&message, QDCOUNT_AT, count);
        assert_int_equal(judge_response(&message, message.length),
                         count == 1 ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE);
    }
    set16(&message, QDCOUNT_AT, 1);
    /* Nothing past the question counts. */
    set16(&message, ANCOUNT_AT, 0xffff);
    set16(&message, NSCOUNT_AT, 0xffff);
    set16(&message, ARCOUNT_AT, 0xffff);
    assert_int_equal(judge_response(&message, message.length), WIRE_RESPONSE);
}

static void test_responses_of_no_session(void **state)
{
    (void)state;
    struct message other = {0};
    put_response(&other, poll_payload, POLL_OCTETS, "funnel.example.com", 100);
    assert_int_equal(judge_response(&other, other.length), WIRE_IGNORED_NOT_RESPONSE);

    struct message type = {0};
    put_response(&type, poll_payload, POLL_OCTETS, DOMAIN, 0);
    set16(&type, type.length - 11 - 12 - 4, TYPE_A);
    assert_int_equal(judge_response(&type, type.length), WIRE_IGNORED_NOT_RESPONSE);

    struct message encoding = {0};
    put_response(&encoding, poll_payload, POLL_OCTETS, DOMAIN, 0);
    encoding.octets[20] = '1';
    assert_int_equal(judge_response(&encoding, encoding.length), WIRE_IGNORED_NOT_RESPONSE);

    struct message shorter = {0};
    put_response(&shorter, poll_payload, CLIENT_ID_OCTETS - 1, DOMAIN, 0);
    assert_int_equal(judge_response(&shorter, shorter.length), WIRE_IGNORED_NOT_RESPONSE);

    struct message framing = {0};
    put_response(&framing, poll_payload, POLL_OCTETS - 1, DOMAIN, 0);
    assert_int_equal(judge_response(&framing, framing.length), WIRE_IGNORED_NOT_RESPONSE);
    set_framing(FRAMING_ANY);
    assert_int_equal(judge_response(&framing, framing.length), WIRE_RESPONSE);
    assert_int_equal(judge_response(&shorter, shorter.length), WIRE_IGNORED_NOT_RESPONSE);
}

/* Each domain is of its own format, also one below another. */
static void test_formats_beside_each_other(void **state)
{
    (void)state;
    static const char *const domains[] = {"example.com", "v.example.com", "o.v.example.com"};
    configure(domains, 3);
    options.tunnels[1] = (struct tunnel){.format = TUNNEL_VAYDNS, .clientid_size = 2};
    options.tunnels[2] = (struct tunnel){.format = TUNNEL_OPAQUE};
    set_framing(FRAMING_STRICT);
    for (unsigned i = 0; i < 3; i++) {
        struct message dnstt = {0};
        put_query(&dnstt, poll_payload, POLL_OCTETS, domains[i]);
        assert_int_equal(judge_query(&dnstt, dnstt.length, true),
                         i == 1 ? WIRE_REJECTED_FRAMING : WIRE_QUERY);
        assert_int_equal(findings.domain->index, i);
        struct message vaydns = {0};
        put_query(&vaydns, vaydns_poll, sizeof vaydns_poll, domains[i]);
        assert_int_equal(judge_query(&vaydns, vaydns.length, true),
                         i == 0 ? WIRE_REJECTED_SHORT : WIRE_QUERY);
        assert_int_equal(findings.domain->index, i);
        /* An answer in a query is none of any tunnel but the opaque one's. */
        set16(&vaydns, NSCOUNT_AT, 1);
        assert_int_equal(judge_query(&vaydns, vaydns.length, true),
                         i == 2 ? WIRE_QUERY : WIRE_MALFORMED);
    }
}

/* Whatever comes, nothing outside the message is read, and a session's payload is long enough. */
static void test_random_mutations(void **state)
{
    (void)state;
    unsigned verdicts[WIRE_OUTCOMES] = {0};
    for (unsigned round = 0; round < 200000; round++) {
        uint8_t payload[PAYLOAD_MAX];
        struct message message = {0};
        bool inbound = random_below(2) == 0;
        unsigned packet = random_below(2) == 0 ? 0 : 24 + random_below(90);
        size_t length = make_payload(payload, random_below(13), packet);
        if (inbound) {
            put_query(&message, payload, length, DOMAIN);
        } else {
            put_response(&message, payload, length, DOMAIN, random_below(300));
        }
        for (uint32_t changes = random_below(5); changes > 0; changes--) {
            message.octets[random_below((uint32_t)message.length)] = (uint8_t)random_next();
        }
        size_t captured =
            random_below(8) == 0 ? random_below((uint32_t)message.length + 1) : message.length;
        enum wire_outcome verdict = inbound ? judge_query(&message, captured, random_below(2) == 0)
                                            : judge_response(&message, captured);
        verdicts[verdict]++;
        if (verdict == WIRE_RESPONSE) {
            assert_in_range(base32_octet_count(findings.value_count), CLIENT_ID_OCTETS + 1,
                            PAYLOAD_MAX);
        }
    }
    assert_in_range(verdicts[WIRE_QUERY], 20000, 90000);
    assert_in_range(verdicts[WIRE_RESPONSE], 20000, 90000);
    assert_in_range(verdicts[WIRE_IGNORED_NOT_QUERY], 100, 10000);
    assert_in_range(verdicts[WIRE_IGNORED_NOT_RESPONSE], 10000, 80000);
    assert_in_range(verdicts[WIRE_MALFORMED], 5000, 80000);
    assert_in_range(verdicts[WIRE_OTHER_DOMAIN], 1000, 80000);
    unsigned rejected = 0;
    for (unsigned outcome = 0; outcome < WIRE_OUTCOMES; outcome++) {
        rejected += wire_is_rejected(outcome) ? verdicts[outcome] : 0;
    }
    assert_in_range(rejected, 5000, 80000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_vectors),
        TEST(test_order_of_the_rules),
        TEST(test_header_counts),
        TEST(test_edns),
        TEST(test_types_and_opcodes),
        TEST(test_truncated_messages),
        TEST(test_responses),
        TEST(test_responses_of_no_session),
        TEST(test_formats_beside_each_other),
        TEST(test_random_mutations),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
