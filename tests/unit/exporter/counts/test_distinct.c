#include "exporter/counts/distinct.h"

#include "exporter/counts/table.h"
#include "tests/unit/map_control.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static bool holds(const struct distinct_set *set, uint64_t token)
{
    for (uint64_t slot = 0; slot < set->slot_count; slot++) {
        if (set->slots[slot] == token) {
            return true;
        }
    }
    return false;
}

static uint64_t occupied(const struct distinct_set *set)
{
    uint64_t count = 0;
    for (uint64_t slot = 0; slot < set->slot_count; slot++) {
        count += set->slots[slot] != 0;
    }
    return count;
}

static void test_exact_up_to_limit(void **state)
{
    (void)state;
    enum { LIMIT = 200001 };
    struct distinct distinct;
    assert_int_equal(distinct_create(LIMIT, &distinct), 0);
    assert_int_equal(distinct.current.slot_count, TABLE_SLOTS_START);
    for (uint64_t i = 0; i < LIMIT; i++) {
        assert_true(distinct_add(&distinct, random_token(i)));
        assert_false(distinct_add(&distinct, random_token(random_next() % (i + 1))));
    }
    assert_int_equal(distinct.forgotten, 0);
    assert_int_equal(distinct.current.used + distinct.previous.used, LIMIT);
    for (uint64_t i = 0; i < LIMIT; i++) {
        assert_false(distinct_add(&distinct, random_token(i)));
    }
    uint64_t slots = distinct.current.slot_count + distinct.previous.slot_count;
    assert_true((double)LIMIT / (double)slots < 0.8501);
    assert_true((double)LIMIT / (double)slots > 0.8499);
    distinct_destroy(&distinct);
}

static void test_memory_max(void **state)
{
    (void)state;
    const uint32_t limits[] = {1000, 1024, 99999, 400000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        size_t bytes_before = map_bytes;
        struct distinct distinct;
        assert_int_equal(distinct_create(limits[i], &distinct), 0);
        for (uint64_t token = 0; token < 3 * (uint64_t)limits[i]; token++) {
            (void)distinct_add(&distinct, random_token(token));
        }
        size_t mapped = map_bytes - bytes_before;
        uint64_t max = distinct_memory_max(limits[i]);
        assert_true(mapped <= max);
        assert_true(max < mapped + TABLE_CHUNK + 2 * (size_t)sysconf(_SC_PAGESIZE));
        distinct_destroy(&distinct);
        assert_int_equal(map_bytes, bytes_before);
    }
    /* As the flag's documentation says: less than ten bytes for each. */
    assert_true(distinct_memory_max(100000000) < UINT64_C(950000000));
}

/* 9.4 to 10.6 bytes for each from the first thousands on, the last tables and the one that a
 * generation is copied from at most. */
static void test_memory_on_the_way(void **state)
{
    (void)state;
    enum { LIMIT = 200000, FIRST = 5000, SMALL_TABLE = TABLE_SLOTS_START * 8 };
    struct distinct distinct;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    size_t others = map_bytes;
    map_bytes_most = map_bytes;
    assert_int_equal(distinct_create(LIMIT, &distinct), 0);
    for (uint64_t number = 0; number < LIMIT; number++) {
        (void)distinct_add(&distinct, random_token(number));
        if (number >= FIRST) {
            uint64_t used = distinct.current.used + distinct.previous.used;
            assert_in_range(map_bytes - others, used * 94 / 10, used * 106 / 10 + SMALL_TABLE);
        }
    }
    assert_in_range(distinct_memory_max(LIMIT) + distinct_growth_max(LIMIT),
                    map_bytes_most - others, map_bytes_most - others + TABLE_CHUNK + 3 * page);
    distinct_destroy(&distinct);
}

/* The two generations, as plain lists. */
enum { MODEL_LIMIT = 101, MODEL_GENERATION = 51 };

struct model {
    uint64_t current[MODEL_GENERATION];
    uint64_t previous[MODEL_GENERATION];
    unsigned current_count;
    unsigned previous_count;
    uint64_t forgotten;
};

static bool listed(const uint64_t *list, unsigned count, uint64_t token)
{
    for (unsigned i = 0; i < count; i++) {
        if (list[i] == token) {
            return true;
        }
    }
    return false;
}

static bool model_knows(const struct model *model, uint64_t token)
{
    return listed(model->current, model->current_count, token) ||
           listed(model->previous, model->previous_count, token);
}

static bool model_add(struct model *model, uint64_t token)
{
    bool known = model_knows(model, token);
    if (listed(model->current, model->current_count, token) || (known && model->forgotten == 0)) {
        return false;
    }
    if (model->current_count == MODEL_GENERATION) {
        for (unsigned i = 0; i < model->previous_count; i++) {
            uint64_t dropped = model->previous[i];
            model->forgotten +=
                dropped != token && !listed(model->current, MODEL_GENERATION, dropped);
        }
        memcpy(model->previous, model->current, sizeof model->previous);
        model->previous_count = MODEL_GENERATION;
        model->current_count = 0;
    }
    model->current[model->current_count++] = token;
    return !known;
}

static void test_generations_against_model(void **state)
{
    (void)state;
    /* Of so many tokens: fewer than the limit, the limit, somewhat more, far more. */
    const uint32_t pools[] = {90, MODEL_LIMIT, 110, 160, 5000};
    for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
        struct distinct distinct;
        struct model model = {0};
        assert_int_equal(distinct_create(MODEL_LIMIT, &distinct), 0);
        for (unsigned step = 0; step < 5000; step++) {
            uint64_t token = random_token(random_below(pools[i]));
            assert_int_equal(distinct_add(&distinct, token), model_add(&model, token));
            assert_int_equal(distinct.forgotten, model.forgotten);
            assert_int_equal(distinct.current.used, model.current_count);
            assert_int_equal(distinct.previous.used, model.previous_count);
        }
        assert_int_equal(occupied(&distinct.current), model.current_count);
        assert_int_equal(occupied(&distinct.previous), model.previous_count);
        for (uint32_t number = 0; number < pools[i]; number++) {
            uint64_t token = random_token(number);
            assert_int_equal(holds(&distinct.current, token),
                             listed(model.current, model.current_count, token));
            assert_int_equal(holds(&distinct.previous, token),
                             listed(model.previous, model.previous_count, token));
        }
        assert_int_equal(model.forgotten > 0, pools[i] > MODEL_LIMIT + 1);
        distinct_destroy(&distinct);
    }
}

/* What comes again and again stays known while others pass by. */
static void test_latest_stay(void **state)
{
    (void)state;
    enum { LIMIT = 1000, REGULARS = 100, ROUNDS = 60 };
    struct distinct distinct;
    assert_int_equal(distinct_create(LIMIT, &distinct), 0);
    uint64_t passing = REGULARS;
    for (; passing < REGULARS + 2 * LIMIT; passing++) {
        (void)distinct_add(&distinct, random_token(passing));
    }
    for (uint64_t regular = 0; regular < REGULARS; regular++) {
        assert_true(distinct_add(&distinct, random_token(regular)));
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < LIMIT / 4; i++) {
            assert_true(distinct_add(&distinct, random_token(passing++)));
        }
        for (uint64_t regular = 0; regular < REGULARS; regular++) {
            assert_false(distinct_add(&distinct, random_token(regular)));
        }
        uint64_t remembered = distinct.current.used + distinct.previous.used - distinct.carried;
        assert_true(remembered >= LIMIT / 2 && remembered <= LIMIT);
        /* Each token was new once, and is remembered or forgotten. */
        assert_int_equal(remembered + distinct.forgotten, passing);
    }
    distinct_destroy(&distinct);
}

static void test_no_memory_to_grow(void **state)
{
    (void)state;
    enum { HELD = TABLE_SLOTS_START * 17 / 20 };
    struct distinct distinct;
    assert_int_equal(distinct_create(1000000, &distinct), 0);
    map_fails = true;
    for (uint64_t i = 0; i < UINT64_C(2) * HELD; i++) {
        assert_true(distinct_add(&distinct, random_token(i)));
    }
    assert_int_equal(distinct.forgotten, 0);
    assert_int_equal(distinct.current.used, HELD);
    assert_int_equal(distinct.previous.used, HELD);
    assert_true(distinct_add(&distinct, random_token(2 * HELD)));
    assert_int_equal(distinct.forgotten, HELD);
    assert_false(distinct_add(&distinct, random_token(2 * HELD - 1)));
    assert_int_equal(distinct.current.used, 2);
    map_fails = false;
    for (uint64_t i = 0; i < UINT64_C(3) * HELD; i++) {
        assert_true(distinct_add(&distinct, random_token(3 * HELD + i)));
    }
    assert_int_equal(distinct.forgotten, HELD);
    distinct_destroy(&distinct);
}

static void test_no_memory_at_start(void **state)
{
    (void)state;
    struct distinct distinct = {.forgotten = 7};
    map_fails = true;
    int result = distinct_create(1000, &distinct);
    map_fails = false;
    assert_int_equal(result, -ENOMEM);
    assert_int_equal(distinct.forgotten, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_up_to_limit),  cmocka_unit_test(test_memory_max),
        cmocka_unit_test(test_memory_on_the_way),  cmocka_unit_test(test_generations_against_model),
        cmocka_unit_test(test_latest_stay),        cmocka_unit_test(test_no_memory_to_grow),
        cmocka_unit_test(test_no_memory_at_start),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
