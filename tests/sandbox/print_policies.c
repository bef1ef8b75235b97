/*
 * Prints the syscall tables of SECURITY.md from those that the programs load: `print_policies
 * sniffer` or `exporter`. A test compares the two.
 */
#include "capture/confine.h"
#include "capture/sniff.h"
#include "exporter/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stand-ins for what is known at run time only, far from any other value in the tables. */
enum { EPOLL = 1000001, HTTP_EPOLL, CHANNEL, LISTENER, SIGNALS, NOTIFY, MEMORY, SNIFFER };

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

static void print_rules(const struct sandbox_rule *rules, size_t count)
{
    puts("| syscall | arguments pinned (from 0) | why |\n|---|---|---|");
    for (size_t i = 0; i < count; i++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, rules[i].syscall);
        printf("| `%s` | ", name);
        free(name);
        for (unsigned j = 0; j < rules[i].condition_count; j++) {
            printf("%s", j > 0 ? ", " : "");
            print_condition(&rules[i].conditions[j]);
        }
        printf("%s | %s |\n", rules[i].condition_count > 0 ? "" : "any", rules[i].reason);
    }
}

int main(int argc, char *argv[])
{
    struct sandbox_rule rules[POLICY_RULES_MAX];
    const struct listener listener = {.descriptor = LISTENER};
    const struct policy_descriptors pinned = {
        .epoll = EPOLL,
        .http_epoll = HTTP_EPOLL,
        .channel = CHANNEL,
        .listeners = &listener,
        .listener_count = 1,
        .signals = SIGNALS,
        .notify = NOTIFY,
        .databases = true,
        .memory = MEMORY,
        .sniffer_memory = SNIFFER,
    };
    if (argc == 2 && strcmp(argv[1], "sniffer") == 0) {
        print_rules(rules, sniff_rules(CONFINE_PACKET, CONFINE_CHANNEL, rules));
    } else if (argc == 2 && strcmp(argv[1], "exporter") == 0) {
        print_rules(rules, policy_rules(&pinned, rules));
    } else {
        fprintf(stderr, "usage: print_policies sniffer|exporter\n");
        return 2;
    }
    return 0;
}
