#include "exporter/text/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* In memory of its own, so that a sanitizer sees what is past it. */
static struct writer start(size_t size)
{
    struct writer writer = {.start = malloc(size), .size = size};
    assert_non_null(writer.start);
    memset(writer.start, 'x', size);
    return writer;
}

static void check_end(struct writer *writer, bool full, const char *expected)
{
    assert_int_equal(writer->full, full);
    assert_int_equal(writer->length, strlen(expected));
    assert_memory_equal(writer->start, expected, writer->length);
    free(writer->start);
}

static void test_put(void **state)
{
    (void)state;
    struct writer writer = start(64);
    writer_put(&writer, "<p>");
    writer_put(&writer, "%d %s", 7, "<b>");
    writer_put(&writer, "%s", "");
    check_end(&writer, false, "<p>7 <b>");
}

/* There is room for the NUL too. What did not fit leaves no part of itself. */
static void test_put_without_room(void **state)
{
    (void)state;
    struct writer writer = start(6);
    writer_put(&writer, "%s", "12345");
    assert_false(writer.full);
    assert_int_equal(writer.length, 5);
    writer_put(&writer, "%s", "");
    assert_false(writer.full);
    writer_put(&writer, "%s", "6");
    check_end(&writer, true, "12345");

    writer = start(6);
    writer_put(&writer, "%s", "123456");
    check_end(&writer, true, "");

    /* It stays full, whatever fits later. */
    writer = start(6);
    writer_put(&writer, "%s", "123456789");
    writer_put(&writer, "%s", "1");
    check_end(&writer, true, "1");
}

static void test_a_line_ends_without_spaces(void **state)
{
    (void)state;
    struct writer writer = start(64);
    writer_put(&writer, "a b   ");
    writer_end_line(&writer);
    writer_put(&writer, "  ");
    writer_end_line(&writer);
    writer_put(&writer, " c\t");
    writer_end_line(&writer);
    writer_end_line(&writer);
    check_end(&writer, false, "a b\n\n c\t\n\n");

    /* Nothing before the first. */
    writer = start(8);
    writer_put(&writer, "   ");
    writer_end_line(&writer);
    check_end(&writer, false, "\n");

    writer = start(1);
    writer_end_line(&writer);
    check_end(&writer, true, "");
}

static void test_begin_and_end(void **state)
{
    (void)state;
    struct writer writer = start(8);
    writer_put(&writer, "ab");
    char *at = writer_begin(&writer, 5);
    assert_ptr_equal(at, writer.start + 2);
    memcpy(at, "cde", 3);
    writer_end(&writer, at + 3);
    writer_put(&writer, "f");
    check_end(&writer, false, "abcdef");
}

static void test_begin_without_room(void **state)
{
    (void)state;
    struct writer writer = start(8);
    writer_put(&writer, "ab");
    assert_non_null(writer_begin(&writer, 5));
    assert_false(writer.full);
    assert_null(writer_begin(&writer, 6));
    check_end(&writer, true, "ab");
    writer = start(8);
    assert_null(writer_begin(&writer, SIZE_MAX));
    check_end(&writer, true, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_put_without_room),
        cmocka_unit_test(test_a_line_ends_without_spaces),
        cmocka_unit_test(test_begin_and_end),
        cmocka_unit_test(test_begin_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
