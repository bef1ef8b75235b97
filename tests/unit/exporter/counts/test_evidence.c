#include "exporter/counts/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

enum { NOTHING = 0xffffff };

static struct evidence evidence;

static int start(void **state)
{
    (void)state;
    memset(&evidence, 0, sizeof evidence);
    return 0;
}

static void note(uint32_t code, uint64_t token, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        evidence_note(&evidence, code, token);
    }
}

static uint32_t found(void)
{
    uint32_t code = NOTHING;
    const bool any = evidence_find(&evidence, &code);
    assert_int_equal(any, code != NOTHING);
    return code;
}

static void test_twenty_queries_of_two_sessions(void **state)
{
    (void)state;
    assert_int_equal(found(), NOTHING);
    note(7, 1, EVIDENCE_QUERIES - 2);
    note(7, 2, 1);
    assert_int_equal(found(), NOTHING);
    note(7, 1, 1);
    assert_int_equal(found(), 7);
}

static void test_one_session_proves_nothing(void **state)
{
    (void)state;
    note(7, 1, 1000);
    assert_int_equal(found(), NOTHING);
    note(7, 2, 1);
    assert_int_equal(found(), 7);
    note(7, 1, 1);
    assert_int_equal(found(), 7);
}

/* A code of nothing but zeros is one too. */
static void test_the_one_with_the_most(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < EVIDENCE_CANDIDATES; code++) {
        note(code, 1, 30 + 10 * (code % 3));
        note(code, 2, 1);
    }
    assert_int_equal(found(), 2);
    note(1, 1, 11);
    assert_int_equal(found(), 1);
    note(0, 1, 22);
    assert_int_equal(found(), 0);
}

/* None takes the place of one with more queries, and none keeps its place against more. */
static void test_forged_ones(void **state)
{
    (void)state;
    note(7, 1, 50);
    note(7, 2, 50);
    for (uint32_t code = 100; code < 10000; code++) {
        note(code, code, 1);
    }
    assert_int_equal(found(), 7);
    for (uint32_t code = 20; code < 20 + EVIDENCE_CANDIDATES - 1; code++) {
        note(code, 1, 200);
    }
    assert_int_equal(found(), 7);
    note(50, 1, 100 + 1);
    assert_int_equal(found(), NOTHING);
    note(50, 2, EVIDENCE_QUERIES);
    assert_int_equal(found(), 50);
}

/* A place that was left begins with its new one's session. */
static void test_a_place_is_taken_whole(void **state)
{
    (void)state;
    for (uint32_t code = 1; code <= EVIDENCE_CANDIDATES; code++) {
        note(code, 1, code == 1 ? 1 : 2000);
        note(code, 2, code == 1);
    }
    note(9, 5, 2 + 1000);
    assert_int_equal(found(), NOTHING);
    note(9, 6, 1);
    assert_int_equal(found(), 9);
}

static void test_it_fades(void **state)
{
    (void)state;
    note(7, 1, 2 * EVIDENCE_QUERIES);
    note(7, 2, 1);
    evidence_fade(&evidence);
    assert_int_equal(found(), 7);
    evidence_fade(&evidence);
    assert_int_equal(found(), NOTHING);
    note(7, 1, EVIDENCE_QUERIES / 2);
    assert_int_equal(found(), 7);
    for (unsigned i = 0; i < 5; i++) {
        evidence_fade(&evidence);
    }
    note(7, 1, EVIDENCE_QUERIES);
    assert_int_equal(found(), NOTHING); /* forgotten whole */
    for (uint32_t code = 10; code < 10 + EVIDENCE_CANDIDATES - 1; code++) {
        note(code, 1, EVIDENCE_QUERIES);
        note(code, 2, EVIDENCE_QUERIES - 1);
    }
    assert_int_not_equal(found(), NOTHING);
    evidence_fade(&evidence);
    assert_int_equal(found(), NOTHING); /* each of them */
}

static void test_no_count_wraps_around(void **state)
{
    (void)state;
    evidence.candidates[0] =
        (struct evidence_candidate){.queries = UINT32_MAX, .code = 7, .token = 1, .several = true};
    note(7, 1, 1);
    assert_int_equal(found(), 7);
    assert_int_equal(evidence.candidates[0].queries, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_twenty_queries_of_two_sessions, start),
        cmocka_unit_test_setup(test_one_session_proves_nothing, start),
        cmocka_unit_test_setup(test_the_one_with_the_most, start),
        cmocka_unit_test_setup(test_forged_ones, start),
        cmocka_unit_test_setup(test_a_place_is_taken_whole, start),
        cmocka_unit_test_setup(test_it_fades, start),
        cmocka_unit_test_setup(test_no_count_wraps_around, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
