/*
 * The status page as a reply: rendered at most once a second and shared by all requests in that
 * second, so that many or slow readers cost little time and memory.
 */
#ifndef EXPORTER_HTTP_STATUS_PAGE_H
#define EXPORTER_HTTP_STATUS_PAGE_H

#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct MHD_Response;
struct headers;
struct state;

struct status_page {
    const struct state *state;     /* not owned */
    const struct headers *headers; /* fields that it has besides its own; not owned */
    struct MHD_Response *response; /* NULL: none yet */
    uint32_t second;               /* of CLOCK_BOOTTIME, when it was made */
};

/* Queues the page of `now`. Returns false when memory is short; then close the connection. */
bool status_page_serve(struct status_page *reply, struct MHD_Connection *connection, uint32_t now);

/* Releases the page; replies already being sent continue. */
void status_page_end(struct status_page *reply);

#endif
