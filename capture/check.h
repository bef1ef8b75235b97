/* The part of -check that needs CAP_NET_RAW: interfaces, and the packet socket. */
#ifndef CAPTURE_CHECK_H
#define CAPTURE_CHECK_H

#include "common/check.h"

struct options;

/*
 * Writes a line for each interface, and whether the packet socket with its filter can be had. That
 * socket is opened with protocol 0 and never bound, so that no packet comes to it; its ring is not
 * made, as a running service has one already. Errors go to the log as at a start.
 */
enum check_status check_capture(const struct options *options);

#endif
