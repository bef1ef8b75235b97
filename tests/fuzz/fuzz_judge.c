/*
 * The network against the sniffer: any frame. The first octets of the input say how the kernel
 * would describe it, the rest is the frame, in a block of exactly its size so that a read past its
 * end is seen. Held: no crash, and what comes out is a record that the exporter would take.
 */
#include "capture/judge.h"
#include "common/domain.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DESCRIPTION = 3 };

static const struct judge *judge(bool any_framing)
{
    static struct options options[2];
    static struct judge judges[2];
    if (options[0].domain_count == 0) {
        for (unsigned i = 0; i < 2; i++) {
            if (domain_parse("t.example.com", &options[i].domains[0]) != 0 ||
                domain_parse("tunnel.example.com", &options[i].domains[1]) != 0 ||
                domain_parse("a.t.example.com", &options[i].domains[2]) != 0) {
                abort();
            }
            options[i].domain_count = 3;
            options[i].ports[0] = 53;
            options[i].ports[1] = 5300;
            options[i].port_count = 2;
            options[i].mtu = 1232;
            options[i].framing = i == 0 ? FRAMING_STRICT : FRAMING_ANY;
            judge_make(&options[i], &judges[i]);
            judges[i].key = (struct token_key){{1, 2}, {3, 5}};
        }
    }
    return &judges[any_framing];
}

static void check_record(const struct wire_record *record)
{
    static union wire_message message;
    const struct wire_expectation expected = {.sequence = 1, .domains = 3};
    message.batch.header =
        (struct wire_header){.magic = WIRE_MAGIC, .type = WIRE_BATCH, .count = 1, .sequence = 1};
    message.batch.records[0] = *record;
    if (wire_check(&message, wire_batch_length(1), &expected) != WIRE_FAULT_NONE) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t protocols[] = {ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, ETH_P_8021AD,
                                         ETH_P_ARP};
    if (size < DESCRIPTION) {
        return 0;
    }
    size_t captured = size - DESCRIPTION;
    uint8_t *octets = malloc(captured > 0 ? captured : 1);
    if (octets == NULL) {
        abort();
    }
    memcpy(octets, data + DESCRIPTION, captured);
    const struct frame frame = {
        .data = octets,
        .captured = (uint32_t)captured,
        .length = (uint32_t)captured + data[2], /* more than was kept */
        .protocol = protocols[(data[0] & 7) % 5],
        .type = (data[1] & 1)   ? PACKET_OUTGOING
                : (data[1] & 2) ? PACKET_OTHERHOST
                                : PACKET_HOST,
        .tagged = (data[0] & 8) != 0,
    };
    struct wire_record record;
    enum wire_ignore ignored = WIRE_IGNORE_REASONS;
    switch (judge_frame(judge((data[1] & 4) != 0), &frame, &record, &ignored)) {
    case OUTCOME_RECORD:
        check_record(&record);
        break;
    case OUTCOME_IGNORED:
        if (ignored >= WIRE_IGNORE_REASONS) {
            abort();
        }
        break;
    case OUTCOME_MALFORMED:
    case OUTCOME_OTHER_DOMAIN:
        break;
    default:
        abort();
    }
    free(octets);
    return 0;
}
