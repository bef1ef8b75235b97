#include "exporter/exposition.h"

#include "common/domain.h"
#include "common/flags.h"
#include "common/wire.h"
#include "exporter/metrics.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    HELP_MAX = 768,        /* octets, escaped; with two names it fits into EXPOSITION_LINE_MAX */
    FIXED_VALUE_MAX = 192, /* octets of a fixed text as a label's value, escaped */
    /* A configured domain needs no escapes; one that is all escapes would fit. */
    DOMAIN_VALUE_MAX = 2 * DOMAIN_WIRE_MAX,
};

/* A domain's peak and the beginning of its groups' labels: {domain="t.example.com" */
struct exposition_domain {
    struct series_domain copied;
    size_t label_length;
    char label[sizeof("{domain=\"\"") + DOMAIN_VALUE_MAX];
};

struct exposition {
    struct exposition_sources sources;
    struct metrics_figures figures;
    struct exposition_domain domains[DOMAINS_MAX];
    uint32_t domain_count;
    uint32_t group_count; /* groups that come later wait for the next scrape */
    /* Where reading stands: the metric, whether its header is still due, and its next line. */
    size_t metric;
    bool header_due;
    uint32_t line;
    uint32_t line_count;
    size_t name_length;
    struct metrics_gauges gauges[]; /* group_count of them */
};

/* --- Text. Each function writes at `at` and returns where it ended. */

static inline char *put(char *at, const char *text, size_t length)
{
    memcpy(at, text, length);
    return at + length;
}

static inline char *put_text(char *at, const char *text)
{
    return put(at, text, strlen(text));
}

static inline unsigned count_digits(uint64_t value)
{
    unsigned count = 1;
    for (; value >= 10000; value /= 10000) {
        count += 4;
    }
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

/* In place and two digits at a time: numbers are what most of a page's time goes into. */
static char *put_number(char *at, uint64_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char *const end = at + count_digits(value);
    char *digit = end;
    while (value >= 10) {
        digit -= 2;
        memcpy(digit, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (digit > at) {
        *--digit = (char)('0' + value);
    }
    return end;
}

/*
 * Escapes as a HELP text asks, or with `quoted` as a label's value does. At most `max` octets: a
 * longer text is cut, and never within a UTF-8 character or an escape.
 */
static char *put_escaped(char *at, const char *text, size_t max, bool quoted)
{
    enum { CHARACTER_MAX = 4 }; /* octets of one in UTF-8; an escape has two */

    char *const end = at + max;
    for (; *text != '\0'; text++) {
        bool begins = ((unsigned char)*text & 0xc0) != 0x80;
        if (end - at < (begins ? CHARACTER_MAX : 1)) {
            break;
        }
        if (*text == '\n') {
            at = put_text(at, "\\n");
        } else {
            if (*text == '\\' || (*text == '"' && quoted)) {
                *at++ = '\\';
            }
            *at++ = *text;
        }
    }
    return at;
}

/* Closes the labels and ends the line. */
static inline char *put_value(char *at, uint64_t value)
{
    at = put_text(at, "} ");
    at = put_number(at, value);
    *at++ = '\n';
    return at;
}

/* One more label, of a value that never changes. */
static char *put_label(char *at, char before, const char *name, const char *value)
{
    *at++ = before;
    at = put_text(at, name);
    at = put_text(at, "=\"");
    at = put_escaped(at, value, FIXED_VALUE_MAX, true);
    *at++ = '"';
    return at;
}

/* --- Lines. */

static char *put_header(const struct metric *metric, char *at)
{
    at = put_text(at, "# HELP ");
    at = put_text(at, metric->name);
    *at++ = ' ';
    at = put_escaped(at, metric->help, HELP_MAX, false);
    at = put_text(at, "\n# TYPE ");
    at = put_text(at, metric->name);
    *at++ = ' ';
    at = put_text(at, metric->type);
    *at++ = '\n';
    return at;
}

/* A group's labels, without the closing brace. */
static char *put_group(const struct exposition *exposition, const struct series_group *group,
                       char *at)
{
    const struct exposition_domain *domain = &exposition->domains[group->domain];
    const struct options *options = exposition->sources.options;

    at = put(at, domain->label, domain->label_length);
    if (options->country_database != NULL) {
        at = put_text(at, ",country=\"");
        if (group->other) {
            at = put_text(at, "other");
        } else {
            *at++ = (char)(group->place.country >> 8);
            *at++ = (char)(group->place.country & 0xff);
        }
        *at++ = '"';
    }
    if (options->asn_database != NULL) {
        at = put_text(at, ",asn=\"");
        at = group->other ? put_text(at, "other") : put_number(at, group->place.asn);
        *at++ = '"';
    }
    return at;
}

static char *put_build(char *at)
{
    const struct {
        const char *name;
        const char *value;
    } labels[] = {
        {"version", flags_version()},
        {"revision", flags_revision()},
        {"branch", flags_branch()},
        {"compiler", flags_compiler()},
    };
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        at = put_label(at, i == 0 ? '{' : ',', labels[i].name, labels[i].value);
    }
    return put_value(at, 1);
}

static uint32_t value32(const void *figures, size_t offset)
{
    uint32_t value;
    memcpy(&value, (const char *)figures + offset, sizeof(value));
    return value;
}

static uint64_t value64(const void *figures, size_t offset)
{
    uint64_t value;
    memcpy(&value, (const char *)figures + offset, sizeof(value));
    return value;
}

static uint32_t count_lines(const struct exposition *exposition, const struct metric *metric)
{
    switch (metric->source) {
    case METRICS_OF_GROUP_COPIED:
    case METRICS_OF_GROUP:
        return exposition->group_count;
    case METRICS_OF_GROUP_SPLIT:
        return exposition->group_count * metric->value_count;
    case METRICS_OF_DOMAIN:
        return exposition->domain_count;
    case METRICS_OF_ALL_SPLIT:
        return metric->value_count;
    case METRICS_OF_ALL:
    case METRICS_OF_BUILD:
        break;
    }
    return 1;
}

/* Writes a metric's line of this index, or nothing where there is none. */
static char *put_line(const struct exposition *exposition, const struct metric *metric,
                      uint32_t index, char *at)
{
    const struct series_group *groups = exposition->sources.series->groups;
    char *const start = at;
    uint64_t value = 0;
    uint32_t which = 0;

    at = put(at, metric->name, exposition->name_length);
    switch (metric->source) {
    case METRICS_OF_GROUP_COPIED:
        at = put_group(exposition, &groups[index], at);
        return put_value(at, value32(&exposition->gauges[index], metric->offset));
    case METRICS_OF_GROUP:
        at = put_group(exposition, &groups[index], at);
        return put_value(at, value64(&groups[index], metric->offset));
    case METRICS_OF_GROUP_SPLIT:
        which = index % metric->value_count;
        index /= metric->value_count;
        value = value64(&groups[index], metric->offset + which * sizeof(value));
        if (value == 0) {
            return start;
        }
        at = put_group(exposition, &groups[index], at);
        at = put_label(at, ',', metric->label, metric->values[which]);
        return put_value(at, value);
    case METRICS_OF_DOMAIN:
        at = put(at, exposition->domains[index].label, exposition->domains[index].label_length);
        return put_value(at, value32(&exposition->domains[index].copied, metric->offset));
    case METRICS_OF_ALL:
        *at++ = ' ';
        at = put_number(at, value64(&exposition->figures, metric->offset));
        *at++ = '\n';
        return at;
    case METRICS_OF_ALL_SPLIT:
        at = put_label(at, '{', metric->label, metric->values[index]);
        return put_value(at, value64(&exposition->figures, metric->offset + index * sizeof(value)));
    case METRICS_OF_BUILD:
        return put_build(at);
    }
    return start;
}

/* --- The scrape. */

static void copy_figures(const struct exposition_sources *sources, struct metrics_figures *out)
{
    const struct wire_stats *stats = &sources->intake->stats;
    uint64_t ignored = 0;
    for (unsigned i = 0; i < WIRE_IGNORE_REASONS; i++) {
        out->ignored[i] = stats->ignored[i];
        ignored += stats->ignored[i];
    }
    out->received = stats->received;
    out->outcomes[METRICS_KERNEL_DROPPED] = stats->kernel_dropped;
    out->outcomes[METRICS_IGNORED] = ignored;
    out->outcomes[METRICS_MALFORMED] = stats->malformed;
    out->outcomes[METRICS_OTHER_DOMAIN] = stats->other_domain;
    out->outcomes[METRICS_REJECTED] = stats->rejected;
    out->outcomes[METRICS_QUERY] = stats->query;
    out->outcomes[METRICS_RESPONSE] = stats->response;
    out->interface_down = stats->interface_down;
    out->sessions_evicted = sources->sessions->evicted;
    out->sessions_refused = sources->sessions->refused;
    out->sessions_forgotten = sources->distinct->forgotten;
    out->series_capped = sources->series->capped;
}

int exposition_begin(const struct exposition_sources *sources, struct exposition **out)
{
    const struct series *series = sources->series;
    struct exposition *exposition =
        malloc(sizeof(*exposition) + series->group_count * sizeof(exposition->gauges[0]));
    if (exposition == NULL) {
        return -ENOMEM;
    }
    exposition->sources = *sources;
    copy_figures(sources, &exposition->figures);

    exposition->domain_count = series->domain_count;
    for (uint32_t i = 0; i < series->domain_count; i++) {
        struct exposition_domain *domain = &exposition->domains[i];
        domain->copied = series->domains[i];
        char *at = put_text(domain->label, "{domain=\"");
        at = put_escaped(at, sources->options->domains[i].text, DOMAIN_VALUE_MAX, true);
        *at++ = '"';
        domain->label_length = (size_t)(at - domain->label);
    }
    exposition->group_count = series->group_count;
    for (uint32_t i = 0; i < series->group_count; i++) {
        exposition->gauges[i] = (struct metrics_gauges){
            .active = series->groups[i].active,
            .peak = series->groups[i].peak,
        };
    }
    exposition->metric = 0;
    exposition->header_due = true;
    *out = exposition;
    return 0;
}

void exposition_end(struct exposition *exposition)
{
    free(exposition);
}

size_t exposition_read(struct exposition *exposition, char *buffer, size_t size)
{
    char *at = buffer;
    while (size - (size_t)(at - buffer) >= EXPOSITION_LINE_MAX &&
           exposition->metric < metrics_count) {
        const struct metric *metric = &metrics[exposition->metric];
        if (exposition->header_due) {
            exposition->header_due = false;
            exposition->line = 0;
            exposition->line_count = count_lines(exposition, metric);
            exposition->name_length = strlen(metric->name);
            at = put_header(metric, at);
        } else if (exposition->line < exposition->line_count) {
            at = put_line(exposition, metric, exposition->line++, at);
        } else {
            exposition->header_due = true;
            exposition->metric++;
        }
    }
    return (size_t)(at - buffer);
}
