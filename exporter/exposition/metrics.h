/*
 * The metrics, a row each, in the order of the page. To add one: a field in the module that knows
 * its value, a row in metrics.c, and a test.
 */
#ifndef EXPORTER_EXPOSITION_METRICS_H
#define EXPORTER_EXPOSITION_METRICS_H

#include "exporter/counts/rounding.h"

#include <stddef.h>
#include <stdint.h>

/* A group's gauges, copied when a scrape begins, so that their sums are exact. */
struct metrics_gauges {
    uint32_t active;
    uint32_t peak;
    uint32_t established;
};

/* Where a metric's values are, and how many lines it has. `offset` is into the struct named. */
enum metrics_source {
    METRICS_OF_GROUP_COPIED = 1, /* uint32_t in struct metrics_gauges: a line for each group */
    METRICS_OF_GROUP,            /* uint64_t in struct group: a line for each group */
    METRICS_OF_GROUP_SUM,        /* the same: its sum, a line for each domain. The row follows that
                                    of the groups, so that it sums what their lines show */
    METRICS_OF_GROUP_SPLIT,      /* uint64_t array there: for each group and value that is not 0 */
    METRICS_OF_DOMAIN,           /* uint32_t in struct group_domain: a line for each domain */
    METRICS_OF_TUNNEL,           /* one line of value 1 for each domain, whose labels describe it */
    METRICS_OF_ENDED_SESSIONS,   /* struct histogram in struct sessions_ended: the lines of a
                                    histogram for each domain */
    METRICS_OF_STATE,            /* uint64_t in struct state: one line, none where it is unknown */
    METRICS_OF_STATE_SPLIT,      /* uint64_t array there: a line for each value of the label */
    METRICS_OF_OUTCOMES,         /* packets by outcome: a line for each that is named differently */
    METRICS_OF_DATABASE,         /* uint64_t in struct state_database: a line for each one in use */
    METRICS_OF_NETWORK, /* one line of value 1 for each ASN that has a group, with its name */
    METRICS_OF_BUILD,   /* one line of value 1 whose labels describe the build */
};

/* What the index of a metric's array means. */
struct metrics_label {
    const char *name;
    uint32_t count; /* of its values */
    const char *(*value)(uint32_t index);
    const char *(*meaning)(uint32_t index); /* of a value, for HELP; NULL: HELP lists none */
};

struct metric {
    const char *name;
    const char *type;     /* "gauge", "counter" or "histogram" */
    const char *help;     /* the label's values and their meanings follow it, then `help_end` */
    const char *help_end; /* NULL: nothing */
    enum metrics_source source;
    size_t offset;
    enum rounding rounding;            /* of its values, with -privacy.round */
    unsigned decimals;                 /* of METRICS_OF_STATE: 6 for millionths, at most 9 */
    const struct metrics_label *label; /* of the split ones */
};

enum { METRICS_MAX = 64 }; /* a scrape notes which are asked for in as many bits */

extern const struct metric metric_table[];
extern const size_t metric_count;

#endif
