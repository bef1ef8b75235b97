/* Values as words for people: "98 %", "12 min", "1.2 GiB". */
#ifndef EXPORTER_STATUS_WORDS_H
#define EXPORTER_STATUS_WORDS_H

#include "exporter/status/ranking.h"

#include <stdint.h>

struct options;
struct recent_totals;

enum { WORDS_BYTES = 32 }; /* the NUL included */

/* How much of the queries was answered: "98 %", or "no queries". Responses to queries that
 * were not seen make it more than 100 %: "> 999 %" at most. */
void words_answered(const struct recent_totals *recent, char out[WORDS_BYTES]);

/* A length of time in the largest unit that it has two of, or its seconds: "90 s", "12 min". */
void words_duration(uint64_t seconds, char out[WORDS_BYTES]);

/* A count in five characters at most: "12345", "123k", "1.23M"; and bytes: "999 B", "1.20 GiB". */
void words_count(uint64_t count, char out[WORDS_BYTES]);
void words_bytes(uint64_t bytes, char out[WORDS_BYTES]);

/* A moment in seconds since 1970: "2026-11-29 12:08 UTC". */
void words_moment(uint64_t seconds, char out[WORDS_BYTES]);

/* The key of a ranking's row: "DE", "AS3320", or "unknown". */
void words_key(enum ranking_kind kind, uint32_t key, char out[WORDS_BYTES]);

enum { WORDS_PRIVACY_BYTES = 192 };

/* What the privacy flags change of the values, in a sentence or two; empty while both are off. */
void words_privacy(const struct options *options, char out[WORDS_PRIVACY_BYTES]);

#endif
