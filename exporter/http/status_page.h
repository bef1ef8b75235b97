/*
 * The status page as a reply: each form is rendered at most once a second and shared by all
 * requests in that second, so that many or slow readers cost little time and memory.
 */
#ifndef EXPORTER_HTTP_STATUS_PAGE_H
#define EXPORTER_HTTP_STATUS_PAGE_H

#include "exporter/status/status.h"
#include "exporter/web_config/page.h"

#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct MHD_Response;
struct headers;
struct state;

struct status_page {
    const struct state *state;     /* not owned */
    const struct headers *headers; /* fields that it has besides its own; not owned */
    struct MHD_Response *responses[STATUS_FORMS]; /* NULL: none yet */
    uint32_t seconds[STATUS_FORMS];               /* of CLOCK_BOOTTIME, when each was made */
};

/* Queues the page of `now`: one of PAGE_STATUS and those after it. The text form takes `?ascii` and
 * `?color`. Returns false when memory is short; then close the connection. */
bool status_page_serve(struct status_page *reply, struct MHD_Connection *connection, enum page page,
                       uint32_t now);

/* Releases the pages; replies already being sent continue. */
void status_page_end(struct status_page *reply);

#endif
