/*
 * What may be wrong with the set-up, as the program can tell from what it sees: a fixed list. It
 * holds nothing of traffic: it is shown to everybody who may read the journal or the service's
 * status.
 */
#ifndef EXPORTER_STATE_HINTS_H
#define EXPORTER_STATE_HINTS_H

#include <stdint.h>

enum hint {
    HINT_NO_PACKETS,
    HINT_NO_QUERIES,
    HINT_OTHER_FORMAT,
    HINT_NO_RESPONSES,
    HINT_ONLY_RESPONSES,
    HINT_DOUBLED,
    HINT_EDNS,
    HINT_FORGED_FLOOD,
    HINT_INTERFACES_CHANGED,
    HINT_PACKETS_LOST,
    HINT_GEOIP_STALE,
    HINT_GEOIP_FAILED,
    HINT_WEB_CONFIG_FAILED,
    HINTS, /* how many */
};

enum {
    HINT_SEEN_BYTES = 384, /* of what is seen, with the longest domain in it, the NUL included */
    HINT_ADVICE_BYTES = 512,
};

struct hint_text {
    char seen[HINT_SEEN_BYTES];     /* a sentence: what is seen, and why it may be */
    char advice[HINT_ADVICE_BYTES]; /* a sentence: what to do */
};

struct hints {
    uint64_t on[HINTS];            /* 0 or 1; index: enum hint */
    struct hint_text texts[HINTS]; /* of those that are on */
};

/* What is seen by the first hint that is on, or NULL. */
const char *hints_first(const struct hints *hints);

/* The value of the label `hint`, and what it means in a few words. */
const char *hint_name(uint32_t hint);
const char *hint_meaning(uint32_t hint);

/* For the documents: what is seen when it is on, and sentences that say what to do, in Markdown. */
const char *hint_seen(uint32_t hint);
const char *hint_remedy(uint32_t hint);

#endif
