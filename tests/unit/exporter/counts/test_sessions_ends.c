/* When a session is established, and what is noted of it as it ends: the edges, one by one. */
#include "common/wire.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/table.h"

#include "tests/unit/map_control.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/session_bench.h"

#include <string.h>

enum { LONG_WINDOW = 100, HOUR = 3600 };

/* Where a clock of 16 bits, and one of 32, is near its end. */
static const uint32_t begins[] = {0,     100,    65536 - 61, 65536 - 60,       65536 - 59,
                                  65535, 131072, 4294901760, UINT32_MAX - 400, 3000000};

enum { BEGINS = sizeof begins / sizeof *begins };

static void assert_established(const struct bench *bench, uint32_t group, uint32_t of_group)
{
    assert_int_equal(bench->groups.entries[group].established, of_group);
    assert_sound(bench);
}

/* That so many ended in a domain, and what they had together. */
static void assert_ended(const struct bench *bench, uint8_t domain, uint64_t count,
                         uint64_t seconds, uint64_t received, uint64_t sent)
{
    const struct sessions_ended *ended = &bench->sessions.ended[domain];
    assert_int_equal(histogram_up_to(&ended->seconds, HISTOGRAM_BUCKETS), count);
    assert_int_equal(histogram_up_to(&ended->received, HISTOGRAM_BUCKETS), count);
    assert_int_equal(histogram_up_to(&ended->sent, HISTOGRAM_BUCKETS), count);
    assert_int_equal(ended->seconds.sum, seconds);
    assert_int_equal(ended->received.sum, received);
    assert_int_equal(ended->sent.sum, sent);
}

/* --- Established --- */

/* Of itself, at 60 s to the second. */
static void test_a_sweep_establishes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BEGINS; i++) {
        struct bench bench;
        const uint32_t begin = begins[i];
        bench_start(&bench, 1000, LONG_WINDOW, begin);
        ask_so(&bench, 5, 1, 0, WIRE_STRONG, begin);
        for (uint32_t second = 1; second <= LONG_WINDOW; second++) {
            sessions_sweep(&bench.sessions, begin + second);
            assert_established(&bench, 0, second >= SESSIONS_ESTABLISHED);
        }
        assert_int_equal(bench.groups.domains[0].established, 1);
        sessions_sweep(&bench.sessions, begin + LONG_WINDOW + 1);
        assert_established(&bench, 0, 0);
        assert_ended(&bench, 0, 1, 0, QUERY_BYTES, 0);
        bench_end(&bench);
    }
}

/* A query, its own or another's, finds that the second has begun. */
static void test_a_query_sweeps_first(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * BEGINS; i++) {
        struct bench bench;
        const uint32_t begin = begins[i / 2];
        const uint64_t who = i % 2 == 0 ? 5 : 6;
        bench_start(&bench, 1000, LONG_WINDOW, begin);
        ask_so(&bench, 5, 1, 0, WIRE_STRONG, begin);
        ask(&bench, who, 1, 0, begin + SESSIONS_ESTABLISHED - 1);
        assert_established(&bench, 0, 0);
        ask(&bench, who, 1, 0, begin + SESSIONS_ESTABLISHED);
        assert_established(&bench, 0, 1);
        ask(&bench, who, 1, 0, begin + SESSIONS_ESTABLISHED);
        assert_established(&bench, 0, 1);
        bench_end(&bench);
    }
}

/* The query that brings them does not wait for the next second. */
static void test_data_that_come_late(void **state)
{
    (void)state;
    static const struct {
        uint32_t second; /* of the data */
        bool at_once;
    } rows[] = {{58, false}, {59, false}, {60, true}, {61, true}, {99, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench bench;
        bench_start(&bench, 1000, LONG_WINDOW, 100);
        for (uint32_t second = 0; second < rows[i].second; second++) {
            ask(&bench, 5, second, 0, 100 + second);
            assert_established(&bench, 0, 0);
        }
        sessions_sweep(&bench.sessions, 100 + rows[i].second);
        assert_established(&bench, 0, 0);
        ask_so(&bench, 5, 1, 0, WIRE_STRONG, 100 + rows[i].second);
        assert_established(&bench, 0, rows[i].at_once);
        sessions_sweep(&bench.sessions, 100 + SESSIONS_ESTABLISHED);
        assert_established(&bench, 0, 1);
        bench_end(&bench);
    }
}

/* Of xdns: data in a query that anybody could have written, and a proof that has none. */
static void test_proof_and_data_apart(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, LONG_WINDOW, 100);
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        bench.rules[domain].first = false;
        bench.rules[domain].strong = true;
    }
    ask_so(&bench, 5, 1, 0, WIRE_WEAK_DATA, 100);   /* data first, */
    ask_so(&bench, 6, 1, 1, WIRE_STRONG_POLL, 100); /* or the proof, */
    ask_so(&bench, 7, 1, 2, WIRE_WEAK_DATA, 100);   /* or data and then a second query. */
    sessions_sweep(&bench.sessions, 170);
    for (uint32_t group = 0; group < 3; group++) {
        assert_established(&bench, group, 0);
        assert_int_equal(bench.groups.entries[group].active, group == 1);
    }
    ask_so(&bench, 5, 1, 0, WIRE_STRONG_POLL, 170);
    ask_so(&bench, 6, 1, 1, WIRE_WEAK_DATA, 170);
    ask_so(&bench, 7, 2, 2, WIRE_WEAK, 170);
    for (uint32_t group = 0; group < 3; group++) {
        assert_established(&bench, group, 1);
        assert_int_equal(bench.groups.entries[group].active, 1);
    }
    bench_end(&bench);
}

/* Where what proves a session is data, nothing else is. */
static void test_any_data(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, LONG_WINDOW, 100);
    bench.rules[0].any_data = true;
    ask_so(&bench, 5, 1, 0, WIRE_STRONG, 100);
    sessions_sweep(&bench.sessions, 160);
    assert_int_equal(bench.groups.entries[0].active, 1);
    assert_established(&bench, 0, 0);
    ask_so(&bench, 5, 1, 0, WIRE_WEAK_DATA, 161);
    assert_established(&bench, 0, 0);
    ask(&bench, 5, 2, 0, 162);
    assert_established(&bench, 0, 1);
    bench_end(&bench);
}

static void test_established_ones_move(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, LONG_WINDOW, 100);
    ask_so(&bench, 5, 1, 0, WIRE_STRONG, 100);
    ask_so(&bench, 6, 1, 0, WIRE_STRONG, 101);
    sessions_sweep(&bench.sessions, 160);
    assert_established(&bench, 0, 1);
    ask(&bench, 5, 2, DOMAINS, 160);
    ask(&bench, 6, 2, DOMAINS, 160);
    assert_established(&bench, 0, 0);
    assert_established(&bench, DOMAINS, 1);
    assert_int_equal(bench.groups.domains[0].established, 1);
    assert_int_equal(bench.groups.domains[0].peak, 2);

    /* Only a lying peer has it that a session changes its domain: it ends where it was last. */
    ask(&bench, 5, 3, 1, 161);
    assert_established(&bench, DOMAINS, 1);
    assert_established(&bench, 1, 1);
    sessions_sweep(&bench.sessions, 160 + LONG_WINDOW + 1);
    assert_established(&bench, DOMAINS, 0);
    sessions_sweep(&bench.sessions, 161 + LONG_WINDOW + 1);
    assert_established(&bench, 1, 0);
    assert_ended(&bench, 0, 1, 59, 2 * QUERY_BYTES, 0);
    assert_ended(&bench, 1, 1, 61, 3 * QUERY_BYTES, 0);
    bench_end(&bench);
}

/* It was gone, so its time begins again. */
static void test_one_that_returns(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 100);
    for (uint32_t second = 0; second <= SESSIONS_ESTABLISHED; second++) {
        ask_so(&bench, 5, second, 0, WIRE_STRONG, 100 + second);
    }
    assert_established(&bench, 0, 1);
    ask(&bench, 5, 1, 0, 160 + WINDOW + 1);
    assert_established(&bench, 0, 0);
    assert_int_equal(bench.groups.entries[0].active, 1);
    assert_ended(&bench, 0, 1, 60, 61 * QUERY_BYTES, 0);
    ask(&bench, 5, 2, 0, 161 + 2 * WINDOW);
    ask(&bench, 5, 3, 0, 161 + 3 * WINDOW);
    assert_established(&bench, 0, 0); /* without data */
    ask_so(&bench, 5, 3, 0, WIRE_STRONG, 161 + 3 * WINDOW);
    assert_established(&bench, 0, 1);
    bench_end(&bench);
}

/* --- Responses --- */

/* The entry as it is, but for the bytes of the responses. */
static void test_responses_count_their_bytes(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 100);
    bench.rules[1].first = false;
    ask(&bench, 5, 1, 0, 100);
    ask(&bench, 6, 1, 1, 100);
    const struct session_entry before[] = {*find(&bench.sessions, 5), *find(&bench.sessions, 6)};
    for (uint64_t token = 5; token <= 7; token++) {
        answer(&bench, token, 12);
        answer(&bench, token, WIRE_MESSAGE_BYTES_MAX);
    }
    assert_null(find(&bench.sessions, 7));
    assert_int_equal(bench.sessions.used, 2);
    for (uint64_t token = 5; token <= 6; token++) {
        struct session_entry after = *find(&bench.sessions, token);
        assert_int_equal(after.sent, 12 + WIRE_MESSAGE_BYTES_MAX);
        after.sent = 0;
        assert_memory_equal(&after, &before[token - 5], sizeof after);
    }
    assert_sound(&bench);
    /* They end as if there had been none; one that never counted leaves no trace. */
    sessions_sweep(&bench.sessions, 100 + WINDOW);
    assert_int_equal(bench.sessions.used, 2);
    sessions_sweep(&bench.sessions, 100 + WINDOW + 1);
    assert_int_equal(bench.sessions.used, 0);
    assert_ended(&bench, 0, 1, 0, QUERY_BYTES, 12 + WIRE_MESSAGE_BYTES_MAX);
    assert_ended(&bench, 1, 0, 0, 0, 0);
    answer(&bench, 5, 12);
    assert_int_equal(bench.sessions.used, 0);
    bench_end(&bench);
}

/* More bytes than 32 bits hold. */
static void test_many_bytes(void **state)
{
    (void)state;
    enum { MANY = 70000 };
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 100);
    struct wire_record query = query_record(5, 1, 0, WIRE_STRONG);
    query.bytes = WIRE_MESSAGE_BYTES_MAX;
    for (unsigned i = 0; i < MANY; i++) {
        sessions_query(&bench.sessions, &query, 0, 100);
        answer(&bench, 5, WIRE_MESSAGE_BYTES_MAX - 1);
    }
    sessions_sweep(&bench.sessions, 1000);
    assert_ended(&bench, 0, 1, 0, UINT64_C(65527) * MANY, UINT64_C(65526) * MANY);
    assert_int_equal(bench.sessions.ended[0].sent.counts[HISTOGRAM_BUCKETS], 1);
    bench_end(&bench);
}

/* --- Ends --- */

/* Each domain has its own. */
static void test_domains_have_their_own(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 100);
    for (uint32_t group = 0; group < GROUPS; group++) {
        for (uint32_t i = 0; i <= group; i++) {
            ask(&bench, 5 + group, i, group, 100 + i);
        }
    }
    sessions_sweep(&bench.sessions, 100 + GROUPS + WINDOW);
    for (uint8_t domain = 0; domain < DOMAINS; domain++) {
        const uint64_t seconds = (uint64_t)GROUPS_EACH * domain + 3 * DOMAINS;
        assert_ended(&bench, domain, GROUPS_EACH, seconds, (seconds + GROUPS_EACH) * QUERY_BYTES,
                     0);
    }
    bench_end(&bench);
}

/* A pause ends all at once, however long it was, and the time until the latest query is the same.
 */
static void test_a_pause_ends_all(void **state)
{
    (void)state;
    static const uint32_t pauses[] = {LONG_WINDOW + 1,     LONG_WINDOW + 2, 65535, 65536,
                                      65536 + LONG_WINDOW, 98304,           131072};
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        struct bench bench;
        const uint32_t begin = 65536 - 20;
        bench_start(&bench, 1000, LONG_WINDOW, begin);
        bench.rules[1].window = 40;
        bench.rules[2].first = false;
        ask_so(&bench, 5, 1, 0, WIRE_STRONG, begin);
        for (uint32_t domain = 0; domain < 3; domain++) {
            ask(&bench, 6 + domain, 1, domain, begin + 40);
        }
        ask(&bench, 5, 1, 0, begin + 65);
        ask(&bench, 6, 2, 0, begin + 70);
        assert_established(&bench, 0, 1);
        sessions_sweep(&bench.sessions, begin + 75);
        sessions_sweep(&bench.sessions, begin + 75 + pauses[i]);
        assert_int_equal(bench.sessions.used, 0);
        for (uint8_t domain = 0; domain < DOMAINS; domain++) {
            assert_established(&bench, domain, 0);
        }
        assert_ended(&bench, 0, 2, 65 + 30, 4 * QUERY_BYTES, 0);
        assert_ended(&bench, 1, 1, 0, QUERY_BYTES, 0);
        assert_ended(&bench, 2, 0, 0, 0, 0);
        bench_end(&bench);
    }
}

/* Longer than a clock of 16 bits goes: 18 hours. */
static void test_days(void **state)
{
    (void)state;
    enum { DAYS = 5, STEPS = DAYS * 24 };
    for (unsigned i = 0; i < BEGINS; i++) {
        struct bench bench;
        const uint32_t begin = begins[i] > UINT32_MAX / 2 ? UINT32_MAX / 2 : begins[i];
        bench_start(&bench, 1000, SESSIONS_WINDOW_MAX, begin);
        for (uint32_t step = 0; step <= STEPS; step++) {
            ask_so(&bench, 5, step, step % 3 * DOMAINS, WIRE_STRONG, begin + step * HOUR);
            answer(&bench, 5, 1000);
        }
        assert_int_equal(bench.groups.domains[0].established, 1);
        sessions_sweep(&bench.sessions, begin + STEPS * HOUR + SESSIONS_WINDOW_MAX + 1);
        assert_ended(&bench, 0, 1, STEPS * HOUR, (STEPS + 1) * QUERY_BYTES, (STEPS + 1) * 1000);
        assert_int_equal(bench.sessions.ended[0].seconds.counts[HISTOGRAM_BUCKETS], 1);
        bench_end(&bench);
    }
}

/* They ended too, if not of themselves; those that never counted did not begin. */
static void test_evicted_ones(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 2; first++) {
        struct bench bench;
        bench_start(&bench, 2, LONG_WINDOW, 100);
        bench.rules[0].first = first;
        ask_so(&bench, 5, 1, 0, WIRE_STRONG, 100);
        ask_so(&bench, 5, 1, 0, WIRE_STRONG, 170);
        answer(&bench, 5, 50);
        assert_established(&bench, 0, first);
        ask(&bench, 6, 1, 1, 180);
        ask(&bench, 6, 2, 1, 180);
        ask(&bench, 7, 1, 1, 190);
        assert_int_equal(bench.sessions.evicted, 1);
        assert_null(find(&bench.sessions, 5));
        assert_established(&bench, 0, 0);
        assert_ended(&bench, 0, first, 70 * first, 2 * QUERY_BYTES * first, 50 * first);
        assert_ended(&bench, 1, 0, 0, 0, 0);
        bench_end(&bench);
    }
}

/* A table that grows takes all of an entry along. */
static void test_growth_keeps_all(void **state)
{
    (void)state;
    enum { SESSIONS = 3 * TABLE_SLOTS_SMALL };
    struct bench bench;
    uint64_t sent = 0;
    bench_start(&bench, SESSIONS, SESSIONS_WINDOW_MAX, 65536 - 100);
    for (uint32_t number = 0; number < SESSIONS; number++) {
        ask_so(&bench, random_token(number), number, 0, number % 3 == 0 ? WIRE_STRONG : WIRE_WEAK,
               65536 - 100 + number / 100);
        answer(&bench, random_token(number), (uint16_t)(12 + number % 60000));
        sent += 12 + number % 60000;
    }
    uint64_t seconds = 0;
    for (uint32_t number = 0; number < SESSIONS; number++) {
        const struct session_entry *entry = find(&bench.sessions, random_token(number));
        assert_int_equal(entry->sent, 12 + number % 60000);
        assert_int_equal(first_of(entry), 65536 - 100 + number / 100);
        assert_int_equal(entry->data, number % 3 == 0);
        ask(&bench, random_token(number), number, 0, 65536 - 100 + 2000);
        seconds += 2000 - number / 100;
    }
    assert_established(&bench, 0, SESSIONS / 3);
    sessions_sweep(&bench.sessions, 65536 + 2000 + SESSIONS_WINDOW_MAX);
    assert_ended(&bench, 0, SESSIONS, seconds, UINT64_C(2) * SESSIONS * QUERY_BYTES, sent);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sweep_establishes),
        cmocka_unit_test(test_a_query_sweeps_first),
        cmocka_unit_test(test_data_that_come_late),
        cmocka_unit_test(test_proof_and_data_apart),
        cmocka_unit_test(test_any_data),
        cmocka_unit_test(test_established_ones_move),
        cmocka_unit_test(test_one_that_returns),
        cmocka_unit_test(test_responses_count_their_bytes),
        cmocka_unit_test(test_many_bytes),
        cmocka_unit_test(test_domains_have_their_own),
        cmocka_unit_test(test_a_pause_ends_all),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_evicted_ones),
        cmocka_unit_test(test_growth_keeps_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
