/*
 * Which requests are served. libmicrohttpd takes in what RFC 9112 wants refused, and a scrape needs
 * little: GET or HEAD of a path, without a body, for a host that is meant.
 */
#ifndef EXPORTER_HTTP_REQUEST_H
#define EXPORTER_HTTP_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>

/*
 * Returns 0 for a request to be served, otherwise the status to refuse it with:
 * 405 for another method; 400 for a body (Content-Length or Transfer-Encoding), more than one Host,
 * or a target that is no path; 403, when it came to a socket of loopback alone, for a Host that
 * does not name loopback: a page from elsewhere whose name was made to point here (DNS rebinding).
 */
unsigned request_check(struct MHD_Connection *connection, const char *target, const char *method,
                       bool loopback);

/* True for the Host values that name loopback: localhost, 127.0.0.0/8 and [::1], with or without a
 * port. */
bool request_host_is_loopback(const char *host);

#endif
