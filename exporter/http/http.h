/*
 * The HTTP endpoint: libmicrohttpd without threads, inside the caller's epoll(7) loop. Serves GET
 * and HEAD of the metrics, the status page, /-/healthy and /-/ready; every connection serves one
 * request and is closed.
 */
#ifndef EXPORTER_HTTP_HTTP_H
#define EXPORTER_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

struct exposition_sources;
struct http_counters;
struct listener;
struct status_sources;

enum {
    HTTP_CONNECTION_MEMORY = 16384, /* bytes each, headers included */
    HTTP_TIMEOUT_SECONDS = 10,      /* without progress */
};

/* Nothing is owned; everything pointed to outlives the server. */
struct http_options {
    const char *telemetry_path;
    const struct exposition_sources *sources;
    const struct status_sources *status;
    struct access *access; /* what -web.config.file asks for; NULL: nothing */
    const bool *stale;     /* the sniffer is silent: the metrics are not ready */
    struct http_counters *counters;
    uint32_t max_requests; /* scrapes at a time; 0: as many as connections */
};

struct http;

/* Makes the server, which answers the connections from http_accept. Returns 0 or -ENOMEM. http_stop
 * closes every connection and frees it. */
int http_start(const struct http_options *options, struct http **out);
void http_stop(struct http *http);

/*
 * Takes the connections that wait on a listening socket, up to one turn's limit. At the limits of
 * connections.h, or when the system is out of file descriptors or memory, each newcomer replaces a
 * connection whose request has not come. At a limit without such a connection, the newcomer is
 * closed. Returns false when the system is out of them and nothing could be given up: the socket
 * stays readable, so wait for a while before the next call. `now` in seconds of CLOCK_BOOTTIME.
 */
bool http_accept(struct http *http, const struct listener *listener, uint32_t now);

/* The descriptor to wait for (EPOLLIN), and the longest wait: milliseconds, -1 when no connection
 * is open. With TLS never 0: see TLS_TURN_MS. */
int http_descriptor(const struct http *http);
int http_timeout_ms(const struct http *http);

/* Does what is due. Call when the descriptor is readable or the timeout has passed. */
void http_run(struct http *http, uint32_t now);

#endif
