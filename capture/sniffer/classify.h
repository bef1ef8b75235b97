/*
 * One frame in, one outcome out: ip, tunnels and token in turn, and detect for what is rejected.
 * Every frame has exactly one outcome, and STATS is the sum of them. Pure but for the counters that
 * it is given; no allocation.
 */
#ifndef CAPTURE_SNIFFER_CLASSIFY_H
#define CAPTURE_SNIFFER_CLASSIFY_H

#include "capture/sniffer/token.h"
#include "capture/sniffer/tunnels/rules.h"
#include "common/options.h"
#include "common/wire.h"

#include <stdint.h>

struct frame;

struct classifier {
    struct tunnels_rules rules;
    struct token_key key;
    unsigned port_count;
    uint16_t ports[OPTIONS_PORTS_MAX]; /* host byte order */
};

/* Takes what it needs from the options, which must outlive it. The caller sets the key. */
void classifier_make(const struct options *options, struct classifier *out);

/*
 * `*record` is filled when the outcome is one that is recorded: WIRE_REJECTED_FIRST and above. Of
 * `*stats` it counts what came in to each port, and nothing else: the caller counts the outcome.
 */
enum wire_outcome classify_frame(const struct classifier *classifier, const struct frame *frame,
                                 struct wire_stats *stats, struct wire_record *record);

#endif
