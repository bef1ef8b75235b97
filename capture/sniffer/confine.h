/* Reduces what the child can do, between the fork and the sandbox. */
#ifndef CAPTURE_SNIFFER_CONFINE_H
#define CAPTURE_SNIFFER_CONFINE_H

#include <sys/types.h>

enum {
    /* The only descriptors besides 0, 1 and 2, which are /dev/null. */
    CONFINE_PACKET = 3,
    CONFINE_CHANNEL = 4,
    CONFINE_DESCRIPTORS = 5,
};

/*
 * Takes the name dnstt_sniffer; dies with its parent (`parent`: its pid, from before the fork),
 * even after the parent's exec; ignores the signals that end a program; cannot be dumped or traced;
 * cannot reach a file by name, write a file, fork, open anything or make memory executable; keeps
 * the two descriptors as CONFINE_PACKET and CONFINE_CHANNEL and no other. Returns 0 or -errno,
 * -ESRCH when the parent is dead already; `*stage` names what failed.
 */
int confine_sniffer(pid_t parent, int packet, int channel, const char **stage);

#endif
