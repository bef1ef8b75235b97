/*
 * Whether one of the largest networks is refused for its EDNS size. The largest groups are chosen
 * some thousands at a look, so that a million of them do not hold the loop, and then watched for
 * NETWORKS_WATCH_LOOKS looks.
 */
#ifndef EXPORTER_HINTS_NETWORKS_H
#define EXPORTER_HINTS_NETWORKS_H

#include <stdbool.h>
#include <stdint.h>

struct groups;

enum {
    NETWORKS_WATCHED = 10,
    NETWORKS_GROUPS_A_LOOK = 50000, /* some milliseconds at most */
    NETWORKS_WATCH_LOOKS = 20,
    NETWORKS_QUERIES_MIN = 50, /* refused while it is watched */
    /* In a row: a scanner without EDNS that comes for some minutes is found by two at most. */
    NETWORKS_WATCHES_MIN = 3,
};

struct networks_one {
    uint32_t group;
    uint64_t taken;   /* its queries when the watching began */
    uint64_t refused; /* its queries refused for their EDNS size then */
};

struct networks_watch {
    struct networks_one largest[NETWORKS_WATCHED];
    unsigned count;
    uint32_t scanned; /* groups that were looked at, while the largest are chosen */
    uint32_t looks;   /* since then */
    bool watching;
    uint32_t found; /* watches in a row that have found one, the latest too */
};

/* One look. */
void networks_look(struct networks_watch *watch, const struct groups *groups);

/* Whether most queries of one of the largest groups were refused in each of the latest watches. */
bool networks_refused(const struct networks_watch *watch);

#endif
