/* Replies of one line of text. */
#ifndef EXPORTER_HTTP_PAGES_H
#define EXPORTER_HTTP_PAGES_H

#include <stdbool.h>

struct MHD_Connection;
struct headers;

enum page {
    PAGE_HEALTHY,
    PAGE_READY,
    PAGE_NOT_READY,
    PAGE_BAD_REQUEST,
    PAGE_UNAUTHORIZED,
    PAGE_FORBIDDEN,
    PAGE_NOT_FOUND,
    PAGE_BUSY,
    PAGE_WRONG_METHOD,
    PAGE_TOO_MANY,
    PAGES, /* how many */
};

struct pages {
    const struct headers *headers; /* fields that each has besides its own; not owned */
};

/* Queues a page. Returns false when memory is short; then close the connection. */
bool pages_serve(const struct pages *pages, struct MHD_Connection *connection, enum page page);

#endif
