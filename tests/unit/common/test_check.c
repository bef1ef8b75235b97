#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Standard output, while it is somewhere else. */
static int kept = -1;

static void redirect(int descriptor)
{
    fflush(stdout);
    kept = dup(STDOUT_FILENO);
    assert_true(kept >= 0);
    assert_int_equal(dup2(descriptor, STDOUT_FILENO), STDOUT_FILENO);
    close(descriptor);
}

static void restore(void)
{
    dup2(kept, STDOUT_FILENO);
    close(kept);
}

static int reading;

static void begin(void)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    reading = ends[0];
    redirect(ends[1]);
}

/* What was written since. */
static const char *end(void)
{
    static char text[2 * CHECK_LINE_MAX];
    restore();
    ssize_t length = read(reading, text, sizeof text - 1);
    close(reading);
    text[length < 0 ? 0 : length] = '\0';
    return text;
}

static void lines(void **state)
{
    (void)state;
    begin();
    int result = check_line("port %u: %s", 53U, "watched");
    result |= check_line("a\n\x1b[31m\x7f\t%s", "\xc3\xa9");
    const char *text = end();
    assert_int_equal(result, 0);
    assert_string_equal(text, "port 53: watched\na??[31m????\n");
}

static void long_lines(void **state)
{
    (void)state;
    static char value[CHECK_LINE_MAX + 2];
    for (size_t length = CHECK_LINE_MAX - 1; length <= CHECK_LINE_MAX + 1; length++) {
        memset(value, 'x', length);
        value[length] = '\0';
        begin();
        int result = check_line("%s", value);
        const char *text = end();
        assert_int_equal(result, 0);
        bool fits = length <= CHECK_LINE_MAX;
        assert_int_equal(strlen(text), (fits ? length : CHECK_LINE_MAX) + 1);
        const char *tail = text + strlen(text) - strlen("xxx\n");
        assert_string_equal(tail, fits ? "xxx\n" : "...\n");
    }
}

static void the_last_line(void **state)
{
    (void)state;
    begin();
    enum check_status good = check_end(CHECK_OK);
    enum check_status refused = check_end(CHECK_REFUSED);
    enum check_status wrong = check_end(CHECK_WRONG);
    const char *text = end();
    assert_int_equal(good, 0);
    assert_int_equal(refused, 1);
    assert_int_equal(wrong, 2);
    assert_string_equal(text, "ok\nnot ok: see the errors\nnot ok: see the errors\n");
}

static void nobody_reads_it(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    redirect(full);
    int result = check_line("x");
    enum check_status good = check_end(CHECK_OK);
    enum check_status wrong = check_end(CHECK_WRONG);
    restore();
    assert_int_equal(result, -ENOSPC);
    assert_int_equal(good, CHECK_REFUSED);
    assert_int_equal(wrong, CHECK_WRONG);
}

static void the_worse_of_two(void **state)
{
    (void)state;
    assert_int_equal(check_worse(CHECK_OK, CHECK_OK), CHECK_OK);
    assert_int_equal(check_worse(CHECK_OK, CHECK_REFUSED), CHECK_REFUSED);
    assert_int_equal(check_worse(CHECK_WRONG, CHECK_REFUSED), CHECK_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(the_last_line),
        cmocka_unit_test(nobody_reads_it),
        cmocka_unit_test(the_worse_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
