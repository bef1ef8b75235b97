#include "common/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

/* linux/prctl.h as of Linux 6.3; Debian 12's stops at 6.1. */
enum { SET_MDWE = 65, MDWE_REFUSE_EXEC_GAIN = 1 };

static bool has(cap_t capabilities, cap_value_t which, cap_flag_t set)
{
    cap_flag_value_t value = CAP_CLEAR;
    return cap_get_flag(capabilities, which, set, &value) == 0 && value == CAP_SET;
}

int sandbox_raise(cap_value_t which)
{
    cap_t now = cap_get_proc();
    if (now == NULL) {
        return -errno;
    }
    int error = 0;
    if (has(now, which, CAP_PERMITTED) && !has(now, which, CAP_EFFECTIVE) &&
        (cap_set_flag(now, CAP_EFFECTIVE, 1, &which, CAP_SET) != 0 || cap_set_proc(now) != 0)) {
        error = -errno;
    }
    cap_free(now);
    return error;
}

/* Changing users needs all three: SETPCAP to empty the bounding set, SETUID and SETGID to become
 * the user. A container's root may lack them. */
static int may_change_user(bool *out)
{
    cap_t now = cap_get_proc();
    if (now == NULL) {
        return -errno;
    }
    *out = geteuid() == 0 && has(now, CAP_SETUID, CAP_EFFECTIVE) &&
           has(now, CAP_SETGID, CAP_EFFECTIVE) && has(now, CAP_SETPCAP, CAP_EFFECTIVE);
    cap_free(now);
    return 0;
}

static int empty_bounding_set(void)
{
    for (cap_value_t which = 0; CAP_IS_SUPPORTED(which); which++) {
        if (cap_drop_bound(which) != 0) {
            return -errno;
        }
    }
    return 0;
}

static int become(const struct sandbox_user *user)
{
    uid_t real, effective, saved;
    /* Groups first, user last: each step needs what the next one gives up. */
    if (setgroups(0, NULL) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0) {
        return -errno;
    }
    if (getresuid(&real, &effective, &saved) != 0) {
        return -errno;
    }
    bool became = real == user->uid && effective == user->uid && saved == user->uid;
    return became && getgroups(0, NULL) == 0 ? 0 : -EPERM;
}

static int empty_sets(void)
{
    cap_t none = cap_init();
    if (none == NULL) {
        return -errno;
    }
    int error = cap_set_proc(none) == 0 ? 0 : -errno;
    cap_free(none);
    return error;
}

int sandbox_drop_privileges(const struct sandbox_user *user, enum sandbox_drop *outcome)
{
    bool change = false;
    int error = may_change_user(&change);
    if (error != 0) {
        return error;
    }
    if (cap_reset_ambient() != 0) {
        return -errno;
    }
    if (change) {
        error = empty_bounding_set();
        if (error == 0) {
            error = become(user);
        }
    }
    if (error == 0) {
        error = empty_sets();
    }
    if (error != 0) {
        return error;
    }
    /* An exec can no longer give privileges, by set-user-ID, file capabilities or uid 0. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return -errno;
    }
    error = sandbox_assert_unprivileged();
    if (error == 0) {
        *outcome = change ? SANDBOX_DROP_USER : SANDBOX_DROP_KEEP_UID;
    }
    return error;
}

int sandbox_assert_unprivileged(void)
{
    cap_t now = cap_get_proc();
    cap_t none = cap_init();
    bool empty = now != NULL && none != NULL && cap_compare(now, none) == 0;
    if (now != NULL) {
        cap_free(now);
    }
    if (none != NULL) {
        cap_free(none);
    }
    for (cap_value_t which = 0; CAP_IS_SUPPORTED(which); which++) {
        empty = empty && cap_get_ambient(which) == CAP_CLEAR;
    }
    return empty && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -EPERM;
}

int sandbox_set_undumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -errno;
}

int sandbox_forbid_new_code(void)
{
    int result = prctl(SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
    /* EPERM: it is on already, in another form (systemd's). */
    return result == 0 || errno == EINVAL || errno == EPERM ? 0 : -errno;
}

int sandbox_limit(int resource, rlim_t value)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0) {
        return -errno;
    }
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < value) {
        value = limit.rlim_max;
    }
    limit = (struct rlimit){.rlim_cur = value, .rlim_max = value};
    return setrlimit((__rlimit_resource_t)resource, &limit) == 0 ? 0 : -errno;
}

/* A row without conditions would override another row of the same call. */
static bool contradicts(const struct sandbox_rule *rules, size_t count, size_t at)
{
    for (size_t other = 0; other < count; other++) {
        if (other != at && rules[other].syscall == rules[at].syscall &&
            rules[other].condition_count == 0) {
            return true;
        }
    }
    return false;
}

static int add_rules(scmp_filter_ctx filter, const struct sandbox_rule *rules, size_t count)
{
    int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    for (size_t i = 0; error == 0 && i < count; i++) {
        if (contradicts(rules, count, i) || rules[i].condition_count > SANDBOX_CONDITIONS) {
            return -EINVAL;
        }
        error = seccomp_rule_add_exact_array(filter, SCMP_ACT_ALLOW, rules[i].syscall,
                                             rules[i].condition_count, rules[i].conditions);
    }
    return error;
}

int sandbox_load(const struct sandbox_rule *rules, size_t count)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return -ENOMEM;
    }
    int error = add_rules(filter, rules, count);
    if (error == 0) {
        error = seccomp_load(filter);
    }
    /* Once loaded, the context is not freed: that may need a syscall that has just been forbidden.
     * It is a few kilobytes, once. */
    if (error != 0) {
        seccomp_release(filter);
    }
    return error;
}
