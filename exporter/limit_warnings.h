/*
 * Logs one line for each limit, the first time it is reached. The metrics show how often it acts
 * from then on.
 */
#ifndef EXPORTER_LIMIT_WARNINGS_H
#define EXPORTER_LIMIT_WARNINGS_H

#include <stdbool.h>

enum { LIMIT_WARNINGS = 5 };

struct state;

/* All zero at the start. */
struct limit_warnings {
    bool told[LIMIT_WARNINGS];
};

/* Logs each limit that has acted for the first time. Costs a few comparisons: call it after each
 * STATS message of the sniffer. */
void limit_warnings_log(struct limit_warnings *warnings, const struct state *state);

#endif
