/*
 * Records gathered into messages for the channel. Static memory, no allocation; never waits.
 */
#ifndef CAPTURE_SNIFFER_BATCH_H
#define CAPTURE_SNIFFER_BATCH_H

#include "common/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct batch {
    int channel;
    uint64_t sequence; /* of the next message */
    struct wire_batch message;
};

/* Sends HELLO. Returns 0 or -errno. */
int batch_start(struct batch *batch, int channel, uint8_t domains);

static inline bool batch_is_full(const struct batch *batch)
{
    return batch->message.header.count == WIRE_BATCH_RECORDS;
}

/* The place for the next record. The batch must not be full; batch_commit makes it count. */
static inline struct wire_record *batch_place(struct batch *batch)
{
    return &batch->message.records[batch->message.header.count];
}

static inline void batch_commit(struct batch *batch)
{
    batch->message.header.count++;
}

/* Sends the gathered records, if any. Returns 0, or -EAGAIN (nothing is lost: call again when the
 * channel is writable), or another -errno. */
int batch_flush(struct batch *batch);

/* Sends STATS; header and sequence are filled in here. The batch must be empty: STATS covers the
 * records sent before it. Returns the same as batch_flush. */
int batch_send_stats(struct batch *batch, struct wire_stats *stats);

#endif
