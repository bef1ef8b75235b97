#include "common/tunnel.h"
#include "exporter/counts/history.h"
#include "exporter/status/members.h"
#include "exporter/status/view.h"
#include "exporter/text/writer.h"

#include <inttypes.h>
#include <stddef.h>

#define ESTABLISHED "Of the active sessions, those with data for a minute or longer."

/* --- Clients. */

#define PEAK(of, span)                                                                             \
    .description =                                                                                 \
        "Most sessions that were active at a time in the last " of ", since the start.",           \
    NUMBER32(struct view, histories[span].peak)

static const struct member clients_members[] = {
    {.key = "active", .description = MEMBERS_ACTIVE_NOW, NUMBER64(struct view, active)},
    {.key = "established", .description = ESTABLISHED, NUMBER64(struct view, established)},
    {.key = "peak_hour", PEAK("hour", HISTORY_HOUR)},
    {.key = "peak_day", PEAK("day", HISTORY_DAY)},
    {.key = "peak_week", PEAK("week", HISTORY_WEEK)},
};
const struct members members_clients =
    MEMBERS(clients_members, "Sessions of all tunnels together.");

/* --- The past. */

static void put_samples(struct writer *page, const void *from)
{
    const struct view_history *history = from;
    for (unsigned i = 0; i < HISTORY_SAMPLES; i++) {
        writer_put(page, "%s", i == 0 ? "[" : ",");
        if (history->samples[i] == HISTORY_NOTHING) {
            writer_put(page, "null");
        } else {
            writer_put(page, "%" PRIu32, history->samples[i]);
        }
    }
    writer_put(page, "]");
}

static const struct member span_members[] = {
    {.key = "sample_seconds",
     .description = "Length of a sample in seconds: 15 in the hour, 360 in the day, 2520 in the "
                    "week.",
     NUMBER32(struct view_history, sample_seconds),
     .least = 15,
     .most = 2520},
    {.key = "active",
     .description = "Most sessions that were active at a time in each sample, the oldest first; "
                    "null before the start and while the host slept.",
     .schema = "\"type\": \"array\", \"minItems\": 240, \"maxItems\": 240, \"items\": {\"type\": "
               "[\"integer\", \"null\"], \"minimum\": 0, \"maximum\": 4294967294}",
     OWN(put_samples)},
};
static const struct members span = MEMBERS(span_members, "Active sessions over a span of time.");

static void put_hour(struct writer *page, const void *from)
{
    members_put(page, &span, &((const struct view *)from)->histories[HISTORY_HOUR]);
}

static void put_day(struct writer *page, const void *from)
{
    members_put(page, &span, &((const struct view *)from)->histories[HISTORY_DAY]);
}

static void put_week(struct writer *page, const void *from)
{
    members_put(page, &span, &((const struct view *)from)->histories[HISTORY_WEEK]);
}

_Static_assert(HISTORY_SAMPLES == 240, "as the schema says");

static const struct member history_members[] = {
    {.key = "hour", .description = "The last hour.", .object = &span, OWN(put_hour)},
    {.key = "day", .description = "The last day.", .object = &span, OWN(put_day)},
    {.key = "week", .description = "The last week.", .object = &span, OWN(put_week)},
};
const struct members members_history =
    MEMBERS(history_members,
            "Active sessions of all tunnels together in the past, in memory since the start.");

/* --- Domains. */

static void put_median(struct writer *page, const void *from)
{
    const struct view_domain *domain = from;
    if (domain->ended > 0) {
        writer_put(page, "%" PRIu64, domain->median_seconds);
    } else {
        writer_put(page, "null");
    }
}

static const char *format_name(uint32_t index)
{
    return tunnel_format_name((enum tunnel_format)index);
}

#define OF_DOMAIN32(field) NUMBER32(struct view_domain, field)
#define OF_DOMAIN64(field) NUMBER64(struct view_domain, field)

static const struct member domain_members[] = {
    {.key = "domain",
     .description = "Domain name of the tunnel, in lower case without a final dot.",
     .schema = "\"maxLength\": 240, \"pattern\": \"^[a-z0-9_.-]+$\"",
     STRING(struct view_domain, name)},
    {.key = "format",
     .description = "Format of the tunnel, as -dnstt.tunnel names it.",
     STRING(struct view_domain, format),
     .name = format_name,
     .names = TUNNEL_FORMATS},
    {.key = "active_window_seconds",
     .description = "Seconds that a session counts as active after a query.",
     OF_DOMAIN32(window_seconds),
     .least = 1,
     .most = TUNNEL_WINDOW_MAX},
    {.key = "active", .description = MEMBERS_ACTIVE_NOW, OF_DOMAIN32(active)},
    {.key = "established", .description = ESTABLISHED, OF_DOMAIN32(established)},
    {.key = "peak",
     .description = "Most sessions that were active at a time since the start.",
     OF_DOMAIN32(peak)},
    {.key = "sessions",
     .description = "Distinct sessions since the start.",
     OF_DOMAIN64(totals.sessions)},
    {.key = "queries",
     .description = "Queries since the start, repeated ones included.",
     OF_DOMAIN64(totals.queries)},
    {.key = "repeated_queries",
     .description = "Queries since the start that repeat one of the last 10 seconds.",
     OF_DOMAIN64(totals.repeated)},
    {.key = "responses",
     .description = "Responses since the start.",
     OF_DOMAIN64(totals.responses)},
    {.key = "bytes_in",
     .description = "Bytes of DNS messages in the queries since the start.",
     OF_DOMAIN64(totals.bytes_in)},
    {.key = "bytes_out",
     .description = "Bytes of DNS messages in the responses since the start.",
     OF_DOMAIN64(totals.bytes_out)},
    {.key = "recent_queries",
     .description = "Queries in the last 5 minutes.",
     OF_DOMAIN64(recent.queries)},
    {.key = "recent_responses",
     .description = "Responses in the last 5 minutes.",
     OF_DOMAIN64(recent.responses)},
    {.key = "ended_sessions",
     .description = "Counted sessions that have ended since the start.",
     OF_DOMAIN64(ended)},
    {.key = "median_session_seconds",
     .description = "About the median length in seconds of the sessions that have ended, at most "
                    "24 hours; null without one.",
     .schema = "\"type\": [\"integer\", \"null\"], \"minimum\": 0, \"maximum\": 86400",
     OWN(put_median)},
};
const struct members members_domain = MEMBERS(domain_members, "A tunnel.");
