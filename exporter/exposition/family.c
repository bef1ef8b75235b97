#include "exporter/exposition/family.h"

#include "common/options.h"
#include "exporter/counts/rounding.h"
#include "exporter/exposition/format.h"
#include "exporter/exposition/metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char total[] = "_total";

static bool ends_in(const char *name, size_t length, const char *end)
{
    size_t end_length = strlen(end);
    return length > end_length && memcmp(name + length - end_length, end, end_length) == 0;
}

/* Length of the name of an OpenMetrics family: a counter's without "_total". */
static size_t family_length(const struct metric *metric)
{
    size_t length = strlen(metric->name);
    bool counter = strcmp(metric->type, "counter") == 0;
    return counter && ends_in(metric->name, length, total) ? length - strlen(total) : length;
}

/* One of "# TYPE name ", "# UNIT name " and "# HELP name ". */
static char *put_begin(char *at, const char *keyword, const char *name, size_t length)
{
    at = format_put_string(at, keyword);
    at = format_put(at, name, length);
    *at++ = ' ';
    return at;
}

static char *put_type(char *at, const struct metric *metric, size_t length)
{
    at = put_begin(at, "# TYPE ", metric->name, length);
    at = format_put_string(at, metric->type);
    *at++ = '\n';
    return at;
}

static char *put_unit(char *at, const struct metric *metric, size_t length)
{
    static const char *const units[] = {"seconds", "bytes"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (ends_in(metric->name, length, units[i])) {
            at = put_begin(at, "# UNIT ", metric->name, length);
            at = format_put_string(at, units[i]);
            *at++ = '\n';
        }
    }
    return at;
}

/* What each value of the label means, for a metric whose help lists them. */
static char *put_meanings(char *at, const struct metrics_label *label, bool quoted)
{
    for (uint32_t i = 0; i < label->count; i++) {
        at = format_put_string(at, i > 0 ? ", " : "");
        at = format_put_string(at, label->value(i));
        at = format_put_string(at, " (");
        at = format_put_escaped(at, label->meaning(i), FAMILY_MEANING_MAX, quoted);
        *at++ = ')';
    }
    return at;
}

static bool is_of_groups(const struct metric *metric)
{
    return metric->source == METRICS_OF_GROUP || metric->source == METRICS_OF_GROUP_COPIED ||
           metric->source == METRICS_OF_GROUP_SPLIT;
}

/* What the privacy flags change. */
static char *put_privacy(char *at, const struct metric *metric, const struct options *options)
{
    const uint32_t min_clients = options_min_clients(options);
    const uint64_t step = rounding_step(metric->rounding, options->privacy_round);
    char text[FAMILY_PRIVACY_MAX];
    if (min_clients != 0 && is_of_groups(metric)) {
        snprintf(text, sizeof text,
                 " A country or ASN with fewer than %" PRIu32 " active sessions counts in other.",
                 min_clients);
        at = format_put_string(at, text);
    }
    if (step > 1) {
        const bool buckets = metric->source == METRICS_OF_ENDED_SESSIONS;
        snprintf(text, sizeof text,
                 " %s up to multiples of %" PRIu64 ": sums hold only within that.",
                 buckets ? "_sum is that of the buckets' lower bounds, each bucket is rounded"
                         : "Rounded",
                 step);
        at = format_put_string(at, text);
    }
    return at;
}

static char *put_help(char *at, const struct metric *metric, size_t length, bool quoted,
                      const struct options *options)
{
    at = put_begin(at, "# HELP ", metric->name, length);
    at = format_put_escaped(at, metric->help, FAMILY_HELP_MAX, quoted);
    if (metric->label != NULL && metric->label->meaning != NULL) {
        at = put_meanings(at, metric->label, quoted);
    }
    if (metric->help_end != NULL) {
        at = format_put_escaped(at, metric->help_end, FAMILY_HELP_MAX, quoted);
    }
    at = put_privacy(at, metric, options);
    *at++ = '\n';
    return at;
}

char *family_put(char *at, const struct metric *metric, enum exposition_format format,
                 const struct options *options)
{
    if (format == EXPOSITION_OPENMETRICS) {
        size_t length = family_length(metric);
        at = put_type(at, metric, length);
        at = put_unit(at, metric, length);
        return put_help(at, metric, length, true, options);
    }
    size_t length = strlen(metric->name);
    return put_type(put_help(at, metric, length, false, options), metric, length);
}

/* Whether a name, behind that of the metric, ends as a histogram's lines do. */
static bool is_histogram_end(const struct metric *metric, const char *end)
{
    return strcmp(metric->type, "histogram") == 0 &&
           (strcmp(end, "_bucket") == 0 || strcmp(end, "_count") == 0 || strcmp(end, "_sum") == 0);
}

static bool is_name_of(const struct metric *metric, const char *name)
{
    const size_t length = strlen(metric->name);
    if (strncmp(name, metric->name, length) == 0) {
        return name[length] == '\0' || is_histogram_end(metric, name + length);
    }
    const size_t family = family_length(metric);
    return strlen(name) == family && memcmp(name, metric->name, family) == 0;
}

size_t family_find(const char *name)
{
    size_t index = 0;
    while (index < metric_count && !is_name_of(&metric_table[index], name)) {
        index++;
    }
    return index;
}
