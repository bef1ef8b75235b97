/* Each hint: when it comes, when it goes, and what it says. */
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/exporter/hints/hints_bench.h"

#include <time.h>

enum { FIVE = HINTS_FIVE_MINUTES, TEN = HINTS_TEN_MINUTES, DAY = 86400, HOST_SLEEPS = 5000 };

static void assert_seen(enum hint hint, const char *seen, const char *advice)
{
    assert_true(is_on(hint));
    assert_string_equal(shown.hints.texts[hint].seen, seen);
    if (strstr(shown.hints.texts[hint].advice, advice) == NULL) {
        fail_msg("the advice has no: %s\n%s", advice, shown.hints.texts[hint].advice);
    }
}

/* That it comes with the last of so many looks, each after `before`. */
static void assert_comes(enum hint hint, unsigned looks, void (*before)(void))
{
    for (unsigned i = 1; i <= looks; i++) {
        assert_false(is_on(hint));
        before();
        look(1);
    }
    assert_true(is_on(hint));
}

static void nothing(void)
{
}

/* --- What comes in. */

static void test_no_packets(void **state)
{
    (void)state;
    assert_comes(HINT_NO_PACKETS, TEN, nothing);
    assert_in_range(second - START, 600, 600 + HINTS_LOOK_SECONDS);
    assert_seen(HINT_NO_PACKETS,
                "since the start no query has come in to UDP port 53 on any interface",
                "the NS record of t.example.com leads to this host");
    /* The host's own look-ups are none of them. */
    shown.intake.stats.ports[0] = (struct wire_port){.queries = 9, .loopback = 9};
    shown.intake.stats.loopback_other_domain = 9;
    look(1);
    assert_true(is_on(HINT_NO_PACKETS));
    shown.intake.stats.ports[15].queries = 1;
    look(1);
    assert_false(is_on(HINT_NO_PACKETS));
    look(1000);
    assert_false(is_on(HINT_NO_PACKETS));
}

static void test_the_port_and_interface(void **state)
{
    (void)state;
    shown.options.port_count = 2;
    memcpy(shown.options.interface, "e<\033[1m\xc3\xa4 ~!", sizeof "e<\033[1m\xc3\xa4 ~!");
    look(TEN);
    assert_seen(HINT_NO_PACKETS,
                "since the start no query has come in to UDP port 53 or the others on "
                "e<?[1m???~!",
                "");
}

static void test_no_queries(void **state)
{
    (void)state;
    shown.intake.stats.ports[0].queries = 1;
    assert_comes(HINT_NO_QUERIES, TEN, nothing);
    assert_in_range(second - START, 600, 600 + HINTS_LOOK_SECONDS);
    assert_seen(HINT_NO_QUERIES, "queries come in, but none has been under t.example.com",
                "spelled as at the server");
    assert_int_equal(on_count(), 1);
    name_domain("u.example.com");
    look(1);
    assert_seen(HINT_NO_QUERIES,
                "queries come in, but none has been under t.example.com or the other domains", "");
    shown.intake.stats.outcomes[WIRE_OTHER_DOMAIN] = 1;
    shown.intake.stats.outcomes[WIRE_RESPONSE] = 1;
    look(1);
    assert_true(is_on(HINT_NO_QUERIES));
}

static void test_any_query_under_a_domain(void **state)
{
    for (unsigned outcome = WIRE_REJECTED_FIRST; outcome <= WIRE_QUERY; outcome++) {
        bench_start(state);
        shown.intake.stats.ports[0].queries = 5;
        look(TEN);
        assert_true(is_on(HINT_NO_QUERIES));
        shown.intake.stats.outcomes[outcome] = 1;
        look(1);
        assert_int_equal(on_count(), 0);
    }
}

/* While the host sleeps nothing can come in. */
static void test_a_host_that_sleeps_at_once(void **state)
{
    (void)state;
    look(1);
    second += HOST_SLEEPS;
    const struct timer timer = hints_timer(&watch);
    assert_int_equal(timer.wait(timer.owner, (struct timer_now){.second = second}), 0);
    timer.run(timer.owner, (struct timer_now){.second = second});
    assert_int_equal(on_count(), 0);
    domains[0].queries++;
    look(1);
    assert_int_equal(on_count(), 0);
}

/* --- Formats. */

static struct wire_evidence proof = {TUNNEL_VAYDNS, 2, TUNNEL_CNAME};

static uint32_t code_of(struct wire_evidence evidence)
{
    return (uint32_t)evidence.format | (uint32_t)evidence.clientid_size << 8 |
           (uint32_t)evidence.record_type << 16;
}

/* Rejected queries with data of another format, of two sessions. */
static void prove(unsigned domain, unsigned queries)
{
    for (unsigned i = 0; i < queries; i++) {
        evidence_note(&shown.counts.evidence[domain], code_of(proof), 1 + i % 2);
        domains[domain].misfits++;
    }
}

static void test_another_format(void **state)
{
    (void)state;
    prove(0, EVIDENCE_QUERIES - 1);
    look(1);
    assert_false(is_on(HINT_OTHER_FORMAT));
    prove(0, 1);
    look(1);
    assert_seen(
        HINT_OTHER_FORMAT,
        "most queries under t.example.com are rejected, and their data is of another format",
        "start the exporter with -dnstt.tunnel "
        "t.example.com,format=vaydns,clientid-size=2,record-type=cname");
    assert_int_equal(on_count(), 1);
    domains[0].queries = EVIDENCE_QUERIES - 1;
    look(1);
    assert_true(is_on(HINT_OTHER_FORMAT));
    domains[0].queries++;
    look(1);
    assert_false(is_on(HINT_OTHER_FORMAT));
}

static void test_each_format_by_its_keys(void **state)
{
    static const struct {
        struct wire_evidence evidence;
        const char *keys;
    } cases[] = {
        {{TUNNEL_DNSTT, 0, 0}, "t.example.com,format=dnstt"},
        {{TUNNEL_DNSTTEX, 0, 0}, "t.example.com,format=dnsttex"},
        {{TUNNEL_SLIPSTREAM, 0, 0}, "t.example.com,format=slipstream"},
        {{TUNNEL_VAYDNS, 8, TUNNEL_NULL},
         "t.example.com,format=vaydns,clientid-size=8,record-type=null"},
    };
    const struct wire_evidence before = proof;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char advice[HINT_ADVICE_BYTES];
        bench_start(state);
        proof = cases[i].evidence;
        prove(0, 100);
        look(1);
        (void)snprintf(advice, sizeof advice, "start the exporter with -dnstt.tunnel %s",
                       cases[i].keys);
        assert_string_equal(shown.hints.texts[HINT_OTHER_FORMAT].advice, advice);
    }
    proof = before;
}

/* One established in the last hour shows that the format is right. */
static void test_an_established_session(void **state)
{
    (void)state;
    be_asked();
    domains[0].established = 1;
    look(1);
    domains[0].established = 0;
    prove(0, 100000);
    look(2 * HINTS_HOUR - 2);
    assert_int_equal(on_count(), 0);
    prove(0, 100000);
    look(1);
    assert_true(is_on(HINT_OTHER_FORMAT));
}

/* The hour before counts as the present one does. */
static void test_two_hours(void **state)
{
    (void)state;
    domains[0].queries = 100;
    look(HINTS_HOUR);
    prove(0, 100);
    look(1);
    assert_false(is_on(HINT_OTHER_FORMAT));
    prove(0, 1);
    look(1);
    assert_true(is_on(HINT_OTHER_FORMAT));
    look(HINTS_HOUR);
    assert_true(is_on(HINT_OTHER_FORMAT));
    domains[0].queries += 100;
    look(1);
    assert_true(is_on(HINT_OTHER_FORMAT));
    domains[0].queries++;
    look(1);
    assert_false(is_on(HINT_OTHER_FORMAT));
    prove(0, 100);
    domains[0].established = 1;
    look(1);
    assert_false(is_on(HINT_OTHER_FORMAT));
}

/* What came in one night: neither on for ever, nor on in each night that follows. */
static void test_it_is_forgotten(void **state)
{
    (void)state;
    name_domain("u.example.com");
    prove(1, 60);
    look(2);
    assert_true(is_on(HINT_OTHER_FORMAT));
    look(2 * HINTS_HOUR - 2);
    assert_false(is_on(HINT_OTHER_FORMAT)); /* by what came */
    domains[1].misfits += 2;
    look(1);
    assert_false(is_on(HINT_OTHER_FORMAT)); /* by what it proved */
}

/* A tunnel that ran for months counts no more than the last hours. */
static void test_a_server_that_changes(void **state)
{
    (void)state;
    domains[0].queries = 100000000;
    look(2 * HINTS_HOUR);
    prove(0, EVIDENCE_QUERIES);
    look(1);
    assert_true(is_on(HINT_OTHER_FORMAT));
}

static void reject_some(void)
{
    domains[0].misfits += HINTS_REJECTED_MIN;
    domains[0].queries += HINTS_REJECTED_MIN - 1;
    domains[0].responses += HINTS_REJECTED_MIN - 1;
}

static void test_none_of_the_formats(void **state)
{
    (void)state;
    be_asked();
    assert_comes(HINT_OTHER_FORMAT, TEN, reject_some);
    assert_seen(
        HINT_OTHER_FORMAT,
        "most queries under t.example.com are rejected, and prove none of the known formats",
        "compare -dnstt.tunnel with the command line of the server");
    assert_int_equal(on_count(), 1);
    look(1);
    assert_false(is_on(HINT_OTHER_FORMAT));
}

/* Each of these says that clients are read, or that no client asks. */
static void test_what_ends_the_row(void **state)
{
    for (unsigned way = 0; way < 4; way++) {
        bench_start(state);
        for (unsigned i = 1; i < TEN; i++) {
            reject_some();
            look(1);
        }
        reject_some();
        domains[0].active = way == 0;
        domains[0].queries += way == 1;
        domains[0].misfits -= way == 2;
        shown.options.tunnels[0].format = way == 3 ? TUNNEL_OPAQUE : TUNNEL_DNSTT;
        look(1);
        assert_false(is_on(HINT_OTHER_FORMAT));
        domains[0].active = 0;
        for (unsigned i = 1; i < TEN; i++) {
            reject_some();
            look(1);
            assert_false(is_on(HINT_OTHER_FORMAT));
        }
    }
}

/* --- Responses. */

static void ask_once(void)
{
    domains[0].queries++;
}

static void respond_once(void)
{
    domains[0].responses++;
}

static void test_no_responses(void **state)
{
    (void)state;
    assert_comes(HINT_NO_RESPONSES, FIVE, ask_once);
    assert_in_range(second - START, 300 + HINTS_LOOK_SECONDS, 300 + 2 * HINTS_LOOK_SECONDS);
    assert_seen(HINT_NO_RESPONSES,
                "queries under t.example.com get no response, for 5 minutes or longer",
                "it may be down or hang");
    assert_int_equal(on_count(), 1);
    ask_once();
    respond_once();
    look(1);
    assert_int_equal(on_count(), 0);
    assert_comes(HINT_NO_RESPONSES, FIVE, ask_once);
}

static void test_only_responses(void **state)
{
    (void)state;
    assert_comes(HINT_ONLY_RESPONSES, FIVE, respond_once);
    assert_seen(
        HINT_ONLY_RESPONSES,
        "responses of t.example.com leave, but their queries are not seen, for 5 minutes or longer",
        "in the network namespace of the tunnel's server");
    assert_int_equal(on_count(), 1);
    ask_once();
    look(1);
    assert_int_equal(on_count(), 0);
    domains[0].responses += 2;
    look(1);
    assert_int_equal(on_count(), 0);
    assert_comes(HINT_ONLY_RESPONSES, FIVE - 1, respond_once);
}

/* However many they were: then it is quiet, and nothing says that the server is still down. */
static void test_a_burst_before_a_quiet_night(void **state)
{
    for (unsigned way = 0; way < 2; way++) {
        bench_start(state);
        domains[0].queries += way == 0 ? 100000 : 0;
        domains[0].responses += way == 1 ? 100000 : 0;
        look(2000);
        assert_false(is_on(HINT_NO_RESPONSES));
        assert_false(is_on(HINT_ONLY_RESPONSES));
    }
}

/* Resolvers that have given a server up ask again from time to time. */
static void test_rare_queries(void **state)
{
    (void)state;
    for (unsigned i = 1; i < FIVE; i++) {
        ask_once();
        look(FIVE);
        assert_false(is_on(HINT_NO_RESPONSES));
    }
    ask_once();
    look(1);
    assert_true(is_on(HINT_NO_RESPONSES));
    look(FIVE - 1);
    assert_true(is_on(HINT_NO_RESPONSES));
    look(1);
    assert_false(is_on(HINT_NO_RESPONSES)); /* nobody asks any more */
    assert_comes(HINT_NO_RESPONSES, FIVE, ask_once);
}

/* By domain: one that is answered does not speak for another. */
static void test_each_domain_for_itself(void **state)
{
    (void)state;
    name_domain("u.example.com");
    for (unsigned i = 0; i < FIVE; i++) {
        ask_once();
        respond_once();
        domains[1].queries++;
        look(1);
    }
    assert_seen(HINT_NO_RESPONSES,
                "queries under u.example.com get no response, for 5 minutes or longer", "");
}

/* --- Ports. */

static void come(unsigned port, uint64_t queries, uint64_t loopback)
{
    shown.intake.stats.ports[port].queries += queries;
    shown.intake.stats.ports[port].loopback += loopback;
    shown.intake.stats.outcomes[WIRE_QUERY] += queries;
}

static bool is_doubled(uint64_t outer, uint64_t outer_loopback, uint64_t inner,
                       uint64_t inner_loopback)
{
    bench_start(NULL);
    shown.options.ports[1] = 5300;
    shown.options.port_count = 2;
    come(0, outer, outer_loopback);
    come(1, inner, inner_loopback);
    look(1);
    return is_on(HINT_DOUBLED);
}

static void test_doubled(void **state)
{
    (void)state;
    assert_true(is_doubled(1000, 0, 1000, 1000));
    assert_seen(HINT_DOUBLED,
                "port 5300 gets from loopback as many queries as port 53 from the world: each "
                "counts twice",
                "leave out -dnstt.port 5300");
    assert_int_equal(on_count(), 1);
    look(WINDOW_SAMPLES - 2);
    assert_true(is_on(HINT_DOUBLED));
    look(1);
    assert_false(is_on(HINT_DOUBLED));
    assert_true(is_doubled(1000, 1000, 1000, 0)); /* in either order */
    assert_seen(HINT_DOUBLED,
                "port 53 gets from loopback as many queries as port 5300 from the world: each "
                "counts twice",
                "leave out -dnstt.port 53");
}

static void test_doubled_within_bounds(void **state)
{
    (void)state;
    assert_true(is_doubled(1000, 0, 900, 900));
    assert_false(is_doubled(1000, 0, 899, 899));
    assert_true(is_doubled(900, 0, 1000, 1000));
    assert_false(is_doubled(899, 0, 1000, 1000));
    assert_true(is_doubled(100, 0, 100, 100));
    assert_false(is_doubled(99, 0, 99, 99));
    assert_false(is_doubled(1000, 0, 1000, 999));
    assert_false(is_doubled(1000, 1000, 1000, 1000));
    assert_false(is_doubled(1000, 0, 1000, 0));
    assert_true(is_doubled(5000, 4000, 1000, 1000)); /* the host's own look-ups aside */
    assert_false(is_doubled(1000, 500, 1000, 1000));
    assert_false(is_doubled(0, 1000, 1000, 1000)); /* no such account is true */
}

/* By what came in the last minutes, whatever came before. */
static void test_doubled_later(void **state)
{
    (void)state;
    shown.options.port_count = 3;
    come(0, 7000, 10);
    come(1, 100, 20);
    come(2, 900, 30);
    look(2 * WINDOW_SAMPLES);
    assert_false(is_on(HINT_DOUBLED));
    come(0, 1000, 0);
    come(1, 1000, 1000);
    come(2, 500, 100);
    look(1);
    assert_true(is_on(HINT_DOUBLED));
}

/* --- Networks, sessions. */

static void test_edns(void **state)
{
    (void)state;
    shown.counts.groups.group_count = 1;
    for (unsigned i = 0; i < NETWORKS_WATCHES_MIN * (NETWORKS_WATCH_LOOKS + 1); i++) {
        assert_false(is_on(HINT_EDNS));
        entries[0].rejected[WIRE_REJECTED_EDNS - WIRE_REJECTED_FIRST] += 5;
        look(1);
    }
    assert_seen(
        HINT_EDNS,
        "most queries through one of the ten largest networks are refused for their EDNS size",
        "-mtu 512");
    look(NETWORKS_WATCH_LOOKS + 1);
    assert_false(is_on(HINT_EDNS));
}

static void turn_one_away(void)
{
    shown.counts.sessions.evicted++;
}

static void refuse_one(void)
{
    shown.counts.sessions.refused++;
}

static void test_a_full_table(void **state)
{
    assert_comes(HINT_FORGED_FLOOD, FIVE, turn_one_away);
    assert_seen(HINT_FORGED_FLOOD, "for 5 minutes the table of active sessions has been full",
                "raise -sessions.max");
    look(1);
    assert_false(is_on(HINT_FORGED_FLOOD));
    bench_start(state);
    assert_comes(HINT_FORGED_FLOOD, FIVE, refuse_one);
}

static void test_unproved_sessions(void **state)
{
    (void)state;
    domains[0].active = 2 * HINTS_SESSIONS_MIN - 1;
    shown.counts.sessions.proved = HINTS_SESSIONS_MIN - 1;
    assert_comes(HINT_FORGED_FLOOD, FIVE, nothing);
    assert_seen(HINT_FORGED_FLOOD,
                "for 5 minutes most sessions have sent one query and no more, as forged ones do",
                "-sessions.min-queries 2");
    shown.counts.sessions.proved++;
    look(1);
    assert_false(is_on(HINT_FORGED_FLOOD));
    domains[0].active += 2;
    assert_comes(HINT_FORGED_FLOOD, FIVE, nothing);
    shown.counts.sessions.proved++;
    look(1);
    assert_false(is_on(HINT_FORGED_FLOOD));
    domains[0].active = HINTS_SESSIONS_MIN - 1;
    shown.counts.sessions.proved = 0;
    look(2 * FIVE);
    assert_false(is_on(HINT_FORGED_FLOOD));
}

/* Names that only look like a session's, in a format that counts none before its second query. */
static void test_sessions_that_do_not_count(void **state)
{
    (void)state;
    shown.counts.sessions.used = 100000;
    look(2 * FIVE);
    assert_int_equal(on_count() - is_on(HINT_NO_PACKETS), 0);
}

/* --- What the metrics show by themselves. */

static void test_interfaces_changed(void **state)
{
    (void)state;
    shown.interfaces_changed = 1;
    look(1);
    assert_seen(HINT_INTERFACES_CHANGED,
                "an interface has changed since the start: packets may count twice or not at all",
                "restart the exporter");
    shown.interfaces_changed = 0;
    look(1);
    assert_int_equal(on_count(), 0);
}

static void test_packets_lost(void **state)
{
    (void)state;
    shown.intake.stats.outcomes[WIRE_KERNEL_DROPPED] = 1;
    look(1);
    assert_seen(HINT_PACKETS_LOST,
                "packets were lost in the last 5 minutes, as the ring was full: counts are too low",
                "-capture.ring-size");
    look(WINDOW_SAMPLES - 2);
    assert_true(is_on(HINT_PACKETS_LOST));
    look(1);
    assert_false(is_on(HINT_PACKETS_LOST));
}

static void test_old_databases(void **state)
{
    (void)state;
    const uint64_t today = (uint64_t)time(NULL);
    built[GEOIP_COUNTRY] = today - (DATABASE_DAYS + 1) * DAY + 60;
    built[GEOIP_ASN] = today + DAY;
    look(1);
    assert_int_equal(on_count(), 0);
    built[GEOIP_COUNTRY] -= 120;
    look(1);
    assert_seen(HINT_GEOIP_STALE, "the country database was built more than 45 days ago",
                "has stopped");
    built[GEOIP_COUNTRY] = 0;
    built[GEOIP_ASN] = 1;
    look(1);
    assert_seen(HINT_GEOIP_STALE, "the ASN database was built more than 45 days ago", "");
    built[GEOIP_ASN] = 0; /* there is none */
    look(1);
    assert_int_equal(on_count(), 0);
}

static void test_databases_that_cannot_be_loaded(void **state)
{
    (void)state;
    shown.databases[GEOIP_ASN].file.successful = 0;
    look(1);
    assert_int_equal(on_count(), 0);
    built[GEOIP_ASN] = (uint64_t)time(NULL);
    look(1);
    assert_seen(HINT_GEOIP_FAILED,
                "the new ASN database cannot be loaded; the older one is still in use", "the log");
    shown.databases[GEOIP_ASN].file.successful = 1;
    look(1);
    assert_int_equal(on_count(), 0);
    built[GEOIP_COUNTRY] = built[GEOIP_ASN];
    shown.databases[GEOIP_COUNTRY].file.successful = 0;
    look(1);
    assert_seen(HINT_GEOIP_FAILED,
                "the new country database cannot be loaded; the older one is still in use", "");
}

static void test_web_config(void **state)
{
    (void)state;
    shown.web_config.successful = 0;
    look(1);
    assert_seen(HINT_WEB_CONFIG_FAILED,
                "the new web configuration cannot be loaded; the older one is still in use",
                "the log names the file");
    shown.web_config.successful = 1;
    look(1);
    assert_int_equal(on_count(), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, bench_start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_packets),
        TEST(test_the_port_and_interface),
        TEST(test_no_queries),
        TEST(test_any_query_under_a_domain),
        TEST(test_a_host_that_sleeps_at_once),
        TEST(test_another_format),
        TEST(test_each_format_by_its_keys),
        TEST(test_an_established_session),
        TEST(test_two_hours),
        TEST(test_it_is_forgotten),
        TEST(test_a_server_that_changes),
        TEST(test_none_of_the_formats),
        TEST(test_what_ends_the_row),
        TEST(test_no_responses),
        TEST(test_only_responses),
        TEST(test_a_burst_before_a_quiet_night),
        TEST(test_rare_queries),
        TEST(test_each_domain_for_itself),
        TEST(test_doubled),
        TEST(test_doubled_within_bounds),
        TEST(test_doubled_later),
        TEST(test_edns),
        TEST(test_a_full_table),
        TEST(test_unproved_sessions),
        TEST(test_sessions_that_do_not_count),
        TEST(test_interfaces_changed),
        TEST(test_packets_lost),
        TEST(test_old_databases),
        TEST(test_databases_that_cannot_be_loaded),
        TEST(test_web_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
