#include "exporter/scrape.h"

#include "exporter/negotiate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static struct reply *begin_reply(const struct exposition_sources *sources,
                                 const struct exposition_wish *wish)
{
    struct reply *reply = calloc(1, sizeof *reply);
    if (reply != NULL && exposition_begin(sources, wish, &reply->exposition) != 0) {
        free(reply);
        return NULL;
    }
    return reply;
}

/* --- What is asked for. */

static enum MHD_Result take_field(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    if (value != NULL && strcasecmp(name, MHD_HTTP_HEADER_ACCEPT) == 0) {
        negotiate_accept(context, value);
    }
    return MHD_YES;
}

/* As many as the request's memory holds, each found among some dozens of metrics. */
static enum MHD_Result take_argument(void *context, enum MHD_ValueKind kind, const char *name,
                                     size_t name_length, const char *value, size_t value_length)
{
    static const char wanted[] = "name[]";
    (void)kind;
    if (name_length == strlen(wanted) && memcmp(name, wanted, name_length) == 0) {
        /* No metric has a name with a NUL in it. */
        bool whole = value != NULL && strlen(value) == value_length;
        exposition_ask(context, whole ? value : "");
    }
    return MHD_YES;
}

static struct exposition_wish take_wish(struct MHD_Connection *connection)
{
    struct exposition_wish wish = {.by_name = false};
    struct negotiate negotiate = {.items = 0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, take_field, &negotiate);
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_argument, &wish);
    wish.format = negotiate_format(&negotiate);
    return wish;
}

/* --- The reply. */

static ssize_t read_nothing(void *context, uint64_t position, char *buffer, size_t size)
{
    (void)context;
    (void)position;
    (void)buffer;
    (void)size;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/* For HEAD. libmicrohttpd ends a body of unknown length by a last chunk even where there is no
 * body, unless it is told not to use chunks. */
static struct MHD_Response *make_head(void)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1, read_nothing, NULL, NULL);
    if (response != NULL && MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
                                                     MHD_RO_END) != MHD_YES) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

static struct MHD_Response *make_page(const struct exposition_sources *sources,
                                      const struct exposition_wish *wish)
{
    struct reply *reply = begin_reply(sources, wish);
    if (reply == NULL) {
        return NULL;
    }
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE,
                                                                      read_reply, reply, end_reply);
    if (response == NULL) {
        end_reply(reply);
    }
    return response;
}

enum MHD_Result scrape_serve(const struct exposition_sources *sources,
                             struct MHD_Connection *connection, bool only_head)
{
    const struct exposition_wish wish = take_wish(connection);
    struct MHD_Response *response = only_head ? make_head() : make_page(sources, &wish);
    if (response == NULL) {
        return MHD_NO;
    }
    const struct {
        const char *name;
        const char *value;
    } fields[] = {
        {MHD_HTTP_HEADER_CONTENT_TYPE, exposition_content_type(wish.format)},
        {MHD_HTTP_HEADER_VARY, "Accept"},
        {MHD_HTTP_HEADER_CONNECTION, "close"},
    };
    enum MHD_Result result = MHD_YES;
    for (size_t i = 0; result == MHD_YES && i < sizeof fields / sizeof *fields; i++) {
        result = MHD_add_response_header(response, fields[i].name, fields[i].value);
    }
    if (result == MHD_YES) {
        result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    }
    MHD_destroy_response(response);
    return result;
}
