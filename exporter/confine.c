#include "exporter/confine.h"

#include "common/landlock.h"
#include "common/sandbox.h"
#include "exporter/http/connections.h"
#include "exporter/http/listen.h"
#include "exporter/policy.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum {
    /* All connections, the listening sockets, a dozen of our own, and some spare: if accept(2) ran
     * out of descriptors, the loop would wake without end. */
    DESCRIPTORS = CONNECTIONS_MAX + LISTEN_SOCKETS_MAX + 56,
};

static int set_limits(void)
{
    static const struct {
        int resource;
        rlim_t value;
    } limits[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_NPROC, 0},
        {RLIMIT_NOFILE, DESCRIPTORS},
    };
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof limits / sizeof *limits; i++) {
        error = sandbox_limit(limits[i].resource, limits[i].value);
    }
    return error;
}

int confine_start(void)
{
    struct rlimit limit;
    prctl(PR_SET_NAME, "dnstt_exporter", 0, 0, 0);
    int error = sandbox_assert_unprivileged();
    if (error == 0) {
        error = sandbox_set_undumpable(); /* exec has reset it */
    }
    if (error == 0) {
        error = set_limits();
    }
    if (error == 0) {
        error = sandbox_forbid_new_code();
    }
    if (error == 0 && (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < DESCRIPTORS)) {
        error = -EMFILE;
    }
    return error;
}

int confine_exporter(const char *const paths[], size_t count,
                     const struct exporter_descriptors *pinned, struct landlock_outcome *outcome,
                     const char **stage)
{
    struct sandbox_rule rules[EXPORTER_RULES_MAX];
    *stage = "apply Landlock";
    /* Without Landlock's signal scope: the kernel sends the parent-death signal as the exporter's,
     * so the scope would block it, and a stopped sniffer would outlive the exporter. The syscall
     * policy has no kill(2). */
    int error = landlock_confine(paths, count, false, outcome);
    if (error == 0) {
        *stage = "load its syscall policy";
        error = sandbox_load(rules, exporter_policy(pinned, rules));
    }
    return error;
}
