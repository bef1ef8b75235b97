#include "exporter/http/pages.h"

#include "exporter/web_config/headers.h"

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const struct {
    unsigned status;
    const char *text;
    const char *field; /* a header field of its own; NULL: none */
    const char *value;
} page_table[PAGES] = {
    [PAGE_HEALTHY] = {MHD_HTTP_OK, "healthy\n", NULL, NULL},
    [PAGE_READY] = {MHD_HTTP_OK, "ready\n", NULL, NULL},
    [PAGE_NOT_READY] = {MHD_HTTP_SERVICE_UNAVAILABLE, "the sniffer is silent\n", NULL, NULL},
    [PAGE_BAD_REQUEST] = {MHD_HTTP_BAD_REQUEST, "bad request\n", NULL, NULL},
    [PAGE_UNAUTHORIZED] = {MHD_HTTP_UNAUTHORIZED, "a user and a password are needed\n",
                           MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                           "Basic realm=\"dnstt_exporter\", charset=\"UTF-8\""},
    [PAGE_FORBIDDEN] = {MHD_HTTP_FORBIDDEN,
                        "the header Host has to name loopback at this address; "
                        "a reverse proxy has to send Host: localhost\n",
                        NULL, NULL},
    [PAGE_NOT_FOUND] = {MHD_HTTP_NOT_FOUND, "not found\n", NULL, NULL},
    [PAGE_BUSY] = {MHD_HTTP_SERVICE_UNAVAILABLE,
                   "too many scrapes at a time (-web.max-requests); try again later\n", NULL, NULL},
    [PAGE_WRONG_METHOD] = {MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n",
                           MHD_HTTP_HEADER_ALLOW, "GET, HEAD"},
    [PAGE_TOO_MANY] = {MHD_HTTP_TOO_MANY_REQUESTS, "too many requests; try again later\n",
                       MHD_HTTP_HEADER_RETRY_AFTER, "1"},
};

static bool add_fields(const struct pages *pages, struct MHD_Response *response, enum page page)
{
    const char *const fields[][2] = {
        {MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8"},
        {MHD_HTTP_HEADER_CONNECTION, "close"},
        {page_table[page].field, page_table[page].value},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (fields[i][0] != NULL &&
            MHD_add_response_header(response, fields[i][0], fields[i][1]) != MHD_YES) {
            return false;
        }
    }
    return headers_add(pages->headers, response);
}

bool pages_serve(const struct pages *pages, struct MHD_Connection *connection, enum page page)
{
    const char *text = page_table[page].text;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return false;
    }
    bool queued = add_fields(pages, response, page) &&
                  MHD_queue_response(connection, page_table[page].status, response) == MHD_YES;
    MHD_destroy_response(response);
    return queued;
}
