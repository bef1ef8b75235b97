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
    bool refused; /* what the latest watch has found */
};

/* One look. Returns whether most queries of one of the largest groups were refused in the latest
 * watch. */
bool networks_look(struct networks_watch *watch, const struct groups *groups);

#endif
