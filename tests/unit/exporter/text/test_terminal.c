#include "exporter/text/foreign_text.h"
#include "exporter/text/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6"
#define E_ACUTE  "\xc3\xa9"
#define SUN      "\xe6\x97\xa5"     /* wide */
#define SMILE    "\xf0\x9f\x98\x80" /* wide */
#define MARK     "\xcc\x81"         /* on the character before */
#define ALEPH    "\xd7\x90"

static void check(enum terminal_characters characters, const char *text, unsigned columns,
                  const char *expected)
{
    struct foreign_text foreign = {.text = ""};
    char *written = malloc(TERMINAL_FOREIGN_MAX);
    assert_non_null(written);
    assert_in_range(strlen(text), 0, FOREIGN_TEXT_MAX);
    memcpy(foreign.text, text, strlen(text));
    char *end = terminal_put_foreign(written, &foreign, columns, characters);
    assert_in_range(end - written, 0, TERMINAL_FOREIGN_MAX - 1);
    *end = '\0';
    assert_string_equal(written, expected);
    free(written);
}

static void test_utf8(void **state)
{
    (void)state;
    check(TERMINAL_UTF8, "", 0, "");
    check(TERMINAL_UTF8, "", 3, "   ");
    check(TERMINAL_UTF8, "abc", 5, "abc  ");
    check(TERMINAL_UTF8, "abc", 3, "abc");
    check(TERMINAL_UTF8, "abc", 2, "a" ELLIPSIS);
    check(TERMINAL_UTF8, "abc", 1, ELLIPSIS);
    check(TERMINAL_UTF8, "abc", 0, "");
    check(TERMINAL_UTF8, E_ACUTE ALEPH, 3, E_ACUTE ALEPH " ");
    check(TERMINAL_UTF8, E_ACUTE ALEPH "c", 2, E_ACUTE ELLIPSIS);
    check(TERMINAL_UTF8, "ab cd", 4, "ab " ELLIPSIS);
}

static void test_wide_characters(void **state)
{
    (void)state;
    check(TERMINAL_UTF8, SUN SMILE, 5, SUN SMILE " ");
    check(TERMINAL_UTF8, SUN SMILE, 4, SUN SMILE);
    check(TERMINAL_UTF8, SUN SMILE, 3, SUN ELLIPSIS);
    check(TERMINAL_UTF8, SUN SMILE, 2, ELLIPSIS " "); /* half of one does not fit */
    check(TERMINAL_UTF8, SUN SMILE, 1, ELLIPSIS);
    check(TERMINAL_UTF8, SUN, 1, ELLIPSIS);
    check(TERMINAL_UTF8, SUN "bcd", 3, SUN ELLIPSIS);
    /* Nothing of what is behind the one that did not fit. */
    check(TERMINAL_UTF8, SUN SUN "b", 4, SUN ELLIPSIS " ");
}

static void test_marks(void **state)
{
    (void)state;
    check(TERMINAL_UTF8, "e" MARK MARK "f", 3, "e" MARK MARK "f ");
    check(TERMINAL_UTF8, "e" MARK "f", 2, "e" MARK "f");
    check(TERMINAL_UTF8, "e" MARK "fg", 2, "e" MARK ELLIPSIS);
    check(TERMINAL_UTF8, "ef" MARK, 1, ELLIPSIS);
    check(TERMINAL_UTF8, "ef" MARK, 2, "ef" MARK);
    /* Before the first character they would be on what is before it. */
    check(TERMINAL_UTF8, MARK MARK "e" MARK, 2, "e" MARK " ");
    check(TERMINAL_UTF8, MARK "abc", 2, "a" ELLIPSIS);
    check(TERMINAL_UTF8, MARK, 1, " ");
    check(TERMINAL_UTF8, MARK, 0, "");
}

static void test_ascii(void **state)
{
    (void)state;
    check(TERMINAL_ASCII, "", 2, "  ");
    check(TERMINAL_ASCII, "abc", 4, "abc ");
    check(TERMINAL_ASCII, "abc", 3, "abc");
    check(TERMINAL_ASCII, "abcde", 4, "a...");
    check(TERMINAL_ASCII, "abcde", 3, "...");
    check(TERMINAL_ASCII, "abcde", 2, "..");
    check(TERMINAL_ASCII, "abcde", 1, ".");
    check(TERMINAL_ASCII, "abcde", 0, "");
    check(TERMINAL_ASCII, "a" E_ACUTE SUN SMILE MARK "b", 7, "a????b ");
    check(TERMINAL_ASCII, MARK "a", 3, "?a ");
    check(TERMINAL_ASCII, SUN SUN SUN SUN SUN, 4, "?...");
    check(TERMINAL_ASCII, SUN SUN, 2, "??");
    check(TERMINAL_ASCII, "~\x7e", 2, "~~");
}

static void test_the_longest(void **state)
{
    (void)state;
    char text[FOREIGN_TEXT_MAX + 1] = "";
    char expected[TERMINAL_FOREIGN_MAX] = "";
    memset(text, 'x', FOREIGN_TEXT_MAX);
    memset(expected, ' ', TERMINAL_COLUMNS_MAX);
    memset(expected, 'x', FOREIGN_TEXT_MAX);
    check(TERMINAL_UTF8, text, TERMINAL_COLUMNS_MAX, expected);
    check(TERMINAL_ASCII, text, TERMINAL_COLUMNS_MAX + 1, expected);
    check(TERMINAL_UTF8, text, UINT32_MAX, expected);
    /* Marks alone take bytes and no column. */
    text[1] = '\0';
    while (strlen(text) + strlen(MARK) <= FOREIGN_TEXT_MAX) {
        strcat(text, MARK);
    }
    strcpy(expected, text);
    memset(expected + strlen(text), ' ', TERMINAL_COLUMNS_MAX - 1);
    expected[strlen(text) + TERMINAL_COLUMNS_MAX - 1] = '\0';
    check(TERMINAL_UTF8, text, TERMINAL_COLUMNS_MAX, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),        cmocka_unit_test(test_wide_characters),
        cmocka_unit_test(test_marks),       cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_the_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
