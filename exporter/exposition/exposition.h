/*
 * The metrics page, streamed: Prometheus' text format 0.0.4 or OpenMetrics 1.0. One scrape copies
 * the gauges and the account when it begins, so that their sums are exact, and reads the groups'
 * counters while it runs; a group that comes meanwhile waits for the next. Memory is bounded by the
 * copied gauges.
 */
#ifndef EXPORTER_EXPOSITION_EXPOSITION_H
#define EXPORTER_EXPOSITION_EXPOSITION_H

#include "exporter/exposition/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a scrape asks for. All zero: everything, in the text format. */
struct exposition_wish {
    enum exposition_format format;
    bool by_name;     /* only the metrics that were named */
    uint64_t metrics; /* which those are: a bit for each index */
};

struct exposition_sources;
struct exposition;

/* The Content-Type of a format. */
const char *exposition_content_type(enum exposition_format format);

/* Asks for the metric of a name as in family_find, and for no other that is not asked for as well.
 * One that there is not adds none. */
void exposition_ask(struct exposition_wish *wish, const char *name);

/* Begins a scrape. Returns 0 or -ENOMEM. exposition_end frees it. */
int exposition_begin(const struct exposition_sources *sources, const struct exposition_wish *wish,
                     struct exposition **out);
void exposition_end(struct exposition *exposition);

/* Bytes that a scrape takes, beside its copy (snapshot.h). */
size_t exposition_memory(void);

/* Writes whole lines, no NUL, until less than EXPOSITION_LINE_MAX of the `size` bytes (as many or
 * more) is left. Returns how many bytes, 0 at the end. */
size_t exposition_read(struct exposition *exposition, char *buffer, size_t size);

#endif
