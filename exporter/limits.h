/*
 * What the log tells of a limit that was reached: one line for each, at the first time. How often
 * it acts from then on is what the metrics are for.
 */
#ifndef EXPORTER_LIMITS_H
#define EXPORTER_LIMITS_H

#include "exporter/intake.h"

#include <stdbool.h>

enum { LIMITS_COUNT = 5 };

/* All zero at the start. */
struct limits {
    bool told[LIMITS_COUNT];
};

/* Looks whether a limit has acted, and logs it if that is news. Costs a few comparisons: call it
 * after each account of the sniffer's. */
void limits_tell(struct limits *limits, const struct intake *intake);

#endif
