#include "exporter/http/status_page.h"

#include "exporter/status/status.h"
#include "exporter/status/style.h"
#include "exporter/web_config/headers.h"

#include <microhttpd.h>
#include <time.h>

static struct MHD_Response *make(const struct status_page *reply, uint32_t now)
{
    static char page[STATUS_BYTES];
    static const char *const fields[][2] = {
        {MHD_HTTP_HEADER_CONTENT_TYPE, "text/html; charset=utf-8"},
        {MHD_HTTP_HEADER_CONNECTION, "close"},
        {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
        {"Content-Security-Policy", status_policy},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"},
    };
    long length = status_render(reply->state, now, (uint64_t)time(NULL), page);
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

bool status_page_serve(struct status_page *reply, struct MHD_Connection *connection, uint32_t now)
{
    if (reply->response == NULL || reply->second != now) {
        status_page_end(reply);
        reply->response = make(reply, now);
        reply->second = now;
    }
    if (reply->response == NULL) {
        return false;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, reply->response) == MHD_YES;
}

void status_page_end(struct status_page *reply)
{
    if (reply->response != NULL) {
        MHD_destroy_response(reply->response);
    }
    reply->response = NULL;
}
