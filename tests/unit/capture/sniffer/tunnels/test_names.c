/* Names: their labels, their case, and the domain that they end in. */
#include "capture/sniffer/parse/dns.h"
#include "common/domain.h"
#include "common/options.h"
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
#include <string.h>

/* Labels of any size, in any case, decode to what was encoded. */
static void test_labels_and_case_carry_no_meaning(void **state)
{
    (void)state;
    set_framing(FRAMING_ANY);
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t payload[100];
        char text[200];
        size_t length = CLIENT_ID_OCTETS + random_below(sizeof payload - 7);
        for (size_t i = 0; i < length; i++) {
            payload[i] = (uint8_t)random_next();
        }
        size_t count = encode_base32(payload, length, text);
        uint32_t longest = 4 + random_below(60);
        struct message message = {0};
        put_dns_header(&message, 0x0100, 1);
        for (size_t at = 0; at < count;) {
            size_t label = 1 + random_below(longest);
            /* What is left has to fit: take longer labels where the name grows long. */
            label = at > 40 ? 63 : label;
            label = label < count - at ? label : count - at;
            put8(&message, (unsigned)label);
            for (size_t i = 0; i < label; i++) {
                char character = text[at + i];
                bool upper = character >= 'a' && random_below(2) == 0;
                put8(&message, (unsigned char)character - (upper ? 0x20u : 0));
            }
            at += label;
        }
        put_name(&message, "TUNNEL.example.COM");
        put16(&message, TYPE_TXT);
        put16(&message, CLASS_IN);
        /* The last label is near the end, or less so. */
        bool whole = random_below(2) == 0;
        if (whole) {
            put_opt(&message, 4096);
        }
        assert_int_equal(judge_query(&message, message.length, whole), WIRE_QUERY);
        assert_payload(payload, length);
    }
}

static void test_domain_is_compared_octet_by_octet(void **state)
{
    (void)state;
    static const char *const domains[] = {"t-0.ex_9z.Ab", "a", "sixsix.c", "zz-sixty.abc"};
    enum { COUNT = sizeof domains / sizeof *domains };
    for (size_t i = 0; i < COUNT; i++) {
        /* Beside one whose first label has another length. */
        configure((const char *const[]){domains[i], domains[(i + 1) % COUNT]}, 2);
        const struct domain *domain = &options.domains[0];
        struct message message = {0};
        put_query(&message, poll_payload, POLL_OCTETS, domains[i]);
        assert_session(&message);
        size_t start = message.length - 15 - domain->wire_length;
        for (size_t at = 0; at < domain->wire_length; at++) {
            uint8_t octet = domain->wire[at];
            for (unsigned other = 0; other <= UINT8_MAX; other++) {
                message.octets[start + at] = (uint8_t)other;
                enum wire_outcome verdict = judge_query(&message, message.length, false);
                bool letter = octet >= 'a' && octet <= 'z';
                if (other == octet || (letter && other == octet - 0x20u)) {
                    assert_int_equal(verdict, WIRE_QUERY);
                } else {
                    assert_true(verdict == WIRE_OTHER_DOMAIN || verdict == WIRE_MALFORMED);
                }
            }
            message.octets[start + at] = octet;
        }
    }
}

static void test_domain_begins_at_a_label(void **state)
{
    (void)state;
    struct message message = {0};
    put_dns_header(&message, 0x0100, 1);
    put_payload(&message, poll_payload, POLL_OCTETS);
    /* One label that holds the domain's octets, length octets included. */
    put8(&message, 20);
    put8(&message, 'x');
    put_name(&message, DOMAIN);
    put16(&message, TYPE_TXT);
    put16(&message, CLASS_IN);
    put_opt(&message, 4096);
    assert_int_equal(judge_query(&message, message.length, true), WIRE_OTHER_DOMAIN);

    static const char *const others[] = {"",
                                         "com",
                                         "xtunnel.example.com",
                                         "tunnel.example.com.x",
                                         "tunnel.example.co",
                                         "unnel.example.com"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct message other = {0};
        put_query(&other, poll_payload, POLL_OCTETS, others[i]);
        assert_int_equal(judge_query(&other, other.length, true), WIRE_OTHER_DOMAIN);
        struct message bare = {0};
        put_query(&bare, NULL, 0, others[i]);
        assert_int_equal(judge_query(&bare, bare.length, true), WIRE_OTHER_DOMAIN);
    }
}

static void test_domain_does_not_begin_in_the_header(void **state)
{
    (void)state;
    configure((const char *const[]){"a.b"}, 1);
    struct message message = {0};
    put_dns_header(&message, 0x0100, 0x0161); /* the octets of a label "a" */
    put_name(&message, "b");
    put16(&message, TYPE_TXT);
    put16(&message, CLASS_IN);
    assert_int_equal(judge_query(&message, message.length, false), WIRE_OTHER_DOMAIN);
}

/* A name of 255 octets is the longest, under a domain as well. */
static void test_longest_possible_name(void **state)
{
    (void)state;
    for (unsigned last = 1; last <= DNS_LABEL_MAX; last++) {
        struct message message = {0};
        put_dns_header(&message, 0x0100, 1);
        for (unsigned label = 0; label < 3; label++) {
            put_label(&message, 'a', DNS_LABEL_MAX);
        }
        put_label(&message, 'a', last);
        put_name(&message, DOMAIN);
        size_t name = message.length - DNS_HEADER_OCTETS;
        put16(&message, TYPE_TXT);
        put16(&message, CLASS_IN);
        put_opt(&message, MTU);
        if (name <= DNS_NAME_MAX) {
            assert_rejected(&message, WIRE_REJECTED_FRAMING);
        } else {
            assert_int_equal(judge_query(&message, message.length, true), WIRE_MALFORMED);
        }
        set16(&message, FLAGS_AT, 0x8100);
        set_framing(FRAMING_ANY);
        assert_int_equal(judge_response(&message, message.length),
                         name <= DNS_NAME_MAX ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE);
        set_framing(FRAMING_STRICT);
    }
}

/* Little follows the labels: less than what is read of them in one step. */
static void test_message_that_ends_behind_its_labels(void **state)
{
    (void)state;
    configure((const char *const[]){"a"}, 1);
    set_framing(FRAMING_ANY);
    for (size_t length = CLIENT_ID_OCTETS; length <= PAYLOAD_MAX; length++) {
        uint8_t payload[PAYLOAD_MAX];
        for (size_t i = 0; i < length; i++) {
            payload[i] = (uint8_t)random_next();
        }
        struct message query = {0};
        struct message response = {0};
        put_query(&query, payload, length, "a");
        put_response(&response, payload, length, "a", 0);
        size_t question_end = query.length - 11;
        for (size_t captured = question_end; captured <= query.length; captured++) {
            assert_int_equal(judge_query(&query, captured, false), WIRE_QUERY);
            assert_payload(payload, length);
            assert_int_equal(judge_response(&response, captured), WIRE_RESPONSE);
            assert_payload(payload, length);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_labels_and_case_carry_no_meaning),
        TEST(test_domain_is_compared_octet_by_octet),
        TEST(test_domain_begins_at_a_label),
        TEST(test_domain_does_not_begin_in_the_header),
        TEST(test_longest_possible_name),
        TEST(test_message_that_ends_behind_its_labels),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
