/* How many requests were answered, by the status of the answer. */
#ifndef EXPORTER_REPLIES_H
#define EXPORTER_REPLIES_H

#include <stdint.h>

/* How many codes there are to tell apart: those that this endpoint and libmicrohttpd itself send,
 * and `other`, which stays at 0 unless one of them learns another. */
enum { REPLIES_CODES = 11 };

/* The value of the label `code`, by index. */
extern const char *const replies_codes[REPLIES_CODES];

struct replies {
    uint64_t counts[REPLIES_CODES]; /* index as in replies_codes */
};

void replies_count(struct replies *replies, unsigned status);

#endif
