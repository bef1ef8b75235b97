#include "exporter/status/html.h"
#include "exporter/text/foreign_text.h"
#include "exporter/text/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { ROOM = 512 };

/* In memory of its own, so that a sanitizer sees what is past it. */
static struct writer start(size_t size)
{
    struct writer page = {.start = malloc(size), .size = size};
    assert_non_null(page.start);
    return page;
}

static void check_end(struct writer *page, const char *expected)
{
    assert_false(page->full);
    assert_int_equal(page->length, strlen(expected));
    assert_memory_equal(page->start, expected, page->length);
    free(page->start);
}

static void test_names(void **state)
{
    (void)state;
    struct writer page = start(ROOM);
    html_put_name(&page, "");
    html_put_name(&page, "t.example.com <a href=\"x\" b='c'>&amp;% \xc3\xa9");
    check_end(&page, "t.example.com &#60;a href=&#34;x&#34; b=&#39;c&#39;&#62;&#38;amp;% \xc3\xa9");
}

static void test_foreign_text(void **state)
{
    (void)state;
    struct writer page = start(ROOM);
    struct foreign_text text = {.text = "</bdi><script>&\"' \xd7\x90\xd7\x91 %s"};
    writer_put(&page, "<th>");
    html_put_foreign(&page, &text);
    writer_put(&page, "</th>");
    text = (struct foreign_text){.text = ""};
    html_put_foreign(&page, &text);
    check_end(&page, "<th><bdi>&#60;/bdi&#62;&#60;script&#62;&#38;&#34;&#39; \xd7\x90\xd7\x91 %s"
                     "</bdi></th><bdi></bdi>");
}

static void test_foreign_text_without_room(void **state)
{
    (void)state;
    const struct foreign_text text = {.text = "<a>"};
    const size_t whole = strlen("<bdi>&#60;a&#62;</bdi>") + 1;
    for (size_t size = 1; size <= whole; size++) {
        struct writer page = start(size);
        html_put_foreign(&page, &text);
        assert_int_equal(page.full, size < whole);
        assert_in_range(page.length, 0, size - 1);
        free(page.start);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_foreign_text),
        cmocka_unit_test(test_foreign_text_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
