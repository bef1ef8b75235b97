/*
 * What a process can give up: capabilities, limits, dumps, syscalls. Every function is called by
 * both programs, in the order that capture/main.c and exporter/main.c show.
 */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/types.h>

/* The user to become. */
struct sandbox_user {
    uid_t uid;
    gid_t gid;
};

enum sandbox_drop {
    SANDBOX_DROP_USER,     /* became the user, bounding set emptied, no groups left */
    SANDBOX_DROP_KEEP_UID, /* no capability to change users: kept the uid with empty sets */
};

/*
 * Gives up every capability for good: ambient, permitted, effective and inheritable sets empty and
 * no_new_privs set (capabilities(7), PR_SET_NO_NEW_PRIVS in prctl(2)). With uid 0 and CAP_SETUID,
 * CAP_SETGID and CAP_SETPCAP it also empties the bounding set and becomes `user` with no
 * supplementary group. Reads the result back and fails unless all of it holds. `*outcome` says
 * which of the two it was. Returns 0 or -errno; after a failure the process must end.
 */
int sandbox_drop_privileges(const struct sandbox_user *user, enum sandbox_drop *outcome);

/* Puts a permitted capability into the effective set, where a file capability without the
 * effective flag (setcap cap_net_raw=p) leaves it out. Does nothing when it is not permitted.
 * Returns 0 or -errno. */
int sandbox_raise(cap_value_t which);

/* 0 when all capability sets but the bounding one are empty and no_new_privs is set, or -EPERM. */
int sandbox_assert_unprivileged(void);

/* No core dump, and no ptrace(2), pidfd_getfd(2) or /proc access by the same user. */
int sandbox_set_undumpable(void);

/* No memory can become executable any more, or be both writable and executable (PR_SET_MDWE of
 * prctl(2), Linux 6.3). Returns 0, also when the kernel does not have this, or -errno. */
int sandbox_forbid_new_code(void);

/* Sets soft and hard limit to `value`, or to the hard limit where that is lower already. */
int sandbox_limit(int resource, rlim_t value);

/*
 * One row of a syscall table: the call with up to SANDBOX_CONDITIONS arguments pinned. A call may
 * have several rows, each with conditions; a row without conditions allows it whole, and then must
 * be the call's only row (libseccomp silently drops the others, so loading refuses that).
 */
enum { SANDBOX_CONDITIONS = 6 };

struct sandbox_rule {
    int syscall;
    const char *reason; /* for SECURITY.md, which is checked against the table */
    unsigned condition_count;
    struct scmp_arg_cmp conditions[SANDBOX_CONDITIONS];
};

/*
 * Loads the rules; every other syscall, and every syscall of a foreign architecture (x32
 * included), kills the process with SIGSYS. no_new_privs must be set. Returns 0 or -errno.
 */
int sandbox_load(const struct sandbox_rule *rules, size_t count);

#endif
