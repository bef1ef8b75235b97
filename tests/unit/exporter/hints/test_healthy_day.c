/* A day of healthy traffic in the formats, through the real counts and timers: at no look any hint
 * is on. The clients come and go, and for hours of the night there are none; scanners come by. */
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "common/wire.h"
#include "exporter/counts/counts.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/repeats.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/table.h"
#include "exporter/hints/hints.h"
#include "exporter/hints/watch.h"
#include "exporter/state/hints.h"
#include "exporter/state/state.h"
#include "exporter/system/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/random.h"

#include <stdbool.h>
#include <string.h>

enum {
    START = 100007,
    DAY = 86400,
    HOUR = 3600,
    CLIENTS = 60,
    NIGHT = 18 * HOUR, /* from here on nobody is there, but for one idle client at times */
};

static struct state shown;
static struct hints_watch watch;
static uint32_t now;

static const char *const tunnels[] = {
    "",
    "format=vaydns,clientid-size=2,record-type=a",
    "format=slipstream",
    "format=opaque",
    "format=xdns",
};
enum { TUNNELS = sizeof tunnels / sizeof *tunnels };

/* A client of domain index % TUNNELS; a new session each time that it comes. */
struct client {
    uint64_t number; /* of its session */
    uint32_t fingerprint;
    uint32_t until;
    uint32_t next; /* when it comes again */
    bool idle;
};

static struct client clients[CLIENTS];
static uint64_t numbers;

static void take(struct wire_record record)
{
    static const struct geo places[] = {{.country = GEO_COUNTRY('D', 'E'), .asn = 1},
                                        {.country = GEO_COUNTRY('I', 'R'), .asn = 2},
                                        {.country = GEO_COUNTRY('I', 'R'), .asn = 3}};
    shown.intake.stats.outcomes[record.outcome]++;
    shown.intake.stats.ports[0].queries += record.outcome != WIRE_RESPONSE;
    counts_take(&shown.counts, &record, places[random_below(3)], now, false);
}

static void reject(uint8_t domain, enum wire_outcome outcome)
{
    take((struct wire_record){.bytes = 60, .outcome = (uint8_t)outcome, .domain = domain});
}

/* What a query of each format shows, with data and without. */
static enum wire_strength strength_of(uint8_t domain, bool data)
{
    switch (domain) {
    case 3:
        return WIRE_NO_SESSION;
    case 2:
        return data ? WIRE_STRONG : WIRE_WEAK;
    case 4:
        return data ? WIRE_STRONG : WIRE_STRONG_POLL;
    default:
        return data ? WIRE_STRONG : WIRE_WEAK;
    }
}

/* A query and its response, sometimes the query twice, and the fragments of its name before it that
 * a minimising resolver asks for: rejected by their type, or each as if of another session. */
static void ask(struct client *client, uint8_t domain, bool minimised)
{
    const bool data = !client->idle || client->fingerprint % 10 == 0;
    const enum wire_strength strength = strength_of(domain, data);
    struct wire_record query = {.bytes = 200, .outcome = WIRE_QUERY, .strength = (uint8_t)strength};
    query.token = strength != WIRE_NO_SESSION ? random_token(client->number) : 0;
    wire_set_fingerprint(&query, domain, strength != WIRE_NO_SESSION ? ++client->fingerprint : 0);
    for (unsigned i = 0; minimised && i < 3; i++) {
        struct wire_record fragment = query;
        if (domain == 0 || domain == 2) {
            reject(domain, WIRE_REJECTED_QTYPE);
        } else if (domain != 3) {
            fragment.token = random_token(++numbers);
            fragment.strength = WIRE_WEAK;
            take(fragment);
        }
    }
    for (unsigned i = 0; i < 1 + (random_below(20) == 0); i++) {
        take(query);
        struct wire_record response = query;
        response.outcome = WIRE_RESPONSE;
        wire_set_fingerprint(&response, domain, 0);
        if (random_below(50) != 0) { /* the others are lost on their way to it */
            take(response);
        }
    }
}

static void run_client(unsigned index, uint32_t time)
{
    struct client *client = &clients[index];
    const bool night = time >= NIGHT;
    if (time >= client->next && (!night || index < TUNNELS)) {
        client->number = ++numbers;
        client->until = time + 20 + random_below(HOUR);
        client->next = client->until + 1 + random_below(night ? 3 * HOUR : HOUR);
        client->idle = night;
    }
    if (time >= client->until) {
        return;
    }
    if (client->idle ? time % 10 == index % 10 : random_below(2) == 0) {
        ask(client, (uint8_t)(index % TUNNELS), index % 3 == 0);
    }
}

/* Other people's names all day; now and then the names of a list under a domain, for minutes. */
static void run_scanners(uint32_t time)
{
    static const enum wire_outcome reasons[] = {WIRE_REJECTED_QTYPE, WIRE_REJECTED_EDNS,
                                                WIRE_REJECTED_ENCODING, WIRE_REJECTED_SHORT};
    const uint8_t domain = (uint8_t)(time / (2 * HOUR) % TUNNELS);
    if (random_below(5) == 0) {
        shown.intake.stats.ports[0].queries++;
        shown.intake.stats.outcomes[WIRE_OTHER_DOMAIN]++;
    }
    for (unsigned i = 0; time % HOUR < 240 && i < 20; i++) {
        if (domain == 3) { /* anything is one of its queries, but the server takes no such name */
            take((struct wire_record){.bytes = 60, .outcome = WIRE_QUERY, .domain = domain});
        } else if (domain == 2 && i % 2 == 0) { /* as if short headers, each of another session */
            take((struct wire_record){.token = random_token(++numbers),
                                      .bytes = 60,
                                      .outcome = WIRE_QUERY,
                                      .strength = WIRE_WEAK,
                                      .domain = domain,
                                      .fingerprint = {1}});
        } else {
            reject(domain, reasons[time / 7 % 4]);
        }
    }
}

static void start(void)
{
    shown.options = (struct options){.groups_max = 100,
                                     .sessions_max = 100000,
                                     .sessions_remember = 200000,
                                     .sessions_min_queries = 1,
                                     .active_window = 30,
                                     .domain_count = TUNNELS,
                                     .port_count = 1,
                                     .ports = {53}};
    for (unsigned i = 0; i < TUNNELS; i++) {
        const char *part = NULL;
        assert_null(tunnel_parse(tunnels[i], &shown.options.tunnels[i], &part));
        assert_int_equal(domain_parse("t.example.com", &shown.options.domains[i]), 0);
    }
    shown.web_config.successful = 1;
    now = START;
    assert_int_equal(counts_create(&shown.options, now, &shown.counts), 0);
    hints_start(&shown, now, &watch);
}

static void assert_no_hint(uint32_t time)
{
    for (uint32_t hint = 0; hint < HINTS; hint++) {
        if (shown.hints.on[hint] != 0) {
            fail_msg("second %u: %s: %s", time, hint_name(hint), shown.hints.texts[hint].seen);
        }
    }
}

static void test_a_day(void **state)
{
    (void)state;
    start();
    const struct timer timers[] = {counts_timer(&shown.counts), hints_timer(&watch)};
    for (uint32_t time = 0; time < DAY; time++) {
        now = START + time;
        run_scanners(time);
        for (unsigned i = 0; i < CLIENTS; i++) {
            run_client(i, time);
        }
        for (unsigned i = 0; i < sizeof timers / sizeof *timers; i++) {
            timers[i].run(timers[i].owner, (struct timer_now){.second = now});
        }
        assert_no_hint(time);
    }
    assert_int_equal(watch.looks, DAY / HINTS_LOOK_SECONDS);
    for (unsigned i = 0; i < TUNNELS; i++) {
        assert_true(shown.counts.groups.domains[i].queries > 10000);
    }
    assert_int_equal(shown.counts.sessions.evicted + shown.counts.sessions.refused, 0);
    table_unmap(shown.counts.sessions.slots, shown.counts.sessions.slot_count,
                sizeof(struct session_entry));
    groups_destroy(&shown.counts.groups);
    distinct_destroy(&shown.counts.distinct);
    repeats_destroy(&shown.counts.repeats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
