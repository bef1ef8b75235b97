#include "capture/sniffer/parse/base32.h"
#include "capture/sniffer/parse/dns.h"
#include "capture/sniffer/tunnels/tunnels.h"
#include "common/domain.h"
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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "tunnel.example.com"

enum {
    CLIENT_ID_OCTETS = 8,
    PADDING_MAX = 16,
    MTU = 1232,
    VECTORS_MIN = 34,
    VECTOR_LINE_MAX = 2048,
    /* DOMAIN leaves 255 - 20 octets of the name, four of them for lengths: 231 characters. */
    PAYLOAD_MAX = 144,
};

static struct options options;
static struct tunnels_rules rules;
static struct tunnels_findings findings;

static void configure(const char *const domains[], unsigned count)
{
    memset(&options, 0, sizeof options);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(domain_parse(domains[i], &options.domains[i]), 0);
    }
    options.domain_count = count;
    options.mtu = MTU;
    options.framing = FRAMING_STRICT;
    memset(&rules, 0xa5, sizeof rules);
    tunnels_rules_make(&options, &rules);
}

/* Makes the rules of these domains again. */
static void set_framing(enum framing framing)
{
    options.framing = framing;
    memset(&rules, 0xa5, sizeof rules);
    tunnels_rules_make(&options, &rules);
}

static void set_mtu(uint32_t mtu)
{
    options.mtu = mtu;
    set_framing(FRAMING_STRICT);
}

static int configure_one(void **state)
{
    (void)state;
    configure((const char *const[]){DOMAIN}, 1);
    return 0;
}

static enum wire_outcome judge_query(const struct message *message, size_t captured, bool whole)
{
    uint8_t *copy = exact_copy(message->octets, captured);
    memset(&findings, 0xa5, sizeof findings);
    enum wire_outcome verdict = tunnels_classify_query(&rules, copy, captured, whole, &findings);
    free(copy);
    assert_int_not_equal(verdict, WIRE_IGNORED_NOT_RESPONSE);
    assert_int_not_equal(verdict, WIRE_RESPONSE);
    return verdict;
}

static enum wire_outcome judge_response(const struct message *message, size_t captured)
{
    uint8_t *copy = exact_copy(message->octets, captured);
    memset(&findings, 0xa5, sizeof findings);
    enum wire_outcome verdict = tunnels_classify_response(&rules, copy, captured, &findings);
    free(copy);
    assert_true(verdict == WIRE_RESPONSE || verdict == WIRE_IGNORED_NOT_RESPONSE);
    return verdict;
}

static void assert_session(const struct message *message)
{
    assert_int_equal(judge_query(message, message->length, true), WIRE_QUERY);
    assert_in_range(findings.strength, WIRE_WEAK, WIRE_STRONG);
}

static void assert_rejected(const struct message *message, enum wire_outcome reason)
{
    assert_int_equal(judge_query(message, message->length, true), reason);
    assert_int_equal(findings.domain->index, 0);
}

/* That the findings has this payload. */
static void assert_payload(const uint8_t *payload, size_t length)
{
    static const uint8_t zeros[BASE32_STEP] = {0};
    assert_int_equal(base32_octet_count(findings.value_count), length);
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(base32_octet(findings.values, i), payload[i]);
    }
    assert_memory_equal(findings.values + findings.value_count, zeros, sizeof zeros);
}

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

/* Without EDNS, or with a size below 512, the server takes a query as one that allows 512. */
static void test_payload_size(void **state)
{
    (void)state;
    static const uint32_t mtus[] = {1, 500, 511, 512, 513, MTU, UINT16_MAX - 1, UINT16_MAX};
    for (size_t i = 0; i < sizeof mtus / sizeof *mtus; i++) {
        struct message message = {0};
        set_mtu(mtus[i]);
        put_query(&message, poll_payload, POLL_OCTETS, DOMAIN);
        size_t opt = message.length - 11;
        for (unsigned size = 0; size <= UINT16_MAX; size++) {
            set16(&message, opt + 3, size);
            unsigned allowed = size < 512 ? 512 : size;
            assert_int_equal(judge_query(&message, message.length, true),
                             allowed < mtus[i] ? WIRE_REJECTED_EDNS : WIRE_QUERY);
        }
        message.length = opt;
        set16(&message, ARCOUNT_AT, 0);
        assert_int_equal(judge_query(&message, message.length, true),
                         mtus[i] > 512 ? WIRE_REJECTED_EDNS : WIRE_QUERY);
    }
}

/* Two OPT records and another version are refused whatever the MTU. */
static void test_edns_at_a_low_mtu(void **state)
{
    (void)state;
    set_mtu(1);
    struct message message = {0};
    put_query(&message, poll_payload, POLL_OCTETS, DOMAIN);
    size_t version = message.length - 11 + 6;
    message.octets[version] = 1;
    assert_rejected(&message, WIRE_REJECTED_EDNS);
    message.octets[version] = 0;
    assert_session(&message);
    put_opt(&message, 4096);
    set16(&message, ARCOUNT_AT, 2);
    assert_rejected(&message, WIRE_REJECTED_EDNS);
}

/* The tunnel's own, whatever those beside it have. */
static void test_mtu_of_each_domain(void **state)
{
    (void)state;
    static const uint32_t own[] = {500, 0, 1400};
    static const char *const domains[] = {"a.example", "b.example", "c.example"};
    configure(domains, 3);
    for (unsigned i = 0; i < 3; i++) {
        options.tunnels[i].mtu = own[i];
    }
    set_mtu(MTU);
    for (unsigned i = 0; i < 3; i++) {
        struct message message = {0};
        put_query(&message, poll_payload, POLL_OCTETS, domains[i]);
        for (unsigned size = 400; size < 1500; size++) {
            set16(&message, message.length - 11 + 3, size);
            bool served = i == 0 || size >= (i == 1 ? MTU : 1400);
            assert_int_equal(judge_query(&message, message.length, true),
                             served ? WIRE_QUERY : WIRE_REJECTED_EDNS);
            assert_int_equal(findings.domain->index, i);
        }
    }
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

/* A payload of ClientID, `padding` marked octets and, with `packet` above 0, one of that length. */
static size_t make_payload(uint8_t *payload, unsigned padding, unsigned packet)
{
    size_t length = 0;
    for (unsigned i = 0; i < CLIENT_ID_OCTETS; i++) {
        payload[length++] = (uint8_t)random_next();
    }
    payload[length++] = (uint8_t)(0xe0 + padding);
    for (unsigned i = 0; i < padding; i++) {
        payload[length++] = (uint8_t)random_next();
    }
    if (packet > 0) {
        payload[length++] = (uint8_t)packet;
        for (unsigned i = 0; i < packet; i++) {
            payload[length++] = (uint8_t)random_next();
        }
    }
    return length;
}

static void test_framing(void **state)
{
    (void)state;
    uint8_t payload[CLIENT_ID_OCTETS + 1 + 31 + 1 + 255 + 1] = {0};
    for (unsigned padding = 0; padding <= 31; padding++) {
        for (unsigned packet = 0; packet <= 255; packet++) {
            size_t length = make_payload(payload, padding, packet);
            for (size_t cut = length - 2; cut <= length + 1; cut++) {
                if (cut < CLIENT_ID_OCTETS || cut > PAYLOAD_MAX) {
                    continue;
                }
                struct message message = {0};
                put_query(&message, payload, cut, DOMAIN);
                /* An exact frame, or one whose packet and its length are both cut off. No client
                 * sends more padding, although the server takes it. */
                bool poll = cut == length ? packet == 0 : cut == length - 2 && packet == 1;
                bool data = cut == length && packet >= 24 && packet < 0xe0;
                if (padding <= PADDING_MAX && (poll || data)) {
                    assert_session(&message);
                    assert_int_equal(findings.strength, data ? WIRE_STRONG : WIRE_WEAK);
                    assert_payload(payload, cut);
                } else {
                    assert_rejected(&message, WIRE_REJECTED_FRAMING);
                }
            }
        }
    }
    for (unsigned mark = 0; mark < 0xe0; mark++) {
        struct message message = {0};
        make_payload(payload, 8, 0);
        payload[CLIENT_ID_OCTETS] = (uint8_t)mark;
        put_query(&message, payload, POLL_OCTETS, DOMAIN);
        assert_rejected(&message, WIRE_REJECTED_FRAMING);
        set_framing(FRAMING_ANY);
        assert_session(&message);
        set_framing(FRAMING_STRICT);
    }
}

/* A query whose name is this text under the domain. */
static struct message named_query(const char *text, size_t length)
{
    struct message message = {0};
    put_dns_header(&message, 0x0100, 1);
    put8(&message, (unsigned)length);
    put(&message, text, length);
    put_name(&message, DOMAIN);
    put16(&message, TYPE_TXT);
    put16(&message, CLASS_IN);
    put_opt(&message, MTU);
    return message;
}

/* The server reads it, but no encoder wrote it. */
static void assert_not_canonical(const char *text, size_t length)
{
    struct message message = named_query(text, length);
    assert_rejected(&message, WIRE_REJECTED_FRAMING);
    set_framing(FRAMING_ANY);
    assert_session(&message);
    assert_int_equal(findings.strength, WIRE_WEAK);
    set_framing(FRAMING_STRICT);
}

/* A client's encoder leaves no bits to spare in the last character but zeros, and never one, three
 * or six characters in the last group. */
static void test_what_no_encoder_writes(void **state)
{
    (void)state;
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned whole_groups = 0;
    for (unsigned padding = 0; padding <= PADDING_MAX; padding++) {
        uint8_t payload[PAYLOAD_MAX];
        char text[64];
        size_t length = make_payload(payload, padding, 0);
        size_t count = encode_base32(payload, length, text);
        struct message message = named_query(text, count);
        assert_session(&message);
        assert_int_equal(findings.strength, WIRE_WEAK);

        unsigned last = (unsigned)(strchr(alphabet, text[count - 1]) - alphabet);
        unsigned spare = (1u << (count * 5 - length * 8)) - 1;
        assert_int_equal(last & spare, 0);
        for (unsigned bits = 1; bits <= spare; bits++) {
            text[count - 1] = alphabet[last | bits];
            assert_not_canonical(text, count);
        }
        text[count - 1] = alphabet[last];
        if (count % 8 == 0) {
            /* So many characters more, which encode nothing. */
            memcpy(text + count, "aaaaaa", 6);
            assert_not_canonical(text, count + 1);
            assert_not_canonical(text, count + 3);
            assert_not_canonical(text, count + 6);
            whole_groups++;
        }
    }
    assert_in_range(whole_groups, 3, PADDING_MAX);
}

/* A mark below those of padding is none, even where what it would leave of the ClientID could be
 * the length of the rest. */
static void test_framing_has_a_mark(void **state)
{
    (void)state;
    for (unsigned at = 0; at < CLIENT_ID_OCTETS; at++) {
        for (unsigned packet = 24; packet < 120; packet++) {
            uint8_t payload[PAYLOAD_MAX] = {0};
            payload[at] = (uint8_t)packet;
            payload[CLIENT_ID_OCTETS] = (uint8_t)(0xe0 - CLIENT_ID_OCTETS - 1 + at);
            struct message message = {0};
            put_query(&message, payload, at + 1 + packet, DOMAIN);
            assert_rejected(&message, WIRE_REJECTED_FRAMING);
        }
    }
}

static void test_framing_any_still_needs_a_client_id(void **state)
{
    (void)state;
    set_framing(FRAMING_ANY);
    for (size_t length = 0; length <= PAYLOAD_MAX; length++) {
        uint8_t payload[PAYLOAD_MAX];
        memset(payload, 0x5a, sizeof payload);
        struct message message = {0};
        put_query(&message, payload, length, DOMAIN);
        if (length < CLIENT_ID_OCTETS) {
            assert_rejected(&message, WIRE_REJECTED_SHORT);
        } else {
            assert_session(&message);
            assert_payload(payload, length);
        }
    }
}

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

static void test_longest_domain_wins(void **state)
{
    (void)state;
    static const char *const names[] = {"example.com", "t.example.com", "a.t.example.com",
                                        "b.t.example.com"};
    enum { COUNT = sizeof names / sizeof *names };
    /* In each of several orders. */
    for (unsigned order = 0; order < 64; order++) {
        const char *domains[COUNT];
        unsigned place[COUNT];
        memcpy(domains, names, sizeof names);
        for (unsigned i = COUNT - 1; i > 0; i--) {
            unsigned other = random_below(i + 1);
            const char *moved = domains[i];
            domains[i] = domains[other];
            domains[other] = moved;
        }
        configure(domains, COUNT);
        for (unsigned i = 0; i < COUNT; i++) {
            for (unsigned j = 0; j < COUNT; j++) {
                place[i] = domains[j] == names[i] ? j : place[i];
            }
        }
        for (unsigned i = 0; i < COUNT; i++) {
            struct message query = {0};
            put_query(&query, poll_payload, POLL_OCTETS, names[i]);
            assert_session(&query);
            assert_int_equal(findings.domain->index, place[i]);
            struct message response = {0};
            put_response(&response, poll_payload, POLL_OCTETS, names[i], 50);
            assert_int_equal(judge_response(&response, response.length), WIRE_RESPONSE);
            assert_int_equal(findings.domain->index, place[i]);
        }
        /* "c" is a label like any other, and so of the payload; "0" would be no base32. */
        struct message under = {0};
        put_query(&under, poll_payload, POLL_OCTETS, "0.t.example.com");
        assert_int_equal(judge_query(&under, under.length, true), WIRE_REJECTED_ENCODING);
        assert_int_equal(findings.domain->index, place[1]);
    }
}

static void test_as_many_domains_as_can_be(void **state)
{
    (void)state;
    static char texts[DOMAINS_MAX][32];
    const char *domains[DOMAINS_MAX];
    for (unsigned i = 0; i < DOMAINS_MAX; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "%.*s%u.example", (int)(i % 7), "xxxxxxx", i);
        domains[i] = texts[i];
    }
    configure(domains, DOMAINS_MAX);
    for (unsigned i = 0; i < DOMAINS_MAX; i++) {
        struct message message = {0};
        put_query(&message, poll_payload, POLL_OCTETS, texts[i]);
        assert_session(&message);
        assert_int_equal(findings.domain->index, i);
    }
}

static void test_longest_possible_domain(void **state)
{
    (void)state;
    char text[DOMAIN_WIRE_MAX];
    memset(text, 'd', sizeof text);
    text[59] = text[119] = text[179] = '.';
    text[DOMAIN_WIRE_MAX - 2] = '\0';
    configure((const char *const[]){text}, 1);
    assert_int_equal(options.domains[0].wire_length, DOMAIN_WIRE_MAX);
    struct message message = {0};
    put_query(&message, poll_payload, CLIENT_ID_OCTETS, text);
    assert_rejected(&message, WIRE_REJECTED_FRAMING);
    set_framing(FRAMING_ANY);
    assert_session(&message);
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

/* One domain, of this tunnel. */
static void configure_tunnel(struct tunnel tunnel)
{
    options.tunnels[0] = tunnel;
    set_framing(FRAMING_STRICT);
}

/* A poll of vaydns with an id of two octets. */
static const uint8_t vaydns_poll[6] = {0xab, 0xcd, 1, 2, 3, 4};

struct types_case {
    struct tunnel tunnel;
    unsigned types[3]; /* that its server answers */
};

/* Judges a query, and the response to it, of each type there is. */
static void assert_types(const struct types_case *row)
{
    bool vaydns = row->tunnel.format == TUNNEL_VAYDNS;
    bool xdns = row->tunnel.format == TUNNEL_XDNS;
    struct message query = {0};
    configure_tunnel(row->tunnel);
    put_query(&query, vaydns ? vaydns_poll : poll_payload,
              vaydns ? sizeof vaydns_poll : POLL_OCTETS, DOMAIN);
    for (unsigned type = 0; type <= UINT16_MAX; type++) {
        bool answered = type == row->types[0] || (row->types[1] != 0 && type == row->types[1]) ||
                        (row->types[2] != 0 && type == row->types[2]);
        set16(&query, query.length - 11 - 4, type);
        assert_int_equal(judge_query(&query, query.length, true),
                         answered ? WIRE_QUERY : WIRE_REJECTED_QTYPE);
        if (answered) {
            /* A poll shows little, but xdns's shows as much as its data do. */
            assert_int_equal(findings.strength, xdns && type == TYPE_TXT ? WIRE_STRONG : WIRE_WEAK);
        }
        struct message response = query;
        set16(&response, FLAGS_AT, 0x8400);
        assert_int_equal(judge_response(&response, response.length),
                         answered ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE);
    }
}

static void test_types_of_each_tunnel(void **state)
{
    (void)state;
    static const struct types_case rows[] = {
        {{.format = TUNNEL_DNSTT}, {16}},
        {{.format = TUNNEL_NOIZDNS}, {16}},
        {{.format = TUNNEL_XDNS, .record_type = TUNNEL_TXT}, {16}},
        {{.format = TUNNEL_XDNS, .record_type = TUNNEL_A}, {1}},
        {{.format = TUNNEL_XDNS, .record_type = TUNNEL_AAAA}, {28}},
        {{.format = TUNNEL_XDNS, .record_type = TUNNEL_ANY}, {16, 1, 28}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_TXT, .clientid_size = 2}, {16}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_NULL, .clientid_size = 2}, {10}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_CNAME, .clientid_size = 2}, {5}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_A, .clientid_size = 2}, {1}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_AAAA, .clientid_size = 2}, {28}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_MX, .clientid_size = 2}, {15}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_NS, .clientid_size = 2}, {2}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_SRV, .clientid_size = 2}, {33}},
        {{.format = TUNNEL_VAYDNS, .record_type = TUNNEL_CAA, .clientid_size = 2}, {257}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_types(&rows[i]);
    }
}

/* The flag is of dnstt alone: beside it the others keep their rules. */
static void test_framing_any_of_each_tunnel(void **state)
{
    (void)state;
    static const char *const domains[] = {"d.example", "n.example", "x.example", "v.example"};
    configure(domains, 4);
    options.tunnels[1].format = TUNNEL_NOIZDNS;
    options.tunnels[2].format = TUNNEL_XDNS;
    options.tunnels[3] = (struct tunnel){.format = TUNNEL_VAYDNS, .clientid_size = 2};
    for (int framing = FRAMING_STRICT; framing <= FRAMING_ANY; framing++) {
        set_framing((enum framing)framing);
        for (unsigned i = 0; i < 4; i++) {
            struct message message = {0};
            put_query(&message, poll_payload, POLL_OCTETS - 1, domains[i]);
            bool taken = i == 0 && framing == FRAMING_ANY;
            assert_int_equal(judge_query(&message, message.length, true),
                             taken ? WIRE_QUERY : WIRE_REJECTED_FRAMING);
            assert_int_equal(findings.domain->index, i);
            set16(&message, FLAGS_AT, 0x8400);
            assert_int_equal(judge_response(&message, message.length),
                             taken ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE);
        }
    }
}

/* That the mask has the bits of so many octets, and which values hold nothing else. */
static void assert_id_bits(uint32_t octets)
{
    uint8_t mask[sizeof findings.domain->id_mask];
    memcpy(mask, findings.domain->id_mask, sizeof mask);
    for (size_t bit = 0; bit < sizeof mask * 5; bit++) {
        assert_int_equal(mask[bit / 5] >> (4 - bit % 5) & 1, bit < (size_t)octets * 8);
    }
    for (size_t i = 0; i < sizeof mask; i++) {
        assert_int_equal(mask[i] & 0xe0, 0);
        assert_int_equal(i < findings.domain->id_values, mask[i] == 0x1f);
    }
    assert_int_equal(findings.domain->id_octets, octets);
}

static void test_ids_of_vaydns(void **state)
{
    (void)state;
    for (uint32_t id = 1; id <= TUNNEL_CLIENT_ID_MAX; id++) {
        uint8_t payload[PAYLOAD_MAX] = {1, 2, 3, 4, 5, 6, 7, 8};
        configure_tunnel((struct tunnel){.format = TUNNEL_VAYDNS, .clientid_size = id});
        for (size_t length = 0; length <= 30; length++) {
            struct message message = {0};
            put_query(&message, payload, length, DOMAIN);
            if (length == id + 4) {
                assert_session(&message);
                assert_int_equal(findings.strength, WIRE_WEAK);
                assert_payload(payload, length);
            } else {
                assert_rejected(&message,
                                length < id ? WIRE_REJECTED_SHORT : WIRE_REJECTED_FRAMING);
            }
            assert_id_bits(id);
        }
    }
}

static void test_ids_of_the_others(void **state)
{
    (void)state;
    static const enum tunnel_format formats[] = {TUNNEL_DNSTT, TUNNEL_NOIZDNS, TUNNEL_XDNS};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct message message = {0};
        configure_tunnel((struct tunnel){.format = formats[i]});
        put_query(&message, poll_payload, POLL_OCTETS, DOMAIN);
        assert_session(&message);
        assert_id_bits(CLIENT_ID_OCTETS);
    }
}

/* A query with every fault that opaque does not look at. */
static struct message odd_query(void)
{
    struct message message = {0};
    put_dns_header(&message, 0x7f7f, 7);
    set16(&message, ANCOUNT_AT, 3);
    set16(&message, NSCOUNT_AT, 3);
    put_label(&message, '!', 3);
    put_name(&message, DOMAIN);
    put16(&message, 0xffff);
    put16(&message, 0xffff);
    put_opt(&message, 0);
    put_opt(&message, 0);
    put_zeros(&message, 5);
    return message;
}

static void test_opaque(void **state)
{
    (void)state;
    configure_tunnel((struct tunnel){.format = TUNNEL_OPAQUE});
    struct message message = odd_query();
    for (unsigned whole = 0; whole <= 1; whole++) {
        assert_int_equal(judge_query(&message, message.length, whole == 1), WIRE_QUERY);
        assert_int_equal(findings.domain->index, 0);
        assert_int_equal(findings.strength, WIRE_NO_SESSION);
    }
    struct message bare = {0};
    put_query(&bare, NULL, 0, DOMAIN);
    assert_int_equal(judge_query(&bare, bare.length, true), WIRE_QUERY);
    assert_int_equal(findings.strength, WIRE_NO_SESSION);
    for (unsigned count = 0; count <= 3; count++) {
        set16(&message, QDCOUNT_AT, count);
        assert_int_equal(judge_query(&message, message.length, true),
                         count == 1 ? WIRE_QUERY : WIRE_MALFORMED);
    }
    set16(&message, QDCOUNT_AT, 1);
    set16(&message, FLAGS_AT, 0x8000);
    assert_int_equal(judge_query(&message, message.length, true), WIRE_IGNORED_NOT_QUERY);
    struct message other = {0};
    put_query(&other, poll_payload, POLL_OCTETS, "funnel.example.com");
    assert_int_equal(judge_query(&other, other.length, true), WIRE_OTHER_DOMAIN);
}

static void test_responses_of_opaque(void **state)
{
    (void)state;
    configure_tunnel((struct tunnel){.format = TUNNEL_OPAQUE});
    struct message message = odd_query();
    for (unsigned flags = 0; flags <= UINT16_MAX; flags++) {
        set16(&message, FLAGS_AT, flags);
        bool response = (flags & 0x8000) != 0;
        assert_int_equal(judge_response(&message, message.length),
                         response ? WIRE_RESPONSE : WIRE_IGNORED_NOT_RESPONSE);
        if (response) {
            assert_int_equal(findings.domain->index, 0);
            assert_int_equal(findings.strength, WIRE_NO_SESSION);
        }
    }
    set16(&message, QDCOUNT_AT, 2);
    assert_int_equal(judge_response(&message, message.length), WIRE_IGNORED_NOT_RESPONSE);
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

#define TEST(name) cmocka_unit_test_setup(name, configure_one)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_vectors),
        TEST(test_order_of_the_rules),
        TEST(test_header_counts),
        TEST(test_edns),
        TEST(test_payload_size),
        TEST(test_edns_at_a_low_mtu),
        TEST(test_mtu_of_each_domain),
        TEST(test_types_and_opcodes),
        TEST(test_framing),
        TEST(test_what_no_encoder_writes),
        TEST(test_framing_has_a_mark),
        TEST(test_framing_any_still_needs_a_client_id),
        TEST(test_labels_and_case_carry_no_meaning),
        TEST(test_domain_is_compared_octet_by_octet),
        TEST(test_domain_begins_at_a_label),
        TEST(test_domain_does_not_begin_in_the_header),
        TEST(test_longest_domain_wins),
        TEST(test_as_many_domains_as_can_be),
        TEST(test_longest_possible_domain),
        TEST(test_longest_possible_name),
        TEST(test_truncated_messages),
        TEST(test_message_that_ends_behind_its_labels),
        TEST(test_responses),
        TEST(test_responses_of_no_session),
        TEST(test_types_of_each_tunnel),
        TEST(test_framing_any_of_each_tunnel),
        TEST(test_ids_of_vaydns),
        TEST(test_ids_of_the_others),
        TEST(test_opaque),
        TEST(test_responses_of_opaque),
        TEST(test_formats_beside_each_other),
        TEST(test_random_mutations),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
