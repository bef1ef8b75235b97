/* The host's network interfaces, as rtnetlink(7) lists them for this network namespace. */
#ifndef CAPTURE_INTERFACE_H
#define CAPTURE_INTERFACE_H

#include "capture/filter.h"

#include <stdbool.h>

struct options;

enum {
    /* Interfaces that cannot be counted right: a line in the log each, and no more than that. */
    INTERFACE_WARNINGS_MAX = 32,
};

/* What has to be left out so that each packet counts once, and what cannot be right
 * (common/device.h). The texts are static. */
struct interface_list {
    unsigned count; /* of the interfaces that are left out */
    int indexes[FILTER_EXCLUDED_MAX];
    const char *shown_by[FILTER_EXCLUDED_MAX]; /* what shows the same packets */
    unsigned station_count;
    struct filter_station stations[FILTER_STATIONS_MAX];
    bool elsewhere[FILTER_STATIONS_MAX]; /* of an interface in another network namespace */
    bool stations_too_many;              /* there are more, and their copies count */
    unsigned warning_count;              /* the first ones */
    int warned[INTERFACE_WARNINGS_MAX];
    const char *warnings[INTERFACE_WARNINGS_MAX];
};

/*
 * Lists them; of a named interface, what cannot be right. `named` is its index, or 0. Uses
 * rtnetlink, not sysfs: a sysfs mounted for another network namespace lists that namespace's
 * interfaces. Returns 0; -E2BIG when more than FILTER_EXCLUDED_MAX are to be left out; -errno.
 * `*out` is untouched on failure.
 */
int interface_list(int named, struct interface_list *out);

/* Whether a line says of this station that what it sends is not counted: one of another network
 * namespace, once for each interface. */
bool interface_tells_station(const struct interface_list *list, unsigned station);

/* Makes the kernel filter for an interface, or with `named` 0 for all but those left out. Returns
 * as filter_make does. */
int interface_filter(const struct options *options, int named, const struct interface_list *list,
                     struct filter_program *out);

#endif
