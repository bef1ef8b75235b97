/*
 * The HTTP endpoint: libmicrohttpd without threads, inside the caller's epoll(7) loop.
 */
#ifndef EXPORTER_HTTP_H
#define EXPORTER_HTTP_H

#include "exporter/exposition.h"

struct http;

enum {
    HTTP_CONNECTIONS_MAX = 64,      /* a scraper or two, a person, and room for slow ones */
    HTTP_CONNECTION_MEMORY = 16384, /* octets each, headers included */
    HTTP_TIMEOUT_SECONDS = 10,      /* without progress */
};

/* Opens a listening socket, close-on-exec and non-blocking. Returns 0 or -errno. */
int http_listen(const struct address *address, int *listener);

/* Serves on a listening socket, which it owns from then on. Returns 0 or -errno. */
int http_start(int listener, const char *telemetry_path, const struct exposition_sources *sources,
               struct http **out);
void http_stop(struct http *http);

/* The descriptor to wait for (POLLIN), and how long at most: milliseconds, -1 without limit. */
int http_descriptor(const struct http *http);
int http_timeout_ms(const struct http *http);

/* Does what is due. Call when the descriptor is readable or the timeout has passed. */
void http_run(struct http *http);

#endif
