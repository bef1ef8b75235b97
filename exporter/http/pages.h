/* Replies of one line of text. */
#ifndef EXPORTER_HTTP_PAGES_H
#define EXPORTER_HTTP_PAGES_H

#include "exporter/web_config/page.h"

#include <stdbool.h>

struct MHD_Connection;
struct headers;

struct pages {
    const struct headers *headers; /* fields that each has besides its own; not owned */
};

/* Queues a page of one line: PAGE_HEALTHY or one after it. Returns false when memory is short; then
 * close the connection. */
bool pages_serve(const struct pages *pages, struct MHD_Connection *connection, enum page page);

#endif
