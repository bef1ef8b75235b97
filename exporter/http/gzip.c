#include "exporter/http/gzip.h"

#include <errno.h>
#include <stdint.h>

enum {
    GZIP_FORMAT = 16, /* added to the window bits: a gzip header and trailer, not zlib's */
};

/* From the stream's own memory, which is freed as a whole. */
static void *take_memory(void *context, unsigned count, unsigned size)
{
    struct gzip *gzip = context;
    size_t bytes = (size_t)count * size;
    bytes += -bytes % _Alignof(max_align_t);
    if (bytes > sizeof gzip->memory - gzip->used) {
        return Z_NULL;
    }
    void *memory = gzip->memory + gzip->used;
    gzip->used += bytes;
    return memory;
}

static void leave_memory(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

int gzip_begin(struct gzip *gzip)
{
    gzip->used = 0;
    gzip->ended = false;
    gzip->stream = (z_stream){.zalloc = take_memory, .zfree = leave_memory, .opaque = gzip};
    int status =
        deflateInit2(&gzip->stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW_BITS + GZIP_FORMAT,
                     GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
    return status == Z_OK ? 0 : -ENOMEM;
}

size_t gzip_put(struct gzip *gzip, struct gzip_input *input, char *buffer, size_t size)
{
    z_stream *stream = &gzip->stream;
    unsigned taken = input->length < UINT32_MAX ? (unsigned)input->length : UINT32_MAX;
    unsigned room = size < UINT32_MAX ? (unsigned)size : UINT32_MAX;
    stream->next_in = (z_const Bytef *)(uintptr_t)input->text;
    stream->avail_in = taken;
    stream->next_out = (Bytef *)buffer;
    stream->avail_out = room;
    bool last = input->last && taken == input->length;
    /* The only other outcome, Z_BUF_ERROR, means that there was nothing to do. */
    gzip->ended = deflate(stream, last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
    input->text += taken - stream->avail_in;
    input->length -= taken - stream->avail_in;
    return room - stream->avail_out;
}
