#include "capture/needs.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* No descriptor has this number. */
static long try_close_range(void)
{
    return close_range(~0U, ~0U, 0);
}

/* Older kernels end one thread alone, and libseccomp makes no filter that ends the process. */
static long try_seccomp(void)
{
    const uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

static const struct need {
    const char *name;
    const char *since;
    long (*try)(void);
} needs[] = {
    {"close_range(2)", "Linux 5.9", try_close_range},
    {"seccomp(2) that kills a process", "Linux 4.14 with CONFIG_SECCOMP_FILTER", try_seccomp},
};

static void describe(const struct need *need, int error, char text[NEEDS_TEXT_MAX])
{
    if (error == EPERM || error == EACCES) {
        snprintf(
            text, NEEDS_TEXT_MAX,
            "%s is refused, as by a container engine's seccomp profile; allow it there, or use "
            "a newer engine",
            need->name);
    } else {
        snprintf(text, NEEDS_TEXT_MAX,
                 "%s is missing; %s or later is needed, and a container engine that knows it",
                 need->name, need->since);
    }
}

int needs_check(char text[NEEDS_TEXT_MAX])
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        if (needs[i].try() != 0) {
            int error = errno;
            describe(&needs[i], error, text);
            return -error;
        }
    }
    return 0;
}
