/*
 * Tells of network interfaces that change after the start, when all are watched: a line in the log
 * for each, and a metric. What the sniffer watches changes at a restart alone, which is left to
 * people: nothing goes back to the sniffer.
 */
#ifndef EXPORTER_INTERFACE_WARNINGS_H
#define EXPORTER_INTERFACE_WARNINGS_H

#include "exporter/system/interfaces.h"
#include "exporter/system/timer.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    INTERFACE_WARNINGS_LINES = 16, /* one for each interface; one more says that others follow */
    /* Datagrams read in one turn, mostly of a message each: some 20 microseconds' work. */
    INTERFACE_WARNINGS_READS = 8,
};

struct interface_warnings {
    int descriptor;    /* of exporter/system/link_socket; below 0: only one interface is watched */
    uint64_t *changed; /* becomes 1 with the first change, and stays */
    unsigned lines;
    bool missed; /* and told */
    struct interfaces interfaces;
};

/* Opens the socket, and lists the interfaces that there are: call it before the sandbox. Logs when
 * there are more than can be followed. `*changed` must outlive it. Returns 0 or -errno. */
int interface_warnings_open(uint64_t *changed, struct interface_warnings *out);

/* In the place of interface_warnings_open where nothing has to be told. */
void interface_warnings_none(struct interface_warnings *out);

/* Call this when the descriptor can be read. */
void interface_warnings_take(struct interface_warnings *warnings, uint32_t now);

struct timer interface_warnings_timer(struct interface_warnings *warnings);

#endif
