/*
 * The sniffer: the loop from ring to channel.
 */
#ifndef CAPTURE_SNIFFER_SNIFFER_H
#define CAPTURE_SNIFFER_SNIFFER_H

#include "capture/sniffer/batch.h"
#include "capture/sniffer/classify.h"
#include "capture/sniffer/ring.h"
#include "common/wire.h"

#include <stdbool.h>

enum {
    /* STATS at least this often: a reader treats it as late after 5 s, and the counts must be final
     * within 2 s of the last packet. */
    SNIFFER_HEARTBEAT_MS = 1500,
};

struct sniffer {
    struct ring ring;
    struct batch batch;
    struct classifier classifier;
    struct wire_stats stats;
    int packet;           /* the packet socket */
    bool named_interface; /* bound to one that can vanish */
};

/* Runs until there is a reason to end, and returns it. */
enum wire_exit sniffer_run(struct sniffer *sniffer);

#endif
