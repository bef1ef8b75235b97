/*
 * The status page as a reply: rendered at most once a second, and shared by all who ask within it,
 * so that neither many nor slow readers cost much time or memory.
 */
#ifndef EXPORTER_STATUS_REPLY_H
#define EXPORTER_STATUS_REPLY_H

#include "exporter/headers.h"
#include "exporter/status.h"

#include <microhttpd.h>
#include <stdint.h>

struct status_reply {
    const struct status_sources *sources; /* not owned */
    const struct headers *headers;        /* that it has besides its own; not owned */
    struct MHD_Response *response;        /* NULL: none yet */
    uint32_t second;                      /* of CLOCK_BOOTTIME, when it was made */
};

/* Queues the page of `now`. MHD_NO, when memory is short, closes the connection. */
enum MHD_Result status_reply_serve(struct status_reply *reply, struct MHD_Connection *connection,
                                   uint32_t now);

/* Lets go of the page; readers that are at it go on. */
void status_reply_end(struct status_reply *reply);

#endif
