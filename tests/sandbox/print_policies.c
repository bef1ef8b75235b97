/*
 * Prints the syscall tables of SECURITY.md from those that the programs load: `print_policies
 * sniffer`, `exporter`, or `web` for what a web configuration adds. A test compares the two. It
 * prints the same on x86-64 and on arm64: the names of both.
 */
#include "capture/sniffer/confine.h"
#include "capture/sniffer/policy.h"
#include "capture/sniffer/sniffer.h"
#include "common/sandbox.h"
#include "exporter/http/listen.h"
#include "exporter/policy.h"

#include <gnu/libc-version.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stand-ins for what is known at run time only, far from any other value in the tables. */
enum {
    EPOLL = 1000001,
    HTTP_EPOLL,
    CHANNEL,
    LISTENER,
    SIGNALS,
    INTERFACES,
    NOTIFY,
    MEMORY,
    SNIFFER
};

/* The tables are those of Debian 12's libc, whatever they are printed on. */
const char *gnu_get_libc_version(void)
{
    return "2.36";
}

static const char *name_of(scmp_datum_t datum)
{
    switch (datum) {
    case EPOLL:
        return "the loop's epoll";
    case HTTP_EPOLL:
        return "libmicrohttpd's epoll";
    case CHANNEL:
        return "the channel";
    case LISTENER:
        return "a listening socket";
    case SIGNALS:
        return "the signals";
    case INTERFACES:
        return "the socket of interfaces";
    case NOTIFY:
        return "the service manager's socket";
    case MEMORY:
        return "its own statm";
    case SNIFFER:
        return "the sniffer's statm";
    default:
        return NULL;
    }
}

static void print_condition(const struct scmp_arg_cmp *condition)
{
    const char *name = name_of(condition->datum_a);
    printf("%u ", condition->arg);
    if (name != NULL) {
        printf("is %s", name);
    } else if (condition->op == SCMP_CMP_EQ) {
        printf("= %" PRIu64, condition->datum_a);
    } else if (condition->op == SCMP_CMP_LE) {
        printf("≤ %" PRIu64, condition->datum_a);
    } else if (condition->op == SCMP_CMP_MASKED_EQ) {
        printf("& %#" PRIx64 " = %#" PRIx64, condition->datum_a, condition->datum_b);
    } else {
        abort();
    }
}

static bool is_among(const struct sandbox_rule *rule, const struct sandbox_rule *rules,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rules[i].syscall == rule->syscall && strcmp(rules[i].reason, rule->reason) == 0) {
            return true;
        }
    }
    return false;
}

/* What a call of this machine's policy is on the other: the same, or libc's other way to wait. NULL
 * when there is none. */
static char *name_on(uint32_t machine, const char *name)
{
    bool waits = false;
    for (unsigned i = 0; i < POLICY_WAITS; i++) {
        waits = waits || strcmp(policy_waits[i], name) == 0;
    }
    for (unsigned i = 0; waits && i < POLICY_WAITS; i++) {
        if (seccomp_syscall_resolve_name_arch(machine, policy_waits[i]) >= 0) {
            return strdup(policy_waits[i]);
        }
    }
    return seccomp_syscall_resolve_name_arch(machine, name) >= 0 ? strdup(name) : NULL;
}

static void print_names(int number)
{
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    char *x86 = name != NULL ? name_on(SCMP_ARCH_X86_64, name) : NULL;
    char *arm = name != NULL ? name_on(SCMP_ARCH_AARCH64, name) : NULL;
    if (x86 == NULL || arm == NULL) {
        fprintf(stderr, "call %d has no name on x86-64 or on arm64\n", number);
        exit(1);
    }
    printf("| `%s`", x86);
    if (strcmp(x86, arm) != 0) {
        printf(" (arm64: `%s`)", arm);
    }
    free(name);
    free(x86);
    free(arm);
}

/* All rules but those that are among `others`. */
static void print_rules(const struct sandbox_rule *rules, size_t count,
                        const struct sandbox_rule *others, size_t other_count)
{
    puts("| syscall | arguments pinned (from 0) | why |\n|---|---|---|");
    for (size_t i = 0; i < count; i++) {
        if (is_among(&rules[i], others, other_count)) {
            continue;
        }
        print_names(rules[i].syscall);
        printf(" | ");
        for (unsigned j = 0; j < rules[i].condition_count; j++) {
            printf("%s", j > 0 ? ", " : "");
            print_condition(&rules[i].conditions[j]);
        }
        printf("%s | %s |\n", rules[i].condition_count > 0 ? "" : "any", rules[i].reason);
    }
}

int main(int argc, char *argv[])
{
    struct sandbox_rule rules[EXPORTER_RULES_MAX];
    struct sandbox_rule web_rules[EXPORTER_RULES_MAX];
    const struct listener listener = {.descriptor = LISTENER};
    struct exporter_descriptors pinned = {
        .epoll = EPOLL,
        .http_epoll = HTTP_EPOLL,
        .channel = CHANNEL,
        .listeners = &listener,
        .listener_count = 1,
        .signals = SIGNALS,
        .interfaces = INTERFACES,
        .notify = NOTIFY,
        .databases = true,
        .memory = MEMORY,
        .sniffer_memory = SNIFFER,
    };
    if (argc == 2 && strcmp(argv[1], "sniffer") == 0) {
        print_rules(rules, sniffer_policy(CONFINE_PACKET, CONFINE_CHANNEL, rules), NULL, 0);
    } else if (argc == 2 && strcmp(argv[1], "exporter") == 0) {
        print_rules(rules, exporter_policy(&pinned, rules), NULL, 0);
    } else if (argc == 2 && strcmp(argv[1], "web") == 0) {
        size_t count = exporter_policy(&pinned, rules);
        pinned.web = true;
        pinned.tls = true;
        print_rules(web_rules, exporter_policy(&pinned, web_rules), rules, count);
    } else {
        fprintf(stderr, "usage: print_policies sniffer|exporter|web\n");
        return 2;
    }
    return 0;
}
