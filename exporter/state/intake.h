/*
 * Takes the sniffer's messages, which may be hostile: each is checked whole before any of it is
 * counted. One wrong message ends the connection and changes nothing.
 */
#ifndef EXPORTER_STATE_INTAKE_H
#define EXPORTER_STATE_INTAKE_H

#include "common/wire.h"

#include <stdbool.h>
#include <stdint.h>

struct counts;
struct geoip;
struct options;

enum intake_fault {
    INTAKE_OK = 0,
    INTAKE_WIRE,      /* wire_check refused it: `wire` says why */
    INTAKE_FELL,      /* STATS with a counter below that of earlier ones */
    INTAKE_DISAGREES, /* STATS that do not match the records received */
};

struct intake {
    struct wire_expectation expected; /* .sequence above 0: HELLO has been seen */
    struct wire_stats stats;          /* the latest; all zero before the first */
    uint64_t records[WIRE_OUTCOMES];  /* taken so far, by outcome */
    struct geoip *geoip;              /* not owned; NULL: every country and ASN is unknown */
    struct counts *counts;            /* not owned */
    enum wire_fault wire;             /* set with INTAKE_WIRE */
};

void intake_start(const struct options *options, struct geoip *geoip, struct counts *counts,
                  struct intake *out);

/* Takes one message of `length` bytes as received. `now` in seconds of CLOCK_BOOTTIME; it never
 * falls. Sessions that are over at `now` are removed before a query is counted (sessions_query). */
enum intake_fault intake_take(struct intake *intake, const union wire_message *message,
                              size_t length, uint32_t now);

/* One line without newline for the log: what was wrong. Static text. */
const char *intake_fault_text(const struct intake *intake, enum intake_fault fault);

#endif
