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

#include <stdbool.h>
#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_opaque),
        TEST(test_responses_of_opaque),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
