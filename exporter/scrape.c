#include "exporter/scrape.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* What libmicrohttpd asks exposition_read to fill at a time. */
    BLOCK_SIZE = 64 * 1024,
};

/* A reply on its way. */
struct reply {
    struct exposition *exposition;
    /* Where libmicrohttpd offers less room than a line may take, since a long request has used up
     * the connection's memory, lines wait here. */
    char staged[EXPOSITION_LINE_MAX];
    size_t staged_start;
    size_t staged_end;
};

static size_t read_staged(struct reply *reply, char *buffer, size_t size)
{
    if (reply->staged_start == reply->staged_end) {
        reply->staged_start = 0;
        reply->staged_end = exposition_read(reply->exposition, reply->staged, sizeof reply->staged);
    }
    size_t left = reply->staged_end - reply->staged_start;
    size_t length = left < size ? left : size;
    memcpy(buffer, reply->staged + reply->staged_start, length);
    reply->staged_start += length;
    return length;
}

static ssize_t read_reply(void *context, uint64_t position, char *buffer, size_t size)
{
    struct reply *reply = context;
    (void)position; /* a stream: libmicrohttpd asks in order */
    bool staged = reply->staged_start < reply->staged_end || size < EXPOSITION_LINE_MAX;
    size_t length = staged ? read_staged(reply, buffer, size)
                           : exposition_read(reply->exposition, buffer, size);
    return length > 0 ? (ssize_t)length : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end_reply(void *context)
{
    struct reply *reply = context;
    exposition_end(reply->exposition);
    free(reply);
}

static struct reply *begin_reply(const struct exposition_sources *sources)
{
    struct reply *reply = calloc(1, sizeof *reply);
    if (reply != NULL && exposition_begin(sources, &reply->exposition) != 0) {
        free(reply);
        return NULL;
    }
    return reply;
}

/* The length that the body would have. libmicrohttpd ends even the body that HEAD does not have
 * with a last chunk, unless it knows the length. */
static uint64_t exposition_length(struct exposition *exposition)
{
    static char buffer[BLOCK_SIZE];
    uint64_t length = 0;
    for (size_t more; (more = exposition_read(exposition, buffer, sizeof buffer)) > 0;) {
        length += more;
    }
    return length;
}

enum MHD_Result scrape_serve(const struct exposition_sources *sources,
                             struct MHD_Connection *connection, bool only_head)
{
    struct reply *reply = begin_reply(sources);
    if (reply == NULL) {
        return MHD_NO;
    }
    uint64_t length = only_head ? exposition_length(reply->exposition) : MHD_SIZE_UNKNOWN;
    struct MHD_Response *response =
        MHD_create_response_from_callback(length, BLOCK_SIZE, read_reply, reply, end_reply);
    if (response == NULL) {
        end_reply(reply);
        return MHD_NO;
    }
    enum MHD_Result result =
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, EXPOSITION_CONTENT_TYPE);
    if (result == MHD_YES) {
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    if (result == MHD_YES) {
        result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    }
    MHD_destroy_response(response);
    return result;
}
