/*
 * The sniffer: the loop from ring to channel, and the syscalls that it lives on.
 */
#ifndef CAPTURE_SNIFF_H
#define CAPTURE_SNIFF_H

#include "capture/batch.h"
#include "capture/judge.h"
#include "capture/packet.h"
#include "common/sandbox.h"
#include "common/wire.h"

#include <stdbool.h>

enum {
    /* STATS at least this often: a reader holds them to be late after 5 s, and the account is to
     * be settled within 2 s of the last packet. */
    SNIFF_HEARTBEAT_MS = 1500,
    SNIFF_RULES_MAX = 8,
};

struct sniffer {
    struct packet_ring ring;
    struct batch batch;
    struct judge judge;
    struct wire_stats stats;
    int packet;           /* the packet socket */
    bool named_interface; /* bound to one that can vanish */
};

/* The syscall table with the two descriptors pinned. `rules` has SNIFF_RULES_MAX places; returns
 * how many are used. */
size_t sniff_rules(int packet, int channel, struct sandbox_rule *rules);

/* Runs until there is a reason to end, and returns it. */
enum wire_exit sniff_run(struct sniffer *sniffer);

#endif
