#include "exporter/exposition/lines.h"

#include "common/build.h"
#include "common/options.h"
#include "common/tunnel.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/rounding.h"
#include "exporter/counts/sessions.h"
#include "exporter/exposition/format.h"
#include "exporter/exposition/metrics.h"
#include "exporter/exposition/snapshot.h"
#include "exporter/geoip/geoip.h"
#include "exporter/geoip/organizations.h"
#include "exporter/state/state.h"
#include "exporter/system/self_metrics.h"

#include <string.h>

/* A histogram's lines: its buckets, the one of larger values, the count and the sum. */
enum {
    HISTOGRAM_COUNT = HISTOGRAM_BUCKETS + 1,
    HISTOGRAM_SUM,
    HISTOGRAM_LINES,
};

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

static struct line_labels labels_of(const struct options *options)
{
    return (struct line_labels){
        .country = options->country_database != NULL,
        .asn = options->asn_database != NULL,
    };
}

/* --- How many lines a metric has. */

static uint32_t count_lines(const struct lines *lines, const struct metric *metric)
{
    const struct options *options = &lines->state->options;
    const struct organizations *networks = geoip_organizations(lines->state->geoip);
    switch (metric->source) {
    case METRICS_OF_GROUP_COPIED:
    case METRICS_OF_GROUP:
        return lines->snapshot->group_count;
    case METRICS_OF_GROUP_SPLIT:
        return lines->snapshot->group_count * metric->label->count;
    case METRICS_OF_GROUP_SUM:
    case METRICS_OF_DOMAIN:
    case METRICS_OF_TUNNEL:
        return lines->snapshot->domain_count;
    case METRICS_OF_ENDED_SESSIONS:
        return lines->snapshot->domain_count * HISTOGRAM_LINES;
    case METRICS_OF_STATE_SPLIT:
    case METRICS_OF_OUTCOMES:
        return metric->label->count;
    case METRICS_OF_STATE:
        return value64(&lines->snapshot->state, metric->offset) != SELF_METRICS_UNKNOWN;
    case METRICS_OF_DATABASE:
        return (options->country_database != NULL ? 1u : 0u) + (options->asn_database != NULL);
    case METRICS_OF_NETWORK:
        return networks != NULL ? networks->count : 0;
    case METRICS_OF_BUILD:
        break;
    }
    return 1;
}

/* Closes the labels and ends the line. */
static char *put_rounded(const struct lines *lines, char *at, uint64_t value)
{
    return line_put_value(at, rounding_up(value, lines->step));
}

/* --- Lines of groups, and their sums. */

static bool is_of_groups(const struct metric *metric)
{
    return metric->source == METRICS_OF_GROUP || metric->source == METRICS_OF_GROUP_COPIED;
}

/* What all groups have now, by domain. */
static void sum_groups(struct lines *lines, size_t offset)
{
    const struct groups *groups = &lines->state->counts.groups;
    for (uint32_t i = 0; i < groups->group_count; i++) {
        const struct group *group = &groups->entries[i];
        lines->sums[group->domain] += value64(group, offset);
    }
}

/* The lines of groups add their values to the sums as they are written. */
static void begin_sums(struct lines *lines, const struct metric *metric, bool alone)
{
    const bool sum_alone = alone && metric->source == METRICS_OF_GROUP_SUM;
    if (sum_alone || is_of_groups(metric)) {
        memset(lines->sums, 0, sizeof lines->sums);
    }
    if (sum_alone) {
        sum_groups(lines, metric->offset);
    }
}

/* A page can have a million of these. `exact`: no privacy flag changes a line; a constant, so that
 * the flags cost nothing where they are not used. */
__attribute__((always_inline)) static inline char *put_groups(struct lines *lines, char *at,
                                                              const char *end, bool exact)
{
    const struct metric *metric = lines->metric;
    const struct group *groups = lines->state->counts.groups.entries;
    const struct metrics_gauges *gauges = lines->snapshot->gauges;
    const struct line_labels labels = labels_of(&lines->state->options);
    const bool copied = metric->source == METRICS_OF_GROUP_COPIED;
    const size_t offset = metric->offset;
    const uint32_t count = lines->count;
    const uint64_t step = lines->step;
    uint32_t line = lines->next;

    for (; line < count && end - at >= EXPOSITION_LINE_MAX; line++) {
        const struct group *group = &groups[line];
        if (!exact && group->hidden) {
            continue;
        }
        const uint8_t domain = group->domain;
        const uint64_t value = copied ? value32(&gauges[line], offset) : value64(group, offset);
        lines->sums[domain] += value;
        at = line_put_value(
            line_put_group(&lines->starts[domain], labels, group->geo, group->other, at),
            exact ? value : rounding_up(value, step));
    }
    lines->next = line;
    return at;
}

static char *put_exact_lines(struct lines *lines, char *at, const char *end)
{
    return put_groups(lines, at, end, true);
}

static char *put_private_lines(struct lines *lines, char *at, const char *end)
{
    return put_groups(lines, at, end, false);
}

static char *put_group_lines(struct lines *lines, char *at, const char *end)
{
    const bool exact = lines->step == 1 && lines->state->counts.groups.min_clients == 0;
    return exact ? put_exact_lines(lines, at, end) : put_private_lines(lines, at, end);
}

/* For a metric split by a label. Only values above 0 have a line, and most groups have none: skip
 * the zeros at once. */
static char *put_split_line(struct lines *lines, char *at)
{
    const struct metric *metric = lines->metric;
    const struct line_labels labels = labels_of(&lines->state->options);
    const uint32_t count = metric->label->count;
    uint32_t which = lines->next % count;
    const struct group *group = &lines->state->counts.groups.entries[lines->next / count];

    for (; lines_left(lines); group++, which = 0) {
        for (; which < count; which++) {
            lines->next++;
            const uint64_t value = value64(group, metric->offset + which * sizeof(value));
            if (value != 0) {
                at = line_put_group(&lines->starts[group->domain], labels, group->geo, group->other,
                                    at);
                at = line_put_label(at, ',', metric->label->name, metric->label->value(which));
                return put_rounded(lines, at, value);
            }
        }
    }
    return at;
}

/* --- Lines of domains. */

/* name{domain="t.example.com"} 1 */
static char *put_domain(const struct lines *lines, uint32_t index, uint64_t value, char *at)
{
    at = format_put(at, lines->starts[index].text, lines->starts[index].length);
    return put_rounded(lines, at, value);
}

/* A label whose key the format does not have is empty. */
static char *put_tunnel(const struct lines *lines, uint32_t index, char *at)
{
    const struct tunnel *tunnel = &lines->state->options.tunnels[index];
    const bool vaydns = tunnel->format == TUNNEL_VAYDNS;
    const bool typed = vaydns || tunnel->format == TUNNEL_XDNS;
    const char size[] = {(char)('0' + tunnel->clientid_size), '\0'};
    at = format_put(at, lines->starts[index].text, lines->starts[index].length);
    at = line_put_label(at, ',', "format", tunnel_format_name(tunnel->format));
    at = line_put_label(at, ',', "clientid_size", vaydns ? size : "");
    at = line_put_label(at, ',', "record_type",
                        typed ? tunnel_record_type_name(tunnel->record_type) : "");
    return line_put_value(at, 1);
}

/* name_bucket{domain="t.example.com": the suffix goes between the name and the labels. */
static char *put_histogram_start(const struct lines *lines, uint32_t domain, const char *suffix,
                                 char *at)
{
    const struct line_start *start = &lines->starts[domain];
    const size_t name = strlen(lines->metric->name);
    at = format_put(at, start->text, name);
    at = format_put_string(at, suffix);
    return format_put(at, start->text + name, start->length - name);
}

/* OpenMetrics wants a bound with a decimal point; in both formats, so that a series is the same. */
static char *put_bucket(const struct histogram *histogram, uint32_t bucket, char *at)
{
    at = format_put_string(at, ",le=\"");
    if (bucket < HISTOGRAM_BUCKETS) {
        at = format_put_number(at, histogram->bounds[bucket]);
        at = format_put_string(at, ".0\"");
    } else {
        at = format_put_string(at, "+Inf\"");
    }
    return line_put_value(at, histogram_up_to(histogram, bucket));
}

static char *put_histogram(const struct lines *lines, uint32_t index, char *at)
{
    const uint32_t domain = index / HISTOGRAM_LINES;
    const uint32_t line = index % HISTOGRAM_LINES;
    const struct sessions_ended *ended = &lines->snapshot->state.counts.sessions.ended[domain];
    struct histogram histogram;
    memcpy(&histogram, (const char *)ended + lines->metric->offset, sizeof histogram);
    histogram = histogram_rounded(&histogram, lines->step);
    if (line == HISTOGRAM_SUM) {
        return line_put_value(put_histogram_start(lines, domain, "_sum", at), histogram.sum);
    }
    if (line == HISTOGRAM_COUNT) {
        return line_put_value(put_histogram_start(lines, domain, "_count", at),
                              histogram_up_to(&histogram, HISTOGRAM_BUCKETS));
    }
    return put_bucket(&histogram, line, put_histogram_start(lines, domain, "_bucket", at));
}

/* --- Lines of the program itself. */

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
        at = line_put_label(at, i == 0 ? '{' : ',', labels[i].name, labels[i].value);
    }
    return line_put_value(at, 1);
}

/* Index 0 is the country database if it is in use, otherwise the ASN database. */
static char *put_database(const struct lines *lines, uint32_t index, char *at)
{
    static const char *const names[GEOIP_DATABASES] = {"country", "asn"};
    bool country = lines->state->options.country_database != NULL;
    enum geoip_which which = country && index == 0 ? GEOIP_COUNTRY : GEOIP_ASN;
    at = format_put_string(at, lines->metric->name);
    at = line_put_label(at, '{', "database", names[which]);
    return put_rounded(lines, at,
                       value64(&lines->snapshot->state.databases[which], lines->metric->offset));
}

/* name{asn="3320",organization="Deutsche Telekom AG"} 1 */
static char *put_network(const struct lines *lines, uint32_t index, char *at)
{
    const struct organization *network = &geoip_organizations(lines->state->geoip)->entries[index];
    at = format_put_string(at, lines->metric->name);
    at = format_put_string(at, "{asn=\"");
    at = format_put_number(at, network->asn);
    at = format_put_string(at, "\",organization=\"");
    at = format_put_foreign(at, &network->name);
    *at++ = '"';
    return line_put_value(at, 1);
}

/* name 1 */
static char *put_state(const struct lines *lines, char *at)
{
    const struct metric *metric = lines->metric;
    at = format_put_string(at, metric->name);
    *at++ = ' ';
    const uint64_t value = value64(&lines->snapshot->state, metric->offset);
    at = format_put_decimal(at, rounding_up(value, lines->step), metric->decimals);
    *at++ = '\n';
    return at;
}

static uint64_t value_at(const struct lines *lines, uint32_t index)
{
    return value64(&lines->snapshot->state, lines->metric->offset + index * sizeof(uint64_t));
}

/* name{label="value"} 1 */
static char *put_split_value(const struct lines *lines, uint32_t index, uint64_t value, char *at)
{
    const struct metric *metric = lines->metric;
    at = format_put_string(at, metric->name);
    at = line_put_label(at, '{', metric->label->name, metric->label->value(index));
    return put_rounded(lines, at, value);
}

/* The sum of the outcomes from `index` on that have one name, since they follow each other. */
static char *put_outcome(struct lines *lines, uint32_t index, char *at)
{
    const struct metric *metric = lines->metric;
    const char *name = metric->label->value(index);
    uint64_t sum = value_at(lines, index);
    while (lines_left(lines) && strcmp(metric->label->value(lines->next), name) == 0) {
        sum += value_at(lines, lines->next++);
    }
    return put_split_value(lines, index, sum, at);
}

/* --- The lines. */

/* Writes the next line of a metric without groups. */
static char *put_line(struct lines *lines, char *at)
{
    const struct metric *metric = lines->metric;
    const struct snapshot *snapshot = lines->snapshot;
    const uint32_t index = lines->next++;
    switch (metric->source) {
    case METRICS_OF_GROUP_SUM:
        return put_domain(lines, index, lines->sums[index], at);
    case METRICS_OF_DOMAIN:
        return put_domain(lines, index, value32(&snapshot->domains[index], metric->offset), at);
    case METRICS_OF_TUNNEL:
        return put_tunnel(lines, index, at);
    case METRICS_OF_ENDED_SESSIONS:
        return put_histogram(lines, index, at);
    case METRICS_OF_STATE:
        return put_state(lines, at);
    case METRICS_OF_DATABASE:
        return put_database(lines, index, at);
    case METRICS_OF_STATE_SPLIT:
        return put_split_value(lines, index, value_at(lines, index), at);
    case METRICS_OF_OUTCOMES:
        return put_outcome(lines, index, at);
    case METRICS_OF_NETWORK:
        return put_network(lines, index, at);
    case METRICS_OF_BUILD:
        return put_build(format_put_string(at, metric->name));
    case METRICS_OF_GROUP_COPIED:
    case METRICS_OF_GROUP:
    case METRICS_OF_GROUP_SPLIT:
        break;
    }
    return at;
}

void lines_begin(struct lines *lines, const struct metric *metric, bool alone)
{
    for (uint32_t i = 0; i < lines->snapshot->domain_count; i++) {
        struct line_start *start = &lines->starts[i];
        char *at = format_put_string(start->text, metric->name);
        at = format_put_string(at, "{domain=\"");
        at = format_put_escaped(at, lines->state->options.domains[i].text, LINE_DOMAIN_MAX, true);
        *at++ = '"';
        start->length = (size_t)(at - start->text);
    }
    lines->metric = metric;
    lines->step = rounding_step(metric->rounding, lines->state->options.privacy_round);
    lines->next = 0;
    lines->count = count_lines(lines, metric);
    begin_sums(lines, metric, alone);
}

char *lines_put(struct lines *lines, char *at, const char *end)
{
    if (is_of_groups(lines->metric)) {
        return put_group_lines(lines, at, end);
    }
    if (lines->metric->source == METRICS_OF_GROUP_SPLIT) {
        return put_split_line(lines, at);
    }
    return put_line(lines, at);
}
