/*
 * The exporter's state, made as its main makes it, in one process and with nobody to send to it but
 * the bench. Whatever fails ends the program.
 */
#ifndef TESTS_BENCH_STATE_H
#define TESTS_BENCH_STATE_H

#include "common/options.h"
#include "exporter/state/state.h"

#include <stddef.h>

union wire_message;

enum {
    STATE_NOW = 1000, /* seconds: when it starts */
    STATE_WINDOW = 30,
};

/* The defaults, for one domain. A path that is not NULL gives the metrics its label. */
void state_options(const char *country, const char *asn, struct options *out);

/* Fills in all but the options, which are there. HELLO has been taken. */
void state_make(struct geoip *geoip, struct state *state);

/* Numbers the records of a message, and has them taken. */
void state_take(struct state *state, union wire_message *message, size_t records);

#endif
