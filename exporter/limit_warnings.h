/*
 * What the log tells of a limit that was reached: one line for each, at the first time. How often
 * it acts from then on is what the metrics are for.
 */
#ifndef EXPORTER_LIMIT_WARNINGS_H
#define EXPORTER_LIMIT_WARNINGS_H

#include <stdbool.h>

enum { LIMIT_WARNINGS = 5 };

struct distinct;
struct groups;
struct sessions;
struct wire_stats;

/* What has limits. */
struct limit_sources {
    const struct wire_stats *account;
    const struct groups *groups;
    const struct sessions *sessions;
    const struct distinct *distinct;
};

/* All zero at the start. */
struct limit_warnings {
    bool told[LIMIT_WARNINGS];
};

/* Looks whether a limit has acted, and logs it if that is news. Costs a few comparisons: call it
 * after each account of the sniffer's. */
void limit_warnings_log(struct limit_warnings *warnings, const struct limit_sources *sources);

#endif
