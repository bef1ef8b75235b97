/*
 * The metrics page, streamed: Prometheus' text format 0.0.4. One scrape copies the gauges and the
 * account when it begins, so that their sums are exact, and reads the groups' counters while it
 * runs; a group that comes meanwhile waits for the next. Memory is bounded by the copied gauges.
 */
#ifndef EXPORTER_EXPOSITION_H
#define EXPORTER_EXPOSITION_H

#include "common/flags.h"
#include "exporter/distinct.h"
#include "exporter/intake.h"
#include "exporter/process.h"
#include "exporter/reload.h"
#include "exporter/replies.h"
#include "exporter/series.h"
#include "exporter/session.h"

#include <stdbool.h>
#include <stddef.h>

#define EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum {
    /* No line is longer (a name, a domain, country, ASN, reason, a value), nor are a metric's HELP
     * and TYPE together. A buffer for exposition_read is at least this large. */
    EXPOSITION_LINE_MAX = 1024,
};

/* Where the figures come from. Nothing is owned; all outlive the scrapes. */
struct exposition_sources {
    const struct options *options; /* domain names, and which labels exist */
    const struct intake *intake;
    const struct series *series;
    const struct sessions *sessions;
    const struct distinct *distinct;
    const struct reload *reload;
    const struct replies *replies;
    const struct process *process;
    const bool *stale; /* the sniffer is silent */
};

struct exposition;

/* Begins a scrape. Returns 0 or -ENOMEM. exposition_end frees it. */
int exposition_begin(const struct exposition_sources *sources, struct exposition **out);
void exposition_end(struct exposition *exposition);

/* Writes whole lines, no NUL, until less than EXPOSITION_LINE_MAX of the `size` octets (as many or
 * more) is left. Returns how many octets, 0 at the end. */
size_t exposition_read(struct exposition *exposition, char *buffer, size_t size);

#endif
