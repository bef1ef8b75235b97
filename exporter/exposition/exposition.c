#include "exporter/exposition/exposition.h"

#include "common/build.h"
#include "common/domain.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "exporter/counts/groups.h"
#include "exporter/exposition/family.h"
#include "exporter/exposition/format.h"
#include "exporter/exposition/metrics.h"
#include "exporter/exposition/snapshot.h"
#include "exporter/geoip/geoip.h"
#include "exporter/state/state.h"
#include "exporter/system/self_metrics.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIXED_VALUE_MAX = 192, /* bytes of a fixed text as a label's value, escaped */
    /* A configured domain needs no escapes; even one full of escapes would fit. */
    DOMAIN_VALUE_MAX = 2 * DOMAIN_WIRE_MAX,
    START_MAX = FAMILY_NAME_MAX + sizeof("{domain=\"\"") + DOMAIN_VALUE_MAX,
    /* What follows: labels of country and ASN, one of fixed text, a number. */
    REST_MAX = 64 + FIXED_VALUE_MAX + FORMAT_NUMBER_MAX,
};

_Static_assert(START_MAX + REST_MAX + FORMAT_STEP < EXPOSITION_LINE_MAX, "a line fits");

/* How the lines of a metric begin for a domain: name{domain="t.example.com" */
struct line_start {
    size_t length;
    char text[START_MAX + FORMAT_STEP];
};

struct exposition {
    const struct state *state; /* what groups count is read while the page runs */
    struct exposition_wish wish;
    const struct snapshot *snapshot; /* later groups wait for the next scrape */
    /* How far reading is: the metric, whether its header is still due, and its next line. */
    size_t metric;
    bool header_due;
    bool ended; /* the end of the page is written too */
    uint32_t line;
    uint32_t line_count;
    struct line_start starts[DOMAINS_MAX]; /* of this metric */
    uint64_t sums[DOMAINS_MAX];            /* of the lines of groups, for the total after them */
};

/* --- Parts of a line. Each function writes at `at` and returns where it ended. */

/* Closes the labels and ends the line. */
static inline char *put_value(char *at, uint64_t value)
{
    at = format_put_string(at, "} ");
    at = format_put_number(at, value);
    *at++ = '\n';
    return at;
}

/* One more label, of a value that never changes. */
static char *put_label(char *at, char before, const char *name, const char *value)
{
    *at++ = before;
    at = format_put_string(at, name);
    at = format_put_string(at, "=\"");
    at = format_put_escaped(at, value, FIXED_VALUE_MAX, true);
    *at++ = '"';
    return at;
}

/* Which labels the lines of groups have. */
struct labels {
    bool country;
    bool asn;
};

static struct labels labels_of(const struct options *options)
{
    return (struct labels){
        .country = options->country_database != NULL,
        .asn = options->asn_database != NULL,
    };
}

/* The beginning of a group's line: all but the closing brace and the value. */
static inline char *put_group(const struct line_start *start, struct labels labels,
                              const struct group *group, char *at)
{
    at = format_put_steps(at, start->text, start->length);
    if (labels.country) {
        at = format_put_string(at, ",country=\"");
        if (group->other) {
            at = format_put_string(at, "other");
        } else {
            *at++ = (char)(group->geo.country >> 8);
            *at++ = (char)(group->geo.country & 0xff);
        }
        *at++ = '"';
    }
    if (labels.asn) {
        at = format_put_string(at, ",asn=\"");
        at = group->other ? format_put_string(at, "other") : format_put_number(at, group->geo.asn);
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
        {"version", build_version()},
        {"revision", build_revision()},
        {"branch", build_branch()},
        {"compiler", build_compiler()},
    };
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        at = put_label(at, i == 0 ? '{' : ',', labels[i].name, labels[i].value);
    }
    return put_value(at, 1);
}

static uint32_t value32(const void *values, size_t offset)
{
    uint32_t value;
    memcpy(&value, (const char *)values + offset, sizeof(value));
    return value;
}

static uint64_t value64(const void *values, size_t offset)
{
    uint64_t value;
    memcpy(&value, (const char *)values + offset, sizeof(value));
    return value;
}

/* --- Lines. */

static uint32_t count_lines(const struct exposition *exposition, const struct metric *metric)
{
    const struct options *options = &exposition->state->options;
    switch (metric->source) {
    case METRICS_OF_GROUP_COPIED:
    case METRICS_OF_GROUP:
        return exposition->snapshot->group_count;
    case METRICS_OF_GROUP_SPLIT:
        return exposition->snapshot->group_count * metric->label->count;
    case METRICS_OF_GROUP_SUM:
    case METRICS_OF_DOMAIN:
    case METRICS_OF_TUNNEL:
        return exposition->snapshot->domain_count;
    case METRICS_OF_STATE_SPLIT:
    case METRICS_OF_OUTCOMES:
        return metric->label->count;
    case METRICS_OF_STATE:
        return value64(&exposition->snapshot->state, metric->offset) != SELF_METRICS_UNKNOWN;
    case METRICS_OF_DATABASE:
        return (options->country_database != NULL ? 1u : 0u) + (options->asn_database != NULL);
    case METRICS_OF_BUILD:
        break;
    }
    return 1;
}

static bool is_of_groups(const struct metric *metric)
{
    return metric->source == METRICS_OF_GROUP || metric->source == METRICS_OF_GROUP_COPIED;
}

static bool is_wanted(const struct exposition *exposition, size_t index)
{
    return !exposition->wish.by_name || (exposition->wish.metrics >> index & 1) != 0;
}

/* What all groups have now, by domain. */
static void sum_groups(struct exposition *exposition, size_t offset)
{
    const struct groups *groups = &exposition->state->counts.groups;
    for (uint32_t i = 0; i < groups->group_count; i++) {
        const struct group *group = &groups->entries[i];
        exposition->sums[group->domain] += value64(group, offset);
    }
}

/* The lines of groups add their values to the sums as they are written. */
static void begin_sums(struct exposition *exposition, const struct metric *metric)
{
    const bool alone =
        metric->source == METRICS_OF_GROUP_SUM && !is_wanted(exposition, exposition->metric - 1);
    if (alone || is_of_groups(metric)) {
        memset(exposition->sums, 0, sizeof exposition->sums);
    }
    if (alone) {
        sum_groups(exposition, metric->offset);
    }
}

/* Writes once what all lines of the metric have in common. */
static void begin_metric(struct exposition *exposition, const struct metric *metric)
{
    for (uint32_t i = 0; i < exposition->snapshot->domain_count; i++) {
        struct line_start *start = &exposition->starts[i];
        char *at = format_put_string(start->text, metric->name);
        at = format_put_string(at, "{domain=\"");
        at = format_put_escaped(at, exposition->state->options.domains[i].text, DOMAIN_VALUE_MAX,
                                true);
        *at++ = '"';
        start->length = (size_t)(at - start->text);
    }
    exposition->line = 0;
    exposition->line_count = count_lines(exposition, metric);
    begin_sums(exposition, metric);
}

/* For a metric split by a label. Only values above 0 have a line, and most groups have none: skip
 * the zeros at once. */
static char *put_split_line(struct exposition *exposition, const struct metric *metric, char *at)
{
    const struct group *groups = exposition->state->counts.groups.entries;
    uint32_t count = metric->label->count;
    uint32_t group = exposition->line / count;
    uint32_t which = exposition->line % count;
    uint64_t value = 0;

    for (; exposition->line < exposition->line_count; group++, which = 0) {
        for (; which < count; which++) {
            exposition->line++;
            value = value64(&groups[group], metric->offset + which * sizeof(value));
            if (value != 0) {
                at = put_group(&exposition->starts[groups[group].domain],
                               labels_of(&exposition->state->options), &groups[group], at);
                at = put_label(at, ',', metric->label->name, metric->label->value(which));
                return put_value(at, value);
            }
        }
    }
    return at;
}

/* Index 0 is the country database if it is in use, otherwise the ASN database. */
static char *put_database(const struct exposition *exposition, const struct metric *metric,
                          uint32_t index, char *at)
{
    static const char *const names[GEOIP_DATABASES] = {"country", "asn"};
    bool country = exposition->state->options.country_database != NULL;
    enum geoip_which which = country && index == 0 ? GEOIP_COUNTRY : GEOIP_ASN;
    at = format_put_string(at, metric->name);
    at = put_label(at, '{', "database", names[which]);
    return put_value(at, value64(&exposition->snapshot->state.databases[which], metric->offset));
}

/* Writes lines of groups while they fit before `end`: a page can have a million of them. */
static char *put_group_lines(struct exposition *exposition, const struct metric *metric, char *at,
                             const char *end)
{
    const struct group *groups = exposition->state->counts.groups.entries;
    const struct metrics_gauges *gauges = exposition->snapshot->gauges;
    const struct labels labels = labels_of(&exposition->state->options);
    const bool copied = metric->source == METRICS_OF_GROUP_COPIED;
    const size_t offset = metric->offset;
    const uint32_t count = exposition->line_count;
    uint32_t line = exposition->line;

    for (; line < count && end - at >= EXPOSITION_LINE_MAX; line++) {
        const struct group *group = &groups[line];
        const uint8_t domain = group->domain;
        const uint64_t value = copied ? value32(&gauges[line], offset) : value64(group, offset);
        exposition->sums[domain] += value;
        at = put_value(put_group(&exposition->starts[domain], labels, group, at), value);
    }
    exposition->line = line;
    return at;
}

/* name{domain="t.example.com"} 1 */
static char *put_domain(const struct exposition *exposition, uint32_t index, uint64_t value,
                        char *at)
{
    at = format_put(at, exposition->starts[index].text, exposition->starts[index].length);
    return put_value(at, value);
}

/* A label whose key the format does not have is empty. */
static char *put_tunnel(const struct exposition *exposition, uint32_t index, char *at)
{
    const struct tunnel *tunnel = &exposition->state->options.tunnels[index];
    const bool vaydns = tunnel->format == TUNNEL_VAYDNS;
    const bool typed = vaydns || tunnel->format == TUNNEL_XDNS;
    const char size[] = {(char)('0' + tunnel->clientid_size), '\0'};
    at = format_put(at, exposition->starts[index].text, exposition->starts[index].length);
    at = put_label(at, ',', "format", tunnel_format_name(tunnel->format));
    at = put_label(at, ',', "clientid_size", vaydns ? size : "");
    at = put_label(at, ',', "record_type",
                   typed ? tunnel_record_type_name(tunnel->record_type) : "");
    return put_value(at, 1);
}

static uint64_t value_at(const struct snapshot *snapshot, const struct metric *metric,
                         uint32_t index)
{
    return value64(&snapshot->state, metric->offset + index * sizeof(uint64_t));
}

/* name{label="value"} 1 */
static char *put_split_value(const struct metric *metric, uint32_t index, uint64_t value, char *at)
{
    at = format_put_string(at, metric->name);
    at = put_label(at, '{', metric->label->name, metric->label->value(index));
    return put_value(at, value);
}

/* The sum of the outcomes from `index` on that have one name, since they follow each other. */
static char *put_outcome(struct exposition *exposition, const struct metric *metric, uint32_t index,
                         char *at)
{
    const char *name = metric->label->value(index);
    uint64_t sum = value_at(exposition->snapshot, metric, index);
    while (exposition->line < exposition->line_count &&
           strcmp(metric->label->value(exposition->line), name) == 0) {
        sum += value_at(exposition->snapshot, metric, exposition->line++);
    }
    return put_split_value(metric, index, sum, at);
}

/* Writes the next line of a metric without groups, if there is one more. */
static char *put_line(struct exposition *exposition, const struct metric *metric, char *at)
{
    const struct snapshot *snapshot = exposition->snapshot;
    if (metric->source == METRICS_OF_GROUP_SPLIT) {
        return put_split_line(exposition, metric, at);
    }
    uint32_t index = exposition->line++;
    switch (metric->source) {
    case METRICS_OF_GROUP_SUM:
        return put_domain(exposition, index, exposition->sums[index], at);
    case METRICS_OF_DOMAIN:
        return put_domain(exposition, index, value32(&snapshot->domains[index], metric->offset),
                          at);
    case METRICS_OF_TUNNEL:
        return put_tunnel(exposition, index, at);
    case METRICS_OF_STATE:
        at = format_put_string(at, metric->name);
        *at++ = ' ';
        at = format_put_decimal(at, value64(&snapshot->state, metric->offset), metric->decimals);
        *at++ = '\n';
        return at;
    case METRICS_OF_DATABASE:
        return put_database(exposition, metric, index, at);
    case METRICS_OF_STATE_SPLIT:
        return put_split_value(metric, index, value_at(snapshot, metric, index), at);
    case METRICS_OF_OUTCOMES:
        return put_outcome(exposition, metric, index, at);
    case METRICS_OF_BUILD:
        return put_build(format_put_string(at, metric->name));
    case METRICS_OF_GROUP_COPIED:
    case METRICS_OF_GROUP:
    case METRICS_OF_GROUP_SPLIT:
        break;
    }
    return at;
}

/* --- The scrape. */

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
    int error = snapshot_take(state, &exposition->snapshot);
    if (error != 0) {
        free(exposition);
        return error;
    }
    exposition->state = state;
    exposition->wish = *wish;
    exposition->metric = 0;
    exposition->header_due = true;
    exposition->ended = false;
    *out = exposition;
    return 0;
}

void exposition_end(struct exposition *exposition)
{
    snapshot_release(exposition->snapshot);
    free(exposition);
}

size_t exposition_read(struct exposition *exposition, char *buffer, size_t size)
{
    char *at = buffer;
    while (size - (size_t)(at - buffer) >= EXPOSITION_LINE_MAX &&
           exposition->metric < metric_count) {
        const struct metric *metric = &metric_table[exposition->metric];
        if (!is_wanted(exposition, exposition->metric)) {
            exposition->metric++;
        } else if (exposition->header_due) {
            exposition->header_due = false;
            begin_metric(exposition, metric);
            /* A metric without values in this setup is left out entirely. */
            if (exposition->line_count > 0) {
                at = family_put(at, metric, exposition->wish.format);
            }
        } else if (exposition->line < exposition->line_count) {
            at = is_of_groups(metric) ? put_group_lines(exposition, metric, at, buffer + size)
                                      : put_line(exposition, metric, at);
        } else {
            exposition->header_due = true;
            exposition->metric++;
        }
    }
    if (exposition->metric == metric_count && !exposition->ended &&
        size - (size_t)(at - buffer) >= EXPOSITION_LINE_MAX) {
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
