/*
 * Compression of a page on its way, by zlib: a gzip stream (RFC 1952) in memory that is set aside
 * with the stream and never grows. The same text makes the same bytes each time.
 */
#ifndef EXPORTER_HTTP_GZIP_H
#define EXPORTER_HTTP_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

enum {
    /* A window of 4 KiB holds some fifty lines, each like those before it, and hash chains and
     * pending codes take as much again: a page shrinks to a third or less all the same. */
    GZIP_WINDOW_BITS = 12,
    GZIP_MEMORY_LEVEL = 5,
    /* What zlib (1.2.13: 38 KiB) takes for that, with room for other versions' needs. */
    GZIP_MEMORY_BYTES = 48 * 1024,
};

struct gzip {
    z_stream stream;
    size_t used; /* bytes of `memory` */
    bool ended;  /* all of the output has been taken */
    _Alignas(max_align_t) unsigned char memory[GZIP_MEMORY_BYTES];
};

/* Begins a stream. It must not move, and there is nothing to free. Returns 0, or -ENOMEM when zlib
 * wants more than GZIP_MEMORY_BYTES. */
int gzip_begin(struct gzip *gzip);

/* What goes in: `length` bytes at `text`, both moved on by what was taken. `last`: none will
 * follow them. */
struct gzip_input {
    const char *text;
    size_t length;
    bool last;
};

/* Compresses into `size` bytes at `buffer` until they are full or the input is used up. Returns
 * how many it wrote, which may be none: zlib holds back what it has yet to look at. With the last
 * input used up and room left over, `ended` is set. */
size_t gzip_put(struct gzip *gzip, struct gzip_input *input, char *buffer, size_t size);

#endif
