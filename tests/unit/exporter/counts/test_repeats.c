#include "exporter/counts/repeats.h"

#include "tests/support/figure.h"
#include "tests/unit/map_control.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Seconds after the start in which it still knows what it saw: 18 hours, less what an empty entry
 * stands for. */
enum { LAST_SECOND = UINT16_MAX - (REPEATS_SECONDS + 1) };

static const uint32_t begins[] = {0, 5, 10, 11, 12, 1000, 65535, 65536, UINT32_MAX - 100};

enum { BEGINS = sizeof begins / sizeof *begins };

static struct repeats repeats;

static void begin(uint32_t now)
{
    assert_int_equal(repeats_create(now, &repeats), 0);
}

static void end(void)
{
    repeats_destroy(&repeats);
}

static bool see(uint64_t token, uint32_t fingerprint, uint32_t now)
{
    return repeats_see(&repeats, repeats_key(token, fingerprint), now);
}

/* --- Time --- */

static void test_edge(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BEGINS; i++) {
        begin(begins[i]);
        for (uint32_t age = 0; age <= 3 * REPEATS_SECONDS; age++) {
            const uint64_t token = random_token(age);
            assert_false(see(token, 7, begins[i] + age));
            assert_int_equal(see(token, 7, begins[i] + 2 * age), age <= REPEATS_SECONDS);
            /* Each is the first of those after it. */
            assert_true(see(token, 7, begins[i] + 2 * age));
            assert_true(see(token, 7, begins[i] + 2 * age + REPEATS_SECONDS));
            assert_true(see(token, 7, begins[i] + 2 * age + 2 * REPEATS_SECONDS));
            assert_false(see(token, 7, begins[i] + 2 * age + 3 * REPEATS_SECONDS + 1));
            end();
            begin(begins[i]);
        }
        end();
    }
}

/* Each second that an entry can have, and the next: also those that differ in all bits. */
static void test_each_second(void **state)
{
    (void)state;
    begin(1000);
    assert_false(see(1, 7, 1000));
    for (uint32_t now = 1001; now <= 1000 + LAST_SECOND; now++) {
        assert_true(see(1, 7, now));
    }
    end();
}

/* An entry that is empty is of no query, whatever its number, and at whatever time. */
static void test_nothing_was_seen_at_the_start(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BEGINS; i++) {
        for (uint32_t after = 0; after <= 2 * REPEATS_SECONDS; after++) {
            begin(begins[i]);
            const uint32_t now = begins[i] + after;
            for (uint64_t place = 0; place < REPEATS_PLACES; place += 4095) {
                const uint64_t key = place << (64 - REPEATS_PLACE_BITS);
                assert_false(repeats_see(&repeats, key, now));
                assert_false(repeats_see(&repeats, key | 1, now));
                assert_true(repeats_see(&repeats, key, now));
            }
            end();
        }
    }
}

/* What it saw before an entry's clock ran out is forgotten, and what follows is seen. */
static void test_restart(void **state)
{
    (void)state;
    static const uint32_t pauses[] = {LAST_SECOND - REPEATS_SECONDS,
                                      LAST_SECOND + 1,
                                      65535,
                                      65536,
                                      65546,
                                      65547,
                                      131072,
                                      200000,
                                      (uint32_t)3 << 30};
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        begin(1000);
        struct repeats_place *places = repeats.places;
        assert_false(see(1, 7, 1000));
        assert_false(see(1, 7, 1000 + pauses[i]));
        assert_true(see(1, 7, 1000 + pauses[i]));
        assert_true(see(1, 7, 1000 + pauses[i] + REPEATS_SECONDS));
        assert_ptr_equal(repeats.places, places);
        end();
    }
    /* At the last second it knows of the ten before; in the next it begins again. */
    begin(1000);
    const uint32_t last = 1000 + LAST_SECOND;
    assert_false(see(1, 7, last - REPEATS_SECONDS));
    assert_true(see(1, 7, last));
    assert_false(see(1, 7, last + 1));
    assert_true(see(1, 7, last + 1));
    assert_false(see(2, 7, last + 1));
    for (uint64_t place = 0; place < REPEATS_PLACES; place++) {
        assert_false(repeats_see(&repeats, place << (64 - REPEATS_PLACE_BITS), last + 1));
    }
    end();
}

/* All places are as they were at the start. */
static void test_restart_empties_all(void **state)
{
    (void)state;
    static const struct repeats_place empty;
    begin(1000);
    for (uint64_t number = 0; number < 8 * REPEATS_PLACES; number++) {
        (void)see(random_token(number), 1, 1000);
    }
    repeats_restart(&repeats, 2000);
    for (size_t place = 0; place < REPEATS_PLACES; place++) {
        assert_memory_equal(&repeats.places[place], &empty, sizeof empty);
    }
    assert_false(see(random_token(1), 1, 2000));
    end();
}

/* --- Which are the same --- */

static void test_sessions_are_told_apart(void **state)
{
    (void)state;
    enum { SESSIONS = 1000 };
    begin(100);
    for (uint64_t number = 0; number < SESSIONS; number++) {
        assert_false(see(random_token(number), 7, 100));
        assert_false(see(random_token(number), 8, 100));
        assert_false(see(random_token(number), 1 << 23, 100));
    }
    for (uint64_t number = 0; number < SESSIONS; number++) {
        assert_true(see(random_token(number), 7, 101));
        assert_true(see(random_token(number), 8, 101));
        assert_true(see(random_token(number), 1 << 23, 101));
    }
    end();
}

/* Each fingerprint of a session has a number of its own. */
static void test_fingerprints_are_told_apart(void **state)
{
    (void)state;
    const uint64_t token = random_token(1);
    const uint64_t step = repeats_key(token, 1) - repeats_key(token, 0);
    assert_int_equal(step % 2, 1); /* so no multiple below 2^64 is 0 */
    for (unsigned i = 0; i < 10000; i++) {
        const uint32_t fingerprint = random_below(1 << 24);
        assert_int_equal(repeats_key(token, fingerprint), token + step * fingerprint);
    }
}

/* One bit tells two queries apart, be it one of the place or of the entry. */
static void test_each_bit_counts(void **state)
{
    (void)state;
    const uint64_t key = random_token(5);
    for (unsigned bit = 0; bit < 64; bit++) {
        begin(100);
        assert_false(repeats_see(&repeats, key, 100));
        assert_false(repeats_see(&repeats, key ^ UINT64_C(1) << bit, 100));
        assert_true(repeats_see(&repeats, key, 100));
        end();
    }
}

/* --- The places, against a naive list --- */

enum { SEEN_MAX = 20000 };

struct seen {
    uint64_t key;
    uint32_t second;
};

static struct seen list[SEEN_MAX];

/* Whether a query is one of the list, as a place knows it: with fewer than four others since. */
static bool model_see(size_t count, uint64_t key, uint32_t now)
{
    uint64_t others[REPEATS_WAYS];
    unsigned other_count = 0;
    for (size_t i = count; i-- > 0 && other_count < REPEATS_WAYS;) {
        bool known = (list[i].key ^ key) >> (64 - REPEATS_PLACE_BITS) != 0; /* of another place */
        if (list[i].key == key) {
            return now - list[i].second <= REPEATS_SECONDS;
        }
        for (unsigned j = 0; j < other_count; j++) {
            known |= others[j] == list[i].key;
        }
        if (!known) {
            others[other_count++] = list[i].key;
        }
    }
    return false;
}

/* `keys` different queries in each of two places. */
static void run_against_list(uint64_t keys, uint32_t pace)
{
    uint32_t now = 5000;
    unsigned repeated = 0;
    begin(now);
    for (size_t count = 0; count < SEEN_MAX; count++) {
        now += random_below(pace) == 0 ? random_below(REPEATS_SECONDS + 3) : 0;
        const uint64_t place = random_below(2) == 0 ? 0 : REPEATS_PLACES - 1;
        const uint64_t key = place << (64 - REPEATS_PLACE_BITS) | random_next() % keys;
        const bool expected = model_see(count, key, now);
        assert_int_equal(repeats_see(&repeats, key, now), expected);
        list[count] = (struct seen){.key = key, .second = now};
        repeated += expected;
        assert_true(now - 5000 < LAST_SECOND); /* no restart on the way */
    }
    assert_in_range(repeated, SEEN_MAX / 100, SEEN_MAX - SEEN_MAX / 100);
    end();
}

static void test_against_list(void **state)
{
    (void)state;
    /* With as many as a place has room for it is exact; with more the latest four are known. */
    for (uint64_t keys = 1; keys <= 20; keys++) {
        run_against_list(keys, 4);
        run_against_list(keys, 20);
    }
}

/* --- A busy server --- */

enum { RATE = 5000, SECONDS = 60, QUERIES = RATE * SECONDS, SESSIONS = 500 };

struct busy {
    uint32_t latest[QUERIES]; /* second of each query, by its number */
    uint32_t in_second[SECONDS][RATE];
    unsigned repeats;
    unsigned missed;
    unsigned of_ten; /* repeats of ten seconds ago */
    unsigned of_ten_missed;
};

static bool see_number(uint32_t number, uint32_t now)
{
    return see(random_token(number % SESSIONS), number / SESSIONS, now);
}

/* A query of one of the last ten seconds, once more. */
static uint32_t see_again(struct busy *busy, uint32_t second)
{
    const uint32_t most = second < REPEATS_SECONDS ? second : REPEATS_SECONDS;
    const uint32_t before = second - random_below(most + 1);
    const uint32_t number =
        busy->in_second[before == second ? second - 1 : before][random_below(RATE)];
    const bool ten = second - busy->latest[number] == REPEATS_SECONDS;
    const bool missed = !see_number(number, 1000 + second);
    busy->repeats++;
    busy->missed += missed;
    busy->of_ten += ten;
    busy->of_ten_missed += ten && missed;
    return number;
}

/* One query in so many is a repeated one. */
static void run_busy(struct busy *busy, uint32_t one_in)
{
    uint32_t numbers = 0;
    *busy = (struct busy){0};
    begin(1000);
    const size_t bytes = map_bytes;
    for (uint32_t second = 0; second < SECONDS; second++) {
        for (unsigned i = 0; i < RATE; i++) {
            uint32_t number = numbers;
            if (second > 0 && random_below(one_in) == 0) {
                number = see_again(busy, second);
            } else {
                numbers++;
                assert_false(see_number(number, 1000 + second));
            }
            busy->latest[number] = second;
            busy->in_second[second][i] = number;
        }
    }
    assert_int_equal(map_bytes, bytes);
    end();
}

static double percent(unsigned part, unsigned whole)
{
    return 100.0 * part / whole;
}

static void test_misses_few(void **state)
{
    (void)state;
    static const uint32_t one_in[] = {2, 10, 100};
    struct busy *busy = malloc(sizeof *busy);
    assert_non_null(busy);
    for (size_t i = 0; i < sizeof one_in / sizeof *one_in; i++) {
        run_busy(busy, one_in[i]);
        assert_true(busy->repeats > QUERIES / one_in[i] / 2);
        assert_true(busy->missed * 50 <= busy->repeats);
        assert_true(busy->of_ten > 50 && busy->of_ten_missed * 25 <= busy->of_ten);
        figure("%d queries/s for %d s, one in %u repeated within 10 s: %.2f %% of these missed, "
               "%.2f %% of those after 10 s; no other taken for one",
               RATE, SECONDS, one_in[i], percent(busy->missed, busy->repeats),
               percent(busy->of_ten_missed, busy->of_ten));
    }
    free(busy);
}

/* The worst case of the documented bound: each comes once more, after the whole ten seconds, while
 * all others are new. */
static void test_misses_few_after_ten_seconds(void **state)
{
    (void)state;
    uint32_t missed = 0;
    begin(1000);
    for (uint32_t second = 0; second < SECONDS; second++) {
        for (uint32_t i = 0; i < RATE / 2; i++) {
            const uint32_t number = second * (RATE / 2) + i;
            assert_false(see_number(number, 1000 + second));
            if (second >= REPEATS_SECONDS) {
                missed += !see_number(number - REPEATS_SECONDS * (RATE / 2), 1000 + second);
            }
        }
    }
    const uint32_t all = (SECONDS - REPEATS_SECONDS) * (RATE / 2);
    figure("%d queries/s, each second one a repeat after 10 s: %.2f %% of these missed", RATE,
           percent(missed, all));
    assert_true(missed * 50 <= all);
    end();
}

/* --- Memory --- */

static void test_memory(void **state)
{
    (void)state;
    const size_t before = map_bytes;
    begin(1000);
    assert_int_equal(map_bytes - before, REPEATS_MEMORY);
    assert_int_equal(REPEATS_MEMORY, 2 * 1024 * 1024);
    for (uint64_t number = 0; number < 10 * REPEATS_PLACES; number++) {
        (void)see(random_token(number), 1, (uint32_t)(1000 + number));
    }
    assert_int_equal(map_bytes - before, REPEATS_MEMORY);
    end();
    assert_int_equal(map_bytes, before);
    assert_null(repeats.places);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct repeats none = {.epoch = 7};
    map_fails = true;
    const int result = repeats_create(1000, &none);
    map_fails = false;
    assert_int_equal(result, -ENOMEM);
    assert_int_equal(none.epoch, 7);
}

static void test_prefetch_changes_nothing(void **state)
{
    (void)state;
    begin(1000);
    repeats_prefetch(&repeats, repeats_key(1, 7));
    assert_false(see(1, 7, 1000));
    repeats_prefetch(&repeats, repeats_key(1, 7));
    assert_true(see(1, 7, 1000));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edge),
        cmocka_unit_test(test_each_second),
        cmocka_unit_test(test_nothing_was_seen_at_the_start),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_restart_empties_all),
        cmocka_unit_test(test_sessions_are_told_apart),
        cmocka_unit_test(test_fingerprints_are_told_apart),
        cmocka_unit_test(test_each_bit_counts),
        cmocka_unit_test(test_against_list),
        cmocka_unit_test(test_misses_few),
        cmocka_unit_test(test_misses_few_after_ten_seconds),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_prefetch_changes_nothing),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
