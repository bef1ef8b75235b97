"""Three servers and one Prometheus with the rules: which figures add up, and which do not."""

import itertools

from support import frames, grafana, wire
from support.program import ROOT, wait_for
from support.prometheus import prometheus

DOMAIN = "t.example.com"
# Here they share a host, so that each has ports of its own: for queries, and for Prometheus.
PORTS = {"one": (53, 9713), "two": (54, 9714), "three": (55, 9715)}
INSTANCES = {name: f"127.0.0.1:{port}" for name, (_, port) in PORTS.items()}
WINDOW = "5s"
RULES = sorted((ROOT / "monitoring/rules").glob("*.yml"))
QUERIES = 5  # of each session at each server

# Sessions that ask one server each, in two waves, and then one that asks all three.
FIRST = {"one": "ABC", "two": "D"}
SECOND = {"three": "EFGH"}
WANDERER = {"one": "A", "two": "A", "three": "A"}
AT_A_TIME = 4
DISTINCT = 8

ACTIVE = "job_domain:dnstt_active_clients:sum"
PEAK_AT_LEAST = "job_domain:dnstt_active_clients:max_1d"
PEAK_AT_MOST = "job_domain:dnstt_domain_peak_clients:sum"


class Sent:
    """What was sent to all servers and by them."""

    def __init__(self, host):
        self.host = host
        self.queries = self.bytes_in = self.bytes_out = 0

    def exchange(self, sessions):
        for server, names in sessions.items():
            port, _ = PORTS[server]
            for name, _ in itertools.product(names, range(QUERIES)):
                query = wire.query(name.encode() * 8, DOMAIN)
                response = wire.response(query, bytes(200))
                self.host.inbound.send(frames.query_frame(query, port=port))
                self.host.outbound.send(frames.response_frame(response, port=port))
                self.queries += 1
                self.bytes_in += len(query)
                self.bytes_out += len(response)


def panel(title, servers):
    """A panel's query, for some of the servers."""
    (text,) = grafana.QUERIES[title]
    return grafana.interpolate(text, domain=DOMAIN, job=grafana.ALL, __range="60s",
                               instance=[INSTANCES[name] for name in servers])


def by_instance(server, query):
    return {labels["instance"]: value for labels, value in server.evaluate(query)}


def test_three_servers(host, start, tmp_path):
    programs = {name: start("-dnstt.port", port, "-dnstt.active-window", WINDOW,
                            "-web.listen-address", f"127.0.0.1:{web}", address=("127.0.0.1", web))
                for name, (port, web) in PORTS.items()}
    sent = Sent(host)
    with prometheus(host.server, tmp_path, {"dnstt": list(INSTANCES.values())}, RULES) as server:

        def values(query):
            return [value for _, value in server.evaluate(query)]

        def shows(query, expected):
            wait_for(lambda: values(query) == [expected], 15, f"{query} is {expected}")

        # While each session asks one server, the sum of the active ones is exact.
        sent.exchange(FIRST)
        shows(ACTIVE, AT_A_TIME)
        shows(ACTIVE, 0)
        sent.exchange(SECOND)
        shows(ACTIVE, AT_A_TIME)
        assert values(panel("Current active clients", ["one", "two"])) == [0]
        assert values(panel("Current active clients", ["two", "three"])) == [4]

        # The servers peaked one after another: their peaks say too much.
        shows(PEAK_AT_LEAST, AT_A_TIME)
        shows(PEAK_AT_MOST, 3 + 1 + 4)
        assert by_instance(server, panel("Peak of each server", PORTS)) == {
            INSTANCES["one"]: 3, INSTANCES["two"]: 1, INSTANCES["three"]: 4}
        shows("sum(dnstt_sessions_total)", DISTINCT)

        # A session that asks several servers counts on each.
        sent.exchange(WANDERER)
        shows("sum(dnstt_sessions_total)", DISTINCT + 2)

        # What is counted for each packet is exact whoever asks whom.
        shows("sum(dnstt_queries_total)", sent.queries)
        shows("sum(dnstt_responses_total)", sent.queries)
        shows("sum(dnstt_bytes_in_total)", sent.bytes_in)
        shows("sum(dnstt_bytes_out_total)", sent.bytes_out)

        # One that is down is told, and takes its part out of the sums.
        assert server.evaluate("ALERTS") == []
        assert programs["two"].stop() == 0
        down = INSTANCES["two"]
        wait_for(lambda: by_instance(server, panel("Exporters", PORTS)) ==
                 dict.fromkeys(INSTANCES.values(), 1) | {down: 0}, 5, "the panel shows it")
        wait_for(lambda: [(labels["alertname"], labels["alertstate"], labels["instance"])
                          for labels, _ in server.evaluate("ALERTS")] ==
                 [("DnsttExporterDown", "pending", down)], 5, "the alert is on its way")
        shows("sum(dnstt_queries_total)",
              sent.queries - QUERIES * (len(FIRST["two"]) + len(WANDERER["two"])))
