#include "tests/sandbox/attack.h"

#include "common/channel.h"
#include "common/landlock.h"
#include "common/sandbox.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

int __real_sandbox_load(const struct sandbox_rule *rules, size_t count);
int __wrap_sandbox_load(const struct sandbox_rule *rules, size_t count);
int __real_sandbox_set_undumpable(void);
int __wrap_sandbox_set_undumpable(void);
int __real_sandbox_forbid_new_code(void);
int __wrap_sandbox_forbid_new_code(void);
int __real_landlock_confine(const char *const paths[], size_t count, bool signals,
                            struct landlock_outcome *outcome);
int __wrap_landlock_confine(const char *const paths[], size_t count, bool signals,
                            struct landlock_outcome *outcome);
int __real_sandbox_limit(int resource, rlim_t value);
int __wrap_sandbox_limit(int resource, rlim_t value);

volatile struct attack_page *attack_page;

/* Before main: the sandbox is yet to come. The path stands in a variable that the capture program
 * hands on to the exporter. */
__attribute__((constructor)) static void map_page(void)
{
    const char *path = getenv("LISTEN_FDNAMES");
    const char *sniffer = getenv(CHANNEL_SNIFFER_ENVIRONMENT);
    int descriptor = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (descriptor < 0) {
        abort();
    }
    attack_page =
        mmap(NULL, sizeof *attack_page, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (attack_page == MAP_FAILED) {
        abort();
    }
    attack_page->addresses[attack_self] = (uintptr_t)&attack_page;
    attack_page->processes[ATTACK_EXPORTER] = getpid(); /* which the exec does not change */
    if (attack_self == ATTACK_EXPORTER && sniffer != NULL) {
        attack_page->processes[ATTACK_SNIFFER] = (int32_t)strtol(sniffer, NULL, 10);
    }
}

bool attack_removed(const char *defence)
{
    const char *removed = (const char *)(uintptr_t)attack_page->removed;
    const char *found = strstr(removed, defence);
    return found != NULL && found[strlen(defence)] == ' ';
}

void attack_run(const struct attack *attacks, size_t count)
{
    static const char *const names[] = {
        [ATTACK_SNIFFER] = "sniffer", [ATTACK_EXPORTER] = "exporter"};
    const char *attacker = (const char *)(uintptr_t)attack_page->attacker;
    const char *wanted = (const char *)(uintptr_t)attack_page->attack;
    if (strcmp(attacker, names[attack_self]) != 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(wanted, attacks[i].name) == 0) {
            attack_page->state = ATTACK_BEGUN;
            attack_page->result = attacks[i].run();
            attack_page->state = ATTACK_RETURNED;
        }
    }
}

/* --- The defences that both have. */

int __wrap_sandbox_load(const struct sandbox_rule *rules, size_t count)
{
    return attack_removed("seccomp") ? 0 : __real_sandbox_load(rules, count);
}

/* Without this one a process is dumpable after an exec, and its tracers are not limited further. */
int __wrap_sandbox_set_undumpable(void)
{
    if (!attack_removed("undumpable")) {
        return __real_sandbox_set_undumpable();
    }
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

int __wrap_landlock_confine(const char *const paths[], size_t count, bool signals,
                            struct landlock_outcome *outcome)
{
    if (!attack_removed("landlock")) {
        return __real_landlock_confine(paths, count, signals, outcome);
    }
    *outcome = (struct landlock_outcome){.files = true, .network = true, .scope = true};
    return 0;
}

int __wrap_sandbox_forbid_new_code(void)
{
    return attack_removed("no-new-code") ? 0 : __real_sandbox_forbid_new_code();
}

int __wrap_sandbox_limit(int resource, rlim_t value)
{
    return attack_removed("limits") ? 0 : __real_sandbox_limit(resource, value);
}
