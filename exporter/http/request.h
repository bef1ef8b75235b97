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

/*
 * True for the Host values that name loopback, with or without a port: localhost, in any case;
 * 127.0.0.0/8, in any form that inet_aton(3) reads; both with or without a dot at the end; and in
 * brackets ::1 and 127.0.0.0/8 mapped into IPv6, in any form. DNS can make none of these.
 */
bool request_host_is_loopback(const char *host);

#endif
