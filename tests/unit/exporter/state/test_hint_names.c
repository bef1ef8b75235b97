#include "exporter/state/hints.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

/* The names are values of a label, and nobody expects another form. */
static void test_names(void **state)
{
    (void)state;
    for (uint32_t hint = 0; hint < HINTS; hint++) {
        const char *name = hint_name(hint);
        assert_non_null(name);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        assert_in_range(strlen(name), 4, 24);
        assert_in_range(strlen(hint_meaning(hint)), 4, 60);
        for (uint32_t other = 0; other < hint; other++) {
            assert_string_not_equal(name, hint_name(other));
        }
    }
}

static void test_the_first(void **state)
{
    (void)state;
    struct hints hints = {.on = {0}};
    assert_null(hints_first(&hints));
    for (uint32_t hint = HINTS; hint-- > 0;) {
        hints.on[hint] = 1;
        assert_ptr_equal(hints_first(&hints), hints.texts[hint].seen);
    }
    memset(hints.on, 0, sizeof hints.on);
    hints.on[HINTS - 1] = 1;
    assert_ptr_equal(hints_first(&hints), hints.texts[HINTS - 1].seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
