/* A table of sessions, with groups of four domains around it, and what holds of any such table.
 * Include after cmocka. */
#ifndef TESTS_UNIT_SESSION_BENCH_H
#define TESTS_UNIT_SESSION_BENCH_H

#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/sessions.h"
#include "exporter/counts/table.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DOMAINS = 4,
    GROUPS_EACH = 3,
    GROUPS = DOMAINS * GROUPS_EACH,
    WINDOW = 30,
    REMEMBER = 1000000,
    FINGERPRINTS = 1 << 21, /* an entry keeps no more bits */
    QUERY_BYTES = 100,
};

/* The sessions' rules point into it: it is not to be moved. */
struct bench {
    struct distinct distinct;
    struct groups groups;
    struct sessions_rule rules[DOMAINS];
    struct sessions sessions;
};

/* With the rules as they are in the bench. The first groups are the domains' unknown places; group
 * g is of domain g % DOMAINS. */
static inline void bench_start_by(struct bench *bench, uint32_t limit, uint32_t now)
{
    assert_int_equal(distinct_create(REMEMBER, &bench->distinct), 0);
    assert_int_equal(groups_create(DOMAINS, 100, &bench->groups), 0);
    for (uint32_t group = DOMAINS; group < GROUPS; group++) {
        struct geo place = {.country = GEO_COUNTRY('D', 'E'), .asn = group};
        assert_int_equal(groups_find(&bench->groups, (uint8_t)(group % DOMAINS), place), group);
    }
    assert_int_equal(sessions_create(limit, bench->rules, now, &bench->distinct, &bench->groups,
                                     &bench->sessions),
                     0);
}

/* All domains with dnstt's rule: a session counts at once, and a second query proves it. */
static inline void bench_start(struct bench *bench, uint32_t limit, uint32_t window, uint32_t now)
{
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        bench->rules[domain] = (struct sessions_rule){
            .first = true, .second = true, .lasting = true, .window = window};
    }
    bench_start_by(bench, limit, now);
}

static inline void bench_end(struct bench *bench)
{
    table_unmap(bench->sessions.slots, bench->sessions.slot_count, sizeof(struct session_entry));
    groups_destroy(&bench->groups);
    distinct_destroy(&bench->distinct);
}

static inline struct wire_record query_record(uint64_t token, uint32_t fingerprint, uint8_t domain,
                                              enum wire_strength strength)
{
    struct wire_record query = {
        .token = token, .bytes = QUERY_BYTES, .outcome = WIRE_QUERY, .strength = (uint8_t)strength};
    wire_set_fingerprint(&query, domain, fingerprint);
    return query;
}

/* A query in a group, and so under its domain. */
static inline void ask_so(struct bench *bench, uint64_t token, uint32_t fingerprint, uint32_t group,
                          enum wire_strength strength, uint32_t now)
{
    const struct wire_record query =
        query_record(token, fingerprint, (uint8_t)(group % DOMAINS), strength);
    sessions_query(&bench->sessions, &query, group, now);
}

/* A weak one. */
static inline void ask(struct bench *bench, uint64_t token, uint32_t fingerprint, uint32_t group,
                       uint32_t now)
{
    ask_so(bench, token, fingerprint, group, WIRE_WEAK, now);
}

static inline void answer(struct bench *bench, uint64_t token, uint16_t bytes)
{
    const struct wire_record response = {
        .token = token, .bytes = bytes, .outcome = WIRE_RESPONSE, .strength = WIRE_STRONG};
    sessions_response(&bench->sessions, &response);
}

static inline const struct session_entry *find(const struct sessions *sessions, uint64_t token)
{
    for (uint64_t slot = 0; slot < sessions->slot_count; slot++) {
        if (sessions->slots[slot].token == token) {
            return &sessions->slots[slot];
        }
    }
    return NULL;
}

static inline uint32_t first_of(const struct session_entry *entry)
{
    return (uint32_t)entry->first_high << 16 | (uint32_t)entry->first_low;
}

/* What holds of an entry by itself. */
static inline void assert_sound_entry(const struct sessions *sessions,
                                      const struct session_entry *entry)
{
    assert_true(entry->group < GROUPS);
    assert_int_equal(entry->counted,
                     entry->proved || sessions->rules[entry->group % DOMAINS].first);
    assert_int_equal(entry->established,
                     entry->counted && entry->data &&
                         sessions->swept - first_of(entry) >= SESSIONS_ESTABLISHED);
}

/* That the groups' values are those of the entries. */
static inline void assert_sound_groups(const struct bench *bench)
{
    uint32_t active[GROUPS] = {0};
    uint32_t established[GROUPS] = {0};
    struct group_domain domains[DOMAINS] = {{0}};
    for (uint64_t slot = 0; slot < bench->sessions.slot_count; slot++) {
        const struct session_entry *entry = &bench->sessions.slots[slot];
        if (entry->token != 0) {
            active[entry->group] += entry->counted;
            established[entry->group] += entry->established;
        }
    }
    for (uint32_t group = 0; group < GROUPS; group++) {
        assert_int_equal(bench->groups.entries[group].active, active[group]);
        assert_int_equal(bench->groups.entries[group].established, established[group]);
        domains[group % DOMAINS].active += active[group];
        domains[group % DOMAINS].established += established[group];
    }
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        assert_int_equal(bench->groups.domains[domain].active, domains[domain].active);
        assert_int_equal(bench->groups.domains[domain].established, domains[domain].established);
    }
}

/* What holds of any table, and that the groups' values are those of its entries. */
static inline void assert_sound(const struct bench *bench)
{
    const struct sessions *sessions = &bench->sessions;
    uint64_t used = 0;
    uint64_t proved = 0;
    /* How many slots before this one are occupied without a gap, around the end too. */
    uint64_t run = 0;
    for (uint64_t slot = sessions->slot_count; slot-- > 0 && sessions->slots[slot].token != 0;) {
        run++;
    }
    for (uint64_t slot = 0; slot < sessions->slot_count; slot++) {
        const struct session_entry *entry = &sessions->slots[slot];
        if (entry->token == 0) {
            run = 0;
            continue;
        }
        uint64_t home = table_home(entry->token, sessions->slot_count);
        assert_true(table_distance(home, slot, sessions->slot_count) <= run);
        assert_sound_entry(sessions, entry);
        used++;
        proved += entry->proved;
        run++;
    }
    assert_int_equal(used, sessions->used);
    assert_int_equal(proved, sessions->proved);
    assert_true(used <= sessions->limit);
    assert_true(used * 5 <= sessions->slot_count * 4);
    assert_sound_groups(bench);
}

#endif
