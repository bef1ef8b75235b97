/*
 * The HTTP endpoint: libmicrohttpd without threads, inside the caller's epoll(7) loop. Serves GET
 * and HEAD of the metrics, the status page, /-/healthy and /-/ready; every connection serves one
 * request and is closed.
 */
#ifndef EXPORTER_HTTP_HTTP_H
#define EXPORTER_HTTP_HTTP_H

#include "exporter/system/timer.h"

#include <stdbool.h>
#include <stdint.h>

struct listener;
struct state;

enum {
    HTTP_CONNECTION_MEMORY = 16384, /* bytes each, headers included */
    HTTP_TIMEOUT_SECONDS = 10,      /* without progress */
};

struct http;

/* Makes the server, which answers the connections from http_accept. Returns 0 or -ENOMEM. http_stop
 * closes every connection and frees it. */
int http_start(struct state *state, struct http **out);
void http_stop(struct http *http);

/*
 * Takes the connections that wait on a listening socket, up to one turn's limit. At the limits of
 * connections.h, or when the system is out of file descriptors or memory, each newcomer replaces a
 * connection whose request has not come. At a limit without such a connection, the newcomer is
 * closed. Returns false when the system is out of them and nothing could be given up: the socket
 * stays readable, so wait for a while before the next call. `now` in seconds of CLOCK_BOOTTIME.
 */
bool http_accept(struct http *http, const struct listener *listener, uint32_t now);

/* The descriptor to wait for (EPOLLIN): what comes on it is served by the timer's run. */
int http_descriptor(const struct http *http);

/* Serves what is open. With TLS it never waits for 0 ms: see TLS_TURN_MS. */
struct timer http_timer(struct http *http);

#endif
