#include "exporter/http/library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_flags_by_version(void **state)
{
    (void)state;
    assert_int_equal(library_flags("0.9.75"), 0);
    assert_int_equal(library_flags("0.9.77"), 0);
    assert_int_equal(library_flags("1.0.0"), 1U << 19);
    assert_int_equal(library_flags("1.0.1"), 1U << 19);
    assert_int_equal(library_flags("10.2"), 1U << 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags_by_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
