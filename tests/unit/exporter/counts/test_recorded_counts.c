/* Recordings of clients and servers, from frame to counts by the recordings' own clock: repeated
 * queries against a naive list of names, and what each session received and sent. */
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/repeats.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/table.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/classifier.h"
#include "tests/unit/message.h"
#include "tests/unit/recording.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 4096, NAME_SIZE = 256 };

/* The names of a recording's queries, and when each was seen last. */
static struct {
    char name[NAME_SIZE];
    uint32_t second;
} names[NAMES_MAX];

static unsigned name_count;
static struct counts counts;

/* What the names alone say. */
struct account {
    uint64_t repeated;                 /* queries of sessions */
    uint64_t repeated_without_session; /* and those that name none */
    uint64_t bytes_without_session;
    uint64_t responses_without_session;
    uint32_t begin;
    uint32_t second; /* the latest */
};

/* The query's name as it came, in small letters: resolvers mix them. */
static void read_name(const struct message *packet, char out[NAME_SIZE])
{
    const size_t ip = protocol_of(packet) == ETH_P_IP ? (packet->octets[0] & 15u) * 4 : 40;
    const uint8_t *name = packet->octets + ip + 8 + 12;
    size_t length = 0;
    memset(out, 0, NAME_SIZE);
    while (name[length] != 0) {
        const size_t end = length + 1 + name[length];
        assert_in_range(end, 1, NAME_SIZE - 1);
        out[length] = (char)name[length];
        for (length++; length < end; length++) {
            out[length] = (char)tolower(name[length]);
        }
    }
}

/* Whether the name was seen in the last ten seconds; from now on it was. */
static bool see_name(const struct message *packet, uint32_t second)
{
    char name[NAME_SIZE];
    read_name(packet, name);
    for (unsigned i = 0; i < name_count; i++) {
        if (memcmp(names[i].name, name, NAME_SIZE) == 0) {
            const bool recent = second - names[i].second <= REPEATS_SECONDS;
            names[i].second = second;
            return recent;
        }
    }
    assert_in_range(name_count, 0, NAMES_MAX - 1);
    memcpy(names[name_count].name, name, NAME_SIZE);
    names[name_count++].second = second;
    return false;
}

static void count_recorded(const struct recorded *recorded, struct account *account)
{
    const bool session = record.strength != WIRE_NO_SESSION;
    if (recorded->outcome == WIRE_QUERY) {
        const bool again = see_name(&recorded->packet, recorded->second);
        account->repeated += session && again;
        account->repeated_without_session += !session && again;
        account->bytes_without_session += session ? 0 : record.bytes;
    } else if (recorded->outcome == WIRE_RESPONSE) {
        account->responses_without_session += session ? 0 : record.bytes;
    }
    counts_prefetch(&counts, &record);
    counts_take(&counts, &record, GEO_UNKNOWN, recorded->second, false);
}

/* All of its records, to the counts. */
static struct account run_recording(const char *name)
{
    struct account account = {0};
    struct recorded recorded;
    name_count = 0;
    FILE *file = recording_open(name);
    while (recording_next(file, &recorded)) {
        if (account.begin == 0) {
            account.begin = recorded.second;
            assert_int_equal(counts_create(&options, recorded.second, &counts), 0);
        }
        account.second = recorded.second;
        if (recorded.outcome >= WIRE_REJECTED_FIRST) {
            count_recorded(&recorded, &account);
            /* At each step, so that no two errors make up for each other. */
            assert_int_equal(counts.groups.entries[1].repeated, account.repeated);
        }
    }
    return account;
}

static void end(void)
{
    table_unmap(counts.sessions.slots, counts.sessions.slot_count, sizeof(struct session_entry));
    groups_destroy(&counts.groups);
    distinct_destroy(&counts.distinct);
    repeats_destroy(&counts.repeats);
}

static unsigned either(const char *truth, const char *key, const char *other)
{
    return read_truth(truth, truth_has(truth, key) ? key : other);
}

static unsigned read_sessions(const char *truth)
{
    return either(truth, "sessions", "distinct_client_ids");
}

/* All sessions end, with all the bytes that came of sessions. */
static void assert_ended(const struct account *account, const char *truth)
{
    const struct sessions_ended *ended = &counts.sessions.ended[1];
    sessions_sweep(&counts.sessions, account->second + options.active_window + 1);
    assert_int_equal(histogram_up_to(&ended->seconds, HISTOGRAM_BUCKETS), read_sessions(truth));
    assert_int_equal(ended->received.sum + account->bytes_without_session,
                     either(truth, "bytes_in", "tunnel_in_bytes"));
    assert_int_equal(ended->sent.sum + account->responses_without_session,
                     either(truth, "bytes_out", "tunnel_out_bytes"));
    assert_in_range(ended->seconds.sum, 1,
                    read_sessions(truth) * (uint64_t)(account->second - account->begin));
    assert_int_equal(counts.groups.domains[1].established, 0);
}

static const struct recording {
    const char *name;
    struct tunnel tunnel;
    unsigned repeated; /* queries of a session whose name was seen */
} recordings[] = {
    {"1c-direct", {.format = TUNNEL_DNSTT}, 0},
    {"1c-direct-frag", {.format = TUNNEL_DNSTT}, 0},
    {"2c-direct-drop10", {.format = TUNNEL_DNSTT}, 0},
    {"2c-direct-v6", {.format = TUNNEL_DNSTT}, 0},
    {"3c-unbound", {.format = TUNNEL_DNSTT}, 49},
    {"vay-1c-null", {.format = TUNNEL_VAYDNS, .record_type = TUNNEL_NULL, .clientid_size = 2}, 0},
    {"vay-2c-compat", {.format = TUNNEL_DNSTT}, 39},
    {"vay-2c-id4", {.format = TUNNEL_VAYDNS, .clientid_size = 4}, 45},
    {"vay-2c-unbound-a",
     {.format = TUNNEL_VAYDNS, .record_type = TUNNEL_A, .clientid_size = 2},
     42},
    {"vay-3c-direct", {.format = TUNNEL_VAYDNS, .clientid_size = 2}, 0},
    {"vay-3c-unbound", {.format = TUNNEL_VAYDNS, .clientid_size = 2}, 157},
    {"slip-2conn-3paths", {.format = TUNNEL_SLIPSTREAM}, 177},
};

static void test_recordings(void **state)
{
    (void)state;
    options.groups_max = 100;
    options.sessions_max = 1000;
    options.sessions_remember = 1000;
    options.sessions_min_queries = 1;
    options.active_window = 30;
    for (size_t i = 0; i < sizeof recordings / sizeof *recordings; i++) {
        const struct recording *recording = &recordings[i];
        char truth[TRUTH_SIZE];
        truth_open(recording->name, truth);
        options.tunnels[1] = recording->tunnel;
        classifier_make(&options, &classifier);
        const struct account account = run_recording(recording->name);
        assert_int_equal(account.repeated, recording->repeated);
        assert_int_equal(account.repeated_without_session, 0); /* their names are new */
        if (truth_has(truth, "names_seen_again")) {
            assert_int_equal(account.repeated, read_truth(truth, "names_seen_again"));
        }
        assert_ended(&account, truth);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_recordings),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
