#include "common/wire.h"

#include <stdbool.h>

static bool record_valid(const struct wire_record *record, uint8_t domains)
{
    if (record->domain >= domains || record->bytes < WIRE_MESSAGE_BYTES_MIN ||
        record->bytes > WIRE_MESSAGE_BYTES_MAX) {
        return false;
    }
    switch (record->kind) {
    case WIRE_QUERY:
        return record->token != 0 && record->reason == WIRE_REJECT_NONE;
    case WIRE_RESPONSE:
        return record->token != 0 && record->reason == WIRE_REJECT_NONE &&
               wire_fingerprint(record) == 0;
    case WIRE_REJECTED:
        return record->token == 0 && record->reason > WIRE_REJECT_NONE &&
               record->reason < WIRE_REJECT_REASONS && wire_fingerprint(record) == 0;
    default:
        return false;
    }
}

static enum wire_fault check_hello(const struct wire_hello *hello, size_t length, uint8_t domains)
{
    if (length != sizeof *hello) {
        return WIRE_FAULT_LENGTH;
    }
    if (hello->version != WIRE_VERSION || hello->record_size != sizeof(struct wire_record) ||
        hello->domains != domains) {
        return WIRE_FAULT_VERSION;
    }
    if (hello->header.count != 0 || hello->reserved[0] != 0 || hello->reserved[1] != 0 ||
        hello->reserved[2] != 0) {
        return WIRE_FAULT_RESERVED;
    }
    return WIRE_FAULT_NONE;
}

static enum wire_fault check_batch(const struct wire_batch *batch, size_t length, uint8_t domains)
{
    size_t count = batch->header.count;
    if (count < 1 || count > WIRE_BATCH_RECORDS || length != wire_batch_length(count)) {
        return WIRE_FAULT_LENGTH;
    }
    for (size_t i = 0; i < count; i++) {
        if (!record_valid(&batch->records[i], domains)) {
            return WIRE_FAULT_RECORD;
        }
    }
    return WIRE_FAULT_NONE;
}

/* Adds to a sum; false when it no longer fits, so that a sum cannot wrap to a small one. */
static bool add(uint64_t *sum, uint64_t value)
{
    return !__builtin_add_overflow(*sum, value, sum);
}

static bool account_fits(const struct wire_stats *stats)
{
    uint64_t sum = 0;
    for (unsigned reason = 0; reason < WIRE_IGNORE_REASONS; reason++) {
        if (!add(&sum, stats->ignored[reason])) {
            return false;
        }
    }
    return add(&sum, stats->kernel_dropped) && add(&sum, stats->malformed) &&
           add(&sum, stats->other_domain) && add(&sum, stats->rejected) &&
           add(&sum, stats->query) && add(&sum, stats->response) && sum <= stats->received;
}

static enum wire_fault check_stats(const struct wire_stats *stats, size_t length)
{
    if (length != sizeof *stats) {
        return WIRE_FAULT_LENGTH;
    }
    if (stats->header.count != 0) {
        return WIRE_FAULT_RESERVED;
    }
    return account_fits(stats) ? WIRE_FAULT_NONE : WIRE_FAULT_ACCOUNT;
}

enum wire_fault wire_check(const union wire_message *message, size_t length,
                           const struct wire_expectation *expected)
{
    if (length < sizeof message->header) {
        return WIRE_FAULT_LENGTH;
    }
    if (message->header.magic != WIRE_MAGIC) {
        return WIRE_FAULT_MAGIC;
    }
    bool hello = message->header.type == WIRE_HELLO;
    if (hello != (expected->sequence == 0)) {
        return WIRE_FAULT_TYPE;
    }
    if (message->header.sequence != expected->sequence) {
        return WIRE_FAULT_SEQUENCE;
    }
    switch (message->header.type) {
    case WIRE_HELLO:
        return check_hello(&message->hello, length, expected->domains);
    case WIRE_BATCH:
        return check_batch(&message->batch, length, expected->domains);
    case WIRE_STATS:
        return check_stats(&message->stats, length);
    default:
        return WIRE_FAULT_TYPE;
    }
}

const char *wire_fault_text(enum wire_fault fault)
{
    switch (fault) {
    case WIRE_FAULT_NONE:
        return "no fault";
    case WIRE_FAULT_LENGTH:
        return "a message has the wrong length";
    case WIRE_FAULT_MAGIC:
        return "a message has the wrong magic number";
    case WIRE_FAULT_SEQUENCE:
        return "a message is missing or came twice";
    case WIRE_FAULT_TYPE:
        return "a message has an unknown or unexpected type";
    case WIRE_FAULT_VERSION:
        return "the sniffer is another build or was started with other domains";
    case WIRE_FAULT_RESERVED:
        return "a reserved byte of a message is not zero";
    case WIRE_FAULT_RECORD:
        return "a record has a value outside its range";
    case WIRE_FAULT_ACCOUNT:
        return "the counters add up to more packets than were received";
    case WIRE_FAULT_COUNT:
        break;
    }
    return "unknown fault";
}
