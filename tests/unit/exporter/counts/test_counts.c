/* The rules by which sessions of each format count, from the record on. */
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/history.h"
#include "exporter/counts/sessions.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/counts_bench.h"

#include <stdbool.h>

/* --- vaydns --- */

/* Ids of two bytes come again and again, each for a session of its own. */
static void test_short_ids_count_anew(void **state)
{
    (void)state;
    enum { SESSIONS = 100000, IDS = 65536 };
    begin("format=vaydns");
    for (uint32_t number = 0; number < SESSIONS; number++) {
        query(0, number % IDS, WIRE_STRONG, 1);
        query(0, number % IDS, WIRE_WEAK, 2);
        assert_sessions(0, 1, number + 1);
        now += WINDOW + 1;
    }
    assert_nothing_remembered();
    assert_int_equal(counts.groups.domains[0].peak, 1);
    assert_int_equal(counts.groups.entries[0].queries, 2 * SESSIONS);
    pass(1);
    assert_sessions(0, 0, SESSIONS);
    assert_int_equal(counts.sessions.used, 0);
    end();
}

/* Within its window an id is one session, however often it shows itself. */
static void test_short_id_within_its_window(void **state)
{
    (void)state;
    begin("format=vaydns");
    for (unsigned i = 0; i < 100; i++) {
        query(0, 1, i % 2 == 0 ? WIRE_STRONG : WIRE_WEAK, (uint8_t)i);
        assert_sessions(0, 1, 1);
        pass(WINDOW);
    }
    assert_sessions(0, 1, 1);
    pass(1);
    assert_sessions(0, 0, 1);
    query(0, 1, WIRE_WEAK, 1);
    assert_sessions(0, 0, 1);
    query(0, 1, WIRE_STRONG, 1);
    assert_sessions(0, 1, 2);
    assert_nothing_remembered();
    end();
}

static void test_long_ids_count_once(void **state)
{
    (void)state;
    begin("format=vaydns,clientid-size=8");
    for (unsigned i = 0; i < 10; i++) {
        query(0, 1, WIRE_STRONG, (uint8_t)i);
        assert_sessions(0, 1, 1);
        pass(WINDOW + 1);
        assert_sessions(0, 0, 1);
    }
    assert_int_equal(counts.distinct.current.used, 1);
    end();
}

static void test_weak_queries_make_no_session(void **state)
{
    (void)state;
    enum { FORGED = 100000 };
    for (unsigned long_ids = 0; long_ids < 2; long_ids++) {
        begin(long_ids ? "format=vaydns,clientid-size=8" : "format=vaydns");
        for (uint32_t number = 0; number < FORGED; number++) {
            query(0, number, WIRE_WEAK, 1);
            query(0, number, WIRE_WEAK, 2);
            now += number % 1000 == 0;
        }
        assert_sessions(0, 0, 0);
        assert_int_equal(counts.groups.domains[0].peak, 0);
        assert_nothing_remembered();
        query(0, FORGED - 1, WIRE_STRONG, 3);
        assert_sessions(0, 1, 1);
        assert_int_equal(counts.groups.domains[0].peak, 1);
        assert_int_equal(counts.distinct.current.used, long_ids);
        assert_int_equal(counts.groups.entries[0].queries, 2 * FORGED + 1);
        end();
    }
}

/* --- Queries without a session --- */

static void test_no_session(void **state)
{
    (void)state;
    const char *const tunnels[] = {"format=opaque",  "format=vaydns",     "format=xdns",
                                   "format=dnsttex", "format=slipstream", ""};
    enum { TUNNELS = sizeof tunnels / sizeof *tunnels, QUERIES = 1000 };
    options_begin();
    for (unsigned i = 0; i < TUNNELS; i++) {
        options_add(tunnels[i]);
    }
    counts_begin();
    for (unsigned i = 0; i < QUERIES; i++) {
        for (uint8_t domain = 0; domain < TUNNELS; domain++) {
            query_without_session(domain);
        }
        now += i % 100 == 0;
    }
    for (uint8_t domain = 0; domain < TUNNELS; domain++) {
        assert_sessions(domain, 0, 0);
        assert_int_equal(counts.groups.domains[domain].peak, 0);
        assert_int_equal(counts.groups.entries[domain].queries, QUERIES);
        assert_int_equal(counts.groups.entries[domain].bytes_in, 100 * QUERIES);
    }
    assert_int_equal(counts.sessions.used, 0);
    assert_int_equal(counts.sessions.evicted, 0);
    assert_int_equal(counts.sessions.refused, 0);
    assert_nothing_remembered();
    end();
}

/* --- A full table --- */

static void test_unproved_cannot_push_out_proved(void **state)
{
    (void)state;
    enum { PROVED = 200, FORGED = 20000 };
    begin("format=vaydns");
    for (uint32_t number = 0; number < PROVED; number++) {
        query(0, number, WIRE_STRONG, 1);
    }
    for (uint32_t number = 0; number < FORGED; number++) {
        query(0, PROVED + number, WIRE_WEAK, 1);
        now += number % 1000 == 0; /* 20 s in all: none ends by itself */
    }
    assert_sessions(0, PROVED, PROVED);
    assert_int_equal(counts.sessions.used, LIMIT);
    assert_int_equal(counts.sessions.evicted, PROVED + FORGED - LIMIT);
    assert_int_equal(counts.sessions.refused, 0);

    /* Each is still there: its own weak query keeps it, and none counts again. */
    for (uint32_t number = 0; number < PROVED; number++) {
        query(0, number, WIRE_WEAK, 2);
    }
    assert_int_equal(counts.sessions.evicted, PROVED + FORGED - LIMIT);
    pass(WINDOW);
    assert_sessions(0, PROVED, PROVED);
    end();
}

static void test_refused_where_all_are_proved(void **state)
{
    (void)state;
    begin("format=vaydns");
    for (uint32_t number = 0; number < LIMIT; number++) {
        query(0, number, WIRE_STRONG, 1);
    }
    for (uint32_t number = 0; number < LIMIT; number++) {
        query(0, LIMIT + number, WIRE_STRONG, 1);
    }
    assert_sessions(0, LIMIT, LIMIT);
    assert_int_equal(counts.sessions.evicted, 0);
    assert_int_equal(counts.sessions.refused, LIMIT);
    end();
}

/* --- Windows --- */

static void test_each_domain_has_its_window(void **state)
{
    (void)state;
    enum { SHORT = 10, LONG = 60 };
    options_begin();
    options_add("active-window=60s");
    options_add("format=vaydns,active-window=10s");
    options_add("format=xdns");
    counts_begin();
    for (uint8_t domain = 0; domain < 3; domain++) {
        query(domain, domain, WIRE_STRONG, 1);
    }
    for (uint32_t second = 1; second <= LONG + 1; second++) {
        pass(1);
        assert_sessions(0, second <= LONG, 1);
        assert_sessions(1, second <= SHORT, 1);
        assert_sessions(2, second <= WINDOW, 1);
    }
    assert_int_equal(counts.sessions.used, 0);
    end();
}

/* A query of one does not keep that of another, and a pause ends those that it is long enough
 * for. */
static void test_windows_over_a_pause(void **state)
{
    (void)state;
    options_begin();
    options_add("active-window=1h");
    options_add("active-window=10s");
    counts_begin();
    query(0, 0, WIRE_WEAK, 1);
    query(1, 1, WIRE_WEAK, 1);
    now += 3600;
    query(1, 2, WIRE_WEAK, 1);
    assert_sessions(0, 1, 1);
    assert_sessions(1, 1, 2);
    now++;
    query(1, 2, WIRE_WEAK, 1);
    assert_sessions(0, 0, 1);
    assert_sessions(1, 1, 2);
    end();
}

/* --- xdns --- */

static void test_xdns(void **state)
{
    (void)state;
    begin("format=xdns");
    for (unsigned i = 0; i < 10; i++) {
        query(0, 1, WIRE_WEAK, 7);
    }
    assert_sessions(0, 0, 0);
    query(0, 1, WIRE_WEAK, 8);
    assert_sessions(0, 1, 1);

    /* One strong query is enough. */
    query(0, 2, WIRE_STRONG, 7);
    assert_sessions(0, 2, 2);

    /* Once it has ended, what it sent before proves nothing; and it is no new session. */
    pass(WINDOW + 1);
    query(0, 1, WIRE_WEAK, 7);
    assert_sessions(0, 0, 2);
    query(0, 1, WIRE_WEAK, 8);
    assert_sessions(0, 1, 2);
    assert_int_equal(counts.distinct.current.used, 2);
    end();
}

/* --- slipstream and dnsttex --- */

/* A Handshake or a packet of data at once, and weak queries once two of them differ. */
static void test_strong_or_a_second_query(void **state)
{
    (void)state;
    const char *const tunnels[] = {"format=slipstream", "format=dnsttex"};
    for (unsigned i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
        begin(tunnels[i]);
        query(0, 1, WIRE_STRONG, 7);
        assert_sessions(0, 1, 1);
        /* One that resolvers send again and again. */
        for (unsigned again = 0; again < 10; again++) {
            query(0, 2, WIRE_WEAK, 7);
        }
        assert_sessions(0, 1, 1);
        query(0, 2, WIRE_WEAK, 8);
        assert_sessions(0, 2, 2);
        /* Weak first, then strong, of the same name. */
        query(0, 3, WIRE_WEAK, 7);
        assert_sessions(0, 2, 2);
        query(0, 3, WIRE_STRONG, 7);
        assert_sessions(0, 3, 3);
        assert_int_equal(counts.distinct.current.used, 3);

        /* Once they have ended, what they sent before proves nothing; and they are no new ones. */
        pass(WINDOW + 1);
        query(0, 2, WIRE_WEAK, 8);
        assert_sessions(0, 0, 3);
        query(0, 2, WIRE_WEAK, 9);
        query(0, 1, WIRE_STRONG, 9);
        assert_sessions(0, 2, 3);
        end();
    }
}

/* An Initial or a probe is a query, and nothing else of it remains. */
static void test_queries_without_a_session(void **state)
{
    (void)state;
    const char *const tunnels[] = {"format=slipstream", "format=dnsttex"};
    for (unsigned i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
        begin(tunnels[i]);
        for (unsigned count = 1; count <= 5; count++) {
            query_without_session(0);
            assert_int_equal(counts.groups.entries[0].queries, count);
            assert_int_equal(counts.sessions.used, 0);
            assert_nothing_remembered();
        }
        /* It proves nothing of a session beside it. */
        query(0, 1, WIRE_WEAK, 7);
        query_without_session(0);
        query(0, 1, WIRE_WEAK, 7);
        assert_sessions(0, 0, 0);
        assert_int_equal(counts.sessions.used, 1);
        end();
    }
}

/* --- Responses --- */

static void test_responses_change_no_session(void **state)
{
    (void)state;
    const char *const tunnels[] = {"", "format=vaydns", "format=xdns", "format=slipstream",
                                   "format=dnsttex"};
    for (unsigned i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
        const uint32_t counted_at_once = i == 0;
        begin(tunnels[i]);
        respond_in_every_way(1);
        assert_sessions(0, 0, 0);
        assert_int_equal(counts.sessions.used, 0);

        /* It is not proved, not moved, and ends as if there had been none. */
        query(0, 1, WIRE_WEAK, 1);
        respond_in_every_way(1);
        assert_sessions(0, counted_at_once, counted_at_once);
        assert_int_equal(counts.groups.entries[1].active, 0);
        pass(WINDOW);
        respond_in_every_way(1);
        assert_int_equal(counts.sessions.used, 1);
        pass(1);
        assert_int_equal(counts.sessions.used, 0);
        assert_sessions(0, 0, counted_at_once);

        query(0, 2, WIRE_STRONG, 1);
        respond_in_every_way(2);
        assert_sessions(0, 1, 1 + counted_at_once);
        assert_int_equal(counts.groups.entries[1].responses, 8);
        assert_int_equal(counts.groups.entries[1].sessions, 0);
        end();
    }
}

/* --- dnstt --- */

static void test_dnstt(void **state)
{
    (void)state;
    const char *const tunnels[] = {"", "format=noizdns"};
    for (unsigned i = 0; i < 4; i++) {
        const enum wire_strength strength = i % 2 == 0 ? WIRE_WEAK : WIRE_STRONG;
        begin(tunnels[i / 2]);
        query(0, 1, strength, 7);
        assert_sessions(0, 1, 1);
        query(0, 1, strength, 8);
        assert_sessions(0, 1, 1);
        pass(WINDOW + 1);
        assert_sessions(0, 0, 1);
        query(0, 1, strength, 9);
        assert_sessions(0, 1, 1);
        assert_int_equal(counts.distinct.current.used, 1);
        end();
    }
}

static void test_dnstt_from_the_second_query(void **state)
{
    (void)state;
    const char *const tunnels[] = {"", "format=noizdns"};
    for (unsigned i = 0; i < 4; i++) {
        const enum wire_strength strength = i % 2 == 0 ? WIRE_WEAK : WIRE_STRONG;
        options_begin();
        options_add(tunnels[i / 2]);
        options.sessions_min_queries = 2;
        counts_begin();
        query(0, 1, strength, 7);
        query(0, 1, strength, 7);
        assert_sessions(0, 0, 0);
        assert_nothing_remembered();
        query(0, 1, strength, 8);
        assert_sessions(0, 1, 1);
        pass(WINDOW + 1);
        query(0, 1, strength, 8);
        assert_sessions(0, 0, 1);
        query(0, 1, strength, 7);
        assert_sessions(0, 1, 1);
        end();
    }
}

/* How many queries are asked for is a matter of dnstt: the others have rules of their own. */
static void test_min_queries_is_of_dnstt(void **state)
{
    (void)state;
    options_begin();
    options_add("format=vaydns");
    options_add("format=xdns");
    options_add("format=dnsttex");
    options_add("format=slipstream");
    options.sessions_min_queries = 2;
    counts_begin();
    for (uint8_t domain = 0; domain < options.domain_count; domain++) {
        query(domain, domain, WIRE_STRONG, 7);
        assert_sessions(domain, 1, 1);
    }
    end();
}

/* --- The last hour --- */

/* It shows those that count, not all that the table holds. */
static void test_history_is_of_those_that_count(void **state)
{
    (void)state;
    uint32_t samples[HISTORY_SAMPLES];
    begin("format=vaydns");
    for (uint32_t number = 0; number < 100; number++) {
        query(0, number, WIRE_WEAK, 1);
    }
    pass(1);
    history_read(&counts.histories[HISTORY_HOUR], now, samples);
    assert_int_equal(samples[HISTORY_SAMPLES - 1], 0);
    query(0, 5, WIRE_STRONG, 1);
    pass(1);
    history_read(&counts.histories[HISTORY_HOUR], now, samples);
    assert_int_equal(samples[HISTORY_SAMPLES - 1], 1);
    assert_int_equal(counts.sessions.used, 100);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_ids_count_anew),
        cmocka_unit_test(test_short_id_within_its_window),
        cmocka_unit_test(test_long_ids_count_once),
        cmocka_unit_test(test_weak_queries_make_no_session),
        cmocka_unit_test(test_no_session),
        cmocka_unit_test(test_unproved_cannot_push_out_proved),
        cmocka_unit_test(test_refused_where_all_are_proved),
        cmocka_unit_test(test_each_domain_has_its_window),
        cmocka_unit_test(test_windows_over_a_pause),
        cmocka_unit_test(test_xdns),
        cmocka_unit_test(test_strong_or_a_second_query),
        cmocka_unit_test(test_queries_without_a_session),
        cmocka_unit_test(test_responses_change_no_session),
        cmocka_unit_test(test_dnstt),
        cmocka_unit_test(test_dnstt_from_the_second_query),
        cmocka_unit_test(test_min_queries_is_of_dnstt),
        cmocka_unit_test(test_history_is_of_those_that_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
