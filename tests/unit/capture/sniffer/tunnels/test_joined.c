/* Several queries in one packet, as the kernel joins them before the tap sees them. */
#include "capture/sniffer/parse/dns.h"
#include "capture/sniffer/tunnels/rules.h"
#include "capture/sniffer/tunnels/tunnels.h"
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

#include <errno.h>
#include <stdlib.h>

enum { OTHER_LENGTH = 25 }; /* octets of a payload that is longer than a poll's */

static struct message poll(void)
{
    struct message message = {0};
    put_query(&message, poll_payload, POLL_OCTETS, DOMAIN);
    return message;
}

static struct message poll_of_other_length(void)
{
    uint8_t payload[OTHER_LENGTH] = {0};
    struct message message = {0};
    put_query(&message, payload, sizeof payload, DOMAIN);
    return message;
}

static enum wire_outcome judge_all(const struct message *message)
{
    return judge_query(message, message->length, true);
}

static void test_queries_of_one_length(void **state)
{
    (void)state;
    struct message one = poll();
    struct message joined = one;
    assert_int_equal(judge_all(&joined), WIRE_QUERY);
    while (joined.length + one.length <= sizeof joined.octets) {
        put(&joined, one.octets, one.length);
        assert_int_equal(judge_all(&joined), WIRE_IGNORED_JOINED);
    }
}

/* The last may be shorter, not longer, and it has to be whole. */
static void test_last_of_another_length(void **state)
{
    (void)state;
    struct message shorter = poll();
    struct message longer = poll_of_other_length();
    struct message joined = longer;
    put(&joined, shorter.octets, shorter.length);
    assert_int_equal(judge_all(&joined), WIRE_IGNORED_JOINED);
    for (size_t less = 1; less <= shorter.length; less++) {
        joined.length--;
        assert_int_equal(judge_all(&joined),
                         less < shorter.length ? WIRE_MALFORMED : WIRE_REJECTED_FRAMING);
    }
    joined = shorter;
    put(&joined, longer.octets, longer.length);
    assert_int_equal(judge_all(&joined), WIRE_MALFORMED);
    joined = longer;
    put(&joined, shorter.octets, shorter.length);
    put(&joined, shorter.octets, shorter.length);
    assert_int_equal(judge_all(&joined), WIRE_MALFORMED);
}

/* What is no query of a resolver's makes no two. */
static void test_not_two_queries(void **state)
{
    (void)state;
    const struct message one = poll();
    static const size_t counts[] = {QDCOUNT_AT, ANCOUNT_AT, NSCOUNT_AT};
    for (size_t part = 0; part < 2; part++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            struct message joined = one;
            put(&joined, one.octets, one.length);
            set16(&joined, part * one.length + counts[i], 2);
            assert_int_equal(judge_all(&joined), WIRE_MALFORMED);
        }
    }
    struct message joined = one;
    put(&joined, one.octets, one.length);
    joined.octets[one.length + FLAGS_AT] |= 0x80;
    assert_int_equal(judge_all(&joined), WIRE_MALFORMED);
}

/* The octets past the first message are not looked at in a fragment of one. */
static void test_first_fragment(void **state)
{
    (void)state;
    const struct message one = poll();
    struct message joined = one;
    put(&joined, one.octets, one.length);
    assert_int_equal(judge_query(&joined, joined.length, false), WIRE_QUERY);
}

static void test_each_format(void **state)
{
    (void)state;
    const struct message one = poll();
    for (int format = TUNNEL_DNSTT; format < TUNNEL_FORMATS; format++) {
        configure_tunnel((struct tunnel){.format = (enum tunnel_format)format, .clientid_size = 2});
        struct message joined = one;
        put(&joined, one.octets, one.length);
        assert_int_equal(judge_all(&joined), WIRE_IGNORED_JOINED);
    }
}

/* Of a copy that ends with the octets, so that a read past them is seen. */
static int length_of(const struct message *message, size_t length, size_t *out)
{
    uint8_t *copy = exact_copy(message->octets, length);
    int result = dns_query_length(copy, length, out);
    free(copy);
    return result;
}

static void test_length_of_a_query(void **state)
{
    (void)state;
    const struct message one = poll();
    struct message longer = one;
    put_zeros(&longer, 20);
    for (size_t length = 0; length <= longer.length; length++) {
        size_t found = SIZE_MAX;
        int result = length_of(&longer, length, &found);
        assert_int_equal(result, length < one.length ? -EBADMSG : 0);
        assert_int_equal(found, length < one.length ? SIZE_MAX : one.length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_queries_of_one_length), TEST(test_last_of_another_length),
        TEST(test_not_two_queries),       TEST(test_first_fragment),
        TEST(test_each_format),           TEST(test_length_of_a_query),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
