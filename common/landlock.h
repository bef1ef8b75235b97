/*
 * landlock(7): what a process may still reach by name. What no rule allows is refused, for every
 * kind of access that the running kernel knows. Kernels before 5.13 have no Landlock, and older
 * ones know fewer kinds: the outcome says which apply.
 */
#ifndef COMMON_LANDLOCK_H
#define COMMON_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

struct landlock_outcome {
    bool refused; /* by a container engine's seccomp profile, so that nothing is confined */
    bool files;   /* reading is confined to the folders given, and nothing can be changed */
    bool network; /* TCP can be neither bound nor connected (Linux 6.7) */
    bool scope;   /* no abstract unix socket outside can be reached (Linux 6.12) */
};

/*
 * Confines the process for good. Files may be read below the folder of each of the `count` paths
 * (NULL entries are skipped), and where the file or its folder is a symbolic link, below the parent
 * of the folder that the file is in, so that the link can be swapped to a sibling; the root folder
 * itself is never allowed as such a parent. Nothing else can be opened, made or changed. No TCP
 * socket can be bound or connected any more: those that listen were bound before. With `signals` no
 * process outside can be signalled either (Linux 6.12). no_new_privs must be set. Returns 0 with
 * `*outcome` filled, also where the kernel has no Landlock or it is refused, or -errno.
 */
int landlock_confine(const char *const paths[], size_t count, bool signals,
                     struct landlock_outcome *outcome);

#endif
