/*
 * The metrics, a row each, in the order of the page. To add one, add a row in metrics.c and, for a
 * value of the whole program, a field of struct metrics_values.
 */
#ifndef EXPORTER_EXPOSITION_METRICS_H
#define EXPORTER_EXPOSITION_METRICS_H

#include "common/wire.h"
#include "exporter/exposition/http_counters.h"
#include "exporter/geoip/geoip.h"
#include "exporter/system/reloaded.h"
#include "exporter/system/self_metrics.h"

#include <stddef.h>
#include <stdint.h>

/* Every packet has one of these outcomes. */
enum metrics_outcome {
    METRICS_KERNEL_DROPPED,
    METRICS_IGNORED,
    METRICS_MALFORMED,
    METRICS_OTHER_DOMAIN,
    METRICS_REJECTED,
    METRICS_QUERY,
    METRICS_RESPONSE,
    METRICS_OUTCOMES, /* how many values */
};

/* Of a database. */
struct metrics_database {
    struct geoip_values values;
    uint64_t reload_successful; /* 0 or 1 */
    uint64_t reload_time;       /* seconds since 1970 of the latest success */
};

/* Values of the whole program, copied when a scrape begins. */
struct metrics_values {
    uint64_t received;
    uint64_t outcomes[METRICS_OUTCOMES];
    uint64_t ignored[WIRE_IGNORE_REASONS];
    uint64_t interface_down;
    uint64_t sessions_evicted;
    uint64_t sessions_refused;
    uint64_t sessions_forgotten;
    uint64_t groups_capped;
    uint64_t sniffer_up; /* 0 or 1 */
    struct http_counters http;
    struct self_metrics_values self;
    struct metrics_database databases[GEOIP_DATABASES];
    struct reloaded web_config; /* SELF_METRICS_UNKNOWN without one */
};

/* A group's gauges, copied when a scrape begins, so that their sums are exact. */
struct metrics_gauges {
    uint32_t active;
    uint32_t peak;
};

/* Where a metric's values are and how many lines it has. `offset` is into the named struct. */
enum metrics_source {
    METRICS_OF_GROUP_COPIED, /* uint32_t in struct metrics_gauges: a line for each group */
    METRICS_OF_GROUP,        /* uint64_t in struct group: a line for each group */
    METRICS_OF_GROUP_SPLIT,  /* uint64_t array there: for each group and value that is not 0 */
    METRICS_OF_DOMAIN,       /* uint32_t in struct group_domain: a line for each domain */
    METRICS_OF_ALL,          /* uint64_t in struct metrics_values: one line */
    METRICS_OF_ALL_SPLIT,    /* uint64_t array there: a line for each value of the label */
    METRICS_OF_SELF,         /* as METRICS_OF_ALL; no line if the value is unknown */
    METRICS_OF_DATABASE,     /* uint64_t in struct metrics_database: a line for each one in use */
    METRICS_OF_BUILD,        /* one line of value 1 whose labels describe the build */
};

struct metric {
    const char *name;
    const char *type; /* "gauge" or "counter" */
    const char *help;
    enum metrics_source source;
    uint32_t value_count; /* of the split ones: length of the array, and of `values` */
    size_t offset;
    unsigned decimals;         /* of METRICS_OF_SELF: 6 for millionths, at most 9 */
    const char *label;         /* of the split ones: what the array's index means */
    const char *const *values; /* and the text for each index */
};

enum { METRICS_MAX = 64 }; /* a scrape notes which are asked for in as many bits */

extern const struct metric metric_table[];
extern const size_t metric_count;

#endif
