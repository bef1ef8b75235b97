#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/geo.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/sessions.h"

#include "exporter/counts/table.h"
#include "tests/support/figure.h"
#include "tests/unit/map_control.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/session_bench.h"

#include <string.h>

static void assert_figures(const struct bench *bench, uint32_t group, uint32_t active,
                           uint32_t peak, uint64_t sessions)
{
    assert_int_equal(bench->groups.entries[group].active, active);
    assert_int_equal(bench->groups.entries[group].peak, peak);
    assert_int_equal(bench->groups.entries[group].sessions, sessions);
}

/* A retry, by whatever resolver, is no second query; the second counts where it came from. */
static void test_from_the_second_on(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 100);
    bench.rules[0].first = false;
    ask(&bench, 5, 1, 0, 100);
    ask(&bench, 5, 1, DOMAINS, 101);
    assert_figures(&bench, 0, 0, 0, 0);
    assert_figures(&bench, DOMAINS, 0, 0, 0);
    ask(&bench, 5, 2, 2 * DOMAINS, 102);
    assert_figures(&bench, DOMAINS, 0, 0, 0);
    assert_figures(&bench, 2 * DOMAINS, 1, 1, 1);
    assert_int_equal(groups_active(&bench.groups), 1);
    ask(&bench, 5, 1, 2 * DOMAINS, 103);
    assert_figures(&bench, 2 * DOMAINS, 1, 1, 1);

    /* It leaves and comes back: two queries again, and no new session. */
    sessions_sweep(&bench.sessions, 103 + WINDOW + 1);
    assert_figures(&bench, 2 * DOMAINS, 0, 1, 1);
    ask(&bench, 5, 1, 2 * DOMAINS, 1000);
    assert_figures(&bench, 2 * DOMAINS, 0, 1, 1);
    ask(&bench, 5, 2, 2 * DOMAINS, 1000);
    assert_figures(&bench, 2 * DOMAINS, 1, 1, 1);

    /* One that never was in the figures leaves them as they are. */
    ask(&bench, 6, 1, 2 * DOMAINS, 1001);
    ask(&bench, 5, 3, 2 * DOMAINS, 1020);
    sessions_sweep(&bench.sessions, 1001 + WINDOW + 1);
    assert_int_equal(bench.sessions.used, 1);
    assert_figures(&bench, 2 * DOMAINS, 1, 1, 1);
    ask(&bench, 6, 1, 2 * DOMAINS, 2000);
    sessions_sweep(&bench.sessions, 3000);
    assert_figures(&bench, 2 * DOMAINS, 0, 1, 1);
    bench_end(&bench);
}

/* --- Time --- */

static void test_edge_of_window(void **state)
{
    (void)state;
    const uint32_t starts[] = {0, 100, 65536 - WINDOW, 65535, 65536, 3000000};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct bench bench;
        uint32_t start = starts[i];
        bench_start(&bench, 1000, WINDOW, start);
        ask(&bench, 5, 1, 0, start);
        for (uint32_t second = 1; second <= WINDOW; second++) {
            sessions_sweep(&bench.sessions, start + second);
            assert_int_equal(bench.groups.entries[0].active, 1);
        }
        sessions_sweep(&bench.sessions, start + WINDOW + 1);
        assert_int_equal(bench.groups.entries[0].active, 0);
        assert_int_equal(bench.groups.entries[0].peak, 1);

        /* It comes back: active again, and no new session. At the edge it stays. */
        uint32_t again = start + WINDOW + 1;
        ask(&bench, 5, 1, 0, again);
        ask(&bench, 5, 1, 0, again + WINDOW);
        sessions_sweep(&bench.sessions, again + 2 * WINDOW);
        assert_int_equal(bench.groups.entries[0].active, 1);
        sessions_sweep(&bench.sessions, again + 2 * WINDOW + 1);
        assert_int_equal(bench.groups.entries[0].active, 0);
        assert_int_equal(bench.groups.entries[0].sessions, 1);
        bench_end(&bench);
    }
}

static void test_long_pauses(void **state)
{
    (void)state;
    const uint32_t pauses[] = {WINDOW + 1,     65535,  65536,      65536 + 1,
                               65536 + WINDOW, 131072, 4000000000u};
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        struct bench bench;
        bench_start(&bench, 1000, WINDOW, 100);
        for (uint32_t number = 0; number < 50; number++) {
            ask(&bench, random_token(number), 1, number % GROUPS, 100);
        }
        /* Without a sweep in between: the query itself finds the second begun. */
        ask(&bench, random_token(7), 2, 0, 100 + pauses[i]);
        assert_sound(&bench);
        assert_int_equal(bench.sessions.used, 1);
        assert_int_equal(bench.groups.domains[0].active, 1);
        assert_int_equal(bench.groups.domains[0].peak, 13);
        /* It is a newcomer: what it sent before the pause proves nothing. */
        assert_false(find(&bench.sessions, random_token(7))->proved);
        bench_end(&bench);
    }
}

/* The last slots of a table that fills its pages: what stands behind it is never looked at. */
static void test_last_slots(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 100);
    assert_int_equal(bench.sessions.slot_count * sizeof(struct session_entry) % 4096, 0);
    ask(&bench, UINT64_MAX, 1, 0, 100);
    ask(&bench, 5, 1, 0, 110);
    assert_int_equal(bench.sessions.slots[bench.sessions.slot_count - 1].token, UINT64_MAX);
    sessions_sweep(&bench.sessions, 100 + WINDOW);
    assert_int_equal(bench.groups.entries[0].active, 2);
    sessions_sweep(&bench.sessions, 100 + WINDOW + 1);
    assert_sound(&bench);
    assert_int_equal(bench.groups.entries[0].active, 1);
    sessions_sweep(&bench.sessions, 10000);
    assert_sound(&bench);
    assert_int_equal(bench.groups.entries[0].active, 0);
    bench_end(&bench);
}

static void test_time_does_not_fall(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 100);
    ask(&bench, 5, 1, 0, 100);
    sessions_sweep(&bench.sessions, 99);
    ask(&bench, 6, 1, 0, 99);
    assert_int_equal(bench.groups.entries[0].active, 2);
    assert_int_equal(bench.sessions.swept, 100);
    bench_end(&bench);
}

/* Whoever recorded names and sends them again hours later makes sessions active, and none new: with
 * its own second query, no session at all where a second one is asked for. */
static void test_replays(void **state)
{
    (void)state;
    enum { RECORDED = 20000, HOUR = 3600, DAYS = 3 };
    struct bench bench;
    unsigned times = 0;
    bench_start(&bench, RECORDED, WINDOW, 100);
    for (uint32_t hour = 0; hour < 24 * DAYS; hour += 1 + hour / 2) {
        times++;
        for (uint32_t number = 0; number < RECORDED; number++) {
            ask(&bench, random_token(number), number, 0, 100 + hour * HOUR);
        }
        assert_figures(&bench, 0, RECORDED, RECORDED, RECORDED);
        sessions_sweep(&bench.sessions, 100 + hour * HOUR + WINDOW + 1);
        assert_figures(&bench, 0, 0, RECORDED, RECORDED);
    }
    assert_int_equal(bench.distinct.forgotten, 0);
    bench.rules[0].first = false;
    for (uint32_t number = 0; number < RECORDED; number++) {
        ask(&bench, random_token(number), number, 0, 100 + 24 * DAYS * HOUR);
    }
    assert_figures(&bench, 0, 0, RECORDED, RECORDED);
    figure("%d ids, replayed %u times over %d days: %d sessions; with -sessions.min-queries 2 none "
           "active",
           RECORDED, times, DAYS, RECORDED);
    bench_end(&bench);
}

/* --- Sizes --- */

static void test_growth(void **state)
{
    (void)state;
    enum { SESSIONS = 200000 };
    struct bench bench;
    size_t bytes_before = map_bytes;
    bench_start(&bench, SESSIONS, WINDOW, 0);
    assert_int_equal(bench.sessions.slot_count, TABLE_SLOTS_START);
    for (uint32_t number = 0; number < SESSIONS; number++) {
        ask(&bench, random_token(number), number, number % GROUPS, number / 10000);
    }
    assert_sound(&bench);
    assert_int_equal(bench.sessions.used, SESSIONS);
    assert_int_equal(bench.sessions.slot_count, SESSIONS / 4 * 5);
    uint64_t bytes = bench.sessions.slot_count * sizeof(struct session_entry);
    assert_in_range(sessions_memory_max(SESSIONS), bytes,
                    bytes + TABLE_CHUNK + (uint64_t)sysconf(_SC_PAGESIZE));
    /* As the flag's documentation says: some 40 bytes for each. */
    assert_true(sessions_memory_max(100000000) < UINT64_C(4002000000));

    /* All are known, and none counts anew; then they expire second by second. */
    for (uint32_t number = 0; number < SESSIONS; number++) {
        ask(&bench, random_token(number), number + 1, number % GROUPS, 20);
    }
    assert_int_equal(bench.sessions.used, SESSIONS);
    uint64_t total = 0;
    for (uint32_t group = 0; group < GROUPS; group++) {
        total += bench.groups.entries[group].sessions;
    }
    assert_int_equal(total, SESSIONS);
    for (uint32_t number = 0; number < SESSIONS; number++) {
        ask(&bench, random_token(number), number + 1, number % GROUPS, 21 + number / 10000);
    }
    for (uint32_t second = 21; second < 42; second++) {
        sessions_sweep(&bench.sessions, second + WINDOW);
        assert_sound(&bench);
        uint32_t left = second < 41 ? SESSIONS - (second - 21) * 10000 : 0;
        assert_int_equal(bench.sessions.used, left);
    }
    bench_end(&bench);
    assert_int_equal(map_bytes, bytes_before);
}

/* 40 to 45 bytes for each from the first thousands on, the last table and the one that it is
 * copied from at most. */
static void test_memory_on_the_way(void **state)
{
    (void)state;
    enum { SESSIONS = 200000, FIRST = 5000 };
    struct bench bench;
    bench_start(&bench, SESSIONS, WINDOW, 0);
    /* The distinct tokens shall have room, so that what is mapped here is of the sessions. */
    for (uint32_t number = 0; number < SESSIONS; number++) {
        (void)distinct_add(&bench.distinct, random_token(number));
    }
    size_t others = map_bytes - bench.sessions.slot_count * sizeof(struct session_entry);
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    map_bytes_most = map_bytes;
    for (uint32_t number = 0; number < SESSIONS; number++) {
        ask(&bench, random_token(number), number, 0, 0);
        if (number >= FIRST) {
            uint64_t bytes = table_bytes(bench.sessions.slot_count, sizeof(struct session_entry));
            assert_in_range(bytes, bench.sessions.used * 40, bench.sessions.used * 45 + page);
        }
    }
    assert_in_range(sessions_memory_max(SESSIONS) + sessions_growth_max(SESSIONS),
                    map_bytes_most - others, map_bytes_most - others + TABLE_CHUNK + 2 * page);
    bench_end(&bench);
}

static void test_no_memory_to_grow(void **state)
{
    (void)state;
    enum { HELD = TABLE_SLOTS_START * 4 / 5, PROVED = 300, LIMIT = 5000 };
    struct bench bench;
    bench_start(&bench, LIMIT, WINDOW, 0);
    /* The distinct tokens shall have room, so that only the sessions feel it. */
    for (uint32_t number = 0; number < 2 * LIMIT; number++) {
        (void)distinct_add(&bench.distinct, random_token(number));
    }
    map_fails = true;
    for (uint32_t number = 0; number < 2 * HELD; number++) {
        ask(&bench, random_token(number), 1, 0, 0);
        if (number < PROVED) {
            ask(&bench, random_token(number), 2, 0, 0);
        }
    }
    assert_sound(&bench);
    assert_int_equal(bench.sessions.used, HELD);
    assert_int_equal(bench.sessions.slot_count, TABLE_SLOTS_START);
    assert_int_equal(bench.sessions.evicted + bench.sessions.refused, HELD);
    assert_true(bench.sessions.evicted > 0);
    for (uint32_t number = 0; number < PROVED; number++) {
        assert_non_null(find(&bench.sessions, random_token(number)));
    }
    map_fails = false;
    for (uint32_t number = 0; number < LIMIT; number++) {
        ask(&bench, random_token(number), 1, 0, 0);
    }
    assert_sound(&bench);
    assert_int_equal(bench.sessions.used, LIMIT);
    assert_int_equal(bench.sessions.evicted + bench.sessions.refused, HELD);
    bench_end(&bench);
}

static void test_no_memory_at_start(void **state)
{
    (void)state;
    const struct sessions_rule rule = {.window = WINDOW};
    struct sessions sessions = {.refused = 7};
    map_fails = true;
    int result = sessions_create(1000, &rule, 0, NULL, NULL, &sessions);
    map_fails = false;
    assert_int_equal(result, -ENOMEM);
    assert_int_equal(sessions.refused, 7);
}

/* --- The limit, where a token's neighbours are not the whole table --- */

/* The entry that must go for a newcomer: of its neighbours the unproved one that ends first,
 * NULL if none. */
static const struct session_entry *victim_of(const struct sessions *sessions, uint64_t token,
                                             uint32_t now)
{
    const struct session_entry *victim = NULL;
    uint64_t slot = table_home(token, sessions->slot_count);
    for (unsigned seen = 0; seen < SESSIONS_NEIGHBOURS;) {
        const struct session_entry *entry = &sessions->slots[slot];
        seen += entry->token != 0;
        if (entry->token != 0 && !entry->proved &&
            (victim == NULL || (entry->ends - now) % 65536 < (victim->ends - now) % 65536)) {
            victim = entry;
        }
        slot = table_next(slot, sessions->slot_count);
    }
    return victim;
}

static void test_eviction_among_neighbours(void **state)
{
    (void)state;
    enum { LIMIT = 1000, FLOOD = 3000, REGULARS = 700 };
    struct bench bench;
    uint32_t now = 65530;
    bench_start(&bench, LIMIT, SESSIONS_WINDOW_MAX, now);
    /* The newcomers are of a domain with a shorter window: who came first need not end first. */
    bench.rules[2].window = SESSIONS_WINDOW_MAX - 200;
    for (uint32_t number = 0; number < LIMIT; number++) {
        now += random_below(2);
        ask(&bench, random_token(number), 1, 0, now);
        if (number < REGULARS) {
            ask(&bench, random_token(number), 2, 0, now);
        }
    }
    uint64_t refused = 0;
    for (uint32_t number = LIMIT; number < LIMIT + FLOOD; number++) {
        now += random_below(2);
        sessions_sweep(&bench.sessions, now);
        uint64_t token = random_token(number);
        const struct session_entry *victim = victim_of(&bench.sessions, token, now);
        uint64_t expected = victim != NULL ? victim->token : 0;
        uint64_t sessions_before = bench.groups.entries[2].sessions;
        ask(&bench, token, 1, 2, now);
        refused += expected == 0;
        if (expected != 0) {
            assert_null(find(&bench.sessions, expected));
            assert_non_null(find(&bench.sessions, token));
        }
        assert_int_equal(bench.sessions.refused, refused);
        assert_int_equal(bench.sessions.evicted, number + 1 - LIMIT - refused);
        assert_int_equal(bench.groups.entries[2].sessions - sessions_before, expected != 0);
        assert_int_equal(bench.sessions.used, LIMIT);
        /* Some of those that came prove themselves, until there are neighbourhoods of these. */
        if (expected != 0 && number % 4 == 0) {
            ask(&bench, token, 2, 2, now);
        }
    }
    assert_sound(&bench);
    assert_true(refused > 0);
    for (uint32_t number = 0; number < REGULARS; number++) {
        assert_non_null(find(&bench.sessions, random_token(number)));
    }
    bench_end(&bench);
}

/* A refused session is not remembered: it counts when it is taken in. */
static void test_refused_counts_later(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1, WINDOW, 0);
    ask(&bench, 5, 1, 0, 0);
    ask(&bench, 5, 2, 0, 0);
    ask(&bench, 6, 1, 0, 0);
    assert_int_equal(bench.sessions.refused, 1);
    assert_int_equal(bench.groups.entries[0].sessions, 1);
    ask(&bench, 6, 1, 0, WINDOW + 1);
    assert_int_equal(bench.sessions.refused, 1);
    assert_int_equal(bench.groups.entries[0].sessions, 2);
    bench_end(&bench);
}

static void test_prefetch_changes_nothing(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, 1000, WINDOW, 0);
    ask(&bench, 5, 1, 0, 0);
    struct sessions before = bench.sessions;
    sessions_prefetch(&bench.sessions, 1);
    sessions_prefetch(&bench.sessions, UINT64_MAX);
    assert_memory_equal(&before, &bench.sessions, sizeof before);
    assert_sound(&bench);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_the_second_on),
        cmocka_unit_test(test_edge_of_window),
        cmocka_unit_test(test_long_pauses),
        cmocka_unit_test(test_last_slots),
        cmocka_unit_test(test_time_does_not_fall),
        cmocka_unit_test(test_replays),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_memory_on_the_way),
        cmocka_unit_test(test_no_memory_to_grow),
        cmocka_unit_test(test_no_memory_at_start),
        cmocka_unit_test(test_eviction_among_neighbours),
        cmocka_unit_test(test_refused_counts_later),
        cmocka_unit_test(test_prefetch_changes_nothing),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
