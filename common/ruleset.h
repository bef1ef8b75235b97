/*
 * landlock(7): a ruleset of every kind of access that the running kernel knows, so that what no
 * rule allows is refused. Kernels before 5.13 have none of it, and older ones know fewer kinds.
 */
#ifndef COMMON_RULESET_H
#define COMMON_RULESET_H

#include <stdbool.h>

/* Versions of the kernel's interface, and what each brought. */
enum {
    RULESET_ABI_REFER = 2,    /* Linux 5.19 */
    RULESET_ABI_TRUNCATE = 3, /* 6.2 */
    RULESET_ABI_NETWORK = 4,  /* 6.7: binding and connecting TCP sockets */
    RULESET_ABI_IOCTL = 5,    /* 6.10 */
    RULESET_ABI_SCOPE = 6,    /* 6.12: abstract unix sockets, signals */
};

/*
 * Makes a ruleset without rules, which refuses files, TCP sockets, abstract unix sockets outside
 * and, if asked to, signals to processes outside. Returns its descriptor, with `*abi` set to the
 * version in use; -ENOSYS where the kernel has no Landlock or keeps it from us, or -errno.
 */
int ruleset_open(bool signals, int *abi);

/* Puts it on this process for good, and closes the descriptor whatever comes of it. no_new_privs
 * must be set. Returns 0 or -errno. */
int ruleset_enforce(int descriptor);

#endif
