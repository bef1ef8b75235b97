/*
 * The metrics page, streamed: Prometheus' text format 0.0.4 or OpenMetrics 1.0. When a scrape
 * begins, it copies the gauges and the account, so that their sums are exact. It reads the groups'
 * counters while it runs; a group that is added meanwhile waits for the next scrape. A domain's
 * total is the sum of its groups' lines of this very page; in a page without these it is that of
 * all groups at the moment. The copied gauges bound the memory.
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
    uint64_t metrics; /* which ones: a bit for each index */
};

struct state;
struct exposition;

/* The Content-Type of a format. */
const char *exposition_content_type(enum exposition_format format);

/* Asks for the metric of a name, as in family_find. After this, only metrics asked for are served.
 * An unknown name adds none. */
void exposition_ask(struct exposition_wish *wish, const char *name);

/* Begins a scrape. Returns 0 or -ENOMEM. exposition_end frees it. */
int exposition_begin(const struct state *state, const struct exposition_wish *wish,
                     struct exposition **out);
void exposition_end(struct exposition *exposition);

/* Bytes that a scrape takes, besides its copy (snapshot.h). */
size_t exposition_memory(void);

/* Writes whole lines, no NUL, until less than EXPOSITION_LINE_MAX of the `size` bytes is left;
 * `size` is at least that. Returns how many bytes, 0 at the end. */
size_t exposition_read(struct exposition *exposition, char *buffer, size_t size);

#endif
