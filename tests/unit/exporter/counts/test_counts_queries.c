/* What queries and responses of each format are besides: a sign that their session is established,
 * bytes of it, or repeated. */
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/evidence.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/repeats.h"
#include "exporter/counts/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/counts_bench.h"

#include <stdbool.h>

/* --- Responses --- */

/* Their bytes are those of their session, where that is one; of nothing else are they a sign. */
static void test_responses_have_bytes(void **state)
{
    (void)state;
    const char *const tunnels[] = {"", "format=noizdns", "format=xdns", "format=slipstream"};
    for (unsigned i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
        begin(tunnels[i]);
        query(0, 1, WIRE_WEAK, 1);
        query(0, 1, WIRE_WEAK, 2);
        for (uint32_t second = 0; second <= SESSIONS_ESTABLISHED; second += WINDOW) {
            respond_in_every_way(1);
            respond_in_every_way(2);
            query(0, 1, WIRE_WEAK, 3);
            pass(WINDOW);
        }
        /* Of slipstream two queries were data, and a response is data nowhere. */
        const uint32_t slipstream = options.tunnels[0].format == TUNNEL_SLIPSTREAM;
        assert_sessions(0, 1, 1);
        assert_int_equal(counts.groups.entries[0].established, slipstream);
        assert_int_equal(counts.groups.entries[1].established, 0);
        pass(1);
        const struct sessions_ended *ended = &counts.sessions.ended[0];
        assert_int_equal(histogram_up_to(&ended->sent, HISTOGRAM_BUCKETS), 1);
        assert_int_equal(ended->seconds.sum, 2 * WINDOW);
        assert_int_equal(ended->received.sum, 5 * 100);
        assert_int_equal(ended->sent.sum, 3 * 4 * 200);
        end();
    }
}

/* --- Established sessions --- */

/* Two queries of a session, or one, and what they make of it once its time has passed. */
struct established_case {
    const char *keys;
    enum framing framing;
    enum wire_strength first, second; /* WIRE_NO_SESSION: there is none */
    bool same;                        /* the second is the first once more */
    bool active;
    bool established;
};

static const struct established_case established_cases[] = {
    /* Of dnstt a packet is data, and by the framing alone nobody can tell. */
    {"", FRAMING_STRICT, WIRE_WEAK, WIRE_WEAK, false, true, false},
    {"", FRAMING_STRICT, WIRE_STRONG, WIRE_NO_SESSION, false, true, true},
    {"", FRAMING_STRICT, WIRE_WEAK, WIRE_STRONG, true, true, true},
    {"", FRAMING_ANY, WIRE_WEAK, WIRE_NO_SESSION, false, true, false},
    {"", FRAMING_ANY, WIRE_WEAK, WIRE_WEAK, true, true, false},
    {"", FRAMING_ANY, WIRE_WEAK, WIRE_WEAK, false, true, true},
    /* The flag is not of noizdns. */
    {"format=noizdns", FRAMING_STRICT, WIRE_STRONG, WIRE_NO_SESSION, false, true, true},
    {"format=noizdns", FRAMING_ANY, WIRE_STRONG, WIRE_NO_SESSION, false, true, true},
    {"format=noizdns", FRAMING_ANY, WIRE_WEAK, WIRE_WEAK, false, true, false},
    /* What proves one of vaydns has data. */
    {"format=vaydns", FRAMING_STRICT, WIRE_WEAK, WIRE_WEAK, false, false, false},
    {"format=vaydns", FRAMING_STRICT, WIRE_STRONG, WIRE_NO_SESSION, false, true, true},
    {"format=vaydns", FRAMING_ANY, WIRE_WEAK, WIRE_STRONG, true, true, true},
    /* Of xdns proof and data are two things. */
    {"format=xdns", FRAMING_STRICT, WIRE_STRONG, WIRE_NO_SESSION, false, true, true},
    {"format=xdns", FRAMING_STRICT, WIRE_STRONG_POLL, WIRE_NO_SESSION, false, true, false},
    {"format=xdns", FRAMING_STRICT, WIRE_STRONG_POLL, WIRE_WEAK, false, true, false},
    {"format=xdns", FRAMING_STRICT, WIRE_STRONG_POLL, WIRE_WEAK_DATA, true, true, true},
    {"format=xdns", FRAMING_STRICT, WIRE_WEAK_DATA, WIRE_NO_SESSION, false, false, false},
    {"format=xdns", FRAMING_STRICT, WIRE_WEAK_DATA, WIRE_WEAK_DATA, true, false, false},
    {"format=xdns", FRAMING_STRICT, WIRE_WEAK_DATA, WIRE_WEAK, false, true, true},
    {"format=xdns", FRAMING_STRICT, WIRE_WEAK_DATA, WIRE_STRONG_POLL, true, true, true},
    {"format=xdns", FRAMING_ANY, WIRE_WEAK, WIRE_WEAK, false, true, false},
    /* Two polls of dnsttex count, and are no data. */
    {"format=dnsttex", FRAMING_STRICT, WIRE_STRONG, WIRE_NO_SESSION, false, true, true},
    {"format=dnsttex", FRAMING_ANY, WIRE_WEAK, WIRE_WEAK, false, true, false},
    {"format=dnsttex", FRAMING_STRICT, WIRE_WEAK, WIRE_STRONG, true, true, true},
    /* A path of slipstream that counts is enough. */
    {"format=slipstream", FRAMING_STRICT, WIRE_STRONG, WIRE_NO_SESSION, false, true, true},
    {"format=slipstream", FRAMING_STRICT, WIRE_WEAK, WIRE_WEAK, true, false, false},
    {"format=slipstream", FRAMING_STRICT, WIRE_WEAK, WIRE_WEAK, false, true, true},
};

static void run_established(const struct established_case *row)
{
    options_begin();
    options_add(row->keys);
    options.framing = row->framing;
    options.active_window = 2 * SESSIONS_ESTABLISHED;
    counts_begin();
    query(0, 1, row->first, 1);
    if (row->second != WIRE_NO_SESSION) {
        query(0, 1, row->second, row->same ? 1 : 2);
    }
    pass(SESSIONS_ESTABLISHED - 1);
    assert_sessions(0, row->active, row->active);
    assert_int_equal(counts.groups.entries[0].established, 0);
    pass(1);
    assert_sessions(0, row->active, row->active);
    assert_int_equal(counts.groups.entries[0].established, row->established);
    assert_int_equal(counts.groups.domains[0].established, row->established);
    pass(SESSIONS_ESTABLISHED + 1);
    assert_int_equal(counts.groups.domains[0].established, 0);
    assert_int_equal(histogram_up_to(&counts.sessions.ended[0].seconds, HISTOGRAM_BUCKETS),
                     row->active);
    end();
}

static void test_established_in_each_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof established_cases / sizeof *established_cases; i++) {
        run_established(&established_cases[i]);
    }
    /* And opaque, which has no sessions. */
    begin("format=opaque");
    for (uint32_t second = 0; second <= 2 * SESSIONS_ESTABLISHED; second++) {
        query_without_session(0);
        pass(1);
        assert_int_equal(counts.groups.entries[0].established, 0);
    }
    assert_int_equal(histogram_up_to(&counts.sessions.ended[0].seconds, HISTOGRAM_BUCKETS), 0);
    end();
}

/* --- Repeated queries --- */

static void assert_repeated(uint64_t unknown, uint64_t german)
{
    assert_int_equal(counts.groups.entries[0].repeated, unknown);
    assert_int_equal(counts.groups.entries[1].repeated, german);
}

/* Counted where the repeated one came from, whatever became of its session. */
static void test_repeated_queries(void **state)
{
    (void)state;
    const char *const tunnels[] = {"",
                                   "format=noizdns",
                                   "format=vaydns",
                                   "format=xdns",
                                   "format=dnsttex",
                                   "format=slipstream"};
    for (unsigned i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
        begin(tunnels[i]);
        const struct wire_record record = query_of(0, 1, WIRE_WEAK, 1);
        take_from(GEO_UNKNOWN, &record);
        take_from(germany, &record);
        assert_repeated(0, 1);
        take_from(GEO_UNKNOWN, &record);
        assert_repeated(1, 1);
        query(0, 1, WIRE_WEAK, 2); /* another content */
        query(0, 2, WIRE_WEAK, 1); /* another session */
        assert_repeated(1, 1);
        query(0, 1, WIRE_STRONG, 2);
        assert_repeated(2, 1);
        now += REPEATS_SECONDS;
        query(0, 2, WIRE_WEAK, 1);
        assert_repeated(3, 1);
        now += REPEATS_SECONDS + 1;
        query(0, 2, WIRE_WEAK, 1);
        assert_repeated(3, 1);
        assert_int_equal(counts.groups.entries[0].queries, 7);
        end();
    }
}

static void test_what_is_no_repeated_query(void **state)
{
    (void)state;
    const char *const tunnels[] = {"format=opaque", "format=dnsttex", "format=slipstream"};
    for (unsigned i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
        begin(tunnels[i]);
        for (unsigned again = 0; again < 100; again++) {
            query_without_session(0);
            respond_in_every_way(1);
            take_from(GEO_UNKNOWN,
                      &(struct wire_record){.bytes = 50, .outcome = WIRE_REJECTED_QTYPE});
        }
        assert_repeated(0, 0);
        end();
    }
}

/* A session that the full table refuses has queries all the same. */
static void test_repeated_queries_of_a_refused_session(void **state)
{
    (void)state;
    begin("format=vaydns");
    for (uint32_t number = 0; number < LIMIT; number++) {
        query(0, number, WIRE_STRONG, 1);
    }
    query(0, LIMIT, WIRE_STRONG, 1);
    assert_repeated(0, 0);
    query(0, LIMIT, WIRE_STRONG, 1);
    assert_int_equal(counts.sessions.refused, 2);
    assert_repeated(1, 0);
    end();
}

/* Of a rejected query alone, and only where it has any. */
static void test_evidence_of_another_format(void **state)
{
    (void)state;
    uint32_t code = 0;
    options_begin();
    options_add("");
    options_add("");
    counts_begin();
    for (uint64_t number = 1; number <= 2 * EVIDENCE_QUERIES; number++) {
        struct wire_record record = query_of(0, number, WIRE_STRONG, 9);
        take_from(GEO_UNKNOWN, &record);
        record.outcome = WIRE_RESPONSE;
        take_from(GEO_UNKNOWN, &record);
        record = (struct wire_record){.bytes = 100, .outcome = WIRE_REJECTED_FRAMING};
        take_from(GEO_UNKNOWN, &record);
    }
    assert_false(evidence_find(&counts.evidence[0], &code));
    for (uint64_t number = 1; number <= EVIDENCE_QUERIES; number++) {
        struct wire_record record = query_of(0, number % 2, WIRE_NO_SESSION, 9);
        record.outcome = WIRE_REJECTED_FRAMING;
        assert_false(evidence_find(&counts.evidence[0], &code));
        take_from(GEO_UNKNOWN, &record);
    }
    assert_true(evidence_find(&counts.evidence[0], &code));
    assert_int_equal(code, 9);
    assert_false(evidence_find(&counts.evidence[1], &code));
    assert_int_equal(counts.groups.domains[0].misfits, 3 * EVIDENCE_QUERIES);
    assert_int_equal(counts.sessions.used, 2 * EVIDENCE_QUERIES);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_responses_have_bytes),
        cmocka_unit_test(test_established_in_each_format),
        cmocka_unit_test(test_repeated_queries),
        cmocka_unit_test(test_what_is_no_repeated_query),
        cmocka_unit_test(test_repeated_queries_of_a_refused_session),
        cmocka_unit_test(test_evidence_of_another_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
