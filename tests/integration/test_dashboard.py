"""A real Prometheus scrapes the program, and each query of each panel of the Grafana dashboard
gives the value that the traffic has."""

import math
import os
import pathlib
import signal
import time

import pytest

from support import account, databases as geoip, frames, grafana, wire
from support.program import wait_for
from support.prometheus import PORT, prometheus

DOMAIN = "t.example.com"
SECOND = "u.example.com"  # not chosen on the dashboard
INSTANCE = "127.0.0.1:9713"
WINDOW = 8  # seconds of each rate
ENDS_WINDOW = 60  # and where sessions end: of the whole test
TRAFFIC_SECONDS = WINDOW + 3
TICK = 0.1
TICKS = round(TRAFFIC_SECONDS / TICK)
LIMIT = 1000  # of sessions, active and remembered
# More than twice what is remembered, so that some are forgotten.
FLOOD = 1600
BURST = 60_000  # more than ring and channel hold

# Country and ASN (conftest.RESOLVERS), a resolver there, and how many sessions ask through it.
RESOLVERS = [
    (("DE", "64496"), "10.77.1.9", 3),
    (("FR", "64497"), "10.77.2.9", 2),
    (("SE", "65536"), "fd77:0:0:2::9", 2),
    (("FR", "64496"), "10.77.3.9", 1),
    (("ZZ", "0"), "10.77.9.9", 1),
]
# The same where sessions end, in databases of their own. The last but one has no name, the last finds
# no group left and is `other`.
NETWORKS = [{"network": "10.77.1.0/24", "country": "DE", "asn": 64496},
            {"network": "10.77.2.0/24", "country": "FR", "asn": 64497},
            {"network": "10.77.3.0/24", "country": "SE", "asn": 65551, "organization": ""},
            {"network": "10.77.4.0/24", "country": "IT", "asn": 64498}]
STAYING = [(("ZZ", "0"), "10.77.9.9", 1), (("DE", "64496"), "10.77.1.9", 3),
           (("FR", "64497"), "10.77.2.9", 2), (("SE", "65551"), "10.77.3.9", 2),
           (("other", "other"), "10.77.4.9", 1)]
NAMELESS = {"0", "65551", "other"}
# From here a new session comes every so many ticks.
NEWCOMERS = ("FR", "64496"), "10.77.3.9"
NEWCOMER_TICKS = 2
# From here, at every tick and at every second one, queries that are refused.
REFUSED = "10.77.2.9"
REFUSED_TICKS = {"edns": 1, "qtype": 2}
# One group more than these is one too many.
GROUPS = len(RESOLVERS) + 1

# Of each query of each panel: the labels that are left, and which figure it must give.
PLACE = ("country", "asn")
NAMED = ("asn", "organization")
TARGET = ("instance", "job")
PANELS = {
    "Current active clients": [((), "active")],
    "Peak active clients": [((), "active")],
    "Total observed sessions": [((), "active")],
    "Active clients by country": [(("country",), "active")],
    "Top countries by active clients": [(("country",), "active")],
    "Active clients by ASN": [(NAMED, "active")],
    "Top ASNs by active clients": [(("network",), "active")],
    "Active clients by country and ASN": [(("country", *NAMED), "active")],
    "Top country/ASN pairs by active clients": [(("country", *NAMED), "active")],
    "Reply ratio by domain": [(("domain",), "domain_reply_rate")],
    "Reply ratio by ASN": [(("network",), "asn_reply_rate")],
    "Repeated queries by domain": [(("domain",), "domain_repeat_rate")],
    "Repeated queries by ASN": [(("network",), "asn_repeat_rate")],
    "Established and active clients": [((), "active"), ((), "established")],
    "Length of sessions": [((), "seconds_quantile"), ((), "longest_quantile")],
    "Sessions that ended by length": [(("le",), "ended_by_length")],
    "Bytes of a session": [((), "received_quantile"), ((), "sent_quantile")],
    "Ended session rate": [((), "ended_rate")],
    "Established clients by country": [(("country",), "established")],
    "Top ASNs by established clients": [(("network",), "established")],
    "DNS query rate": [((), "query_rate")],
    "DNS query rate by country": [(("country",), "query_rate")],
    "Top ASNs by DNS query rate": [(("network",), "query_rate")],
    "DNS traffic rate by country": [(("country",), "byte_rate")],
    "Inbound DNS traffic rate": [((), "in_rate")],
    "Outbound DNS traffic rate": [((), "out_rate")],
    "New session rate": [((), "session_rate")],
    "New session rate by country": [(("country",), "session_rate")],
    "Active clients of each server": [(("instance",), "active")],
    "Peak of each server": [(("instance",), "active")],
    "Tunnels": [(("domain", "format"), "tunnels")],
    "Exporters": [(TARGET, "up")],
    "Sniffers": [(TARGET, "up")],
    "Databases readable": [((*TARGET, "database"), "readable")],
    "Age of the databases": [((*TARGET, "database"), "age")],
    "Packets by outcome": [(("outcome",), "outcome_rate")],
    "Packets lost": [(("instance",), "lost_rate")],
    "Rejected queries by reason": [(("reason",), "rejected_rate")],
    "Limits met since the start": [((), "forgotten"), ((), "refused"), ((), "evicted"),
                                   ((), "capped")],
    "Interfaces as at the start": [(TARGET, "up")],
    "Hints": [((*TARGET, "hint"), "hints")],
    "Lookups without a place": [(("database",), "unmatched")],
    "Requests by status": [(("code",), "request_rate")],
    "Processor time": [(TARGET, "exporter_cpu_rate"), (TARGET, "sniffer_cpu_rate")],
    "Memory": [(TARGET, "exporter_memory"), (TARGET, "sniffer_memory")],
}
# By how a figure's name ends. The sender's clock and the scrapes are never quite regular; outcomes
# come from a snapshot every two seconds, a quarter of the window.
TOLERANCES = {"ended_rate": {"rel": 0.2, "abs": 1e-9}, "ended_by_length": {"rel": 0.2, "abs": 1e-9},
              "outcome_rate": {"rel": 0.3}, "cpu_rate": {"rel": 0.3, "abs": 0.01},
              "rate": {"rel": 0.05, "abs": 1e-9}, "memory": {"rel": 0.1}, "age": {"abs": 3},
              "unmatched": {"rel": 1e-9}, "quantile": {"rel": 1e-9}}
EXACT = {"rel": 0, "abs": 0}
# Bounds of the histograms' buckets.
SECONDS = [10, 30, 60, 300, 900, 1800, 3600, 7200, 21600, 43200, 86400]
BYTES = [1024 * 4 ** power for power in range(11)]

CHOICES = {
    "all": {"job": grafana.ALL, "instance": grafana.ALL},
    "one": {"job": ["dnstt"], "instance": [INSTANCE]},
    "several": {"job": ["dnstt", "other"], "instance": [INSTANCE, "server:9713"]},
}
ANOTHER = {"job": ["dnstt"], "instance": ["127x0x0x1:9713"]}  # no regular expression


class Traffic:
    """Sessions that ask at a steady rate from several places, and are answered; and packets that
    the figures of the domain must not have."""

    def __init__(self, host):
        self.host = host
        self.places = {}  # place → sessions so far
        self.asked = []  # (place, two exchanges)
        for place, address, count in RESOLVERS:
            for number in range(count):
                client_id = f"{place[0]}{place[1]}{number}".ljust(8, "_").encode()
                self.asked.append((place, self.exchanges(client_id, address, 60 + 10 * number)))
            self.places[place] = count
        self.newcomers = [self.exchanges(b"NEW%05d" % number, NEWCOMERS[1], 50)
                          for number in range(TICKS // NEWCOMER_TICKS)]
        refused = {"edns": {"size": 512}, "qtype": {"qtype": 1}}
        self.refused = {
            reason: frames.query_frame(wire.query(b"REFUSED_", DOMAIN, bytes(50), **how), REFUSED)
            for reason, how in refused.items()}
        self.second = frames.query_frame(wire.query(b"SECOND__", SECOND, bytes(50)), "10.77.1.9")

    @staticmethod
    def exchanges(client_id, address, size):
        """Two of a kind: (query, response, bytes of each). The second confirms the session."""
        made = []
        for content in (b"\1", b"\2"):
            query = wire.query(client_id, DOMAIN, content * size, padding=bytes(3))
            response = wire.response(query, bytes(5 * size))
            made.append((frames.query_frame(query, source=address),
                         frames.response_frame(response, destination=address),
                         len(query), len(response)))
        return made

    def send(self, exchange):
        self.host.inbound.send(exchange[0])
        self.host.outbound.send(exchange[1])

    def begin(self):
        """Each session asks, and is there to stay. Then the second domain is flooded."""
        for _, exchanges in self.asked:
            for exchange in exchanges:
                self.send(exchange)
        self.host.inbound.send(*[
            frames.query_frame(wire.query(b"FLD%05d" % number, SECOND), source="10.77.1.9")
            for number in range(FLOOD)])

    def run(self, every_tick):
        began = time.monotonic()
        newcomers = iter(self.newcomers)
        for tick in range(TICKS):
            every_tick(tick)
            for _, exchanges in self.asked:
                self.send(exchanges[tick % 2])
            if tick % NEWCOMER_TICKS == 0:
                for exchange in next(newcomers):
                    self.send(exchange)
                self.places[NEWCOMERS[0]] += 1
            for reason, ticks in REFUSED_TICKS.items():
                if tick % ticks == 0:
                    self.host.inbound.send(self.refused[reason])
            self.host.inbound.send(self.second)
            time.sleep(max(0, began + (tick + 1) * TICK - time.monotonic()))

    def outcomes(self):
        """Packets of all kinds so far."""
        responses = len(self.asked) * (2 + TICKS) + 2 * len(self.newcomers)
        return {"query": responses + FLOOD + TICKS, "response": responses,
                "rejected": sum(TICKS // ticks for ticks in REFUSED_TICKS.values())}

    def figures(self):
        """What the chosen domain must show: figure → place → value."""
        rates = {"query_rate": {}, "repeated_rate": {}, "in_rate": {}, "out_rate": {}}
        arrivals = 1 / TICK / NEWCOMER_TICKS
        streams = [(place, 1 / TICK, 1, exchanges[0]) for place, exchanges in self.asked]
        streams.append((NEWCOMERS[0], 2 * arrivals, 0, self.newcomers[0][0]))
        for place, rate, repeated, (_, _, bytes_in, bytes_out) in streams:
            for name, value in (("query_rate", rate), ("repeated_rate", rate * repeated),
                                ("in_rate", rate * bytes_in), ("out_rate", rate * bytes_out)):
                rates[name][place] = rates[name].get(place, 0) + value
        nothing = dict.fromkeys(self.places, 0)
        rates["byte_rate"] = {place: rates["in_rate"][place] + rates["out_rate"][place]
                              for place in self.places}
        rates["session_rate"] = nothing | {NEWCOMERS[0]: arrivals}
        return {"active": self.places, "established": nothing, **rates}


def repeated_shares(figures):
    """Of the chosen domain and by ASN, as figures."""
    def sums(figure):
        by_asn = {}
        for (_, asn), value in figures[figure].items():
            by_asn[asn] = by_asn.get(asn, 0) + value
        return by_asn

    repeated, asked = sums("repeated_rate"), sums("query_rate")
    of_domain = sum(repeated.values()) / sum(asked.values())
    return {"domain_repeat_rate": by_labels(("domain",), {DOMAIN: of_domain, SECOND: 1}),
            "asn_repeat_rate": by_labels(("asn",), {asn: repeated[asn] / asked[asn]
                                                    for asn in asked})}


def by_labels(names, values):
    """Values by plain keys, as by sets of labels."""
    return {frozenset(zip(names, key if isinstance(key, tuple) else (key,))): value
            for key, value in values.items()}


class Process:
    """What /proc tells of a process."""

    def __init__(self, pid):
        self.folder = pathlib.Path(f"/proc/{pid}")

    def cpu(self):
        fields = (self.folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        return int((self.folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def health(traffic, databases, settled):
    """Figures of the exporter, by sets of labels."""
    outcomes = dict.fromkeys(account.OUTCOMES, 0)
    rates = traffic.figures()["query_rate"]
    per_second = sum(rates.values())
    rejected = {reason: 1 / TICK / ticks for reason, ticks in REFUSED_TICKS.items()}
    outcomes |= {"query": per_second + 1 / TICK, "response": per_second,
                 "rejected": sum(rejected.values())}
    sessions = sum(traffic.places.values()) + FLOOD + 1
    generation = LIMIT // 2
    files = {name: (databases / f"{name}.mmdb").stat().st_mtime for name in ("country", "asn")}
    codes = ["200", "400", "401", "403", "404", "405", "413", "429", "431", "503", "other"]
    return {
        "up": by_labels((), {(): 1}),
        "tunnels": by_labels(("domain", "format"), {(DOMAIN, "dnstt"): 1, (SECOND, "dnstt"): 1}),
        "readable": by_labels(("database",), dict.fromkeys(files, 1)),
        "age": by_labels(("database",), {name: settled - built for name, built in files.items()}),
        "unmatched": by_labels(("database",), dict.fromkeys(files, 1 / len(RESOLVERS))),
        "outcome_rate": by_labels(("outcome",), outcomes),
        "lost_rate": by_labels((), {(): 0}),
        "hints": {},
        "rejected_rate": by_labels(("reason",), rejected),
        "domain_reply_rate": by_labels(("domain",), {DOMAIN: 1, SECOND: 0}),
        "asn_reply_rate": by_labels(("asn",), {asn: 1 for _, asn in traffic.places}),
        **repeated_shares(traffic.figures()),
        "ended_rate": by_labels((), {(): 0}),
        "ended_by_length": by_labels(("le",), dict.fromkeys(map(le, [*SECONDS, math.inf]), 0)),
        **dict.fromkeys(("seconds_quantile", "longest_quantile", "received_quantile",
                         "sent_quantile"), {}),
        "request_rate": by_labels(("code",), dict.fromkeys(codes, 0) | {"200": 1}),
        "forgotten": by_labels((), {(): ((sessions - 1) // generation - 1) * generation}),
        "refused": by_labels((), {(): 0}),
        "evicted": by_labels((), {(): sessions - LIMIT}),
        "capped": by_labels((), {(): FLOOD + TICKS}),
    }


def name_of(asn):
    """An ASN's labels by the ASN database, and as a bar is called."""
    if asn in NAMELESS:
        return {"network": f"{asn} "}
    return {"organization": f"Example Network {asn}", "network": f"{asn} Example Network {asn}"}


def aggregated(figure, names):
    """What `sum by (names)` makes of a figure; each is of the one target."""
    target = {"instance": INSTANCE, "job": "dnstt"}
    sums = {}
    for labels, value in figure.items():
        had = dict(labels) | target
        had |= name_of(had["asn"]) if "asn" in had else {}
        key = frozenset((name, had[name]) for name in names if name in had)
        sums[key] = sums.get(key, 0) + value
    return sums


def tolerance(figure):
    allowed = [allowed for ending, allowed in TOLERANCES.items() if figure.endswith(ending)]
    return allowed[0] if allowed else EXACT


def asked(text, choice, window=WINDOW):
    return grafana.interpolate(text, domain=DOMAIN, __rate_interval=f"{window}s", __range="60s",
                               **choice)


def series_of(server, query, when):
    """Set of labels → value."""
    return {frozenset(labels.items()): value for labels, value in server.evaluate(query, when)}


def check_panels(server, figures, stopped, settled, choice, titles=PANELS, window=WINDOW):
    """Rates as of the end of the traffic, everything else as of when it had settled."""
    for title in titles:
        for text, (labels, figure) in zip(grafana.QUERIES[title], PANELS[title], strict=True):
            query = asked(text, choice, window)
            found = series_of(server, query, stopped if figure.endswith("rate") else settled)
            expected = aggregated(figures[figure], labels)
            assert found == pytest.approx(expected, **tolerance(figure)), (title, query)


def check_variables(server):
    """What Grafana offers to choose from."""
    chosen = {"domain": DOMAIN, "job": grafana.ALL, "instance": grafana.ALL}
    offered = {"job": ["dnstt"], "instance": [INSTANCE], "domain": [DOMAIN, SECOND]}
    for name, values in offered.items():
        label, selector = grafana.values_query(name)
        assert server.label_values(label, grafana.interpolate(selector, **chosen)) == values


def lose_packets(host, program):
    """Packets come while the sniffer stands still. Returns how many the kernel dropped."""
    received = "dnstt_exporter_packets_received_total"
    expected = program.metrics().sum(received) + BURST
    frame = frames.query_frame(account.MARKER)
    os.kill(program.sniffer, signal.SIGSTOP)
    try:
        for _ in range(BURST // 50):
            host.inbound.send(*[frame] * 50, rate=200_000)
    finally:
        os.kill(program.sniffer, signal.SIGCONT)
    metrics = account.wait_balanced(program, lambda now: now.sum(received) == expected)
    return metrics.sum("dnstt_exporter_packets_total", outcome="kernel_dropped")


def test_every_panel(host, start, databases, geoip_flags, tmp_path):
    assert PANELS.keys() == grafana.QUERIES.keys()
    program = start(*geoip_flags, "-dnstt.domain", SECOND, "-dnstt.active-window", "5m",
                    "-sessions.max", LIMIT, "-sessions.remember", LIMIT, "-groups.max", GROUPS)
    processes = {"exporter": Process(program.pid), "sniffer": Process(program.sniffer)}
    traffic = Traffic(host)
    # A target of another kind, which "All" must not show.
    jobs = {"dnstt": [INSTANCE], "prometheus": [f"127.0.0.1:{PORT}"]}
    with prometheus(host.server, tmp_path, jobs) as server:
        traffic.begin()
        spent = {}

        def at_the_start_of_the_window(tick):
            if tick == round((TRAFFIC_SECONDS - WINDOW) / TICK):
                spent.update({name: process.cpu() for name, process in processes.items()})

        traffic.run(at_the_start_of_the_window)
        stopped = time.time()
        figures = {name: by_labels(PLACE, values) for name, values in traffic.figures().items()}
        for name, process in processes.items():
            figures[f"{name}_cpu_rate"] = {frozenset(): (process.cpu() - spent[name]) / WINDOW}
        host.settle(program, **traffic.outcomes())

        def caught_up():
            total = sum(value for _, value in server.evaluate("sum(dnstt_queries_total)"))
            return total == traffic.outcomes()["query"]

        wait_for(caught_up, 5, "Prometheus has the last figures")
        settled = time.time()
        for name, process in processes.items():
            figures[f"{name}_memory"] = {frozenset(): process.memory()}
        figures |= health(traffic, databases, settled)

        for choice in CHOICES.values():
            check_panels(server, figures, stopped, settled, choice)
        for title, texts in grafana.QUERIES.items():
            for text in texts:
                assert series_of(server, asked(text, ANOTHER), settled) == {}, title
        check_variables(server)

        dropped = lose_packets(host, program)
        assert dropped > BURST / 3
        lost = asked(*grafana.QUERIES["Packets lost"], CHOICES["all"])
        # Within its window a step is stretched by the time between the scrapes and the edges.
        wait_for(lambda: series_of(server, lost, time.time()) ==
                 {frozenset({("instance", INSTANCE)}): pytest.approx(dropped / WINDOW, rel=0.35)},
                 5, "the panel shows the loss")
        hints = asked(*grafana.QUERIES["Hints"], CHOICES["all"])
        named = frozenset({"instance": INSTANCE, "job": "dnstt", "hint": "packets_lost"}.items())
        wait_for(lambda: series_of(server, hints, time.time()) == {named: 1}, 25,
                 "at the next look, the panel shows its hint")


def le(bound):
    """A bucket's label, as Prometheus keeps it."""
    return "+Inf" if bound == math.inf else f"{bound}.0"


def quantile(share, values, bounds):
    """As histogram_quantile() takes it: each bucket's values lie evenly."""
    rank, least = share * len(values), 0
    for bound in bounds:
        below = sum(value <= least for value in values)
        upto = sum(value <= bound for value in values)
        if upto >= rank:
            return least + (bound - least) * (rank - below) / (upto - below)
        least = bound
    return least


class Sessions:
    """Sessions that stay and are established, one that stays and has no data, and some that leave
    after a while, all with every step of a clock."""

    STEP = 20  # seconds
    STEPS = 7
    # How many leave after as many steps in which they ask: after 0, 20 and 80 s.
    LEAVING = {1: 4, 2: 3, 5: 3}

    def __init__(self, host):
        self.host = host
        self.sent = 0
        self.stay = [(address, f"{place[0]}{number}".encode())
                     for place, address, count in STAYING for number in range(count)]
        self.leave = {steps: [b"LEAVE%d%02d" % (steps, number) for number in range(count)]
                      for steps, count in self.LEAVING.items()}
        self.received = dict.fromkeys(self.leave, 0)  # bytes of each that leaves after the steps
        self.answered = dict.fromkeys(self.leave, 0)

    def exchange(self, client_id, address, packet):
        query = wire.query(client_id.ljust(8, b"_"), DOMAIN, packet)
        response = wire.response(query, bytes(600))
        self.host.inbound.send(frames.query_frame(query, source=address))
        self.host.outbound.send(frames.response_frame(response, destination=address))
        self.sent += 1
        return len(query), len(response)

    def step(self, number):
        for address, client_id in self.stay:
            self.exchange(client_id, address, wire.kcp(bytes(90), number=number))
        self.exchange(b"POLLER", "10.77.1.9", b"")
        for steps, ids in self.leave.items():
            if number >= steps:
                continue
            for client_id in ids:
                received, answered = self.exchange(client_id, "10.77.1.9",
                                                   wire.kcp(bytes(90), number=number))
            self.received[steps] += received
            self.answered[steps] += answered

    def of_each(self, values):
        """By steps → of each session that left."""
        return [values[steps] for steps, count in self.LEAVING.items() for _ in range(count)]

    def figures(self):
        seconds = self.of_each({steps: self.STEP * (steps - 1) for steps in self.LEAVING})
        received, answered = self.of_each(self.received), self.of_each(self.answered)
        places = {place: count for place, _, count in STAYING}
        return {
            "active": by_labels(PLACE, {place: count + (place == ("DE", "64496"))
                                        for place, count in places.items()}),
            "established": by_labels(PLACE, places),
            "seconds_quantile": by_labels((), {(): quantile(0.5, seconds, SECONDS)}),
            "longest_quantile": by_labels((), {(): quantile(0.9, seconds, SECONDS)}),
            "received_quantile": by_labels((), {(): quantile(0.5, received, BYTES)}),
            "sent_quantile": by_labels((), {(): quantile(0.5, answered, BYTES)}),
            "ended_rate": by_labels((), {(): len(seconds) / ENDS_WINDOW}),
            "ended_by_length": by_labels(("le",), {
                le(bound): sum(value <= bound for value in seconds)
                for bound in [*SECONDS, math.inf]}),
        }


def test_panels_of_sessions_that_end(host, start, clock, tmp_path):
    """And of established ones. A tick of the clock is 20 s for the program, for Prometheus it is as
    long as it takes."""
    titles = [title for title, shown in PANELS.items()
              if {figure for _, figure in shown} & {"established", "ended_rate", "ended_by_length",
                                                    "seconds_quantile", "received_quantile"}]
    titles += ["Active clients by ASN", "Top ASNs by active clients",
               "Active clients by country and ASN", "Top country/ASN pairs by active clients"]
    sessions = Sessions(host)
    with geoip.written(NETWORKS) as folder:
        program = start(*geoip.flags(folder), "-groups.max", len(STAYING) - 1, **clock.options)
        with prometheus(host.server, tmp_path, {"dnstt": [INSTANCE]}) as server:
            for number in range(sessions.STEPS):
                if number > 0:
                    clock.pass_seconds(sessions.STEP)
                sessions.step(number)
                wait_for(lambda: program.metrics().sum("dnstt_responses_total") == sessions.sent, 5,
                         "this step's responses")
            ended = f"dnstt_session_duration_seconds_count == {sum(sessions.LEAVING.values())}"
            wait_for(lambda: server.evaluate(ended), 5, "Prometheus has the last end")
            now = time.time()
            for choice in CHOICES.values():
                check_panels(server, sessions.figures(), now, now, choice, titles, ENDS_WINDOW)
