#!/usr/bin/python3
"""The exporter at work on traffic made here: some dozens of sessions of a dnstt and a VayDNS tunnel
over loopback, coming and going, from addresses that a GeoIP database of this demo's own puts into a
dozen networks.

Runs until Ctrl-C, or for --seconds N; then ends what it started and leaves nothing behind.
"""

import argparse
import contextlib
import itertools
import json
import math
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from support import wire  # noqa: E402  (the path above comes first)
from support.program import PROGRAM, Metrics  # noqa: E402

DOMAIN = "t.example.com"
VAYDNS_DOMAIN = "v.example.com"
# Short, so that one sees sessions go. A VayDNS client comes back with a new id after 10 s of silence,
# where a dnstt client keeps its own: half the window suits it, here as in earnest.
WINDOW_SECONDS = 10
VAYDNS_WINDOW_SECONDS = 5
TICK_SECONDS = 0.1
REPORT_SECONDS = 2
START_SECONDS = 5

# Loopback network (the second byte), and where it pretends to be.
NETWORKS = {
    10: ("US", 15169, "Google LLC"), 11: ("US", 13335, "Cloudflare, Inc."),
    12: ("CH", 19281, "Quad9"), 13: ("DE", 3320, "Deutsche Telekom AG"),
    14: ("FR", 3215, "Orange S.A."), 15: ("NL", 1136, "KPN B.V."),
    16: ("TR", 9121, "Turk Telekom"), 17: ("IR", 58224, "Iran Telecommunication Company PJS"),
    18: ("RU", 12389, "Rostelecom"), 19: ("IN", 9829, "National Internet Backbone"),
    20: ("BR", 28573, "Claro NXT Telecomunicacoes Ltda"), 21: ("JP", 4713, "NTT Communications"),
}


class Tunnel(NamedTuple):
    """How the clients of a tunnel ask."""

    domain: str
    id_octets: int
    data_max: int  # octets in one query, beside KCP's header, for which a name has room
    query: object  # makes one, of an id, the domain and a packet


# VayDNS's clients write names of 101 characters at most, unless they are told otherwise.
TUNNELS = (Tunnel(DOMAIN, 8, 110, wire.query), Tunnel(DOMAIN, 8, 110, wire.query),
           Tunnel(VAYDNS_DOMAIN, 2, 26, wire.vaydns_query))


class Session:
    """One client: an id, two resolvers of one network, a rate and a time to live."""

    def __init__(self, now, tunnel):
        # Few networks have many clients.
        network = min(random.choices(list(NETWORKS), k=2))
        self.tunnel = tunnel
        self.client_id = os.urandom(tunnel.id_octets)
        self.conversation = random.randrange(2**32)
        self.packets = 0
        self.queries_per_second = random.uniform(0.5, 5)
        self.end = now + random.uniform(15, 60)
        self.resolvers = []
        for _ in range(2):
            resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            resolver.bind((f"127.{network}.0.{random.randrange(1, 255)}", 0))
            resolver.settimeout(1)
            self.resolvers.append(resolver)

    def close(self):
        for resolver in self.resolvers:
            resolver.close()

    def is_due(self):
        """Whether it asks in this tick: first of all, and then at its rate."""
        return (self.packets == 0 or
                random.random() < self.queries_per_second * TICK_SECONDS)

    def query(self):
        """Some data, as a client begins with, or a poll."""
        packet = b""
        if self.packets == 0 or random.random() < 0.4:
            data = os.urandom(random.randrange(1, self.tunnel.data_max + 1))
            packet = wire.kcp(data, conversation=self.conversation, number=self.packets)
            self.packets += 1
        return self.tunnel.query(self.client_id, self.tunnel.domain, packet,
                                 id=random.randrange(65536))

    def exchange(self, server):
        """A query, and the server's answer to it and to those that came late."""
        resolver = random.choice(self.resolvers)
        resolver.sendto(self.query(), server.getsockname())
        address = None
        with contextlib.suppress(TimeoutError):  # on a busy host
            while address != resolver.getsockname():
                received, address = server.recvfrom(4096)
                server.sendto(wire.response(received, os.urandom(random.randrange(900))), address)
            resolver.recv(4096)


def generate(sessions, tunnels, server, now):
    """One tick: sessions come and go in a slow wave, and each asks at its own rate."""
    wanted = round(40 + 20 * math.sin(now / 10))
    for session in [session for session in sessions if session.end < now]:
        session.close()
        sessions.remove(session)
    if len(sessions) < wanted:
        sessions.append(Session(now, next(tunnels)))
    for session in sessions:
        if session.is_due():
            session.exchange(server)


def free_port(kind, first):
    """The first port from here on that nobody holds on loopback."""
    for port in range(first, 65536):
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, kind) as trial:
            trial.bind(("127.0.0.1", port))
            return port
    sys.exit(f"no free port from {first} on")


def make_databases(directory):
    networks = [{"network": f"127.{octet}.0.0/16", "country": country, "asn": asn,
                 "organization": organization}
                for octet, (country, asn, organization) in NETWORKS.items()]
    specification = directory / "networks.json"
    specification.write_text(json.dumps(networks))
    subprocess.run(["perl", ROOT / "tests/data/make_databases.pl", directory, specification],
                   check=True)


def start_exporter(directory, dns_port, metrics_port):
    return subprocess.Popen([
        PROGRAM, "-capture.interface", "lo", "-dnstt.domain", DOMAIN, "-dnstt.port", str(dns_port),
        "-dnstt.tunnel",
        f"{VAYDNS_DOMAIN},format=vaydns,active-window={VAYDNS_WINDOW_SECONDS}s",
        "-dnstt.active-window", f"{WINDOW_SECONDS}s", "-log.level", "warn",
        "-geoip.country-database", directory / "country.mmdb",
        "-geoip.asn-database", directory / "asn.mmdb",
        "-web.listen-address", f"127.0.0.1:{metrics_port}",
    ], stdin=subprocess.DEVNULL)


def scrape(url):
    with urllib.request.urlopen(url, timeout=5) as reply:
        return Metrics(reply.read().decode())


def wait_ready(exporter, url):
    deadline = time.monotonic() + START_SECONDS
    while exporter.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return scrape(url)
        time.sleep(0.05)
    sys.exit("the exporter did not start")


def report(metrics, seconds, queries_before):
    countries = metrics.by("country", "dnstt_active_clients")
    domains = metrics.by("domain", "dnstt_active_clients")
    ranking = sorted(countries.items(), key=lambda item: (-item[1], item[0]))
    queries = metrics.sum("dnstt_queries_total")
    print(f"{seconds:5.0f} s   {(queries - queries_before) / REPORT_SECONDS:5.1f} queries/s   "
          f"{metrics.sum('dnstt_sessions_total'):4.0f} sessions so far   "
          f"{sum(countries.values()):3.0f} active "
          f"(dnstt {domains[DOMAIN]:.0f}, vaydns {domains[VAYDNS_DOMAIN]:.0f}): "
          + " ".join(f"{country} {count:.0f}" for country, count in ranking), flush=True)
    return queries


def run(exporter, url, server, seconds):
    """Traffic, and a line about it every two seconds."""
    sessions = []
    tunnels = itertools.cycle(TUNNELS)
    began = now = time.monotonic()
    next_report = REPORT_SECONDS
    queries = 0
    while seconds is None or now - began < seconds:
        if exporter.poll() is not None:
            sys.exit(f"the exporter ended with status {exporter.returncode}")
        generate(sessions, tunnels, server, now - began)
        if now - began >= next_report:
            try:
                queries = report(scrape(url), now - began, queries)
            except OSError as error:
                print(f"{now - began:5.0f} s   no metrics this time: {error}", flush=True)
            next_report += REPORT_SECONDS
        time.sleep(TICK_SECONDS)
        now = time.monotonic()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, help="end after so many seconds")
    seconds = parser.parse_args().seconds
    if os.geteuid() != 0:
        sys.exit("run as root: capturing packets takes CAP_NET_RAW")
    # SIGINT too: a shell starts what it runs in the background with it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)

    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="dnstt-demo-"))
        directory = pathlib.Path(name)
        directory.chmod(0o755)  # the exporter reads it as an unprivileged user
        make_databases(directory)
        server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        dns_port = free_port(socket.SOCK_DGRAM, 5300)
        server.bind(("127.0.0.1", dns_port))
        server.settimeout(1)
        metrics_port = free_port(socket.SOCK_STREAM, 9713)
        url = f"http://127.0.0.1:{metrics_port}/metrics"
        exporter = start_exporter(directory, dns_port, metrics_port)
        stack.callback(exporter.wait)
        stack.callback(exporter.terminate)
        wait_ready(exporter, url)
        print(f"Watching loopback for {DOMAIN} (dnstt) and {VAYDNS_DOMAIN} (VayDNS): traffic made "
              f"here, which stays on this host.\nMetrics: {url}\n"
              f"A session is active for {WINDOW_SECONDS} s after its latest query, that of VayDNS "
              f"for {VAYDNS_WINDOW_SECONDS} s. Ctrl-C ends.", flush=True)
        run(exporter, url, server, seconds)


if __name__ == "__main__":
    main()
