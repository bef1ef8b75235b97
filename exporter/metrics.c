#include "exporter/metrics.h"

#include "common/wire.h"
#include "exporter/series.h"

#include <stddef.h>
#include <stdint.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What nobody may misread: said wherever these labels are shown. */
#define PLACES " Country and ASN are the resolver's, not the user's."

static const char *const reject_reasons[] = {
    [WIRE_REJECT_NONE] = "none", /* always 0, so never shown */
    [WIRE_REJECT_OPCODE] = "opcode", [WIRE_REJECT_QTYPE] = "qtype",
    [WIRE_REJECT_EDNS] = "edns",     [WIRE_REJECT_ENCODING] = "encoding",
    [WIRE_REJECT_SHORT] = "short",   [WIRE_REJECT_FRAMING] = "framing",
};
_Static_assert(LENGTH(reject_reasons) == WIRE_REJECT_REASONS, "a text for each reason");

static const char *const outcomes[] = {
    [METRICS_KERNEL_DROPPED] = "kernel_dropped",
    [METRICS_IGNORED] = "ignored",
    [METRICS_MALFORMED] = "malformed",
    [METRICS_OTHER_DOMAIN] = "other_domain",
    [METRICS_REJECTED] = "rejected",
    [METRICS_QUERY] = "query",
    [METRICS_RESPONSE] = "response",
};
_Static_assert(LENGTH(outcomes) == METRICS_OUTCOMES, "a text for each outcome");

static const char *const ignore_reasons[] = {
    [WIRE_IGNORE_DIRECTION] = "direction",       [WIRE_IGNORE_NOT_UDP] = "not_udp",
    [WIRE_IGNORE_FRAGMENT] = "fragment",         [WIRE_IGNORE_NOT_QUERY] = "not_query",
    [WIRE_IGNORE_NOT_RESPONSE] = "not_response",
};
_Static_assert(LENGTH(ignore_reasons) == WIRE_IGNORE_REASONS, "a text for each reason");

const struct metric metrics[] = {
    {
        .name = "dnstt_active_clients",
        .type = "gauge",
        .help = "Sessions that sent an accepted query within the active window, each in the group "
                "of its latest query." PLACES,
        .source = METRICS_OF_GROUP_COPIED,
        .offset = offsetof(struct metrics_gauges, active),
    },
    {
        .name = "dnstt_peak_clients",
        .type = "gauge",
        .help = "Most sessions that were active in this group at once since the start. Groups "
                "peak at different times, so for a domain see dnstt_domain_peak_clients "
                "and not the sum of these." PLACES,
        .source = METRICS_OF_GROUP_COPIED,
        .offset = offsetof(struct metrics_gauges, peak),
    },
    {
        .name = "dnstt_queries_total",
        .type = "counter",
        .help = "Queries accepted as those of a session, repeated ones included." PLACES,
        .source = METRICS_OF_GROUP,
        .offset = offsetof(struct series_group, queries),
    },
    {
        .name = "dnstt_responses_total",
        .type = "counter",
        .help = "Responses without error to queries of a session." PLACES,
        .source = METRICS_OF_GROUP,
        .offset = offsetof(struct series_group, responses),
    },
    {
        .name = "dnstt_bytes_in_total",
        .type = "counter",
        .help = "Bytes of DNS messages (UDP payload) in the queries that "
                "dnstt_queries_total counts." PLACES,
        .source = METRICS_OF_GROUP,
        .offset = offsetof(struct series_group, bytes_in),
    },
    {
        .name = "dnstt_bytes_out_total",
        .type = "counter",
        .help = "Bytes of DNS messages (UDP payload) in the responses that "
                "dnstt_responses_total counts." PLACES,
        .source = METRICS_OF_GROUP,
        .offset = offsetof(struct series_group, bytes_out),
    },
    {
        .name = "dnstt_sessions_total",
        .type = "counter",
        .help = "Distinct sessions since the start, each counted once, in the group where it was "
                "first seen. Exact while dnstt_exporter_sessions_forgotten_total and "
                "dnstt_exporter_sessions_refused_total are 0." PLACES,
        .source = METRICS_OF_GROUP,
        .offset = offsetof(struct series_group, sessions),
    },
    {
        .name = "dnstt_domain_peak_clients",
        .type = "gauge",
        .help = "Most sessions of the domain that were active at once since the start.",
        .source = METRICS_OF_DOMAIN,
        .offset = offsetof(struct series_domain, peak),
    },
    {
        .name = "dnstt_rejected_queries_total",
        .type = "counter",
        .help = "Queries under the domain that dnstt-server would not serve, by the first rule "
                "broken: opcode (no standard query), qtype (not TXT, as resolvers that "
                "minimise names ask), edns (no EDNS, or a size below the MTU: no tunnel works "
                "through this resolver), encoding (not base32), short (no whole session id), "
                "framing (not dnstt's)." PLACES,
        .source = METRICS_OF_GROUP_SPLIT,
        .offset = offsetof(struct series_group, rejected),
        .label = "reason",
        .values = reject_reasons,
        .value_count = LENGTH(reject_reasons),
    },
    {
        .name = "dnstt_exporter_packets_received_total",
        .type = "counter",
        .help = "Packets that passed the kernel filter, those included that the kernel then "
                "dropped.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_figures, received),
    },
    {
        .name = "dnstt_exporter_packets_total",
        .type = "counter",
        .help = "Packets by what became of them, each exactly once. Their sum is "
                "dnstt_exporter_packets_received_total, which may be ahead by some seconds. "
                "kernel_dropped means that the figures are too low.",
        .source = METRICS_OF_ALL_SPLIT,
        .offset = offsetof(struct metrics_figures, outcomes),
        .label = "outcome",
        .values = outcomes,
        .value_count = LENGTH(outcomes),
    },
    {
        .name = "dnstt_exporter_packets_ignored_total",
        .type = "counter",
        .help = "Packets with the outcome ignored, by reason: direction (not to this host's port "
                "nor from it), not_udp (another protocol or port), fragment (not the first), "
                "not_query (inbound, yet a response), not_response (outbound, and no response "
                "of a session).",
        .source = METRICS_OF_ALL_SPLIT,
        .offset = offsetof(struct metrics_figures, ignored),
        .label = "reason",
        .values = ignore_reasons,
        .value_count = LENGTH(ignore_reasons),
    },
    {
        .name = "dnstt_exporter_interface_down_total",
        .type = "counter",
        .help = "Times that the kernel reported the watched interface as down.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_figures, interface_down),
    },
    {
        .name = "dnstt_exporter_sessions_evicted_total",
        .type = "counter",
        .help = "Sessions of a single query that made room for a new one in the full table of "
                "active sessions.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_figures, sessions_evicted),
    },
    {
        .name = "dnstt_exporter_sessions_refused_total",
        .type = "counter",
        .help = "Queries that were counted while their session was not, the table of active "
                "sessions being full of confirmed ones.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_figures, sessions_refused),
    },
    {
        .name = "dnstt_exporter_sessions_forgotten_total",
        .type = "counter",
        .help = "Sessions no longer remembered as seen. Above 0, one of them that comes back is "
                "counted anew in dnstt_sessions_total.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_figures, sessions_forgotten),
    },
    {
        .name = "dnstt_exporter_series_capped_total",
        .type = "counter",
        .help = "Packets counted under the country and ASN named other, because the limit on the "
                "number of groups was reached.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_figures, series_capped),
    },
    {
        .name = "dnstt_exporter_build_info",
        .type = "gauge",
        .help = "What this build is, in its labels. The value is always 1.",
        .source = METRICS_OF_BUILD,
    },
};

const size_t metrics_count = LENGTH(metrics);
