/* What is compressed comes back as it was, by zlib's own other half. */
#include "exporter/http/gzip.h"

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

enum {
    TEXT_BYTES = 300000,
    /* Deflate adds five bytes to a block of up to 64 KiB that does not shrink; ours are smaller.
     */
    ROOM = 2 * TEXT_BYTES,
    GZIP_OR_ZLIB = 32 /* added to inflate's window bits */
};

struct text {
    char bytes[TEXT_BYTES];
    size_t length;
};

static struct text text;
static char compressed[ROOM];
static char restored[ROOM];

/* Lines as of a page, so many bytes of them. */
static void make_lines(size_t length)
{
    size_t at = 0;
    for (unsigned line = 0; at < length; line++) {
        char next[128];
        int bytes = snprintf(next, sizeof next,
                             "dnstt_queries_total{domain=\"t.example.com\",country=\"%c%c\",asn="
                             "\"%u\"} %u\n",
                             'A' + line % 26, 'A' + line / 26 % 26, 64496 + line, line * line);
        size_t room = length - at;
        size_t part = (size_t)bytes < room ? (size_t)bytes : room;
        memcpy(text.bytes + at, next, part);
        at += part;
    }
    text.length = length;
}

/* Compresses the text, given in pieces of `give` bytes and taken in such of `take`. */
static size_t compress_text(size_t give, size_t take)
{
    struct gzip *gzip = malloc(sizeof *gzip);
    assert_non_null(gzip);
    memset(gzip, 0xa5, sizeof *gzip);
    assert_int_equal(gzip_begin(gzip), 0);
    struct gzip_input input = {.text = text.bytes};
    size_t given = 0;
    size_t length = 0;
    while (!gzip->ended) {
        if (input.length == 0 && !input.last) {
            size_t left = text.length - given;
            input.length = left < give ? left : give;
            input.last = input.length == 0;
            assert_ptr_equal(input.text, text.bytes + given);
            given += input.length;
        }
        assert_true(length + take <= sizeof compressed);
        size_t written = gzip_put(gzip, &input, compressed + length, take);
        assert_true(written <= take);
        length += written;
    }
    assert_int_equal(given, text.length);
    assert_in_range(gzip->used, 1, sizeof gzip->memory);
    free(gzip);
    return length;
}

static void check_restored(size_t length)
{
    z_stream stream = {.next_in = (Bytef *)compressed, .avail_in = (uInt)length};
    stream.next_out = (Bytef *)restored;
    stream.avail_out = sizeof restored;
    assert_int_equal(inflateInit2(&stream, MAX_WBITS + GZIP_OR_ZLIB), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    assert_int_equal(stream.total_out, text.length);
    inflateEnd(&stream);
    assert_memory_equal(restored, text.bytes, text.length);
}

static void test_every_size_of_pieces(void **state)
{
    static const size_t lengths[] = {0, 1, 2, 4095, 4096, 4097, 70000};
    static const size_t sizes[] = {1, 7, 1024, 4096, 16000, TEXT_BYTES};
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        make_lines(lengths[i]);
        for (size_t give = 0; give < sizeof sizes / sizeof *sizes; give++) {
            for (size_t take = 0; take < sizeof sizes / sizeof *sizes; take++) {
                check_restored(compress_text(sizes[give], sizes[take]));
            }
        }
    }
}

static void test_what_does_not_shrink(void **state)
{
    (void)state;
    random_start();
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        text.bytes[i] = (char)random_next();
    }
    text.length = TEXT_BYTES;
    size_t length = compress_text(4096, 16000);
    assert_in_range(length, TEXT_BYTES, TEXT_BYTES + TEXT_BYTES / 100);
    check_restored(length);
}

static void test_a_page_shrinks(void **state)
{
    (void)state;
    make_lines(TEXT_BYTES);
    size_t length = compress_text(4096, 16000);
    assert_in_range(length, 1, TEXT_BYTES / 5);
    check_restored(length);
}

/* No time and no name in the header, and the same bytes however they are given and taken. */
static void test_the_same_each_time(void **state)
{
    (void)state;
    make_lines(100000);
    size_t length = compress_text(TEXT_BYTES, TEXT_BYTES);
    char *first = malloc(length);
    assert_non_null(first);
    memcpy(first, compressed, length);
    assert_int_equal(compress_text(TEXT_BYTES, 1000), length);
    assert_memory_equal(compressed, first, length);
    static const unsigned char header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0};
    assert_memory_equal(compressed, header, sizeof header);
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size_of_pieces),
        cmocka_unit_test(test_what_does_not_shrink),
        cmocka_unit_test(test_a_page_shrinks),
        cmocka_unit_test(test_the_same_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
