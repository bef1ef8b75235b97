#include "exporter/text/foreign_text.h"
#include "exporter/text/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In memory of the promised size, so that a sanitizer sees what is past it. */
static void check(const char *text, const char *expected)
{
    char *written = malloc(JSON_QUOTES + JSON_BYTE_MAX * strlen(text));
    assert_non_null(written);
    char *end = json_put_string(written, text);
    assert_int_equal(end - written, strlen(expected));
    assert_memory_equal(written, expected, strlen(expected));
    free(written);
}

static void test_plain_text(void **state)
{
    (void)state;
    check("", "\"\"");
    check("t.example.com /metrics ~!#[]^_`{|}", "\"t.example.com /metrics ~!#[]^_`{|}\"");
    check("\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80", "\"\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80\"");
}

static void test_each_ascii_character(void **state)
{
    (void)state;
    for (unsigned character = 1; character < 0x80; character++) {
        char text[] = {'a', (char)character, 'b', '\0'};
        char expected[16];
        if (character < 0x20 || character == 0x7f || strchr("\"\\<>&'", (int)character) != NULL) {
            (void)snprintf(expected, sizeof expected, "\"a\\u%04xb\"", character);
        } else {
            (void)snprintf(expected, sizeof expected, "\"%s\"", text);
        }
        check(text, expected);
    }
}

static void test_other_escapes(void **state)
{
    (void)state;
    check("\xc2\x80\xc2\x9f\xc2\xa0", "\"\\u0080\\u009f\xc2\xa0\"");
    check("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa",
          "\"\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\"");
}

static void test_what_is_not_utf8(void **state)
{
    (void)state;
    check("\xff", "\"\\ufffd\"");
    check("a\xc3", "\"a\\ufffd\"");
    check("\xe6\x97z", "\"\\ufffd\\ufffdz\"");
    check("\xc0\xaf", "\"\\ufffd\\ufffd\"");
    check("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
}

static void test_foreign_text(void **state)
{
    (void)state;
    struct foreign_text text = {.text = "</script> \"\xc3\xa9\\"};
    static const char expected[] = "\"\\u003c/script\\u003e \\u0022\xc3\xa9\\u005c\"";
    char *written = malloc(JSON_FOREIGN_MAX);
    assert_non_null(written);
    assert_int_equal(json_put_foreign(written, &text) - written, sizeof expected - 1);
    assert_memory_equal(written, expected, sizeof expected - 1);
    memset(text.text, '<', FOREIGN_TEXT_MAX);
    assert_int_equal(json_put_foreign(written, &text) - written, JSON_FOREIGN_MAX);
    free(written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text),    cmocka_unit_test(test_each_ascii_character),
        cmocka_unit_test(test_other_escapes), cmocka_unit_test(test_what_is_not_utf8),
        cmocka_unit_test(test_foreign_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
