#include "exporter/exposition/exposition.h"

#include "exporter/exposition/family.h"
#include "exporter/exposition/format.h"
#include "exporter/exposition/lines.h"
#include "exporter/exposition/metrics.h"
#include "exporter/exposition/snapshot.h"
#include "exporter/state/state.h"

#include <errno.h>
#include <stdlib.h>

struct exposition {
    struct exposition_wish wish;
    struct lines lines;
    /* How far reading is: the metric, and whether its header is still due. */
    size_t metric;
    bool header_due;
    bool ended; /* the end of the page is written too */
};

static bool is_wanted(const struct exposition *exposition, size_t index)
{
    return !exposition->wish.by_name || (exposition->wish.metrics >> index & 1) != 0;
}

/* Writes the header of the metric; one without values in this setup is left out entirely. */
static char *begin_metric(struct exposition *exposition, char *at)
{
    const struct metric *metric = &metric_table[exposition->metric];
    /* A total follows the metric that it sums. */
    const bool alone = exposition->metric == 0 || !is_wanted(exposition, exposition->metric - 1);
    exposition->header_due = false;
    lines_begin(&exposition->lines, metric, alone);
    if (!lines_left(&exposition->lines)) {
        return at;
    }
    return family_put(at, metric, exposition->wish.format, &exposition->lines.state->options);
}

const char *exposition_content_type(enum exposition_format format)
{
    return format == EXPOSITION_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

void exposition_ask(struct exposition_wish *wish, const char *name)
{
    size_t index = family_find(name);
    wish->by_name = true;
    wish->metrics |= index < metric_count ? (uint64_t)1 << index : 0;
}

int exposition_begin(const struct state *state, const struct exposition_wish *wish,
                     struct exposition **out)
{
    struct exposition *exposition = malloc(sizeof(*exposition));
    if (exposition == NULL) {
        return -ENOMEM;
    }
    int error = snapshot_take(state, &exposition->lines.snapshot);
    if (error != 0) {
        free(exposition);
        return error;
    }
    exposition->lines.state = state;
    exposition->wish = *wish;
    exposition->metric = 0;
    exposition->header_due = true;
    exposition->ended = false;
    *out = exposition;
    return 0;
}

void exposition_end(struct exposition *exposition)
{
    snapshot_release(exposition->lines.snapshot);
    free(exposition);
}

size_t exposition_read(struct exposition *exposition, char *buffer, size_t size)
{
    char *at = buffer;
    const char *const end = buffer + size;
    while (end - at >= EXPOSITION_LINE_MAX && exposition->metric < metric_count) {
        if (!is_wanted(exposition, exposition->metric)) {
            exposition->metric++;
        } else if (exposition->header_due) {
            at = begin_metric(exposition, at);
        } else if (lines_left(&exposition->lines)) {
            at = lines_put(&exposition->lines, at, end);
        } else {
            exposition->header_due = true;
            exposition->metric++;
        }
    }
    if (exposition->metric == metric_count && !exposition->ended &&
        end - at >= EXPOSITION_LINE_MAX) {
        exposition->ended = true;
        if (exposition->wish.format == EXPOSITION_OPENMETRICS) {
            at = format_put_string(at, "# EOF\n");
        }
    }
    return (size_t)(at - buffer);
}

size_t exposition_memory(void)
{
    return sizeof(struct exposition);
}
