/* Payloads as the values that encode them, for the tests of what reads those. Include after cmocka.
 */
#ifndef TESTS_UNIT_VALUES_H
#define TESTS_UNIT_VALUES_H

#include "capture/sniffer/parse/base32.h"

#include "tests/unit/message.h"
#include "tests/unit/random.h"

enum { PAYLOAD_MAX = 155 }; /* octets: 250 characters hold one more */

/* The values of a payload in a block that ends with their zeros; freed by the caller. */
static inline uint8_t *read_values(const struct message *payload)
{
    struct message labels = {0};
    uint8_t values[BASE32_BUFFER_SIZE];
    assert_in_range(payload->length, 1, PAYLOAD_MAX);
    put_payload(&labels, payload->octets, payload->length);
    int count = base32_read_labels(labels.octets, labels.length, values);
    assert_in_range(count, 1, sizeof values - BASE32_STEP);
    return exact_copy(values, (count > 0 ? (size_t)count : 0) + BASE32_STEP);
}

static inline void put_random(struct message *payload, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put8(payload, (unsigned)random_next() & 0xff);
    }
}

#endif
