"""A real Prometheus scrapes the program, and each query that a dashboard makes of it gives the
right value."""

import contextlib
import gzip
import json
import re
import socket
import socketserver
import subprocess
import threading
import time
import urllib.parse

import pytest

from support import frames, wire
from support.program import request, wait_for

DOMAIN = "t.example.com"
PORT = 9090
RECORDER_PORT = 9714
WINDOW = 8  # seconds of each rate
TRAFFIC_SECONDS = WINDOW + 3
TICK = 0.1

# Country and ASN (conftest.PLACES), a resolver there, and how many sessions ask through it.
RESOLVERS = [
    (("DE", "64496"), "10.77.1.9", 3),
    (("FR", "64497"), "10.77.2.9", 2),
    (("SE", "65536"), "fd77:0:0:2::9", 2),
    (("FR", "64496"), "10.77.3.9", 1),
]
# From here a new session comes every so many ticks.
NEWCOMERS = ("FR", "64496"), "10.77.3.9"
NEWCOMER_TICKS = 2

ACTIVE = 'dnstt_active_clients{domain="$domain"}'
QUERY_RATE = 'rate(dnstt_queries_total{domain="$domain"}[$__rate_interval])'
SESSION_RATE = 'rate(dnstt_sessions_total{domain="$domain"}[$__rate_interval])'
IN_RATE = 'rate(dnstt_bytes_in_total{domain="$domain"}[$__rate_interval])'
OUT_RATE = 'rate(dnstt_bytes_out_total{domain="$domain"}[$__rate_interval])'
BOTH = ("country", "asn")

# The query, the labels that are left, and which figure of the traffic it must give.
QUERIES = [
    (f"sum({ACTIVE})", (), "active"),
    ('sum(dnstt_peak_clients{domain="$domain"})', (), "active"),
    (f"sum by (country) ({ACTIVE})", ("country",), "active"),
    (f"topk(10, sum by (country) ({ACTIVE}))", ("country",), "active"),
    (f"sum by (asn) ({ACTIVE})", ("asn",), "active"),
    (f"topk(10, sum by (asn) ({ACTIVE}))", ("asn",), "active"),
    (f"sum by (country, asn) ({ACTIVE})", BOTH, "active"),
    (f"topk(20, sum by (country, asn) ({ACTIVE}))", BOTH, "active"),
    (f"sum({QUERY_RATE})", (), "query_rate"),
    (f"sum by (country) ({QUERY_RATE})", ("country",), "query_rate"),
    (f"topk(10, sum by (asn) ({QUERY_RATE}))", ("asn",), "query_rate"),
    (f"sum({IN_RATE})", (), "in_rate"),
    (f"sum({OUT_RATE})", (), "out_rate"),
    (f"sum by (country) (\n  {IN_RATE}\n  +\n  {OUT_RATE}\n)", ("country",), "byte_rate"),
    ('sum(dnstt_sessions_total{domain="$domain"})', (), "active"),
    (f"sum({SESSION_RATE})", (), "session_rate"),
    (f"sum by (country) ({SESSION_RATE})", ("country",), "session_rate"),
]


class Relay(socketserver.BaseRequestHandler):
    """Hands one request to the program and its answer back, and notes both."""

    def handle(self):
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += self.request.recv(65536)
        with self.server.namespace.entered():
            program = socket.create_connection(("127.0.0.1", 9713), timeout=5)
        with contextlib.closing(program):
            program.sendall(asked)
            answered = b""
            while part := program.recv(65536):
                answered += part
        self.server.seen.append((asked, answered))
        self.request.sendall(answered)


@contextlib.contextmanager
def recorder(namespace):
    """What goes between Prometheus and the program, as (request, answer)."""
    with namespace.entered():
        server = socketserver.ThreadingTCPServer(("127.0.0.1", RECORDER_PORT), Relay)
    server.daemon_threads = True
    server.namespace = namespace
    server.seen = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def unpack(answered):
    """The page of an answer: out of its chunks, and unzipped."""
    chunks, page = answered.partition(b"\r\n\r\n")[2], b""
    while (length := int(chunks[:chunks.index(b"\r\n")], 16)) > 0:
        chunks = chunks[chunks.index(b"\r\n") + 2 :]
        page, chunks = page + chunks[:length], chunks[length + 2 :]
    return gzip.decompress(page)


@contextlib.contextmanager
def prometheus(namespace, directory, port=9713):
    """A Prometheus that scrapes the program every second."""
    (directory / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - {{job_name: dnstt, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}
""")
    with open(directory / "log", "w") as log:
        process = subprocess.Popen(
            namespace.command("prometheus", f"--config.file={directory}/prometheus.yml",
                              f"--storage.tsdb.path={directory}/data",
                              f"--web.listen-address=127.0.0.1:{PORT}"),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        def scraped():
            assert process.poll() is None, (directory / "log").read_text()
            with contextlib.suppress(ConnectionError):
                return evaluate(namespace, "up", time.time()) == [({"job": "dnstt"}, 1)]

        wait_for(scraped, 15, "first scrape")
        yield
    finally:
        process.terminate()
        process.wait(10)


def evaluate(namespace, query, when):
    """The value of an instant query at a time: (labels, value) of each series."""
    asked = urllib.parse.urlencode({"query": query, "time": f"{when:.3f}"})
    status, _, body = request(namespace, "GET", f"/api/v1/query?{asked}", "127.0.0.1", PORT)
    if status == 503:  # not yet ready
        return None
    assert status == 200, body
    found = []
    for series in json.loads(body)["data"]["result"]:
        labels = {name: value for name, value in series["metric"].items()
                  if name not in ("__name__", "instance")}
        found.append((labels, float(series["value"][1])))
    return found


class Traffic:
    """Sessions that ask at a steady rate from several places, and are answered."""

    def __init__(self, host):
        self.host = host
        self.sessions = {}  # place → sessions so far
        self.asked = []  # (place, query frame, response frame, octets of each message)
        for place, address, count in RESOLVERS:
            for number in range(count):
                client_id = f"{place[0]}{place[1]}{number}".encode()
                self.asked.append((place, *self.exchange(client_id, address, 60 + 10 * number)))
            self.sessions[place] = count
        self.newcomer_octets = (0, 0)

    @staticmethod
    def exchange(client_id, address, size):
        query = wire.query(client_id[:8], DOMAIN, bytes(size))
        response = wire.response(query, bytes(5 * size))
        return (frames.query_frame(query, source=address),
                frames.response_frame(response, destination=address), len(query), len(response))

    def send(self, asked, answered):
        self.host.inbound.send(asked)
        self.host.outbound.send(answered)

    def run(self):
        began = time.monotonic()
        for tick in range(round(TRAFFIC_SECONDS / TICK)):
            for _, asked, answered, _, _ in self.asked:
                self.send(asked, answered)
            if tick % NEWCOMER_TICKS == 0:
                place, address = NEWCOMERS
                asked, answered, *octets = self.exchange(b"NEW%05d" % tick, address, 50)
                self.newcomer_octets = octets
                self.send(asked, answered)
                self.sessions[place] += 1
            time.sleep(max(0, began + (tick + 1) * TICK - time.monotonic()))

    def figures(self):
        """Figure → place → value; places not mentioned have 0."""
        wanted = {"active": dict(self.sessions), "query_rate": {}, "in_rate": {}, "out_rate": {}}
        newcomer_rate = 1 / TICK / NEWCOMER_TICKS
        streams = [(place, 1 / TICK, octets) for place, _, _, *octets in self.asked]
        streams.append((NEWCOMERS[0], newcomer_rate, self.newcomer_octets))
        for place, rate, (octets_in, octets_out) in streams:
            for name, value in (("query_rate", rate), ("in_rate", rate * octets_in),
                                ("out_rate", rate * octets_out)):
                wanted[name][place] = wanted[name].get(place, 0) + value
        wanted["session_rate"] = {NEWCOMERS[0]: newcomer_rate}
        wanted["byte_rate"] = {place: wanted["in_rate"][place] + wanted["out_rate"][place]
                               for place in wanted["in_rate"]}
        return wanted


def aggregated(values, labels):
    """What `sum by (labels)` makes of place → value, with the empty group for unknown places."""
    sums = {}
    for place in [place for place, _, _ in RESOLVERS] + [("ZZ", "0")]:
        had = dict(zip(BOTH, place))
        key = tuple((label, had[label]) for label in labels)
        sums[key] = sums.get(key, 0) + values.get(place, 0)
    return sums


def test_scrapes_compressed_openmetrics(host, start, geoip_flags, tmp_path):
    """What it asks for by itself, and takes without a word; each metric's type, unit and explanation
    come with it."""
    start(*geoip_flags)
    with recorder(host.server) as seen, prometheus(host.server, tmp_path, port=RECORDER_PORT):
        asked, answered = seen[0]
        assert b"application/openmetrics-text;version=1.0.0" in asked
        assert b"\r\nContent-Type: application/openmetrics-text; version=1.0.0" in answered
        assert b"\r\nContent-Encoding: gzip\r\n" in answered

        status, _, body = request(host.server, "GET", "/api/v1/targets", "127.0.0.1", PORT)
        (target,) = json.loads(body)["data"]["activeTargets"]
        assert (status, target["health"], target["lastError"]) == (200, "up", "")
        body = request(host.server, "GET", "/api/v1/metadata", "127.0.0.1", PORT)[2]
        metadata = json.loads(body)["data"]
        assert metadata["process_cpu_seconds"][0]["unit"] == "seconds"
        assert {entry[0]["type"] for entry in metadata.values()} == {"counter", "gauge"}
        assert all(entry[0]["help"] for entry in metadata.values())
        assert len(metadata) == len(re.findall(r"^# TYPE", unpack(answered).decode(), re.M))
        log = (tmp_path / "log").read_text()
        assert "level=warn" not in log and "level=error" not in log, log


def test_dashboard_queries(host, start, geoip_flags, tmp_path):
    program = start(*geoip_flags)
    traffic = Traffic(host)
    with prometheus(host.server, tmp_path):
        traffic.run()
        stopped = time.time()
        count = len(traffic.asked) * round(TRAFFIC_SECONDS / TICK)
        count += sum(traffic.sessions.values()) - len(traffic.asked)
        host.settle(program, query=count, response=count)

        def caught_up():
            total = f'sum(dnstt_queries_total{{domain="{DOMAIN}"}})'
            return evaluate(host.server, total, time.time()) == [({}, count)]

        wait_for(caught_up, 5, "Prometheus has the last figures")
        settled = time.time()

        figures = traffic.figures()
        for text, labels, figure in QUERIES:
            query = text.replace("$domain", DOMAIN).replace("$__rate_interval", f"{WINDOW}s")
            rate = figure.endswith("rate")
            found = evaluate(host.server, query, stopped if rate else settled)
            values = {tuple((label, had[label]) for label in labels): value for had, value in found}
            assert all(len(had) == len(labels) for had, _ in found), query
            # Rates: the sender's clock and the scrapes are never quite regular.
            tolerance = {"rel": 0.05} if rate else {"rel": 0, "abs": 0}
            assert values == pytest.approx(aggregated(figures[figure], labels), **tolerance), query
