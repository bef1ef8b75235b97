/* What follows the ClientID in dnstt. */
#include "capture/sniffer/tunnels/tunnels.h"
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

enum { PADDING_MAX = 16 };

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_framing),
        TEST(test_what_no_encoder_writes),
        TEST(test_framing_has_a_mark),
        TEST(test_framing_any_still_needs_a_client_id),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
