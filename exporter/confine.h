/* What the exporter gives up: at its start, and again once all that it needs is open. */
#ifndef EXPORTER_CONFINE_H
#define EXPORTER_CONFINE_H

#include <stddef.h>

struct exporter_descriptors;
struct landlock_outcome;

/*
 * Call this first: takes the name dnstt_exporter, checks that there is no privilege, and forbids
 * dumps, tracing, forks and new executable memory. Returns 0 or -errno, -EMFILE when the system
 * allows fewer descriptors than all connections need.
 */
int confine_start(void);

/*
 * Allows reading files only below the folders of the `count` paths (common/landlock.h), and only
 * the syscalls of the policy, with the descriptors pinned. Returns 0 with `*outcome` filled, or
 * -errno; `*stage` names what failed.
 */
int confine_exporter(const char *const paths[], size_t count,
                     const struct exporter_descriptors *pinned, struct landlock_outcome *outcome,
                     const char **stage);

#endif
