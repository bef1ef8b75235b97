/* Recordings of clients and servers, classified frame by frame, and the truth beside them. Include
 * after cmocka. */
#ifndef TESTS_UNIT_RECORDING_H
#define TESTS_UNIT_RECORDING_H

#include "common/wire.h"

#include "tests/unit/classifier.h"
#include "tests/unit/message.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRUTH_SIZE = 4096 };

/* A frame as the server's host saw it; its record is the classifier's. */
struct recorded {
    struct message packet; /* without the Ethernet header */
    uint32_t second;
    enum wire_outcome outcome;
};

static inline FILE *recording_open(const char *name)
{
    char path[64];
    uint8_t header[24];
    (void)snprintf(path, sizeof path, "tests/data/pcap/%s.pcap", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(header, 1, sizeof header, file), sizeof header);
    return file;
}

/* Reads and classifies the next frame. False at the end, which closes the file. */
static inline bool recording_next(FILE *file, struct recorded *out)
{
    uint32_t header[4]; /* second, microsecond, octets captured, octets in all */
    struct message frame = {0};
    *out = (struct recorded){0};
    if (fread(header, 1, sizeof header, file) != sizeof header) {
        (void)fclose(file);
        return false;
    }
    const uint32_t captured = header[2];
    assert_in_range(captured, ETH_HLEN, sizeof frame.octets);
    assert_int_equal(fread(frame.octets, 1, captured, file), captured);
    put(&out->packet, frame.octets + ETH_HLEN, captured - ETH_HLEN);
    /* The server has 10.77.0.2 and fd77::2. */
    const uint8_t *octets = out->packet.octets;
    bool leaves = protocol_of(&out->packet) == ETH_P_IP
                      ? memcmp(octets + 12, "\x0a\x4d\0\2", 4) == 0
                      : octets[8] == 0xfd && octets[23] == 2;
    unsigned protocol = (unsigned)frame.octets[12] << 8 | frame.octets[13];
    out->second = header[0];
    out->outcome = judge_part(&out->packet, out->packet.length, protocol,
                              leaves ? PACKET_OUTGOING : PACKET_HOST, false);
    return true;
}

static inline void truth_open(const char *name, char truth[TRUTH_SIZE])
{
    char path[64];
    (void)snprintf(path, sizeof path, "tests/data/pcap/%s.json", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    memset(truth, 0, TRUTH_SIZE);
    assert_true(fread(truth, 1, TRUTH_SIZE - 1, file) > 0);
    (void)fclose(file);
}

static inline bool truth_has(const char *truth, const char *key)
{
    char quoted[64];
    (void)snprintf(quoted, sizeof quoted, "\"%s\":", key);
    return strstr(truth, quoted) != NULL;
}

/* The number behind "key" in the truth beside a recording; 0 when it has none. */
static inline unsigned read_truth(const char *truth, const char *key)
{
    char quoted[64];
    (void)snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *found = strstr(truth, quoted);
    return found == NULL ? 0 : (unsigned)strtoul(found + strlen(quoted), NULL, 10);
}

#endif
