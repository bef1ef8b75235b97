/* The lines of a metric, one after the other. */
#ifndef EXPORTER_EXPOSITION_LINES_H
#define EXPORTER_EXPOSITION_LINES_H

#include "common/domain.h"
#include "exporter/exposition/line.h"

#include <stdbool.h>
#include <stdint.h>

struct metric;
struct snapshot;
struct state;

struct lines {
    const struct state *state;       /* what groups count is read while the page runs */
    const struct snapshot *snapshot; /* later groups wait for the next scrape */
    const struct metric *metric;
    uint32_t next; /* the line that comes next */
    uint32_t count;
    uint64_t step; /* its values are rounded up to multiples of this: 1 but for -privacy.round */
    struct line_start starts[DOMAINS_MAX];
    uint64_t sums[DOMAINS_MAX]; /* of the lines of groups, for the total after them */
};

/* Begins the lines of a metric; state and snapshot are set. `alone`: the page does not have the
 * lines of groups that a total would sum. */
void lines_begin(struct lines *lines, const struct metric *metric, bool alone);

static inline bool lines_left(const struct lines *lines)
{
    return lines->next < lines->count;
}

/* Writes the next line, or lines of groups while they fit before `end`: EXPOSITION_LINE_MAX bytes
 * or more after `at`. Of a metric that is split the rest may be empty. Returns where it ended. */
char *lines_put(struct lines *lines, char *at, const char *end);

#endif
