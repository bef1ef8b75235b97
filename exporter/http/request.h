/*
 * Which requests are served. libmicrohttpd accepts requests that RFC 9112 says to refuse. A scrape
 * needs little: GET or HEAD of a path, without a body, for an expected host.
 */
#ifndef EXPORTER_HTTP_REQUEST_H
#define EXPORTER_HTTP_REQUEST_H

#include "exporter/web_config/page.h"

#include <stdbool.h>

struct MHD_Connection;

/*
 * Returns PAGE_NONE for a request that may go on, else the page that refuses it: PAGE_WRONG_METHOD
 * for another method; PAGE_BAD_REQUEST for a body (Content-Length or Transfer-Encoding), more than
 * one Host, or a target that is not a path; PAGE_FORBIDDEN, when it came to a socket of loopback
 * alone, for a Host that does not name loopback: a page from elsewhere whose name was made to point
 * here (DNS rebinding).
 */
enum page request_check(struct MHD_Connection *connection, const char *target, const char *method,
                        bool loopback);

/* True for the Host values that name loopback: localhost, 127.0.0.0/8 and [::1], with or without a
 * port. */
bool request_host_is_loopback(const char *host);

#endif
