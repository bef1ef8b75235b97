#include "exporter/exposition/metrics.h"

#include "common/wire.h"
#include "exporter/counts/groups.h"
#include "exporter/exposition/http_counters.h"

#include <stddef.h>
#include <stdint.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Nobody must misread this, so it is repeated wherever these labels are shown. */
#define RESOLVERS " Country and ASN are the resolver's, not the user's."

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

const struct metric metric_table[] = {
    {
        .name = "dnstt_active_clients",
        .type = "gauge",
        .help = "Sessions that sent an accepted query within the active window, each in the group "
                "of its latest query." RESOLVERS,
        .source = METRICS_OF_GROUP_COPIED,
        .offset = offsetof(struct metrics_gauges, active),
    },
    {
        .name = "dnstt_peak_clients",
        .type = "gauge",
        .help = "Most sessions that were active in this group at once since the start. Groups "
                "peak at different times, so for a domain see dnstt_domain_peak_clients "
                "and not the sum of these." RESOLVERS,
        .source = METRICS_OF_GROUP_COPIED,
        .offset = offsetof(struct metrics_gauges, peak),
    },
    {
        .name = "dnstt_queries_total",
        .type = "counter",
        .help = "Queries accepted as those of a session, repeated ones included." RESOLVERS,
        .source = METRICS_OF_GROUP,
        .offset = offsetof(struct group, queries),
    },
    {
        .name = "dnstt_responses_total",
        .type = "counter",
        .help = "Responses without error to queries of a session." RESOLVERS,
        .source = METRICS_OF_GROUP,
        .offset = offsetof(struct group, responses),
    },
    {
        .name = "dnstt_bytes_in_total",
        .type = "counter",
        .help = "Bytes of DNS messages (UDP payload) in the queries that "
                "dnstt_queries_total counts." RESOLVERS,
        .source = METRICS_OF_GROUP,
        .offset = offsetof(struct group, bytes_in),
    },
    {
        .name = "dnstt_bytes_out_total",
        .type = "counter",
        .help = "Bytes of DNS messages (UDP payload) in the responses that "
                "dnstt_responses_total counts." RESOLVERS,
        .source = METRICS_OF_GROUP,
        .offset = offsetof(struct group, bytes_out),
    },
    {
        .name = "dnstt_sessions_total",
        .type = "counter",
        .help = "Distinct sessions since the start, each counted once, in the group where it was "
                "first seen. Exact while dnstt_exporter_sessions_forgotten_total and "
                "dnstt_exporter_sessions_refused_total are 0." RESOLVERS,
        .source = METRICS_OF_GROUP,
        .offset = offsetof(struct group, sessions),
    },
    {
        .name = "dnstt_domain_peak_clients",
        .type = "gauge",
        .help = "Most sessions of the domain that were active at once since the start.",
        .source = METRICS_OF_DOMAIN,
        .offset = offsetof(struct group_domain, peak),
    },
    {
        .name = "dnstt_rejected_queries_total",
        .type = "counter",
        .help = "Queries under the domain that dnstt-server would not serve, by the first rule "
                "broken: opcode (not a standard query), qtype (not TXT, as resolvers send that "
                "minimise names), edns (no EDNS, or a size below the MTU: no tunnel works through "
                "this resolver), encoding (not base32), short (too short for a session id), "
                "framing (not dnstt's)." RESOLVERS,
        .source = METRICS_OF_GROUP_SPLIT,
        .offset = offsetof(struct group, rejected),
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
        .offset = offsetof(struct metrics_values, received),
    },
    {
        .name = "dnstt_exporter_packets_total",
        .type = "counter",
        .help = "Packets by outcome, each counted exactly once. Their sum is "
                "dnstt_exporter_packets_received_total, which may be ahead by some seconds. If "
                "kernel_dropped grows, the other counts are too low.",
        .source = METRICS_OF_ALL_SPLIT,
        .offset = offsetof(struct metrics_values, outcomes),
        .label = "outcome",
        .values = outcomes,
        .value_count = LENGTH(outcomes),
    },
    {
        .name = "dnstt_exporter_packets_ignored_total",
        .type = "counter",
        .help = "Packets with the outcome ignored, by reason: direction (neither to nor from a "
                "watched port of this host), not_udp (another protocol or port), fragment (not the "
                "first), not_query (inbound, but a response), not_response (outbound, but not a "
                "response of a session).",
        .source = METRICS_OF_ALL_SPLIT,
        .offset = offsetof(struct metrics_values, ignored),
        .label = "reason",
        .values = ignore_reasons,
        .value_count = LENGTH(ignore_reasons),
    },
    {
        .name = "dnstt_exporter_interface_down_total",
        .type = "counter",
        .help = "Times that the kernel reported the watched interface as down.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_values, interface_down),
    },
    {
        .name = "dnstt_exporter_sessions_evicted_total",
        .type = "counter",
        .help = "Sessions of a single query that made room for a new one in the full table of "
                "active sessions.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_values, sessions_evicted),
    },
    {
        .name = "dnstt_exporter_sessions_refused_total",
        .type = "counter",
        .help = "Queries whose session was not counted, because the table of active sessions was "
                "full of confirmed ones.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_values, sessions_refused),
    },
    {
        .name = "dnstt_exporter_sessions_forgotten_total",
        .type = "counter",
        .help = "Sessions no longer remembered as seen. If one of them comes back, "
                "dnstt_sessions_total counts it again.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_values, sessions_forgotten),
    },
    {
        .name = "dnstt_exporter_series_capped_total",
        .type = "counter",
        .help = "Packets counted under the country and ASN named other, because the limit on the "
                "number of groups was reached.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_values, groups_capped),
    },
    {
        .name = "dnstt_exporter_sniffer_up",
        .type = "gauge",
        .help = "1 while the sniffer reports, at least every 2 s. 0 when it has been silent for "
                "more than 5 s: the other values then do not change.",
        .source = METRICS_OF_ALL,
        .offset = offsetof(struct metrics_values, sniffer_up),
    },
    {
        .name = "dnstt_exporter_geoip_build_timestamp_seconds",
        .type = "gauge",
        .help = "When the database in use was built, as it states itself, in seconds since 1970.",
        .source = METRICS_OF_DATABASE,
        .offset = offsetof(struct metrics_database, values.build_time),
    },
    {
        .name = "dnstt_exporter_geoip_last_reload_successful",
        .type = "gauge",
        .help = "1 if the last load of the file succeeded, 0 if it failed and an older version is "
                "still in use: the log says why.",
        .source = METRICS_OF_DATABASE,
        .offset = offsetof(struct metrics_database, reload_successful),
    },
    {
        .name = "dnstt_exporter_geoip_last_reload_success_timestamp_seconds",
        .type = "gauge",
        .help = "When the version in use was read from the file, in seconds since 1970.",
        .source = METRICS_OF_DATABASE,
        .offset = offsetof(struct metrics_database, reload_time),
    },
    {
        .name = "dnstt_exporter_geoip_lookups_total",
        .type = "counter",
        .help =
            "Addresses that were looked up in the database. The cache of addresses answers most "
            "packets, and they are not among these.",
        .source = METRICS_OF_DATABASE,
        .offset = offsetof(struct metrics_database, values.lookups),
    },
    {
        .name = "dnstt_exporter_geoip_lookups_unmatched_total",
        .type = "counter",
        .help = "Lookups for which the database has no country (or no ASN): such packets count "
                "under ZZ (or 0). A growing share means an old or incomplete database.",
        .source = METRICS_OF_DATABASE,
        .offset = offsetof(struct metrics_database, values.unmatched),
    },
    {
        .name = "dnstt_exporter_http_requests_total",
        .type = "counter",
        .help = "Answered HTTP requests by status. Requests whose first line could not be read are "
                "not included, nor is the scrape that shows this.",
        .source = METRICS_OF_ALL_SPLIT,
        .offset = offsetof(struct metrics_values, http.replies),
        .label = "code",
        .values = http_codes,
        .value_count = HTTP_CODES,
    },
    {
        .name = "dnstt_exporter_http_connections_dropped_total",
        .type = "counter",
        .help = "HTTP connections that the exporter ended before they were answered in full, by "
                "reason: limit (at 64, or 16 from one peer, none could make room), replaced (made "
                "room for a newcomer, its request had not come), timeout (10 s without progress), "
                "deadline (30 s in all), memory (none was left). If they grow, somebody occupies "
                "the endpoint: restrict who can reach -web.listen-address.",
        .source = METRICS_OF_ALL_SPLIT,
        .offset = offsetof(struct metrics_values, http.drops),
        .label = "reason",
        .values = http_drop_reasons,
        .value_count = HTTP_DROPS,
    },
    {
        .name = "dnstt_exporter_web_config_last_reload_successful",
        .type = "gauge",
        .help = "1 if the last load of the web configuration and its files succeeded, 0 if it "
                "failed and the older ones are still in use. Absent without -web.config.file.",
        .source = METRICS_OF_SELF,
        .offset = offsetof(struct metrics_values, web_config.successful),
    },
    {
        .name = "dnstt_exporter_web_config_last_reload_success_timestamp_seconds",
        .type = "gauge",
        .help = "When the web configuration in use was read, in seconds since 1970. Absent without "
                "-web.config.file.",
        .source = METRICS_OF_SELF,
        .offset = offsetof(struct metrics_values, web_config.success_time),
    },
    {
        .name = "dnstt_exporter_sniffer_cpu_seconds_total",
        .type = "counter",
        .help = "User and system CPU time that the sniffer has spent, in seconds.",
        .source = METRICS_OF_SELF,
        .offset = offsetof(struct metrics_values, self.sniffer_cpu_microseconds),
        .decimals = 6,
    },
    {
        .name = "dnstt_exporter_sniffer_resident_memory_bytes",
        .type = "gauge",
        .help = "Resident memory of the sniffer in bytes, the packet ring included. Absent where "
                "/proc hides the processes of others, as under systemd's ProtectProc=.",
        .source = METRICS_OF_SELF,
        .offset = offsetof(struct metrics_values, self.sniffer_resident_bytes),
    },
    {
        .name = "process_cpu_seconds_total",
        .type = "counter",
        .help =
            "User and system CPU time that the exporter has spent, in seconds. The sniffer's is "
            "dnstt_exporter_sniffer_cpu_seconds_total.",
        .source = METRICS_OF_SELF,
        .offset = offsetof(struct metrics_values, self.cpu_microseconds),
        .decimals = 6,
    },
    {
        .name = "process_resident_memory_bytes",
        .type = "gauge",
        .help = "Resident memory of the exporter in bytes.",
        .source = METRICS_OF_SELF,
        .offset = offsetof(struct metrics_values, self.resident_bytes),
    },
    {
        .name = "process_virtual_memory_bytes",
        .type = "gauge",
        .help = "Virtual memory of the exporter in bytes. The table of groups is reserved whole, "
                "so this is more than the resident memory.",
        .source = METRICS_OF_SELF,
        .offset = offsetof(struct metrics_values, self.virtual_bytes),
    },
    {
        .name = "process_open_fds",
        .type = "gauge",
        .help = "Open file descriptors of the exporter, HTTP connections included.",
        .source = METRICS_OF_SELF,
        .offset = offsetof(struct metrics_values, self.open_descriptors),
    },
    {
        .name = "process_max_fds",
        .type = "gauge",
        .help = "File descriptors that the exporter may open.",
        .source = METRICS_OF_SELF,
        .offset = offsetof(struct metrics_values, self.max_descriptors),
    },
    {
        .name = "process_start_time_seconds",
        .type = "gauge",
        .help = "When the exporter started, in seconds since 1970. All counters began at 0 then.",
        .source = METRICS_OF_SELF,
        .offset = offsetof(struct metrics_values, self.start_milliseconds),
        .decimals = 3,
    },
    {
        .name = "dnstt_exporter_build_info",
        .type = "gauge",
        .help = "What this build is, in its labels. The value is always 1.",
        .source = METRICS_OF_BUILD,
    },
};

const size_t metric_count = LENGTH(metric_table);
_Static_assert(LENGTH(metric_table) <= METRICS_MAX, "each has its bit");
