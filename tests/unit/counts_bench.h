/* All counts of a few domains, the records that come, and the timer. Include after cmocka. */
#ifndef TESTS_UNIT_COUNTS_BENCH_H
#define TESTS_UNIT_COUNTS_BENCH_H

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
#include "exporter/system/timer.h"

#include "tests/unit/random.h"

#include <stdint.h>

enum { LIMIT = 1000, REMEMBER = 200000, WINDOW = 30, NOW = 1000 };

/* The tests' clock: seconds. */
static uint32_t now;
static struct counts counts;
static struct options options;

static inline void counts_begin(void)
{
    now = NOW;
    assert_int_equal(counts_create(&options, now, &counts), 0);
}

static inline void options_begin(void)
{
    options = (struct options){.groups_max = 100,
                               .sessions_max = LIMIT,
                               .sessions_remember = REMEMBER,
                               .sessions_min_queries = 1,
                               .active_window = WINDOW};
}

static inline void options_add(const char *keys)
{
    const char *part = NULL;
    assert_null(tunnel_parse(keys, &options.tunnels[options.domain_count], &part));
    options.domain_count++;
}

/* Counts of one domain, of a tunnel with these keys. */
static inline void begin(const char *keys)
{
    options_begin();
    options_add(keys);
    counts_begin();
}

static inline void end(void)
{
    table_unmap(counts.sessions.slots, counts.sessions.slot_count, sizeof(struct session_entry));
    groups_destroy(&counts.groups);
    distinct_destroy(&counts.distinct);
    repeats_destroy(&counts.repeats);
}

/* --- What comes, and what is counted of it --- */

static const struct geo germany = {.country = GEO_COUNTRY('D', 'E'), .asn = 64496};

static inline void take_from(struct geo place, const struct wire_record *record)
{
    counts_prefetch(&counts, record);
    counts_take(&counts, record, place, now, counts.groups.min_clients != 0);
}

static inline struct wire_record query_of(uint8_t domain, uint64_t number,
                                          enum wire_strength strength, uint8_t fingerprint)
{
    return (struct wire_record){.token = random_token(number),
                                .bytes = 100,
                                .outcome = WIRE_QUERY,
                                .strength = (uint8_t)strength,
                                .domain = domain,
                                .fingerprint = {fingerprint}};
}

static inline void query(uint8_t domain, uint64_t number, enum wire_strength strength,
                         uint8_t fingerprint)
{
    const struct wire_record record = query_of(domain, number, strength, fingerprint);
    take_from(GEO_UNKNOWN, &record);
}

static inline void query_without_session(uint8_t domain)
{
    const struct wire_record record = {.bytes = 100, .outcome = WIRE_QUERY, .domain = domain};
    take_from(GEO_UNKNOWN, &record);
}

static inline void response_from(struct geo place, uint64_t number, enum wire_strength strength)
{
    const struct wire_record record = {.token = random_token(number),
                                       .bytes = 200,
                                       .outcome = WIRE_RESPONSE,
                                       .strength = (uint8_t)strength};
    take_from(place, &record);
}

/* The exporter's own timer, as its loop runs it each second. */
static inline void pass(uint32_t seconds)
{
    struct timer timer = counts_timer(&counts);
    for (uint32_t i = 0; i < seconds; i++) {
        now++;
        timer.run(timer.owner, (struct timer_now){.second = now});
    }
}

/* Of the domain's first group, where all without a place are. */
static inline void assert_sessions(uint8_t domain, uint32_t active, uint64_t sessions)
{
    assert_int_equal(counts.groups.entries[domain].active, active);
    assert_int_equal(counts.groups.domains[domain].active, active);
    assert_int_equal(counts.groups.entries[domain].sessions, sessions);
}

static inline void assert_nothing_remembered(void)
{
    assert_int_equal(counts.distinct.current.used, 0);
    assert_int_equal(counts.distinct.previous.used, 0);
    assert_int_equal(counts.distinct.forgotten, 0);
}

static inline void respond_in_every_way(uint64_t number)
{
    response_from(GEO_UNKNOWN, number, WIRE_WEAK);
    response_from(germany, number, WIRE_WEAK);
    response_from(GEO_UNKNOWN, number, WIRE_STRONG);
    response_from(germany, number, WIRE_STRONG);
}

#endif
