/*
 * Which format the data of a rejected query is of: by the header of a KCP packet, or by the long
 * header of a QUIC packet, which random names do not have. What proves nothing: polls, short
 * headers, and xdns, whose packets may be anything. Only for queries that are rejected; the rules
 * of the domain stay as configured. Pure, no allocation.
 */
#ifndef CAPTURE_SNIFFER_TUNNELS_DETECT_H
#define CAPTURE_SNIFFER_TUNNELS_DETECT_H

#include "common/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct tunnels_findings;

/* What a query proves, and where its id is among the octets that the findings' values encode. */
struct detect_proof {
    struct wire_evidence evidence;
    uint8_t id_at;
    uint8_t id_octets; /* 1 to SLIPSTREAM_ID_OCTETS_MAX */
};

/*
 * Looks at the labels of a query that was rejected with this outcome: WIRE_REJECTED_QTYPE,
 * _ENCODING, _SHORT or _FRAMING. The message ends at `end`; `*rejected` is as the verdict left it,
 * and its values are overwritten. Returns true with `*out` filled when the query proves one format
 * and its keys, which are never those of its domain.
 *
 * dnstt stands for all that have its frame with KCP in it: noizdns, which differs in padding alone,
 * and xdnstt.
 */
bool detect_format(struct tunnels_findings *rejected, enum wire_outcome outcome, const uint8_t *end,
                   struct detect_proof *out);

#endif
