#include "exporter/status_reply.h"

#include "exporter/status_style.h"

#include <time.h>

static struct MHD_Response *make(const struct status_reply *reply, uint32_t now)
{
    static char page[STATUS_OCTETS];
    static const char *const fields[][2] = {
        {MHD_HTTP_HEADER_CONTENT_TYPE, "text/html; charset=utf-8"},
        {MHD_HTTP_HEADER_CONNECTION, "close"},
        {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
        {"Content-Security-Policy", status_policy},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"},
    };
    long length = status_render(reply->sources, now, (uint64_t)time(NULL), page);
    if (length < 0) {
        return NULL;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t)length, page, MHD_RESPMEM_MUST_COPY);
    for (size_t i = 0; response != NULL && i < sizeof fields / sizeof *fields; i++) {
        if (MHD_add_response_header(response, fields[i][0], fields[i][1]) != MHD_YES) {
            MHD_destroy_response(response);
            response = NULL;
        }
    }
    if (response != NULL && !headers_add(reply->headers, response)) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

enum MHD_Result status_reply_serve(struct status_reply *reply, struct MHD_Connection *connection,
                                   uint32_t now)
{
    if (reply->response == NULL || reply->second != now) {
        status_reply_end(reply);
        reply->response = make(reply, now);
        reply->second = now;
    }
    if (reply->response == NULL) {
        return MHD_NO;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, reply->response);
}

void status_reply_end(struct status_reply *reply)
{
    if (reply->response != NULL) {
        MHD_destroy_response(reply->response);
    }
    reply->response = NULL;
}
