/* When each hint is on, and its words. */
#ifndef EXPORTER_HINTS_CONDITIONS_H
#define EXPORTER_HINTS_CONDITIONS_H

#include "exporter/state/hints.h"

#include <stdbool.h>
#include <stdint.h>

struct hints_watch;

/* Returns whether the hint is on at `now`, in seconds of CLOCK_BOOTTIME; then `*text` is filled. */
typedef bool hint_condition(const struct hints_watch *watch, uint32_t now, struct hint_text *text);

extern hint_condition *const conditions[HINTS];

#endif
