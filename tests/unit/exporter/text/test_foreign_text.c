#include "exporter/text/foreign_text.h"

#include "tests/unit/exporter/text/characters.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = FOREIGN_TEXT_READ_MAX + 100 };

/* From memory of its own, so that a sanitizer sees what is read past it. */
static struct foreign_text clean(const void *bytes, size_t length)
{
    struct foreign_text text;
    uint8_t *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy + 1, bytes, length);
    memset(&text, 'x', sizeof text);
    foreign_text_clean(copy + 1, length, &text);
    free(copy);
    return text;
}

static void check_bytes(const void *bytes, size_t length, const char *expected)
{
    const struct foreign_text text = clean(bytes, length);
    assert_string_equal(text.text, expected);
}

static void check(const char *text, const char *expected)
{
    check_bytes(text, strlen(text), expected);
}

/* Between two letters: "a?b" stays, or the character becomes a space. */
static void check_character(uint32_t character, bool stays)
{
    char text[8] = "a";
    size_t length = 1 + put_character(character, text + 1);
    text[length++] = 'b';
    check_bytes(text, length, stays ? text : "a b");
}

static void test_plain_text_stays(void **state)
{
    (void)state;
    check("", "");
    check("a", "a");
    check("Example Networks, Ltd. <\"a\\b\"> & 'c'", "Example Networks, Ltd. <\"a\\b\"> & 'c'");
    check("\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80",
          "\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80");
    struct foreign_text text;
    foreign_text_clean(NULL, 0, &text);
    assert_string_equal(text.text, "");
}

static void test_borders_of_the_ranges(void **state)
{
    (void)state;
    static const struct {
        uint32_t first;
        uint32_t last;
    } hidden[] = {
        {0x00, 0x20},     {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
    };
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        if (hidden[i].first > 0) {
            check_character(hidden[i].first - 1, true);
        }
        for (uint32_t character = hidden[i].first; character <= hidden[i].last; character++) {
            check_character(character, false);
        }
        check_character(hidden[i].last + 1, true);
    }
}

static void test_every_character(void **state)
{
    (void)state;
    for (uint32_t character = 0; character <= 0x10ffff; character++) {
        if (!is_surrogate(character)) {
            check_character(character, !is_hidden_character(character));
        }
    }
}

static void test_runs_and_ends(void **state)
{
    (void)state;
    check(" ", "");
    check(" \t\r\n\xff\xe2\x80\xae\x7f", "");
    check("  a  ", "a");
    check("\xff\x01 a", "a");
    check("a\xff\x01 ", "a");
    check("a \n b", "a b");
    check("a\xe2\x80\x8b\xef\xbb\xbf\xc2\x85\xd8\x9c"
          "b",
          "a b");
    check("a b c", "a b c");
    check("a  b\n\nc", "a b c");
    /* Spaces of other kinds are characters like others. */
    check("\xc2\xa0\xe3\x80\x80", "\xc2\xa0\xe3\x80\x80");
    check_bytes("a\0b", 3, "a b");
    check_bytes("\0a\0\0b\0", 6, "a b");
    check_bytes("\0", 1, "");
}

static void test_what_is_not_utf8(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "\x80",
        "\xbf",
        "\xc0",
        "\xc1",
        "\xf5",
        "\xff",
        "\xfe",
        "\xc0\x80",
        "\xc1\xbf", /* longer forms of one byte */
        "\xe0\x80\x80",
        "\xe0\x9f\xbf", /* of two */
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf", /* of three */
        "\xed\xa0\x80",
        "\xed\xad\xbf",
        "\xed\xae\x80",
        "\xed\xbf\xbf", /* surrogates */
        "\xf4\x90\x80\x80",
        "\xf7\xbf\xbf\xbf",
        "\xf8\x88\x80\x80\x80",
        /* Cut off. */
        "\xc3",
        "\xe6",
        "\xe6\x97",
        "\xf0",
        "\xf0\x9f",
        "\xf0\x9f\x98",
        "\xe6\x97\xe6",
        "\xc3\xc3",
        "\xf0\x9f\xf0\x9f",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "a%sb", wrong[i]);
        check(text, "a b");
        (void)snprintf(text, sizeof text, "a%s\xc3\xa9", wrong[i]);
        check(text, "a \xc3\xa9");
        (void)snprintf(text, sizeof text, "%sb", wrong[i]);
        check(text, "b");
        (void)snprintf(text, sizeof text, "a%s", wrong[i]);
        check(text, "a");
    }
    /* What is beside these. */
    check("\xc2\xa0", "\xc2\xa0");
    check("\xe0\xa0\x80", "\xe0\xa0\x80");
    check("\xed\x9f\xbf", "\xed\x9f\xbf");
    check("\xee\x80\x80", "\xee\x80\x80");
    check("\xf0\x90\x80\x80", "\xf0\x90\x80\x80");
    check("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
    /* The bytes behind a broken character count. */
    check("a\xe6\x97"
          "bc",
          "a bc");
    check("a\xe6"
          "b\x97",
          "a b");
}

/* A text of so many x, then the other, cut so that what is left has `kept` x and `tail`. */
static void check_cut(size_t filled, const char *then, const char *tail)
{
    char text[ROOM];
    char expected[ROOM];
    memset(text, 'x', filled);
    memcpy(expected, text, filled);
    memcpy(text + filled, then, strlen(then) + 1);
    memcpy(expected + filled, tail, strlen(tail) + 1);
    assert_true(strlen(expected) <= FOREIGN_TEXT_MAX);
    check(text, expected);
}

static void test_cut(void **state)
{
    (void)state;
    enum { MAX = FOREIGN_TEXT_MAX };
    check_cut(MAX - 1, "", "");
    check_cut(MAX - 1, "y", "y");
    check_cut(MAX, "", "");
    check_cut(MAX, "y", "");
    check_cut(MAX, " ", "");
    check_cut(MAX, " y", "");
    check_cut(MAX - 1, " ", "");
    check_cut(MAX - 1, " y", ""); /* the space would be the last byte */
    check_cut(MAX - 2, " y", " y");
    check_cut(MAX - 2, "\n\n\xffyz", " y");
    check_cut(MAX - 2, " \xc3\xa9", "");
    check_cut(MAX - 3, " \xc3\xa9", " \xc3\xa9");
    check_cut(MAX - 1, "\xc3\xa9", "");
    check_cut(MAX - 2, "\xc3\xa9", "\xc3\xa9");
    check_cut(MAX - 2, "\xe6\x97\xa5", "");
    check_cut(MAX - 3, "\xe6\x97\xa5", "\xe6\x97\xa5");
    check_cut(MAX - 3, "\xf0\x9f\x98\x80", "");
    check_cut(MAX - 4, "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
    /* Nothing behind what did not fit. */
    check_cut(MAX - 1, "\xc3\xa9y", "");
    check_cut(MAX - 1, " yz", "");
}

static void test_no_more_is_read(void **state)
{
    (void)state;
    char text[ROOM];
    enum { MAX = FOREIGN_TEXT_READ_MAX };
    memset(text, ' ', sizeof text);
    text[MAX] = 'b';
    check_bytes(text, sizeof text, "");
    text[MAX - 1] = 'a';
    check_bytes(text, sizeof text, "a");
    check_bytes(text, MAX, "a");
    check_bytes(text, MAX - 1, "");
    /* A character across the end is none. */
    memcpy(text + MAX - 1, "\xc3\xa9", 2);
    check_bytes(text, sizeof text, "");
    memcpy(text + MAX - 2, "\xc3\xa9", 2);
    check_bytes(text, sizeof text, "\xc3\xa9");
}

/* The last byte of the array is its NUL, and what is behind a shorter text is NUL too. */
static void test_the_whole_structure_is_written(void **state)
{
    (void)state;
    struct foreign_text text = clean("ab", 2);
    for (size_t i = 2; i < sizeof text.text; i++) {
        assert_int_equal(text.text[i], '\0');
    }
    char full[FOREIGN_TEXT_MAX + 1];
    memset(full, 'x', sizeof full);
    text = clean(full, sizeof full);
    assert_int_equal(strlen(text.text), FOREIGN_TEXT_MAX);
}

/* --- Against a plain model: first to characters, then to spaces, then cut. */

static size_t to_characters(const uint8_t *bytes, size_t length, uint32_t *out)
{
    size_t count = 0;
    for (size_t at = 0; at < length;) {
        uint32_t found = ' ';
        size_t size = 1;
        for (size_t longer = 1; longer <= 4 && longer <= length - at; longer++) {
            size = read_character(bytes + at, longer, &found) ? longer : size;
        }
        out[count++] = is_hidden_character(found) ? ' ' : found;
        at += size;
    }
    return count;
}

static void model(const uint8_t *bytes, size_t length, char out[FOREIGN_TEXT_MAX + 1])
{
    static uint32_t characters[ROOM];
    static char whole[4 * ROOM];
    size_t used = 0;
    size_t end = 0; /* of the last character that fits */
    size_t count = to_characters(
        bytes, length < FOREIGN_TEXT_READ_MAX ? length : FOREIGN_TEXT_READ_MAX, characters);
    for (size_t i = 0; i < count; i++) {
        if (characters[i] != ' ' || (used > 0 && whole[used - 1] != ' ')) {
            used += put_character(characters[i], whole + used);
            end = used <= FOREIGN_TEXT_MAX ? used : end;
        }
    }
    end -= end > 0 && whole[end - 1] == ' ';
    memcpy(out, whole, end);
    out[end] = '\0';
}

/* Bytes and characters of which most matter somewhere. */
static size_t make_random(uint8_t *out, size_t most)
{
    static const uint32_t likely[] = {' ',    'a',    0,      0x7f,   0x9f,    0xa0,    0x61c,
                                      0x200a, 0x200b, 0x2010, 0x2027, 0x202f,  0x205f,  0x2070,
                                      0xfeff, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff};
    size_t length = 0;
    while (length + 4 <= most) {
        switch (random_below(4)) {
        case 0:
            out[length++] = (uint8_t)random_next();
            break;
        case 1:
            out[length++] = (uint8_t)('a' + random_below(26));
            break;
        case 2:
            length += put_character(likely[random_below(sizeof likely / sizeof *likely)],
                                    (char *)out + length);
            break;
        default:
            length += put_character(0x80 + random_below(0x10ff00), (char *)out + length);
            length -= random_below(4) == 0;
        }
    }
    return length;
}

static void test_random_texts(void **state)
{
    (void)state;
    static uint8_t bytes[ROOM];
    char expected[FOREIGN_TEXT_MAX + 1];
    random_start();
    for (unsigned i = 0; i < 20000; i++) {
        size_t length = make_random(bytes, random_below(i % 100 == 0 ? ROOM : 120) + 1);
        model(bytes, length, expected);
        check_bytes(bytes, length, expected);
    }
    for (unsigned i = 0; i < 1000; i++) { /* so many spaces that the reading ends first */
        size_t length = make_random(bytes, ROOM);
        memset(bytes + 20, '\n', FOREIGN_TEXT_READ_MAX - 40);
        model(bytes, length, expected);
        check_bytes(bytes, length, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text_stays),
        cmocka_unit_test(test_borders_of_the_ranges),
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_runs_and_ends),
        cmocka_unit_test(test_what_is_not_utf8),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_no_more_is_read),
        cmocka_unit_test(test_the_whole_structure_is_written),
        cmocka_unit_test(test_random_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
