/* The sniffer's syscalls: all that it may use once it captures. */
#ifndef CAPTURE_SNIFFER_POLICY_H
#define CAPTURE_SNIFFER_POLICY_H

#include <stddef.h>

struct sandbox_rule;

enum {
    SNIFFER_RULES_MAX = 8,
    SNIFFER_POLL_DESCRIPTORS = 2, /* it waits for packets, and for room in the channel */
    /* Size of the kernel's signal set: ppoll(2) needs it even without a set. */
    SNIFFER_SIGSET_BYTES = 8,
};

/* The syscall table with the two descriptors pinned. `rules` has SNIFFER_RULES_MAX places; returns
 * how many are used. */
size_t sniffer_policy(int packet, int channel, struct sandbox_rule *rules);

#endif
