#include "capture/sniffer/batch.h"

#include "common/channel.h"

#include <errno.h>

static struct wire_header header_for(const struct batch *batch, enum wire_type type)
{
    return (struct wire_header){
        .magic = WIRE_MAGIC, .type = (uint16_t)type, .sequence = batch->sequence};
}

/* Only a sent message uses a sequence number, so a reader sees no gaps. */
static int send_numbered(struct batch *batch, const void *message, size_t length)
{
    int error = channel_send(batch->channel, message, length);
    if (error == 0) {
        batch->sequence++;
    }
    return error;
}

int batch_start(struct batch *batch, int channel, uint8_t domains)
{
    batch->channel = channel;
    batch->sequence = 0;
    batch->message.header = header_for(batch, WIRE_BATCH);
    struct wire_hello hello = {
        .header = header_for(batch, WIRE_HELLO),
        .version = WIRE_VERSION,
        .record_size = sizeof(struct wire_record),
        .domains = domains,
    };
    return send_numbered(batch, &hello, sizeof hello);
}

int batch_flush(struct batch *batch)
{
    size_t count = batch->message.header.count;
    if (count == 0) {
        return 0;
    }
    batch->message.header.sequence = batch->sequence;
    int error = send_numbered(batch, &batch->message, wire_batch_length(count));
    if (error == 0) {
        batch->message.header.count = 0;
    }
    return error;
}

int batch_send_stats(struct batch *batch, struct wire_stats *stats)
{
    if (batch->message.header.count != 0) {
        return -EINVAL;
    }
    stats->header = header_for(batch, WIRE_STATS);
    return send_numbered(batch, stats, sizeof *stats);
}
