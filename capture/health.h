/* -check.health: asks the running service whether it is healthy. */
#ifndef CAPTURE_HEALTH_H
#define CAPTURE_HEALTH_H

#include "common/check.h"

struct options;

/*
 * Asks for /-/healthy at each listen address, and ends at the first that does not answer: within
 * HEALTH_STAGE_SECONDS each for the connection, the request and the reply. Statuses 200, 401 (a
 * password is needed) and 429 (asked too often) are right. With a web configuration a connection
 * that is accepted and closed is right as well, since that is what TLS makes of a plain request.
 * Writes a line for each healthy address; the error goes to the log.
 */
enum check_status health_check(const struct options *options);

enum { HEALTH_STAGE_SECONDS = 2 };

#endif
