/*
 * The exporter's modules, joined as its main joins them, in one process and with nobody to send to
 * them but the bench. Whatever fails ends the program.
 */
#ifndef TESTS_BENCH_STATE_H
#define TESTS_BENCH_STATE_H

#include "common/options.h"
#include "common/wire.h"
#include "exporter/counts/distinct.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/sessions.h"
#include "exporter/exposition/exposition.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/intake.h"

#include <stddef.h>
#include <stdint.h>

enum {
    STATE_NOW = 1000, /* seconds: when it starts */
    STATE_WINDOW = 30,
};

struct state {
    struct options options;
    struct groups groups;
    struct distinct distinct;
    struct sessions sessions;
    struct intake intake;
    struct exposition_sources sources; /* of all of these */
};

/* The defaults, for one domain. A path that is not NULL gives the metrics its label. */
void state_options(const char *country, const char *asn, struct options *out);

/* Fills in all but the options, which are there. HELLO has been taken. */
void state_make(struct geoip *geoip, struct state *state);

/* Numbers the records of a message, and has them taken. */
void state_take(struct state *state, union wire_message *message, size_t records);

#endif
