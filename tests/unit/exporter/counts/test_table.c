#include "exporter/counts/table.h"

#include "tests/unit/map_control.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { WORDS_MAX = 2 };

/* A table of `words` words an entry, where the second is the token's complement. */
static void put(uint64_t *slots, uint64_t slot_count, size_t words, uint64_t token)
{
    uint64_t slot = table_home(token, slot_count);
    while (slots[slot * words] != 0) {
        slot = table_next(slot, slot_count);
    }
    slots[slot * words] = token;
    if (words == WORDS_MAX) {
        slots[slot * words + 1] = ~token;
    }
}

static bool holds(const uint64_t *slots, uint64_t slot_count, size_t words, uint64_t token)
{
    uint64_t slot = table_home(token, slot_count);
    while (slots[slot * words] != 0 && slots[slot * words] != token) {
        slot = table_next(slot, slot_count);
    }
    return slots[slot * words] == token && (words == 1 || slots[slot * words + 1] == ~token);
}

static uint64_t used(const uint64_t *slots, uint64_t slot_count, size_t words)
{
    uint64_t count = 0;
    for (uint64_t slot = 0; slot < slot_count; slot++) {
        count += slots[slot * words] != 0;
    }
    return count;
}

static void test_home_grows_with_token(void **state)
{
    (void)state;
    const uint64_t counts[] = {1, 2, 7, 1024, 1025, 125000000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        assert_int_equal(table_home(1, counts[i]), 0);
        assert_int_equal(table_home(UINT64_MAX, counts[i]), counts[i] - 1);
        for (unsigned round = 0; round < 10000; round++) {
            uint64_t low = random_next();
            uint64_t high = random_next();
            if (low > high) {
                uint64_t swap = low;
                low = high;
                high = swap;
            }
            assert_true(table_home(low, counts[i]) <= table_home(high, counts[i]));
            assert_true(table_home(high, counts[i]) < counts[i]);
        }
    }
}

static void test_ring(void **state)
{
    (void)state;
    assert_int_equal(table_next(0, 3), 1);
    assert_int_equal(table_next(2, 3), 0);
    assert_int_equal(table_distance(1, 1, 3), 0);
    assert_int_equal(table_distance(0, 2, 3), 2);
    assert_int_equal(table_distance(2, 0, 3), 1);
    assert_int_equal(table_distance(1, 0, 3), 2);
}

static void test_sizes(void **state)
{
    (void)state;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    assert_int_equal(table_slots_first(7), 7);
    assert_int_equal(table_slots_first(1 << 20), TABLE_SLOTS_START);
    assert_int_equal(table_slots_after(1024, 1 << 20), 2048);
    assert_int_equal(table_slots_after(2048, 1 << 20), 4096);
    assert_int_equal(table_slots_after(2048, 4098), 4096);
    assert_int_equal(table_slots_after(2048, 4096), 4096);
    assert_int_equal(table_slots_after(2048, 4095), 4095);
    assert_int_equal(table_slots_after(4096, 1 << 20), 4608);
    assert_int_equal(table_slots_after(4608, 1 << 20), 5184);
    assert_int_equal(table_slots_after(4096, 5120), 4608);
    assert_int_equal(table_slots_after(4096, 5119), 4607); /* two like steps */
    assert_int_equal(table_slots_after(4096, 4610), 4353);
    assert_int_equal(table_slots_after(4096, 4609), 4352);
    assert_int_equal(table_slots_after(4096, 4608), 4608);
    assert_int_equal(table_slots_after(1024, 1025), 1025);
    assert_int_equal(table_slots_before_last(1023), 0);
    assert_int_equal(table_slots_before_last(1024), 0);
    assert_int_equal(table_slots_before_last(1025), 1024);
    assert_int_equal(table_slots_before_last(5184), 4608);
    assert_int_equal(table_bytes(1, 8), page);
    assert_int_equal(table_bytes(page / 8, 8), page);
    assert_int_equal(table_bytes(page / 8 + 1, 8), 2 * page);
}

/* On the way to any limit no step of a table that is not small is above an eighth, so that none is
 * emptier than eight ninths of the fullest, and none is tiny. */
static void test_steps(void **state)
{
    (void)state;
    enum { STEPS_MAX = 120, LIMITS = 2000 };
    for (unsigned i = 0; i < LIMITS; i++) {
        uint64_t slots_max =
            TABLE_SLOTS_SMALL + 512 + random_next() % (i < LIMITS / 2 ? 3000 : 125000000);
        uint64_t slot_count = TABLE_SLOTS_SMALL;
        uint64_t before = 0;
        unsigned steps = 0;
        for (; slot_count < slots_max; steps++) {
            before = slot_count;
            slot_count = table_slots_after(before, slots_max);
            assert_true(slot_count - before <= before / TABLE_GROWTH_PARTS);
            assert_true(slot_count - before >= before / TABLE_GROWTH_PARTS / 3);
        }
        assert_int_equal(slot_count, slots_max);
        assert_true(steps <= STEPS_MAX);
        assert_int_equal(table_slots_before_last(slots_max), before);
    }
}

/* Fills a table to four fifths, the last slots above that so that entries wrap, and grows it. */
static void grow_one(uint64_t slot_count, uint64_t wider, size_t words)
{
    size_t entry_size = words * sizeof(uint64_t);
    uint64_t tokens = slot_count * 4 / 5;
    uint64_t *all = calloc(tokens, sizeof *all);
    uint64_t *slots = table_map(slot_count, entry_size);
    assert_non_null(all);
    assert_non_null(slots);
    for (uint64_t i = 0; i < tokens; i++) {
        all[i] = i < 20 ? UINT64_MAX - i : random_token(i);
        put(slots, slot_count, words, all[i]);
    }
    assert_int_not_equal(slots[0], 0);
    assert_true(table_home(slots[0], slot_count) == slot_count - 1);

    map_fails = true;
    assert_null(table_grow(slots, slot_count, wider, entry_size));
    map_fails = false;
    assert_int_equal(used(slots, slot_count, words), tokens);

    map_unmap_largest = 0;
    map_unmaps = 0;
    size_t bytes_before = map_bytes;
    uint64_t *larger = table_grow(slots, slot_count, wider, entry_size);
    assert_non_null(larger);
    assert_int_equal(used(larger, wider, words), tokens);
    for (uint64_t i = 0; i < tokens; i++) {
        assert_true(holds(larger, wider, words, all[i]));
    }
    assert_int_equal(map_bytes, bytes_before + (wider - slot_count) * entry_size);
    assert_true(map_unmap_largest <= TABLE_CHUNK);
    assert_int_equal(map_unmaps, (slot_count * entry_size + TABLE_CHUNK - 1) / TABLE_CHUNK);

    table_unmap(larger, wider, entry_size);
    free(all);
}

static void test_grow(void **state)
{
    (void)state;
    for (size_t words = 1; words <= WORDS_MAX; words++) {
        grow_one(1024, 1152, words);
        grow_one(1024, 1025, words);
        grow_one(300001, 400003, words);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    map_fails = true;
    assert_null(table_map(1024, 8));
    map_fails = false;
    table_unmap(NULL, 1024, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_home_grows_with_token),
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_no_memory),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
