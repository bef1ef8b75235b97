/*
 * One call under one policy: what a model of a few lines, which shares nothing with libseccomp,
 * reads from the table, and what the kernel does with it once a child has loaded that table.
 */
#ifndef TESTS_SANDBOX_POLICY_CALL_H
#define TESTS_SANDBOX_POLICY_CALL_H

#include "common/sandbox.h"
#include "exporter/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CALL_ARGUMENTS = 6 };

struct policy {
    const char *name;
    unsigned syscalls_max;
    size_t count;
    struct sandbox_rule rules[EXPORTER_RULES_MAX];
};

struct call {
    long number;
    uint64_t arguments[CALL_ARGUMENTS];
};

/* Whether any row is about this system call. */
bool policy_lists(const struct policy *policy, long number);

/* Whether some row allows the call: this row, or any of the policy. */
bool policy_row_allows(const struct sandbox_rule *row, const struct call *call);
bool policy_allows(const struct policy *policy, const struct call *call);

/* Whether a child that has loaded the policy dies of the call. */
bool policy_kills(const struct policy *policy, const struct call *call);

/* The signal that kills a child which loads the policy, if any, and runs this, or 0. The child's
 * exit status is then what that returned. */
int policy_run(const struct policy *policy, int (*run)(const void *context), const void *context,
               int *exit_status);

#endif
