/* The reply to a scrape: the metrics page, streamed to one connection. */
#ifndef EXPORTER_HTTP_SCRAPE_H
#define EXPORTER_HTTP_SCRAPE_H

#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct state;
struct headers;

/* Queues the page as the request's Accept, Accept-Encoding and `name[]` ask for it, or for HEAD
 * only its headers; `headers` are added. Follows the wall clock. Returns false when memory is
 * short; then close the connection. */
bool scrape_serve(struct state *state, struct MHD_Connection *connection,
                  const struct headers *headers, bool only_head);

/* Bytes that all replies being sent may take, besides the copies of snapshot.h. */
uint64_t scrape_memory_max(void);

#endif
