/*
 * Which requests are served. libmicrohttpd accepts requests that RFC 9112 says to refuse. A scrape
 * needs little: GET or HEAD of a path, without a body, for an expected host.
 */
#ifndef EXPORTER_HTTP_REQUEST_H
#define EXPORTER_HTTP_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>

/*
 * Returns 0 for a request to be served, otherwise the status to refuse it with: 405 for another
 * method; 400 for a body (Content-Length or Transfer-Encoding), more than one Host, or a target
 * that is not a path; 403 on a loopback-only socket for a Host that does not name loopback, against
 * DNS rebinding (a web page whose name is made to point here).
 */
unsigned request_check(struct MHD_Connection *connection, const char *target, const char *method,
                       bool loopback);

/* True for the Host values that name loopback: localhost, 127.0.0.0/8 and [::1], with or without a
 * port. */
bool request_host_is_loopback(const char *host);

#endif
