#include "exporter/pages.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const struct {
    unsigned status;
    const char *text;
} page_table[PAGES] = {
    [PAGE_HEALTHY] = {MHD_HTTP_OK, "healthy\n"},
    [PAGE_READY] = {MHD_HTTP_OK, "ready\n"},
    [PAGE_NOT_READY] = {MHD_HTTP_SERVICE_UNAVAILABLE, "the sniffer is silent\n"},
    [PAGE_BAD_REQUEST] = {MHD_HTTP_BAD_REQUEST, "bad request\n"},
    [PAGE_FORBIDDEN] = {MHD_HTTP_FORBIDDEN, "this address answers to loopback names only\n"},
    [PAGE_NOT_FOUND] = {MHD_HTTP_NOT_FOUND, "not found\n"},
    [PAGE_BUSY] = {MHD_HTTP_SERVICE_UNAVAILABLE,
                   "too many scrapes at a time (-web.max-requests); try again later\n"},
    [PAGE_WRONG_METHOD] = {MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n"},
};

static struct MHD_Response *make_page(enum page page)
{
    static const char type[] = "text/plain; charset=utf-8";
    const char *text = page_table[page].text;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return NULL;
    }
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) != MHD_YES ||
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") != MHD_YES ||
        (page == PAGE_WRONG_METHOD &&
         MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") != MHD_YES)) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

int pages_make(struct pages *out)
{
    for (enum page page = 0; page < PAGES; page++) {
        out->replies[page] = make_page(page);
        if (out->replies[page] == NULL) {
            return -ENOMEM;
        }
    }
    return 0;
}

void pages_destroy(struct pages *pages)
{
    for (enum page page = 0; page < PAGES; page++) {
        if (pages->replies[page] != NULL) {
            MHD_destroy_response(pages->replies[page]);
        }
    }
}

enum MHD_Result pages_serve(const struct pages *pages, struct MHD_Connection *connection,
                            enum page page)
{
    return MHD_queue_response(connection, page_table[page].status, pages->replies[page]);
}
