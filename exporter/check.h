/* The part of -check that takes no privilege: tunnels, ports, databases, the web configuration,
 * addresses. */
#ifndef EXPORTER_CHECK_H
#define EXPORTER_CHECK_H

#include "common/check.h"

struct options;

/*
 * The status of what was checked before the exec, by CHECK_ENVIRONMENT; -1 when this process was
 * not started by a check.
 */
int check_adopt(void);

/*
 * Writes a line for each of them, and the last one. Errors go to the log as at a start, and do not
 * end it, so that one check shows them all. Opens files as a start does, with no privilege left.
 * Binds nothing. Returns the exit status; `before` is that of what was checked before the exec.
 */
enum check_status check_exporter(const struct options *options, enum check_status before);

#endif
