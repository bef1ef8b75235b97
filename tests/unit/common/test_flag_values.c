#include "common/flag_values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

struct bytes_case {
    const char *text;
    int result;
    uint64_t bytes;
};

static void bytes(void **state)
{
    (void)state;
    static const struct bytes_case cases[] = {
        {"100", 0, 100},
        {"0100", 0, 100},
        {"1KiB", 0, 1024},
        {"3MiB", 0, 3 * 1024 * 1024},
        {"9999999999GiB", 0, UINT64_C(9999999999) << 30},
        {"", -EINVAL, 0},
        {"KiB", -EINVAL, 0},
        {"99", -EINVAL, 0},
        {"-100", -EINVAL, 0},
        {"+100", -EINVAL, 0},
        {" 100", -EINVAL, 0},
        {"100 ", -EINVAL, 0},
        {"1 KiB", -EINVAL, 0},
        {"1K", -EINVAL, 0},
        {"1KB", -EINVAL, 0},
        {"1kib", -EINVAL, 0},
        {"1KiBs", -EINVAL, 0},
        {"1TiB", -EINVAL, 0},
        {"1.5MiB", -EINVAL, 0},
        {"0x100", -EINVAL, 0},
        {"10000000000", -EINVAL, 0},
        {"00000000100", -EINVAL, 0},
        {"18446744073709551716", -EINVAL, 0}, /* 100 modulo 2^64 */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("\"%s\"\n", cases[i].text);
        uint64_t out = 7;
        assert_int_equal(flag_values_bytes(cases[i].text, 100, UINT64_MAX, &out), cases[i].result);
        assert_int_equal(out, cases[i].result == 0 ? cases[i].bytes : 7);
    }
}

static void bytes_at_the_limits(void **state)
{
    (void)state;
    uint64_t out = 7;
    assert_int_equal(flag_values_bytes("1023", 1024, 2048, &out), -EINVAL);
    assert_int_equal(flag_values_bytes("2049", 1024, 2048, &out), -EINVAL);
    assert_int_equal(flag_values_bytes("3KiB", 1024, 2048, &out), -EINVAL);
    assert_int_equal(out, 7);
    assert_int_equal(flag_values_bytes("1KiB", 1024, 2048, &out), 0);
    assert_int_equal(out, 1024);
    assert_int_equal(flag_values_bytes("2KiB", 1024, 2048, &out), 0);
    assert_int_equal(out, 2048);
}

struct seconds_case {
    const char *text;
    int result;
    uint32_t seconds;
};

static void seconds(void **state)
{
    (void)state;
    static const struct seconds_case cases[] = {
        {"1s", 0, 1},
        {"30s", 0, 30},
        {"2m", 0, 120},
        {"1m30s", 0, 90},
        {"1m05s", 0, 65},
        {"30s1m", 0, 90},
        {"1h", 0, 3600},
        {"59m60s", 0, 3600},
        {"3600s", 0, 3600},
        {"3600000ms", 0, 3600},
        {"2000ms", 0, 2},
        {"1500ms500ms", 0, 2},
        {"", -EINVAL, 0},
        {"0s", -EINVAL, 0},
        {"0", -EINVAL, 0},
        {"30", -EINVAL, 0},
        {"s", -EINVAL, 0},
        {"1500ms", -EINVAL, 0},
        {"1000us", -EINVAL, 0},
        {"1.5m", -EINVAL, 0},
        {"-30s", -EINVAL, 0},
        {"+30s", -EINVAL, 0},
        {"30 s", -EINVAL, 0},
        {"30S", -EINVAL, 0},
        {"30sec", -EINVAL, 0},
        {"30ss", -EINVAL, 0},
        {"1d", -EINVAL, 0},
        {"1m30", -EINVAL, 0},
        {"3601s", -EINVAL, 0},
        {"1h1s", -EINVAL, 0},
        {"9999999999h", -EINVAL, 0},
        {"10000000000ms", -EINVAL, 0},
        {"18446744073709551646s", -EINVAL, 0}, /* 30 modulo 2^64 */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("\"%s\"\n", cases[i].text);
        uint32_t out = 7;
        assert_int_equal(flag_values_seconds(cases[i].text, 1, 3600, &out), cases[i].result);
        assert_int_equal(out, cases[i].result == 0 ? cases[i].seconds : 7);
    }
}

static void choices(void **state)
{
    (void)state;
    assert_int_equal(flag_values_choice("strict", "strict|any"), 0);
    assert_int_equal(flag_values_choice("any", "strict|any"), 1);
    assert_int_equal(flag_values_choice("one", "one"), 0);
    static const char *const others[] = {"",  "an",     "anyy",     "strict|any",
                                         "|", "Strict", "strictany"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        print_message("\"%s\"\n", others[i]);
        assert_int_equal(flag_values_choice(others[i], "strict|any"), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes),
        cmocka_unit_test(bytes_at_the_limits),
        cmocka_unit_test(seconds),
        cmocka_unit_test(choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
