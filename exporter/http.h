/*
 * The HTTP endpoint: libmicrohttpd without threads, inside the caller's epoll(7) loop. Serves GET
 * and HEAD of the metrics path; every connection serves one request and is closed.
 */
#ifndef EXPORTER_HTTP_H
#define EXPORTER_HTTP_H

#include "common/address.h"
#include "exporter/exposition.h"

enum {
    HTTP_CONNECTIONS_MAX = 64,      /* a scraper or two, a person, and room for slow ones */
    HTTP_CONNECTION_MEMORY = 16384, /* octets each, headers included */
    HTTP_TIMEOUT_SECONDS = 10,      /* without progress */
    HTTP_BACKLOG = 128,
    HTTP_LISTENERS_MAX = 8, /* listening sockets: an address of each family and some more */
};

/* Opens a listening socket, close-on-exec and non-blocking. Returns 0 or -errno. */
int http_listen(const struct address *address, int *listener);

/*
 * Takes over the sockets that the service manager passed (sd_listen_fds(3)): descriptors from 3 on,
 * each a listening stream socket, set close-on-exec and non-blocking. Returns how many, or -errno:
 * -ENOENT when none was passed to this process, -E2BIG above HTTP_LISTENERS_MAX, -EINVAL for one
 * that does not listen.
 */
int http_adopt(int listeners[HTTP_LISTENERS_MAX]);

struct http;

/* Makes the server; it answers what http_accept hands to it. `telemetry_path` and `sources` must
 * outlive it. Returns 0 or -ENOMEM. http_stop closes every connection and frees it. */
int http_start(const char *telemetry_path, const struct exposition_sources *sources,
               struct http **out);
void http_stop(struct http *http);

/* Takes the connections that wait on a listening socket. Those beyond the limit are closed. */
void http_accept(struct http *http, int listener);

/* The descriptor to wait for (EPOLLIN), and how long at most: milliseconds, -1 without limit. */
int http_descriptor(const struct http *http);
int http_timeout_ms(const struct http *http);

/* Does what is due. Call when the descriptor is readable or the timeout has passed. */
void http_run(struct http *http);

#endif
