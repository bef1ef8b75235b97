/*
 * Both syscall policies, row by row: the tables that the programs load are loaded here, each time
 * in a child that then makes one call. Whether the child must die is worked out from the table by a
 * model of a few lines, which shares nothing with libseccomp.
 */
#include "capture/sniffer/confine.h"
#include "capture/sniffer/policy.h"
#include "capture/sniffer/sniffer.h"
#include "common/sandbox.h"
#include "exporter/http/listen.h"
#include "exporter/policy.h"
#include "tests/sandbox/policy_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum {
    SYSCALLS = 512,       /* past the newest there is */
    X32_BIT = 0x40000000, /* marks a call of the x32 ABI, which reports itself as x86-64 */
    I386_GETPID = 20,
    SNIFFER_SYSCALLS_MAX = 5,
    EXPORTER_SYSCALLS_MAX = 22,
    WEB_SYSCALLS_MAX = 1, /* more, with a web configuration */
    TLS_SYSCALLS_MAX = 1, /* and more, with TLS */
};

/* Descriptors that do not exist, so that no call does anything. */
static const struct listener absent_listeners[] = {{.descriptor = 906}, {.descriptor = 907}};
static const struct exporter_descriptors absent = {
    .epoll = 900,
    .http_epoll = 901,
    .channel = 902,
    .listeners = absent_listeners,
    .listener_count = 2,
    .signals = 904,
    .interfaces = 910,
    .notify = 905,
    .memory = 908,
    .sniffer_memory = 909,
};

_Static_assert((int)SNIFFER_RULES_MAX <= (int)EXPORTER_RULES_MAX, "either table fits");

enum {
    SNIFFER,
    EXPORTER,
    EXPORTER_WITH_DATABASES,
    EXPORTER_WITH_WEB, /* and without databases */
    EXPORTER_WITH_TLS, /* and with them */
    POLICIES,
};

static struct policy policies[POLICIES] = {
    [SNIFFER] = {.name = "sniffer", .syscalls_max = SNIFFER_SYSCALLS_MAX},
    [EXPORTER] = {.name = "exporter", .syscalls_max = EXPORTER_SYSCALLS_MAX},
    [EXPORTER_WITH_DATABASES] = {.name = "exporter with databases",
                                 .syscalls_max = EXPORTER_SYSCALLS_MAX},
    [EXPORTER_WITH_WEB] = {.name = "exporter with a web configuration",
                           .syscalls_max = EXPORTER_SYSCALLS_MAX + WEB_SYSCALLS_MAX},
    [EXPORTER_WITH_TLS] = {.name = "exporter with TLS",
                           .syscalls_max =
                               EXPORTER_SYSCALLS_MAX + WEB_SYSCALLS_MAX + TLS_SYSCALLS_MAX},
};

static int make_policies(void **state)
{
    struct exporter_descriptors pinned = absent;
    (void)state;
    policies[SNIFFER].count =
        sniffer_policy(CONFINE_PACKET, CONFINE_CHANNEL, policies[SNIFFER].rules);
    policies[EXPORTER].count = exporter_policy(&pinned, policies[EXPORTER].rules);
    pinned.databases = true;
    policies[EXPORTER_WITH_DATABASES].count =
        exporter_policy(&pinned, policies[EXPORTER_WITH_DATABASES].rules);
    pinned.web = true;
    pinned.tls = true;
    policies[EXPORTER_WITH_TLS].count = exporter_policy(&pinned, policies[EXPORTER_WITH_TLS].rules);
    pinned.databases = false;
    pinned.tls = false;
    policies[EXPORTER_WITH_WEB].count = exporter_policy(&pinned, policies[EXPORTER_WITH_WEB].rules);
    return 0;
}

static void check(const struct policy *policy, const struct call *call)
{
    bool expected = !policy_allows(policy, call);
    if (policy_kills(policy, call) != expected) {
        fail_msg("%s: call %ld(%#jx, %#jx, %#jx, %#jx, %#jx, %#jx) %s", policy->name, call->number,
                 (uintmax_t)call->arguments[0], (uintmax_t)call->arguments[1],
                 (uintmax_t)call->arguments[2], (uintmax_t)call->arguments[3],
                 (uintmax_t)call->arguments[4], (uintmax_t)call->arguments[5],
                 expected ? "got through" : "was killed");
    }
}

/* --- The tests. Each goes through all policies. */

static void test_every_other_syscall_is_killed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < POLICIES; i++) {
        unsigned listed = 0;
        for (long number = 0; number < SYSCALLS; number++) {
            if (policy_lists(&policies[i], number)) {
                listed++;
            } else {
                check(&policies[i], &(struct call){.number = number});
            }
        }
        assert_in_range(listed, 1, policies[i].syscalls_max);
    }
}

static void test_every_x32_syscall_is_killed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < POLICIES; i++) {
        for (long number = 0; number < SYSCALLS; number++) {
            check(&policies[i], &(struct call){.number = X32_BIT | number});
        }
    }
}

/* A call that this row allows. */
static struct call good_call(const struct sandbox_rule *row)
{
    struct call call = {.number = row->syscall};
    for (unsigned i = 0; i < row->condition_count; i++) {
        const struct scmp_arg_cmp *condition = &row->conditions[i];
        call.arguments[condition->arg] =
            condition->op == SCMP_CMP_MASKED_EQ ? condition->datum_b : condition->datum_a;
    }
    assert_true(policy_row_allows(row, &call));
    return call;
}

static void test_each_row_lets_its_call_through(void **state)
{
    (void)state;
    for (unsigned i = 0; i < POLICIES; i++) {
        for (size_t row = 0; row < policies[i].count; row++) {
            struct call call = good_call(&policies[i].rules[row]);
            check(&policies[i], &call);
        }
    }
}

/* Every single bit turned, which is every way to be wrong by a flag or by the half of the register
 * that the kernel itself ignores; and both neighbours. */
static void check_violations(const struct policy *policy, const struct sandbox_rule *row,
                             unsigned argument)
{
    const struct call good = good_call(row);
    struct call bad = good;
    for (unsigned bit = 0; bit < 64; bit++) {
        bad.arguments[argument] = good.arguments[argument] ^ (uint64_t)1 << bit;
        check(policy, &bad);
    }
    bad.arguments[argument] = good.arguments[argument] + 1;
    check(policy, &bad);
    bad.arguments[argument] = good.arguments[argument] - 1;
    check(policy, &bad);
}

static void test_each_condition_counts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < POLICIES; i++) {
        for (size_t j = 0; j < policies[i].count; j++) {
            const struct sandbox_rule *row = &policies[i].rules[j];
            for (unsigned k = 0; k < row->condition_count; k++) {
                check_violations(&policies[i], row, row->conditions[k].arg);
            }
        }
    }
}

#ifdef __x86_64__
static long foreign_call(long number)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(0), "c"(0), "d"(0) : "memory");
    return result;
}

static int ask_for_pid(const void *context)
{
    (void)context;
    return foreign_call(I386_GETPID) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The signal that kills a child which asks for its process id as a 32-bit program would, or 0. */
static int foreign_getpid(const struct policy *policy)
{
    int exit_status;
    return policy_run(policy, ask_for_pid, NULL, &exit_status);
}

static void test_a_foreign_architecture_is_killed(void **state)
{
    (void)state;
    /* A kernel without 32-bit calls answers this with SIGSEGV before it comes to a policy. */
    int without_policy = foreign_getpid(NULL);
    assert_true(without_policy == 0 || without_policy == SIGSEGV);
    for (unsigned i = 0; i < POLICIES; i++) {
        assert_int_equal(foreign_getpid(&policies[i]), without_policy == 0 ? SIGSYS : SIGSEGV);
    }
}
#endif

/* libseccomp drops the pinned rows of a call that another row allows whole, without a word. */
static void test_no_row_swallows_another(void **state)
{
    (void)state;
    for (unsigned i = 0; i < POLICIES; i++) {
        for (size_t j = 0; j < policies[i].count; j++) {
            for (size_t k = 0; k < policies[i].count; k++) {
                if (j != k && policies[i].rules[j].condition_count == 0) {
                    assert_int_not_equal(policies[i].rules[j].syscall,
                                         policies[i].rules[k].syscall);
                }
            }
        }
    }
}

static int load_swallowing_row(const void *context)
{
    const struct sandbox_rule rules[] = {
        {SCMP_SYS(close), "pinned", 1, {SCMP_A0(SCMP_CMP_EQ, 900)}},
        {SCMP_SYS(close), "whole", 0, {{0}}},
    };
    (void)context;
    return sandbox_load(rules, 2) != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void test_loading_refuses_a_row_that_would(void **state)
{
    int exit_status = EXIT_FAILURE;
    (void)state;
    assert_int_equal(policy_run(NULL, load_swallowing_row, NULL, &exit_status), 0);
    assert_int_equal(exit_status, EXIT_SUCCESS);
}

/* Fails when a policy lists one of these calls, whose names end with a space each. */
static void assert_without(const struct policy *policy, const char *names)
{
    char name[32];
    for (size_t length; (length = strcspn(names, " ")) > 0; names += length + 1) {
        assert_true(length < sizeof name);
        memcpy(name, names, length);
        name[length] = '\0';
        int number = seccomp_syscall_resolve_name(name);
        assert_int_not_equal(number, __NR_SCMP_ERROR); /* a name that libseccomp knows */
        if (policy_lists(policy, number)) {
            fail_msg("%s: %s", policy->name, name);
        }
    }
}

static void test_the_gravest_calls_are_in_no_policy(void **state)
{
    static const char names[] =
        "execve execveat fork vfork clone clone3 socket socketpair connect bind listen open "
        "openat2 creat rename unlinkat mprotect pkey_mprotect mremap remap_file_pages shmat ptrace "
        "process_vm_readv process_vm_writev pidfd_open pidfd_getfd pidfd_send_signal kill tkill "
        "tgkill rt_sigqueueinfo unshare setns mount chroot pivot_root prctl seccomp capset setuid "
        "setresuid prlimit64 setrlimit ioctl bpf io_uring_setup io_uring_enter io_uring_register "
        "recvmsg recvmmsg sendmmsg rt_sigreturn restart_syscall userfaultfd perf_event_open keyctl "
        "open_by_handle_at dup3 ";
    static const char of_databases[] = "openat newfstatat memfd_create ";
    static const char of_web[] = "getrandom futex ";
    (void)state;
    for (unsigned i = 0; i < POLICIES; i++) {
        assert_without(&policies[i], names);
    }
    assert_without(&policies[SNIFFER], of_databases);
    assert_without(&policies[EXPORTER], of_databases);
    assert_without(&policies[EXPORTER], of_web);
    assert_without(&policies[EXPORTER_WITH_DATABASES], of_web);
    assert_without(&policies[EXPORTER_WITH_WEB], "memfd_create futex ");
}

enum { RANDOM_BYTES = 64 * 1024, RANDOM_ROUNDS = 512 };

/* Far more than GnuTLS gives out on one seed, of each kind that it knows. */
static int draw_much(const void *context)
{
    static uint8_t bytes[RANDOM_BYTES];
    (void)context;
    for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
        if (gnutls_rnd(GNUTLS_RND_NONCE, bytes, sizeof bytes) != 0 ||
            gnutls_rnd(GNUTLS_RND_RANDOM, bytes, sizeof bytes) != 0 ||
            gnutls_rnd(GNUTLS_RND_KEY, bytes, sizeof bytes) != 0) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

/* What no test of the running program comes to, but a program that runs for a day does. */
static void test_tls_draws_its_next_seed(void **state)
{
    int exit_status = EXIT_FAILURE;
    (void)state;
    assert_int_equal(policy_run(&policies[EXPORTER_WITH_TLS], draw_much, NULL, &exit_status), 0);
    assert_int_equal(exit_status, EXIT_SUCCESS);
    assert_int_equal(policy_run(&policies[EXPORTER_WITH_DATABASES], draw_much, NULL, &exit_status),
                     SIGSYS);
}

/* Whatever else it says, a mapping cannot be executable. */
static void test_no_executable_mapping(void **state)
{
    (void)state;
    for (unsigned i = 0; i < POLICIES; i++) {
        for (size_t row = 0; row < policies[i].count; row++) {
            struct call call = good_call(&policies[i].rules[row]);
            if (call.number != SYS_mmap) {
                continue;
            }
            for (uint64_t protection = PROT_EXEC; protection < 2 * PROT_EXEC; protection++) {
                call.arguments[2] = protection;
                assert_true(policy_kills(&policies[i], &call));
            }
        }
    }
}

/* And what is opened can be neither made nor changed. */
static void test_opens_for_reading_alone(void **state)
{
    static const int flags[] = {O_WRONLY, O_RDWR,    O_CREAT, O_TRUNC,    O_APPEND,
                                O_EXCL,   O_TMPFILE, O_PATH,  O_DIRECTORY};
    const struct policy *policy = &policies[EXPORTER_WITH_DATABASES];
    struct call call = {.number = SYS_openat, .arguments = {[2] = O_RDONLY | O_CLOEXEC}};
    (void)state;
    assert_false(policy_kills(policy, &call));
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        call.arguments[2] = (uint64_t)(O_CLOEXEC | flags[i]);
        assert_true(policy_kills(policy, &call));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_other_syscall_is_killed),
        cmocka_unit_test(test_every_x32_syscall_is_killed),
        cmocka_unit_test(test_each_row_lets_its_call_through),
        cmocka_unit_test(test_each_condition_counts),
#ifdef __x86_64__
        cmocka_unit_test(test_a_foreign_architecture_is_killed),
#endif
        cmocka_unit_test(test_no_row_swallows_another),
        cmocka_unit_test(test_loading_refuses_a_row_that_would),
        cmocka_unit_test(test_the_gravest_calls_are_in_no_policy),
        cmocka_unit_test(test_tls_draws_its_next_seed),
        cmocka_unit_test(test_no_executable_mapping),
        cmocka_unit_test(test_opens_for_reading_alone),
    };
    return cmocka_run_group_tests(tests, make_policies, NULL);
}
