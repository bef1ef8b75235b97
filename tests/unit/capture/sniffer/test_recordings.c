/* Recordings of clients and servers, frame by frame, against what was counted beside them. */
#include "common/tunnel.h"
#include "common/wire.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/classifier.h"
#include "tests/unit/recording.h"

#include <stdio.h>

/* What a recording holds, as classified. */
struct account {
    unsigned outcomes[WIRE_OUTCOMES];
    unsigned bytes[WIRE_OUTCOMES];
    unsigned strengths[WIRE_STRENGTHS]; /* of queries */
    unsigned frames;
    uint64_t tokens[8];
    unsigned sessions;
};

static void count_session(struct account *account, uint64_t token)
{
    for (unsigned i = 0; i < account->sessions; i++) {
        if (account->tokens[i] == token) {
            return;
        }
    }
    assert_in_range(account->sessions, 0, 7);
    account->tokens[account->sessions++] = token;
}

/* Classifies each frame of a recording, and reads the truth beside it. */
static struct account judge_with_truth(const char *name, char truth[TRUTH_SIZE])
{
    struct account account = {0};
    struct recorded recorded;
    truth_open(name, truth);
    FILE *file = recording_open(name);
    while (recording_next(file, &recorded)) {
        const enum wire_outcome outcome = recorded.outcome;
        account.frames++;
        account.outcomes[outcome]++;
        if (outcome >= WIRE_REJECTED_FIRST) {
            account.bytes[outcome] += record.bytes;
        }
        if (outcome == WIRE_QUERY) {
            account.strengths[record.strength]++;
            if (record.strength != WIRE_NO_SESSION) {
                count_session(&account, record.token);
            }
        }
    }
    return account;
}

static void test_recordings(void **state)
{
    (void)state;
    static const char *const names[] = {"1c-direct", "1c-direct-frag", "2c-direct-drop10",
                                        "2c-direct-v6", "3c-unbound"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char truth[TRUTH_SIZE];
        struct account account = judge_with_truth(names[i], truth);

        assert_in_range(account.frames, 100, 10000);
        assert_int_equal(account.frames, read_truth(truth, "frames"));
        assert_int_equal(account.outcomes[WIRE_QUERY], read_truth(truth, "q_tunnel"));
        assert_int_equal(account.bytes[WIRE_QUERY], read_truth(truth, "tunnel_in_bytes"));
        assert_int_equal(account.outcomes[WIRE_RESPONSE], read_truth(truth, "tunnel_out"));
        assert_int_equal(account.bytes[WIRE_RESPONSE], read_truth(truth, "tunnel_out_bytes"));
        assert_int_equal(account.outcomes[WIRE_REJECTED_QTYPE], read_truth(truth, "q_non_txt"));
        assert_int_equal(account.strengths[WIRE_STRONG], read_truth(truth, "data"));
        assert_int_equal(account.strengths[WIRE_WEAK], read_truth(truth, "poll"));
        assert_int_equal(account.sessions, read_truth(truth, "distinct_client_ids"));
        assert_int_equal(account.outcomes[WIRE_IGNORED_FRAGMENT],
                         read_truth(truth, "ip_fragments") / 2);
        assert_int_equal(account.outcomes[WIRE_IGNORED_NOT_RESPONSE],
                         read_truth(truth, "udp_out") - read_truth(truth, "tunnel_out"));
        assert_int_equal(account.outcomes[WIRE_MALFORMED], 0);
        assert_int_equal(account.outcomes[WIRE_OTHER_DOMAIN], 0);
    }
}

static void assert_counted_as_in_truth(const struct account *account, const char *truth)
{
    assert_in_range(account->frames, 100, 10000);
    assert_int_equal(account->outcomes[WIRE_QUERY], read_truth(truth, "queries"));
    assert_int_equal(account->bytes[WIRE_QUERY], read_truth(truth, "bytes_in"));
    assert_int_equal(account->sessions, read_truth(truth, "sessions"));
    assert_int_equal(account->outcomes[WIRE_RESPONSE], read_truth(truth, "responses"));
    assert_int_equal(account->bytes[WIRE_RESPONSE], read_truth(truth, "bytes_out"));
    assert_int_equal(account->outcomes[WIRE_REJECTED_QTYPE], read_truth(truth, "rejected_qtype"));
    assert_int_equal(account->outcomes[WIRE_REJECTED_FRAMING],
                     read_truth(truth, "rejected_framing"));
    assert_int_equal(account->outcomes[WIRE_IGNORED_NOT_RESPONSE],
                     read_truth(truth, "not_response"));
    assert_int_equal(account->outcomes[WIRE_MALFORMED], 0);
    assert_int_equal(account->outcomes[WIRE_OTHER_DOMAIN], 0);
}

static void assert_as_in_truth(const struct account *account, const char *truth)
{
    assert_int_equal(account->strengths[WIRE_STRONG], read_truth(truth, "data"));
    assert_int_equal(account->strengths[WIRE_WEAK], read_truth(truth, "poll"));
    assert_counted_as_in_truth(account, truth);
}

/* Of vaydns's own client and server, in its own format and in dnstt's. */
static void test_recordings_of_vaydns(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct tunnel tunnel;
    } recordings[] = {
        {"vay-1c-null", {.format = TUNNEL_VAYDNS, .record_type = TUNNEL_NULL, .clientid_size = 2}},
        {"vay-2c-compat", {.format = TUNNEL_DNSTT}},
        {"vay-2c-id4", {.format = TUNNEL_VAYDNS, .clientid_size = 4}},
        {"vay-2c-unbound-a",
         {.format = TUNNEL_VAYDNS, .record_type = TUNNEL_A, .clientid_size = 2}},
        {"vay-3c-direct", {.format = TUNNEL_VAYDNS, .clientid_size = 2}},
        {"vay-3c-unbound", {.format = TUNNEL_VAYDNS, .clientid_size = 2}},
    };
    for (size_t i = 0; i < sizeof recordings / sizeof *recordings; i++) {
        options.tunnels[1] = recordings[i].tunnel;
        classifier_make(&options, &classifier);
        char truth[TRUTH_SIZE];
        struct account account = judge_with_truth(recordings[i].name, truth);
        assert_as_in_truth(&account, truth);
    }
}

/* Of two clients with three resolvers: each pair of them that meets is a path of its own. */
static void test_recording_of_slipstream(void **state)
{
    (void)state;
    char truth[TRUTH_SIZE];
    options.tunnels[1] = (struct tunnel){.format = TUNNEL_SLIPSTREAM};
    classifier_make(&options, &classifier);
    struct account account = judge_with_truth("slip-2conn-3paths", truth);
    assert_int_equal(account.strengths[WIRE_NO_SESSION], read_truth(truth, "initial"));
    assert_int_equal(account.strengths[WIRE_STRONG], read_truth(truth, "handshake"));
    assert_int_equal(account.strengths[WIRE_WEAK], read_truth(truth, "path"));
    assert_counted_as_in_truth(&account, truth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_recordings),
        TEST(test_recordings_of_vaydns),
        TEST(test_recording_of_slipstream),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
