#!/usr/bin/python3
"""The Grafana dashboard, readable: `make dashboard` writes dashboards/dnstt.json from it.

Rows of panels, each one call: its kind, title, what it shows, query, unit. panels.py has the kinds.
The rules kept are those of Grafana's dashboard-linter, to which tests/lint/monitoring holds it.
"""

import json

from panels import (DATASOURCE, GRID_WIDTH, bars, heatmap, query, series, stat, steps, table,
                    world)

SCHEMA_VERSION = 39  # of Grafana 10.4; later ones migrate it when they load it
SERVERS = 'job=~"$job",instance=~"$instance"'
RESOLVERS = "It is the resolver's, not the user's."
NETWORKS = "The name is the ASN database's. 0: unknown."
LABEL_LENGTH = 36  # characters of a network's number and name beside a bar


# === Queries =====================================================================================


def of_servers(metric, *matchers):
    """A metric of the chosen servers."""
    return f"{metric}{{{','.join([*matchers, SERVERS])}}}"


def of_domain(metric, *matchers):
    """A metric of the chosen domain on the chosen servers."""
    return of_servers(metric, 'domain="$domain"', *matchers)


def rate(selector):
    return f"rate({selector}[$__rate_interval])"


# One name for each ASN: the databases of two servers may have two.
NAMES = f"topk by (asn) (1, group by (asn, organization) ({of_servers('dnstt_asn_info')}))"


def named(values):
    """Values by ASN with the label organization, where the ASN has one: none is left out."""
    return f"({values}) * on (asn) group_left (organization) {NAMES} or on (asn) ({values})"


def by_network(values):
    """Values by ASN as values by network: \"64496 Example Network\"."""
    return f'sum by (network) (label_join({named(values)}, "network", " ", "asn", "organization"))'


def quantile(share, metric):
    """Of the histogram of sessions that ended; nothing where none did."""
    buckets = rate(of_domain(f"{metric}_bucket"))
    return f"histogram_quantile({share}, sum by (le) ({buckets})) >= 0"


ACTIVE = of_domain("dnstt_active_clients")
ESTABLISHED = of_domain("dnstt_established_clients")
PEAK = of_domain("dnstt_peak_clients")
QUERY_RATE = rate(of_domain("dnstt_queries_total"))
REPEATED_RATE = rate(of_domain("dnstt_repeated_queries_total"))
RESPONSE_RATE = rate(of_domain("dnstt_responses_total"))
SESSION_RATE = rate(of_domain("dnstt_sessions_total"))
IN_RATE = rate(of_domain("dnstt_bytes_in_total"))
OUT_RATE = rate(of_domain("dnstt_bytes_out_total"))

# Of whole domains. They begin at 0, so that rate() sees the first count of a new place too.
ALL_ACTIVE = of_domain("dnstt_domain_active_clients")
ALL_SESSIONS = of_domain("dnstt_domain_sessions_total")
ALL_QUERY_RATE = rate(of_domain("dnstt_domain_queries_total"))
ALL_SESSION_RATE = rate(ALL_SESSIONS)
ALL_IN_RATE = rate(of_domain("dnstt_domain_bytes_in_total"))
ALL_OUT_RATE = rate(of_domain("dnstt_domain_bytes_out_total"))
DURATION = "dnstt_session_duration_seconds"
ENDED_RATE = rate(of_domain(f"{DURATION}_count"))
ENDED_BY_DURATION = f"increase({of_domain(f'{DURATION}_bucket')}[$__rate_interval])"
PACKETS = "dnstt_exporter_packets_total"
LOST = of_servers(PACKETS, 'outcome="kernel_dropped"')
UNMATCHED = of_servers("dnstt_exporter_geoip_lookups_unmatched_total")
LOOKUPS = of_servers("dnstt_exporter_geoip_lookups_total")
REQUESTS = rate(of_servers("dnstt_exporter_http_requests_total"))

# Of every domain, not of the chosen one alone.
EACH_QUERY_RATE = rate(of_servers("dnstt_domain_queries_total"))
EACH_RESPONSE_RATE = rate(of_servers("dnstt_domain_responses_total"))
EACH_REPEATED_RATE = rate(of_servers("dnstt_repeated_queries_total"))

# With "All" the variables match targets of any kind, such as Prometheus itself. Of metrics that
# others have too, these take every target of a job with exporters (one that is down has a past),
# or the exporters themselves.
IN_JOB = f"and on (job) last_over_time({of_servers('dnstt_exporter_build_info')}[$__range])"
OF_EXPORTER = f"and on (job, instance) {of_servers('dnstt_exporter_build_info')}"

DAY = 86400  # seconds
GOOD_AT_ONE = steps((None, "red"), (1, "green"))

TUNNEL_LABELS = {"domain": "Domain", "format": "Format", "clientid_size": "Client id size",
                 "record_type": "Record type"}


# === The panels ==================================================================================

CLIENTS = [
    stat("Current active clients",
         "Sessions of the chosen domain that are active now: with a query within the last 30 s, or "
         "the active window that the exporter was given. \"Tunnels\" below says what a session is.",
         query(f"sum({ALL_ACTIVE})"), sparkline=True, width=8),
    stat("Peak active clients",
         "The most sessions that were active at a time since each exporter started. A sum over "
         "places, which peak at different times: no less than the true peak, and often more. "
         "\"Peak of each server\" below is exact.",
         query(f"sum({PEAK})", instant=True), width=8),
    stat("Total observed sessions",
         "Distinct sessions since each exporter started. One that asked several servers counts on "
         "each of them. With client ids shorter than 8 bytes, as VayDNS has, one counts each time "
         "that it becomes active.",
         query(f"sum({ALL_SESSIONS})", instant=True), width=8),
]

PLACES = [
    world("Active clients by country",
          f"Active sessions by the country of their resolver. {RESOLVERS} Unknown places (ZZ) are "
          "on no map; the bars beside it show them.",
          f"sum by (country) ({ACTIVE})", "locale", height=12),
    bars("Top countries by active clients",
         f"The ten countries with the most active sessions now. {RESOLVERS}",
         f"topk(10, sum by (country) ({ACTIVE}))", "locale", "Country", "Active clients",
         height=12),
    table("Active clients by ASN",
          f"Active sessions by the autonomous system of their resolver. {RESOLVERS} {NETWORKS}",
          named(f"sum by (asn) ({ACTIVE})"), "locale", ["ASN", "Organization"], "Active clients"),
    bars("Top ASNs by active clients",
         f"The ten autonomous systems with the most active sessions now. {RESOLVERS} {NETWORKS}",
         f"topk(10, {by_network(f'sum by (asn) ({ACTIVE})')})", "locale", "Network",
         "Active clients", label_length=LABEL_LENGTH),
    table("Active clients by country and ASN",
          "Active sessions by the country and the autonomous system of their resolver. "
          f"{RESOLVERS} {NETWORKS}",
          named(f"sum by (country, asn) ({ACTIVE})"), "locale", ["Country", "ASN", "Organization"],
          "Active clients"),
    table("Top country/ASN pairs by active clients",
          f"The twenty pairs of country and autonomous system with the most active sessions now. "
          f"{RESOLVERS} {NETWORKS}",
          f"topk(20, {named(f'sum by (country, asn) ({ACTIVE})')})", "locale",
          ["Country", "ASN", "Organization"], "Active clients"),
]

REPLIES_BY_ASN = f"sum by (asn) ({RESPONSE_RATE}) / (sum by (asn) ({QUERY_RATE}) > 0)"
REPEATS_BY_ASN = f"sum by (asn) ({REPEATED_RATE}) / (sum by (asn) ({QUERY_RATE}) > 0)"
WHY_REPEATED = ("A resolver or a client that waits in vain asks again. A client that asks several "
                "resolvers at once shows here too.")

TUNNEL_HEALTH = [
    series("Reply ratio by domain",
           "Responses for each query that the server takes, of all domains. Near 0: the server may "
           "hang, or a firewall behind the tap drops the queries, or IPsec or a container hides "
           "the responses. A domain without queries has none.",
           query(f"sum by (domain) ({EACH_RESPONSE_RATE})"
                 f" / (sum by (domain) ({EACH_QUERY_RATE}) > 0)", "{{domain}}"), "percentunit"),
    bars("Reply ratio by ASN",
         "Responses for each query that the server takes, of the ten autonomous systems with the "
         f"fewest. {RESOLVERS} {NETWORKS} One that is low alone: a firewall may drop its queries.",
         f"bottomk(10, {by_network(REPLIES_BY_ASN)})", "percentunit", "Network",
         "Responses for each query", label_length=LABEL_LENGTH),
    series("Repeated queries by domain",
           f"Share of the queries that were seen in the 10 s before, of all domains. {WHY_REPEATED}"
           " What is usual differs between tunnels: look for a change. A domain without queries "
           "has none.",
           query(f"sum by (domain) ({EACH_REPEATED_RATE})"
                 f" / (sum by (domain) ({EACH_QUERY_RATE}) > 0)", "{{domain}}"), "percentunit"),
    bars("Repeated queries by ASN",
         "Share of the queries that were seen in the 10 s before, of the ten autonomous systems "
         f"with the most. {WHY_REPEATED} {RESOLVERS} {NETWORKS}",
         f"topk(10, {by_network(REPEATS_BY_ASN)})", "percentunit", "Network",
         "Repeated queries", label_length=LABEL_LENGTH),
    series("Established and active clients",
           "Established: active sessions that have sent data and began at least 60 s ago: people "
           "whose tunnel works. If many more are active, people try in vain. Opaque tunnels have "
           "neither.",
           [query(f"sum({ALL_ACTIVE})", "active"), query(f"sum({ESTABLISHED})", "established")],
           "locale", width=24),
]

SESSIONS = [
    series("Length of sessions",
           "Seconds from the first to the latest query of the sessions that ended. Half of them "
           "are shorter than the median, nine of ten than the 90th percentile: estimates, as the "
           "buckets are wide. There is a value only when a session has ended.",
           [query(quantile(0.5, DURATION), "median"),
            query(quantile(0.9, DURATION), "90th percentile")], "s", seldom=True),
    heatmap("Sessions that ended by length",
            "How many sessions ended, by the seconds from their first to their latest query. The "
            "more, the darker.",
            f"sum by (le) ({ENDED_BY_DURATION})", "s"),
    series("Bytes of a session",
           "Median of the DNS messages' bytes of the sessions that ended: queries are received, "
           "responses are sent. Estimates, as the buckets are wide.",
           [query(quantile(0.5, "dnstt_session_received_bytes"), "received"),
            query(quantile(0.5, "dnstt_session_sent_bytes"), "sent")], "bytes", seldom=True),
    series("Ended session rate",
           "Sessions a second that ended: their active window passed without a query.",
           query(f"sum({ENDED_RATE})", "sessions"), "cps"),
    series("Established clients by country",
           "Active sessions that have sent data and began at least 60 s ago, by the country of "
           f"their resolver. {RESOLVERS}",
           query(f"sum by (country) ({ESTABLISHED})", "{{country}}"), "locale", stacked=True),
    bars("Top ASNs by established clients",
         "The ten autonomous systems with the most sessions that are active, have sent data and "
         f"began at least 60 s ago. {RESOLVERS} {NETWORKS}",
         f"topk(10, {by_network(f'sum by (asn) ({ESTABLISHED})')})", "locale", "Network",
         "Established clients", label_length=LABEL_LENGTH),
]

TRAFFIC = [
    series("DNS query rate",
           "Queries a second that the server takes. Resolvers repeat queries: no measure of "
           "clients.",
           query(f"sum({ALL_QUERY_RATE})", "queries"), "reqps"),
    series("DNS query rate by country",
           f"Queries a second that the server takes, by the country of their resolver. "
           f"{RESOLVERS}",
           query(f"sum by (country) ({QUERY_RATE})", "{{country}}"), "reqps", stacked=True),
    bars("Top ASNs by DNS query rate",
         f"The ten autonomous systems whose resolvers ask most. {RESOLVERS} {NETWORKS}",
         f"topk(10, {by_network(f'sum by (asn) ({QUERY_RATE})')})", "reqps", "Network",
         "Queries a second", label_length=LABEL_LENGTH),
    series("DNS traffic rate by country",
           "Bytes a second of queries and responses together by the country of the resolver. "
           f"{RESOLVERS}",
           query(f"sum by (country) ({IN_RATE} + {OUT_RATE})", "{{country}}"), "Bps",
           stacked=True),
    series("Inbound DNS traffic rate",
           "Bytes a second that come in as queries: DNS messages, without their UDP and IP "
           "headers.",
           query(f"sum({ALL_IN_RATE})", "in"), "Bps"),
    series("Outbound DNS traffic rate",
           "Bytes a second that go out as responses: DNS messages, without their UDP and IP "
           "headers.",
           query(f"sum({ALL_OUT_RATE})", "out"), "Bps"),
    series("New session rate",
           "Sessions a second that were not seen before.",
           query(f"sum({ALL_SESSION_RATE})", "sessions"), "cps"),
    series("New session rate by country",
           "Sessions a second that were not seen before, by the country of their first resolver. "
           f"{RESOLVERS}",
           query(f"sum by (country) ({SESSION_RATE})", "{{country}}"), "cps", stacked=True),
]

EACH_SERVER = [
    series("Active clients of each server",
           "Active sessions by server. Their sum is exact as long as a session asks one server.",
           query(f"sum by (instance) ({ALL_ACTIVE})", "{{instance}}"), "locale", stacked=True),
    series("Peak of each server",
           "The most sessions of the domain that were active at a time since the exporter started: "
           "exact for a server. Servers peak at different times, so the sum is only a bound.",
           query(f"max by (instance) ({of_domain('dnstt_domain_peak_clients')})", "{{instance}}"),
           "locale"),
    table("Tunnels",
          "How the exporters read the queries of each domain, of all domains. A session is a "
          "client's process (dnstt, noizdns), a connection with a new id at each reconnect (vaydns), "
          "a connection (dnsttex), a dialled connection, which without mux is one for each TCP "
          "connection (xdns), or a path, one for each resolver (slipstream). opaque has none. Two "
          "rows of a domain: its servers are set up differently.",
          f"count by ({', '.join(TUNNEL_LABELS)}) ({of_servers('dnstt_tunnel_info')})", "locale",
          TUNNEL_LABELS, "Servers", width=24),
]

LIMITS = [
    ("dnstt_exporter_sessions_forgotten_total", "forgotten"),
    ("dnstt_exporter_sessions_refused_total", "refused"),
    ("dnstt_exporter_sessions_evicted_total", "evicted"),
    ("dnstt_exporter_series_capped_total", "capped"),
]

HEALTH = [
    stat("Exporters",
         "Whether Prometheus reaches each target of the exporters' job.",
         query(f"{of_servers('up')} {IN_JOB}", "{{instance}}", instant=True),
         "bool_on_off", thresholds=GOOD_AT_ONE),
    stat("Sniffers",
         "Whether the process that reads packets reported within the last five seconds.",
         query(of_servers("dnstt_exporter_sniffer_up"), "{{instance}}", instant=True),
         "bool_on_off", thresholds=GOOD_AT_ONE),
    stat("Databases readable",
         "Whether the GeoIP database that was found last could be read. If not, the one before it "
         "is in use.",
         query(of_servers("dnstt_exporter_geoip_last_reload_successful"),
               "{{database}} {{instance}}", instant=True),
         "bool_yes_no", thresholds=GOOD_AT_ONE),
    stat("Age of the databases",
         "Since each GeoIP database was built. Networks change hands: places of an old one are "
         "wrong.",
         query(f"time() - {of_servers('dnstt_exporter_geoip_build_timestamp_seconds')}",
               "{{database}} {{instance}}", instant=True),
         "s", thresholds=steps((None, "green"), (45 * DAY, "orange"))),
    series("Packets by outcome",
           "What became of the packets that passed the kernel filter, each exactly once.",
           query(f"sum by (outcome) ({rate(of_servers(PACKETS))})", "{{outcome}}"), "pps",
           stacked=True),
    series("Packets lost",
           "Packets that the kernel dropped because -capture.ring-size was full: all counts are "
           "too low by that much.",
           query(f"sum by (instance) ({rate(LOST)})", "{{instance}}"), "pps"),
    series("Rejected queries by reason",
           "Queries under the domain that the tunnel's server would refuse, or that no client "
           "sends. edns: the resolver allows smaller responses than the server's -mtu. framing or "
           "qtype alone, without sessions: the exporter reads another format than the server.",
           query(f"sum by (reason) ({rate(of_domain('dnstt_rejected_queries_total'))})",
                 "{{reason}}"), "reqps", stacked=True),
    stat("Limits met since the start",
         "Forgotten: the number of distinct sessions is no longer exact. Refused: queries whose "
         "session found no room. Evicted: sessions of one query that made room. Capped: packets "
         "counted in a group \"other\".",
         [query(f"sum({of_servers(metric)})", legend, instant=True) for metric, legend in LIMITS],
         width=6, height=8, thresholds=steps((None, "green"), (1, "orange"))),
    stat("Interfaces as at the start",
         "No: an interface has changed, so that its packets count twice or not at all until the "
         "exporter is restarted. Its log names the interface.",
         query(f"1 - {of_servers('dnstt_exporter_interfaces_changed')}", "{{instance}}",
               instant=True),
         "bool_yes_no", width=6, height=8, thresholds=GOOD_AT_ONE),
    stat("Hints",
         "What seems wrong with the set-up, now. The exporter's log and its status page say what is "
         "seen and what to do.",
         query(f"{of_servers('dnstt_exporter_hint')} == 1", "{{hint}} {{instance}}", instant=True),
         "bool_on_off", width=6, height=8, thresholds=steps((None, "orange")), noValue="none"),
    stat("Lookups without a place",
         "Share of the addresses looked up in each GeoIP database, in the time shown, that it does "
         "not have.",
         query(f"sum by (database) (increase({UNMATCHED}[$__range]))"
               f" / sum by (database) (increase({LOOKUPS}[$__range]))",
               "{{database}}", instant=True), "percentunit", width=6, height=8),
    series("Requests by status",
           "HTTP requests that the exporters answered, Prometheus' own among them.",
           query(f"sum by (code) ({REQUESTS})", "{{code}}"), "reqps"),
    series("Processor time",
           "Seconds a second of both processes.",
           [query(f"{rate(of_servers('process_cpu_seconds_total'))} {OF_EXPORTER}",
                  "{{instance}} exporter"),
            query(rate(of_servers("dnstt_exporter_sniffer_cpu_seconds_total")),
                  "{{instance}} sniffer")], "percentunit"),
    series("Memory",
           "Resident memory of both processes.",
           [query(f"{of_servers('process_resident_memory_bytes')} {OF_EXPORTER}",
                  "{{instance}} exporter"),
            query(of_servers("dnstt_exporter_sniffer_resident_memory_bytes"),
                  "{{instance}} sniffer")], "bytes"),
]

ROWS = [
    ("Clients", CLIENTS),
    ("Places", PLACES),
    ("Health of the tunnel", TUNNEL_HEALTH),
    ("Sessions", SESSIONS),
    ("Traffic", TRAFFIC),
    ("Servers", EACH_SERVER),
    ("Health of the exporters", HEALTH),
]


# === The dashboard ===============================================================================


def variable(name, values, **more):
    """A variable whose values Prometheus is asked for."""
    return {"type": "query", "name": name, "label": name.capitalize(), "datasource": DATASOURCE,
            "query": {"query": values, "refId": name}, "hide": 0,
            "includeAll": False, "multi": False, "options": [], "refresh": 2, "regex": "",
            "skipUrlSync": False, "sort": 1, **more}


def chosen_servers(name, values):
    return variable(name, values, multi=True, includeAll=True, allValue=".+",
                    current={"selected": True, "text": ["All"], "value": ["$__all"]})


VARIABLES = [
    {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus",
     "hide": 0, "includeAll": False, "multi": False, "options": [], "refresh": 1, "regex": "",
     "skipUrlSync": False},
    chosen_servers("job", "label_values(dnstt_exporter_build_info, job)"),
    chosen_servers("instance", 'label_values(dnstt_exporter_build_info{job=~"$job"}, instance)'),
    variable("domain", f"label_values(dnstt_domain_active_clients{{{SERVERS}}}, domain)"),
]


def placed(rows):
    """All panels, each row's below its header, from left to right as long as they fit."""
    panels, top = [], 0
    for title, members in rows:
        panels.append({"type": "row", "title": title, "collapsed": False, "panels": [],
                       "gridPos": {"h": 1, "w": GRID_WIDTH, "x": 0, "y": top}})
        top, left, height = top + 1, 0, 0
        for member in members:
            place = member["gridPos"]
            if left + place["w"] > GRID_WIDTH:
                top, left, height = top + height, 0, 0
            place.update(x=left, y=top)
            left, height = left + place["w"], max(height, place["h"])
            panels.append(member)
        top += height
    return [{"id": number, **made} for number, made in enumerate(panels, 1)]


DASHBOARD = {
    "uid": "dnstt-exporter",
    "title": "dnstt",
    "description": "Sessions of dnstt servers and their forks as dnstt_exporter counts them.",
    "tags": ["dnstt", "prometheus"],
    "schemaVersion": SCHEMA_VERSION,
    "editable": False,
    "graphTooltip": 1,
    "refresh": "1m",
    "time": {"from": "now-6h", "to": "now"},
    "timezone": "browser",
    "annotations": {"list": []},
    "links": [],
    "templating": {"list": VARIABLES},
    "panels": placed(ROWS),
}

if __name__ == "__main__":
    print(json.dumps(DASHBOARD, indent=2, ensure_ascii=False))
