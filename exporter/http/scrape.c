#include "exporter/http/scrape.h"

#include "exporter/exposition/exposition.h"
#include "exporter/exposition/format.h"
#include "exporter/http/connections.h"
#include "exporter/http/gzip.h"
#include "exporter/http/negotiate.h"
#include "exporter/state/state.h"
#include "exporter/system/wall_clock.h"
#include "exporter/web_config/headers.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    /* What libmicrohttpd asks exposition_read to fill at a time. */
    BLOCK_SIZE = 64 * 1024,
    /* Staged lines: at least one, and enough that zlib is called rarely. */
    STAGED_BYTES = 4 * 1024,
    /* Bytes of text compressed in one turn of the loop: takes about half a millisecond. */
    TURN_BYTES = 64 * 1024,
};

_Static_assert((int)STAGED_BYTES >= (int)EXPOSITION_LINE_MAX, "a line fits");

/* What a request asks for. */
struct wish {
    struct exposition_wish page;
    bool gzip;
};

/* A reply on its way. */
struct reply {
    struct exposition *exposition;
    /* Lines wait here to be compressed. They also wait here if libmicrohttpd offers less space than
     * a line may take, because a long request has used up the connection's memory. */
    char staged[STAGED_BYTES];
    struct gzip_input waiting; /* of them; `last` when all has been read */
    struct gzip *gzip;         /* NULL: the page is sent uncompressed */
};

static void fill_staged(struct reply *reply)
{
    size_t length = exposition_read(reply->exposition, reply->staged, sizeof reply->staged);
    reply->waiting =
        (struct gzip_input){.text = reply->staged, .length = length, .last = length == 0};
}

static size_t read_staged(struct reply *reply, char *buffer, size_t size)
{
    if (reply->waiting.length == 0) {
        fill_staged(reply);
    }
    size_t length = reply->waiting.length < size ? reply->waiting.length : size;
    memcpy(buffer, reply->waiting.text, length);
    reply->waiting.text += length;
    reply->waiting.length -= length;
    return length;
}

/* At least one byte, since 0 would mean the end, and no more than a turn's work. */
static size_t read_compressed(struct reply *reply, char *buffer, size_t size)
{
    size_t written = 0;
    size_t rendered = 0;
    while (!reply->gzip->ended && written < size && (written == 0 || rendered < TURN_BYTES)) {
        if (reply->waiting.length == 0 && !reply->waiting.last) {
            fill_staged(reply);
            rendered += reply->waiting.length;
        }
        written += gzip_put(reply->gzip, &reply->waiting, buffer + written, size - written);
    }
    return written;
}

static ssize_t read_reply(void *context, uint64_t position, char *buffer, size_t size)
{
    struct reply *reply = context;
    (void)position; /* a stream: libmicrohttpd asks in order */
    bool staged = reply->waiting.length > 0 || size < EXPOSITION_LINE_MAX;
    size_t length = reply->gzip != NULL ? read_compressed(reply, buffer, size)
                    : staged            ? read_staged(reply, buffer, size)
                                        : exposition_read(reply->exposition, buffer, size);
    return length > 0 ? (ssize_t)length : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end_reply(void *context)
{
    struct reply *reply = context;
    if (reply->exposition != NULL) {
        exposition_end(reply->exposition);
    }
    free(reply->gzip);
    free(reply);
}

static int begin_gzip(struct gzip **out)
{
    struct gzip *gzip = malloc(sizeof *gzip);
    if (gzip == NULL || gzip_begin(gzip) != 0) {
        free(gzip);
        return -ENOMEM;
    }
    *out = gzip;
    return 0;
}

static struct reply *begin_reply(const struct state *state, const struct wish *wish)
{
    struct reply *reply = calloc(1, sizeof *reply);
    if (reply == NULL) {
        return NULL;
    }
    int error = exposition_begin(state, &wish->page, &reply->exposition);
    if (error == 0 && wish->gzip) {
        error = begin_gzip(&reply->gzip);
    }
    if (error != 0) {
        end_reply(reply);
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
    if (value != NULL && strcasecmp(name, MHD_HTTP_HEADER_ACCEPT_ENCODING) == 0) {
        negotiate_encoding(context, value);
    }
    return MHD_YES;
}

/* The request's memory limits how many there are; each is looked up among some dozens of
 * metrics. */
static enum MHD_Result take_argument(void *context, enum MHD_ValueKind kind, const char *name,
                                     size_t name_length, const char *value, size_t value_length)
{
    static const char wanted[] = "name[]";
    (void)kind;
    if (name_length == strlen(wanted) && memcmp(name, wanted, name_length) == 0) {
        /* No metric's name contains a NUL. */
        bool whole = value != NULL && strlen(value) == value_length;
        exposition_ask(context, whole ? value : "");
    }
    return MHD_YES;
}

static struct wish take_wish(struct MHD_Connection *connection)
{
    struct wish wish = {.gzip = false};
    struct negotiate negotiate = {.items = 0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, take_field, &negotiate);
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_argument, &wish.page);
    wish.page.format = negotiate_format(&negotiate);
    wish.gzip = negotiate_gzip(&negotiate);
    return wish;
}

/* --- The reply. */

static ssize_t read_nothing(void *context, uint64_t position,
                            char *buffer, // NOLINT(readability-non-const-parameter)
                            size_t size)
{
    (void)context;
    (void)position;
    (void)buffer;
    (void)size;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/* For HEAD. libmicrohttpd ends a body of unknown length with a last chunk, even for a HEAD reply,
 * unless chunks are turned off. */
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

static struct MHD_Response *make_page(const struct state *state, const struct wish *wish)
{
    struct reply *reply = begin_reply(state, wish);
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

bool scrape_serve(struct state *state, struct MHD_Connection *connection,
                  const struct headers *headers, bool only_head)
{
    const struct wish wish = take_wish(connection);
    wall_clock_look(&state->wall);
    struct MHD_Response *response = only_head ? make_head() : make_page(state, &wish);
    if (response == NULL) {
        return false;
    }
    const struct {
        const char *name;
        const char *value;
    } fields[] = {
        {MHD_HTTP_HEADER_CONTENT_TYPE, exposition_content_type(wish.page.format)},
        {MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding"},
        {MHD_HTTP_HEADER_CONNECTION, "close"},
        {MHD_HTTP_HEADER_CONTENT_ENCODING, wish.gzip ? "gzip" : NULL},
    };
    bool good = true;
    for (size_t i = 0; good && i < sizeof fields / sizeof *fields; i++) {
        good = fields[i].value == NULL ||
               MHD_add_response_header(response, fields[i].name, fields[i].value) == MHD_YES;
    }
    good = good && headers_add(headers, response) &&
           MHD_queue_response(connection, MHD_HTTP_OK, response) == MHD_YES;
    MHD_destroy_response(response);
    return good;
}

uint64_t scrape_memory_max(void)
{
    return CONNECTIONS_MAX * (sizeof(struct reply) + exposition_memory() + sizeof(struct gzip));
}
