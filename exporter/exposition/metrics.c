#include "exporter/exposition/metrics.h"

#include "common/typed_offset.h"
#include "common/wire.h"
#include "exporter/counts/groups.h"
#include "exporter/counts/histogram.h"
#include "exporter/counts/sessions.h"
#include "exporter/state/hints.h"
#include "exporter/state/http_counters.h"
#include "exporter/state/state.h"

#include <stdint.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Nobody must misread this, so it is repeated wherever these labels are shown. */
#define RESOLVERS " Country and ASN are the resolver's, not the user's."

#define COUNTER   "counter"
#define GAUGE     "gauge"
#define HISTOGRAM "histogram"

/* The first of an array of so many uint64_t. */
#define FIRST_OF(structure, field, count)                                                          \
    (offsetof(structure, field) + 0 * _Generic(&((structure *)0)->field, uint64_t(*)[count] : 0))

/* What a row begins with: its type, and where its value is. */
#define ROW(kind, origin, place) .type = (kind), .source = (origin), .offset = (place)
#define GROUP_GAUGE(field)                                                                         \
    ROW(GAUGE, METRICS_OF_GROUP_COPIED, TYPED_OFFSET(struct metrics_gauges, field, uint32_t)),     \
        .rounding = ROUNDING_SESSIONS
#define GROUP_COUNTER(field, unit)                                                                 \
    ROW(COUNTER, METRICS_OF_GROUP, TYPED_OFFSET(struct group, field, uint64_t)),                   \
        .rounding = ROUNDING_##unit
#define DOMAIN_COUNTER(field, unit)                                                                \
    ROW(COUNTER, METRICS_OF_GROUP_SUM, TYPED_OFFSET(struct group, field, uint64_t)),               \
        .rounding = ROUNDING_##unit
#define DOMAIN_GAUGE(field)                                                                        \
    ROW(GAUGE, METRICS_OF_DOMAIN, TYPED_OFFSET(struct group_domain, field, uint32_t)),             \
        .rounding = ROUNDING_SESSIONS
#define ENDED_SESSIONS(field)                                                                      \
    ROW(HISTOGRAM, METRICS_OF_ENDED_SESSIONS,                                                      \
        TYPED_OFFSET(struct sessions_ended, field, struct histogram)),                             \
        .rounding = ROUNDING_SESSIONS
#define STATE_GAUGE(field) ROW(GAUGE, METRICS_OF_STATE, TYPED_OFFSET(struct state, field, uint64_t))
#define STATE_COUNTER(field)                                                                       \
    ROW(COUNTER, METRICS_OF_STATE, TYPED_OFFSET(struct state, field, uint64_t))
#define DATABASE_GAUGE(field)                                                                      \
    ROW(GAUGE, METRICS_OF_DATABASE, TYPED_OFFSET(struct state_database, field, uint64_t))
#define DATABASE_COUNTER(field)                                                                    \
    ROW(COUNTER, METRICS_OF_DATABASE, TYPED_OFFSET(struct state_database, field, uint64_t)),       \
        .rounding = ROUNDING_PACKETS
#define PACKETS .rounding = ROUNDING_PACKETS

/* --- Labels. */

static const char *outcome_value(uint32_t index)
{
    return wire_outcome_texts[index].outcome;
}

static const char *ignore_value(uint32_t index)
{
    return wire_outcome_texts[WIRE_IGNORED_FIRST + index].reason;
}

static const char *ignore_meaning(uint32_t index)
{
    return wire_outcome_texts[WIRE_IGNORED_FIRST + index].meaning;
}

static const char *reject_value(uint32_t index)
{
    return wire_outcome_texts[WIRE_REJECTED_FIRST + index].reason;
}

static const char *reject_meaning(uint32_t index)
{
    return wire_outcome_texts[WIRE_REJECTED_FIRST + index].meaning;
}

static const struct metrics_label outcome = {"outcome", WIRE_OUTCOMES, outcome_value, NULL};
static const struct metrics_label ignore_reason = {"reason", WIRE_IGNORED_COUNT, ignore_value,
                                                   ignore_meaning};
static const struct metrics_label reject_reason = {"reason", WIRE_REJECTED_COUNT, reject_value,
                                                   reject_meaning};
static const struct metrics_label hint_label = {"hint", HINTS, hint_name, hint_meaning};
static const struct metrics_label http_code = {"code", HTTP_CODES, http_code_value, NULL};
static const struct metrics_label http_drop = {"reason", HTTP_DROPS, http_drop_value,
                                               http_drop_meaning};

/* --- The rows. */

const struct metric metric_table[] = {
    {GROUP_GAUGE(active), .name = "dnstt_active_clients",
     .help =
         "Sessions that sent an accepted query within the active window of their tunnel, each in "
         "the group of its latest query." RESOLVERS},
    {DOMAIN_GAUGE(active), .name = "dnstt_domain_active_clients",
     .help = "Sessions of the domain that are active: dnstt_active_clients of all its groups."},
    {GROUP_GAUGE(established), .name = "dnstt_established_clients",
     .help = "Active sessions that have sent data and whose first query was at least 60 s ago: "
             "people whose tunnel works. dnstt_active_clients also has those who only try. 0 for "
             "opaque tunnels." RESOLVERS},
    {GROUP_GAUGE(peak), .name = "dnstt_peak_clients",
     .help = "Most sessions that were active in this group at once since the start. Groups peak at "
             "different times, so for a domain see dnstt_domain_peak_clients and not the sum of "
             "these." RESOLVERS},
    {GROUP_COUNTER(queries, PACKETS), .name = "dnstt_queries_total",
     .help = "Queries that the server takes, repeated ones included." RESOLVERS},
    {DOMAIN_COUNTER(queries, PACKETS), .name = "dnstt_domain_queries_total",
     .help = "Queries of the domain: dnstt_queries_total of all its groups."},
    {GROUP_COUNTER(repeated, PACKETS), .name = "dnstt_repeated_queries_total",
     .help = "Queries whose session and content were seen in the last 10 s: a resolver or a client "
             "that waited in vain asks again. A client that asks several resolvers at once shows "
             "here too. At 5,000 queries/s less than 1 % are missed; a new query counts as "
             "repeated with a chance of 2^-24 for each of its session in these 10 s. Queries "
             "without a session are left out." RESOLVERS},
    {GROUP_COUNTER(responses, PACKETS), .name = "dnstt_responses_total",
     .help = "Responses to queries that the server takes, without error but for slipstream and "
             "opaque tunnels." RESOLVERS},
    {DOMAIN_COUNTER(responses, PACKETS), .name = "dnstt_domain_responses_total",
     .help = "Responses of the domain: dnstt_responses_total of all its groups."},
    {GROUP_COUNTER(bytes_in, BYTES), .name = "dnstt_bytes_in_total",
     .help = "Bytes of DNS messages (UDP payload) in the queries that dnstt_queries_total "
             "counts." RESOLVERS},
    {DOMAIN_COUNTER(bytes_in, BYTES), .name = "dnstt_domain_bytes_in_total",
     .help = "Bytes of the domain's queries: dnstt_bytes_in_total of all its groups."},
    {GROUP_COUNTER(bytes_out, BYTES), .name = "dnstt_bytes_out_total",
     .help = "Bytes of DNS messages (UDP payload) in the responses that dnstt_responses_total "
             "counts." RESOLVERS},
    {DOMAIN_COUNTER(bytes_out, BYTES), .name = "dnstt_domain_bytes_out_total",
     .help = "Bytes of the domain's responses: dnstt_bytes_out_total of all its groups."},
    {GROUP_COUNTER(sessions, SESSIONS), .name = "dnstt_sessions_total",
     .help = "Distinct sessions since the start, each counted once, in the group where it was "
             "first seen. Exact while dnstt_exporter_sessions_forgotten_total and "
             "dnstt_exporter_sessions_refused_total are 0. A session whose id is shorter than 8 "
             "bytes (vaydns) counts again once it has ended." RESOLVERS},
    {DOMAIN_COUNTER(sessions, SESSIONS), .name = "dnstt_domain_sessions_total",
     .help = "Distinct sessions of the domain: dnstt_sessions_total of all its groups."},
    {DOMAIN_GAUGE(peak), .name = "dnstt_domain_peak_clients",
     .help = "Most sessions of the domain that were active at once since the start."},
    {ENDED_SESSIONS(seconds), .name = "dnstt_session_duration_seconds",
     .help = "Seconds from the first to the latest query of each counted session, observed when it "
             "ends."},
    {ENDED_SESSIONS(received), .name = "dnstt_session_received_bytes",
     .help =
         "Bytes of DNS messages in the queries of each counted session, observed when it ends."},
    {ENDED_SESSIONS(sent), .name = "dnstt_session_sent_bytes",
     .help =
         "Bytes of DNS messages in the responses to each counted session, observed when it ends."},
    {
        ROW(COUNTER, METRICS_OF_GROUP_SPLIT, FIRST_OF(struct group, rejected, WIRE_REJECTED_COUNT)),
        .name = "dnstt_rejected_queries_total",
        PACKETS,
        .help = "Queries under the domain that its server would not serve, or that no client of "
                "it sends, by the first rule broken: ",
        .help_end = "." RESOLVERS,
        .label = &reject_reason,
    },
    {ROW(GAUGE, METRICS_OF_TUNNEL, 0), .name = "dnstt_tunnel_info",
     .help =
         "How the queries under the domain are read, in the labels. The value is always 1. A "
         "session is a client's process (dnstt, noizdns), a connection with a new id at each "
         "reconnect (vaydns), a connection (dnsttex), a dialled connection, without mux one for "
         "each TCP connection (xdns), a path, one for each resolver (slipstream); opaque has "
         "none."},
    {ROW(GAUGE, METRICS_OF_NETWORK, 0), .name = "dnstt_asn_info",
     .help = "Who an ASN belongs to, by the ASN database: the value is always 1. Organization is "
             "empty where it has no name. Join with on (job, instance, asn)."},
    {STATE_COUNTER(intake.stats.received), .name = "dnstt_exporter_packets_received_total", PACKETS,
     .help = "Packets that passed the kernel filter, those included that the kernel then dropped."},
    {
        ROW(COUNTER, METRICS_OF_OUTCOMES,
            FIRST_OF(struct state, intake.stats.outcomes, WIRE_OUTCOMES)),
        .name = "dnstt_exporter_packets_total",
        PACKETS,
        .help = "Packets by outcome, each counted exactly once. Their sum is "
                "dnstt_exporter_packets_received_total, which may be ahead by some seconds. If "
                "kernel_dropped grows, the other counts are too low.",
        .label = &outcome,
    },
    {
        ROW(COUNTER, METRICS_OF_STATE_SPLIT,
            FIRST_OF(struct state, intake.stats.outcomes, WIRE_OUTCOMES) +
                WIRE_IGNORED_FIRST * sizeof(uint64_t)),
        .name = "dnstt_exporter_packets_ignored_total",
        PACKETS,
        .help = "Packets with the outcome ignored, by reason: ",
        .help_end = ".",
        .label = &ignore_reason,
    },
    {STATE_COUNTER(intake.stats.interface_down), .name = "dnstt_exporter_interface_down_total",
     .help = "Times that the kernel reported the watched interface as down."},
    {STATE_GAUGE(interfaces_changed), .name = "dnstt_exporter_interfaces_changed",
     .help = "1 once an interface has changed since the start so that its packets count twice or "
             "not at all: the log names it, and a restart counts each packet once. 0 before, and "
             "with -capture.interface."},
    {
        ROW(GAUGE, METRICS_OF_STATE_SPLIT, FIRST_OF(struct state, hints.on, HINTS)),
        .name = "dnstt_exporter_hint",
        .help = "1 while the set-up seems wrong, in one of these ways: ",
        .help_end = ". The log and the status page say what to do.",
        .label = &hint_label,
    },
    {STATE_COUNTER(counts.sessions.evicted), .name = "dnstt_exporter_sessions_evicted_total",
     PACKETS,
     .help =
         "Sessions that had not proved themselves, and made room for a new one in the full table "
         "of active sessions."},
    {STATE_COUNTER(counts.sessions.refused), .name = "dnstt_exporter_sessions_refused_total",
     PACKETS,
     .help = "Queries whose session was not counted, because the table of active sessions was full "
             "of confirmed ones."},
    {STATE_COUNTER(counts.distinct.forgotten), .name = "dnstt_exporter_sessions_forgotten_total",
     PACKETS,
     .help = "Sessions no longer remembered as seen. If one of them comes back, "
             "dnstt_sessions_total counts it again."},
    {STATE_COUNTER(counts.groups.capped), .name = "dnstt_exporter_series_capped_total", PACKETS,
     .help = "Packets counted under the country and ASN named other, because the limit on the "
             "number of groups was reached."},
    {STATE_GAUGE(sniffer_up), .name = "dnstt_exporter_sniffer_up",
     .help = "1 while the sniffer reports, at least every 2 s. 0 when it has been silent for more "
             "than 5 s: the other values then do not change."},
    {DATABASE_GAUGE(values.build_time), .name = "dnstt_exporter_geoip_build_timestamp_seconds",
     .help = "When the database in use was built, as it states itself, in seconds since 1970."},
    {DATABASE_GAUGE(file.successful), .name = "dnstt_exporter_geoip_last_reload_successful",
     .help = "1 if the last load of the file succeeded, 0 if it failed and an older version is "
             "still in use: the log says why."},
    {DATABASE_GAUGE(file.success_time),
     .name = "dnstt_exporter_geoip_last_reload_success_timestamp_seconds",
     .help = "When the version in use was read from the file, in seconds since 1970."},
    {DATABASE_COUNTER(values.lookups), .name = "dnstt_exporter_geoip_lookups_total",
     .help = "Addresses that were looked up in the database. The cache of addresses answers most "
             "packets, and they are not among these."},
    {DATABASE_COUNTER(values.unmatched), .name = "dnstt_exporter_geoip_lookups_unmatched_total",
     .help = "Lookups for which the database has no country (or no ASN): such packets count under "
             "ZZ (or 0). A growing share means an old or incomplete database."},
    {
        ROW(COUNTER, METRICS_OF_STATE_SPLIT, FIRST_OF(struct state, http.replies, HTTP_CODES)),
        .name = "dnstt_exporter_http_requests_total",
        .help = "Answered HTTP requests by status. Requests whose first line could not be read are "
                "not included, nor is the scrape that shows this.",
        .label = &http_code,
    },
    {
        ROW(COUNTER, METRICS_OF_STATE_SPLIT, FIRST_OF(struct state, http.drops, HTTP_DROPS)),
        .name = "dnstt_exporter_http_connections_dropped_total",
        .help = "HTTP connections that the exporter ended before they were answered in full, by "
                "reason: ",
        .help_end = ". If they grow, somebody occupies the endpoint: restrict who can reach "
                    "-web.listen-address.",
        .label = &http_drop,
    },
    {STATE_GAUGE(web_config.successful), .name = "dnstt_exporter_web_config_last_reload_successful",
     .help = "1 if the last load of the web configuration and its files succeeded, 0 if it failed "
             "and the older ones are still in use. Absent without -web.config.file."},
    {STATE_GAUGE(web_config.success_time),
     .name = "dnstt_exporter_web_config_last_reload_success_timestamp_seconds",
     .help = "When the web configuration in use was read, in seconds since 1970. Absent without "
             "-web.config.file."},
    {STATE_COUNTER(self_values.sniffer_cpu_microseconds),
     .name = "dnstt_exporter_sniffer_cpu_seconds_total",
     .help = "User and system CPU time that the sniffer has spent, in seconds.", .decimals = 6},
    {STATE_GAUGE(self_values.sniffer_resident_bytes),
     .name = "dnstt_exporter_sniffer_resident_memory_bytes",
     .help = "Resident memory of the sniffer in bytes, the packet ring included. Absent where "
             "/proc hides the processes of others, as under systemd's ProtectProc=."},
    {STATE_COUNTER(self_values.cpu_microseconds), .name = "process_cpu_seconds_total",
     .help = "User and system CPU time that the exporter has spent, in seconds. The sniffer's is "
             "dnstt_exporter_sniffer_cpu_seconds_total.",
     .decimals = 6},
    {STATE_GAUGE(self_values.resident_bytes), .name = "process_resident_memory_bytes",
     .help = "Resident memory of the exporter in bytes."},
    {STATE_GAUGE(self_values.virtual_bytes), .name = "process_virtual_memory_bytes",
     .help = "Virtual memory of the exporter in bytes. The table of groups is reserved whole, so "
             "this is more than the resident memory."},
    {STATE_GAUGE(self_values.open_descriptors), .name = "process_open_fds",
     .help = "Open file descriptors of the exporter, HTTP connections included."},
    {STATE_GAUGE(self_values.max_descriptors), .name = "process_max_fds",
     .help = "File descriptors that the exporter may open."},
    {STATE_GAUGE(self_values.start_milliseconds), .name = "process_start_time_seconds",
     .help = "When the exporter started, in seconds since 1970. All counters began at 0 then.",
     .decimals = 3},
    {ROW(GAUGE, METRICS_OF_BUILD, 0), .name = "dnstt_exporter_build_info",
     .help = "What this build is, in its labels. The value is always 1."},
};

const size_t metric_count = LENGTH(metric_table);
_Static_assert(LENGTH(metric_table) <= METRICS_MAX, "each has its bit");
