/*
 * Compression of a page while it is sent, by zlib: a gzip stream (RFC 1952) in memory that is part
 * of the stream and never grows. The same text always makes the same bytes.
 */
#ifndef EXPORTER_HTTP_GZIP_H
#define EXPORTER_HTTP_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

enum {
    /* A window of 4 KiB holds some fifty similar lines: a page still shrinks to a third or less.
     * Hash chains and pending codes take as much memory again. */
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

/* Begins a stream, which must not move; there is nothing to free. Returns 0, or -ENOMEM when zlib
 * needs more than GZIP_MEMORY_BYTES. */
int gzip_begin(struct gzip *gzip);

/* The input: `length` bytes at `text`; both advance by what was taken. `last`: no more input
 * follows. */
struct gzip_input {
    const char *text;
    size_t length;
    bool last;
};

/* Compresses into `size` bytes at `buffer` until they are full or the input is used up. Returns how
 * many it wrote: 0 is possible, since zlib may hold input back. Sets `ended` when the last input is
 * used up and fits. */
size_t gzip_put(struct gzip *gzip, struct gzip_input *input, char *buffer, size_t size);

#endif
