/* What the exporter gives up: at its start, and again once everything that it needs is open. */
#ifndef EXPORTER_CONFINE_H
#define EXPORTER_CONFINE_H

#include <stddef.h>

struct exporter_descriptors;
struct landlock_outcome;

/*
 * To be called first: takes the name dnstt_exporter, makes sure that there is no privilege, cannot
 * be dumped or traced, forks nothing, and makes no memory executable. Returns 0 or -errno, -EMFILE
 * when the system allows fewer descriptors than all connections need.
 */
int confine_start(void);

/*
 * Files can be read only below the folders of the `count` paths (common/landlock.h), and the kernel
 * can be asked only for what the policy lists, with the descriptors pinned. Returns 0 with
 * `*outcome` filled, or -errno; `*stage` names what failed.
 */
int confine_exporter(const char *const paths[], size_t count,
                     const struct exporter_descriptors *pinned, struct landlock_outcome *outcome,
                     const char **stage);

#endif
