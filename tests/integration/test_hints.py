"""What seems wrong with the set-up is told everywhere, and no longer once it is right: each hint in a
real run. Minutes pass by a clock of the test's."""

import contextlib
import html
import json
import os
import pathlib
import re
import signal
import socket
import tempfile

import pytest

from support import account, frames, tls, wire
from support.clock import LOOK
from support.databases import flags, write
from support.host import SERVER_INTERFACE, Host
from support.program import ROOT, wait_for
from support.tunnels import DOMAIN, answer, ask

FIVE_MINUTES = 300 // LOOK + 1
TEN_MINUTES = 600 // LOOK + 1
WATCH = 21  # looks at the largest networks, the one that chooses them included
OTHER = wire.message(wire.labels([b"www", b"example", b"org"]))
BURST = 60_000  # more than ring and channel hold


class Run:
    """A program whose clock is the test's."""

    def __init__(self, program, clock):
        self.program = program
        self.clock = clock

    def look(self, count=1):
        self.clock.look(self.program, count)

    def metrics(self):
        """The hints that are on."""
        return set(self.program.metrics().by("hint", "dnstt_exporter_hint"))

    def lines(self, hint):
        return [line for line in self.program.log().splitlines() if f"hint={hint} " in f"{line} "]

    def pages(self):
        """JSON, text and HTML, the last two as one line of words."""
        shown = [self.program.request("GET", f"/status.{form}")[2]
                 for form in ("json", "txt", "html")]
        words = html.unescape(re.sub("<[^>]+>", "", shown[2]))
        return json.loads(shown[0])["hints"], " ".join(shown[1].split()), " ".join(words.split())

    def assert_none(self):
        assert self.metrics() == set()
        assert " hint=" not in self.program.log()

    def assert_on(self, hint, *words):
        """It alone: in the metric, once in the log and on each page, with these words."""
        assert self.metrics() == {hint}
        # A page is rendered once a second.
        (shown,), text, page = wait_for(lambda: (got := self.pages())[0] and got, 5, "on the page")
        assert shown["hint"] == hint
        for word in words:
            assert word in f"{shown['seen']}; {shown['advice']}"
        for told in shown["seen"], shown["advice"]:
            assert told in text and told in page
        (line,) = self.lines(hint)
        assert "level=warn" in line and shown["seen"] in line and shown["advice"] in line

    def assert_gone(self, hint):
        """From the metric and the pages at once; the log tells its end once ten minutes are over."""
        assert self.metrics() == set()
        wait_for(lambda: "The set-up seems wrong" not in self.pages()[2], 5, "not on the page")
        assert self.pages()[0] == []
        self.clock.pass_seconds(600)
        self.look()
        first, last = self.lines(hint)
        assert "a hint has ended" in last and "level=info" in last

    def counted(self, name, count, **labels):
        wait_for(lambda: self.program.metrics().sum(name, **labels) == count, 10,
                 f"{count} of {name} {labels}")


@pytest.fixture
def run(start, clock):
    def begin(*given, prefix=(), **options):
        options = {**clock.options, **options}
        options["prefix"] += tuple(prefix)
        clock.align()
        return Run(start(*given, **options), clock)

    return begin


def dnstt(number, client_id=None):
    return wire.query(client_id or b"CLIENT%02d" % (number % 3), DOMAIN,
                      wire.kcp(b"data", number=number))


# --- What comes in.

@contextlib.contextmanager
def stub_resolver(namespace):
    """Gives a function that looks something up at 127.0.0.53, as programs of the host do."""
    with namespace.entered():
        stub, client = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with stub, client:
        stub.bind(("127.0.0.53", 53))
        stub.settimeout(5)
        client.settimeout(5)

        def look_up():
            client.sendto(OTHER, ("127.0.0.53", 53))
            asked, address = stub.recvfrom(1000)
            stub.sendto(wire.response(asked), address)
            client.recv(1000)

        yield look_up


def test_no_packets(host, run):
    """Look-ups of the host itself do not hide it."""
    at = run()
    with stub_resolver(host.server) as look_up:
        for _ in range(TEN_MINUTES - 1):
            look_up()
            at.look()
        at.counted("dnstt_exporter_packets_total", TEN_MINUTES - 1, outcome="other_domain")
        at.assert_none()
        at.look()
        at.assert_on("no_packets", "UDP port 53", f"NS record of {DOMAIN}")
        ask(host, dnstt(0))
        at.counted("dnstt_exporter_packets_total", 1, outcome="query")
        at.look()
        at.assert_gone("no_packets")


def test_no_queries(host, run):
    at = run()
    ask(host, OTHER)
    at.counted("dnstt_exporter_packets_total", 1, outcome="other_domain")
    at.look(TEN_MINUTES - 1)
    at.assert_none()
    at.look()
    at.assert_on("no_queries", f"none has been under {DOMAIN}")
    ask(host, dnstt(0))
    at.counted("dnstt_exporter_packets_total", 1, outcome="query")
    at.look()
    at.assert_gone("no_queries")


# --- Formats.

def vaydns(number):
    return wire.vaydns_query(b"ID%02d" % (number % 3), DOMAIN, wire.kcp(b"data", number=number),
                             qtype=10)


def slipstream(number):
    packet = wire.quic_long(wire.QUIC_HANDSHAKE, b"CLIENT%02d" % (number % 3))
    return wire.slipstream_query(packet + bytes([number]), DOMAIN)


def dnsttex(number):
    return wire.dnsttex_query(b"CLIENT%02d" % (number % 3), DOMAIN,
                              wire.compact_kcp(b"data", number=number))


OF_FORMATS = {
    "vaydns,clientid-size=4,record-type=null": vaydns,
    "slipstream": slipstream,
    "dnsttex": dnsttex,
    "dnstt": dnstt,
}


def sent(at, host, query, count, first=0):
    """So many queries, none of which is accepted."""
    ask(host, *(query(first + number) for number in range(count)))
    at.counted("dnstt_rejected_queries_total", first + count)


@pytest.mark.parametrize("form", OF_FORMATS)
def test_other_format(host, run, form):
    """The log's own words are the command line that counts them."""
    watched = "vaydns" if form == "dnstt" else "dnstt"
    advised = f"{DOMAIN},format={form}"
    query = OF_FORMATS[form]
    at = run("-dnstt.tunnel", f"{DOMAIN},format={watched}", domain=None)
    sent(at, host, query, 19)
    at.look()
    at.assert_none()
    sent(at, host, query, 1, first=19)
    at.look()
    at.assert_on("other_format", f"under {DOMAIN} are rejected", f"-dnstt.tunnel {advised}")
    line = at.lines("other_format")[0]
    assert at.program.stop() == 0

    (given,) = re.findall(r"-dnstt\.tunnel (\S+?)[\"\s]", line)
    assert given == advised
    at = run("-dnstt.tunnel", given, domain=None)
    ask(host, *(query(number) for number in range(40)))
    at.counted("dnstt_queries_total", 40)
    at.look(2)
    at.assert_none()


def test_other_format_goes_once_most_queries_are_read(host, run):
    at = run()
    sent(at, host, slipstream, 20)
    at.look()
    assert at.metrics() == {"other_format"}
    ask(host, *(dnstt(number) for number in range(20)))
    at.counted("dnstt_queries_total", 20)
    at.look()
    at.assert_gone("other_format")


def test_no_known_format(host, run):
    """In each look for ten minutes. One without goes on from the beginning."""
    at = run()
    unknown = wire.message(wire.labels([b"not-base32"] + DOMAIN.encode().split(b".")))
    for look in range(TEN_MINUTES - 1):
        sent(at, host, lambda number: unknown, 5, first=5 * look)
        at.look()
    at.assert_none()
    sent(at, host, lambda number: unknown, 5, first=5 * look + 5)
    at.look()
    at.assert_on("other_format", "none of the known formats", "format=opaque")
    at.look()
    at.assert_gone("other_format")


# --- Responses.

def test_no_responses(host, run):
    at = run()
    for number in range(FIVE_MINUTES):
        at.assert_none()
        ask(host, dnstt(number))
        at.counted("dnstt_queries_total", number + 1)
        at.look()
    at.assert_on("no_responses", f"queries under {DOMAIN} get no response")
    answer(host, dnstt(number))
    at.counted("dnstt_responses_total", 1)
    at.look()
    at.assert_gone("no_responses")


def test_only_responses(host, run):
    """A query of before is needed for nothing."""
    at = run()
    for number in range(FIVE_MINUTES):
        at.assert_none()
        answer(host, dnstt(number))
        at.counted("dnstt_responses_total", number + 1)
        at.look()
    at.assert_on("only_responses", f"responses of {DOMAIN} leave", "network namespace")
    ask(host, dnstt(number))
    at.counted("dnstt_queries_total", 1)
    at.look()
    at.assert_gone("only_responses")


# --- Ports.

@contextlib.contextmanager
def forwarder(namespace, inner):
    """Takes what comes to port 53 and hands it on to another over loopback. Gives a function that
    does so with so many."""
    with namespace.entered():
        outside, inside, server = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                                   for _ in range(3))
    with outside, inside, server:
        outside.bind((frames.SERVER4, 53))
        server.bind(("127.0.0.1", inner))
        outside.settimeout(5)

        def hand_on(count):
            for _ in range(count):
                inside.sendto(outside.recv(2000), ("127.0.0.1", inner))
                server.recv(2000)

        yield hand_on


def test_doubled(host, run):
    at = run("-dnstt.port", 53, "-dnstt.port", 5300)
    with forwarder(host.server, 5300) as hand_on:
        for begun, end in ((0, 99), (99, 100)):
            at.assert_none()
            ask(host, *(dnstt(number) for number in range(begun, end)))
            hand_on(end - begun)
            at.counted("dnstt_exporter_packets_total", 2 * end, outcome="query")
            at.look()
    at.assert_on("doubled", "port 5300 gets from loopback as many queries as port 53",
                 "leave out -dnstt.port 5300")
    at.look(FIVE_MINUTES)
    at.assert_gone("doubled")


# --- Networks, sessions.

@pytest.mark.parametrize("most", [True, False], ids=["most", "all"])
def test_edns(host, run, geoip_flags, most):
    """Of one network, while others are served; and of the only one."""
    at = run(*geoip_flags)
    refused = 0
    rounds = 0
    while "edns" not in at.metrics():
        assert refused < 4 * WATCH * 6
        if most:
            ask(host, *(dnstt(number) for number in range(10)), source="10.77.2.9")
            answer(host, dnstt(0))
        ask(host, *[wire.query(b"REFUSED_", DOMAIN, wire.kcp(), size=512)] * 6, source="10.77.1.9")
        refused += 6
        rounds += 1
        at.counted("dnstt_rejected_queries_total", refused, reason="edns")
        if most:
            at.counted("dnstt_queries_total", 10 * rounds)
        at.look()
    assert refused > 3 * (WATCH - 1) * 6
    at.assert_on("edns", "-mtu 512")
    at.look(2 * WATCH)
    at.assert_gone("edns")


LIMIT = 1000


def test_forged_flood_fills_the_table(host, run):
    at = run("-sessions.max", LIMIT, "-sessions.min-queries", 2, "-dnstt.active-window", "1h")
    made = 0
    for count in (LIMIT, *[5] * FIVE_MINUTES):
        at.assert_none()
        ask(host, *(dnstt(0, b"FLD%05d" % number) for number in range(made, made + count)))
        answer(host, dnstt(0, b"FLD%05d" % made))
        made += count
        at.counted("dnstt_queries_total", made)
        at.look()
    at.assert_on("forged_flood", "the table of active sessions has been full", "-sessions.max")
    at.look()
    at.assert_gone("forged_flood")


def test_forged_flood_of_sessions_with_one_query(host, run):
    at = run("-dnstt.active-window", "1h")
    ask(host, *(wire.query(b"FLD%05d" % number, DOMAIN) for number in range(100)))
    answer(host, dnstt(0))
    at.counted("dnstt_queries_total", 100)
    at.look(FIVE_MINUTES - 1)
    at.assert_none()
    at.look()
    at.assert_on("forged_flood", "one query and no more", "-sessions.min-queries 2")
    # Each was a client after all.
    ask(host, *(dnstt(1, b"FLD%05d" % number) for number in range(100)))
    at.counted("dnstt_queries_total", 200)
    at.look()
    at.assert_gone("forged_flood")


# --- What the metrics show by themselves.

def test_interfaces_changed(run):
    """Until the restart that it asks for."""
    own = Host()
    try:
        at = run(namespace=own.server)
        own.server.ip("link", "add", "bridge9", "type", "bridge")
        own.server.ip("link", "set", SERVER_INTERFACE, "master", "bridge9")
        wait_for(lambda: at.program.metrics().sum("dnstt_exporter_interfaces_changed") == 1, 15,
                 "the change")
        at.look()
        at.assert_on("interfaces_changed", "restart the exporter")
        assert at.program.stop() == 0
        at = run(namespace=own.server)
        at.look(2)
        at.assert_none()
        assert at.program.stop() == 0
    finally:
        own.close()


def test_packets_lost(host, run):
    at = run()
    frame = frames.query_frame(OTHER)
    os.kill(at.program.sniffer, signal.SIGSTOP)
    try:
        for _ in range(BURST // 50):
            host.inbound.send(*[frame] * 50, rate=200_000)
    finally:
        os.kill(at.program.sniffer, signal.SIGCONT)
    at.counted("dnstt_exporter_packets_received_total", BURST)
    account.wait_balanced(at.program, lambda now: True)
    assert at.program.metrics().sum("dnstt_exporter_packets_total", outcome="kernel_dropped") > 0
    at.look()
    at.assert_on("packets_lost", "-capture.ring-size")
    at.look(FIVE_MINUTES)
    at.assert_gone("packets_lost")


@pytest.fixture
def folder():
    """Readable to the unprivileged user, as pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="dnstt-hints-") as name:
        pathlib.Path(name).chmod(0o755)
        yield pathlib.Path(name)


PLACES = [{"network": "10.77.1.0/24", "country": "DE", "asn": 64496}]
DAY = 86400


def replace(folder, places=PLACES):
    """Both databases, by rename."""
    (folder / "new").mkdir(exist_ok=True)
    write(folder / "new", places)
    for name in "country.mmdb", "asn.mmdb":
        os.replace(folder / "new" / name, folder / name)


def test_geoip_stale(run, folder, clock, monkeypatch):
    """It is the wall clock that ages a database."""
    write(folder, PLACES)
    built = int((folder / "country.mmdb").stat().st_mtime)
    at = run(*flags(folder))
    clock.set(stepped=44 * DAY, slept=clock.slept)
    at.look()
    at.assert_none()
    clock.set(stepped=46 * DAY + 600, slept=clock.slept)
    wait_for(lambda: at.look() or at.metrics(), 5, "the hint")
    at.assert_on("geoip_stale", "built more than 45 days ago")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(built + 46 * DAY))
    replace(folder)
    at.program.reload("loaded a new database")
    wait_for(lambda: at.look() or not at.metrics(), 5, "no hint")
    at.assert_gone("geoip_stale")


def test_geoip_failed(run, folder):
    write(folder, PLACES)
    at = run(*flags(folder))
    os.truncate(folder / "asn.mmdb", 300)
    at.program.reload("cannot load the new database")
    at.look()
    at.assert_on("geoip_failed", "the new ASN database cannot be loaded")
    replace(folder)
    at.program.reload("loaded a new database")
    at.look()
    at.assert_gone("geoip_failed")


GOOD = "rate_limit:\n  interval: 1ms\n  burst: 1000\n"
WRONG = "no_such_key: 1\n"


@pytest.fixture
def web(run):
    """A program with a web configuration, and a function that replaces that."""
    with tls.open_folder() as folder:
        path = tls.put(folder / "web.yml", GOOD)
        at = run("-web.config.file", path)

        def replaced(text):
            tls.put(path, text)
            at.program.reload("loaded a new" if text == GOOD else "cannot load the new")

        yield at, replaced


def test_web_config_failed(web):
    at, replaced = web
    replaced(WRONG)
    at.look()
    at.assert_on("web_config_failed", "the new web configuration cannot be loaded")
    replaced(GOOD)
    at.look()
    at.assert_gone("web_config_failed")


def test_one_that_flaps_is_told_each_ten_minutes(web):
    """At most, whatever it does between."""
    at, replaced = web
    times = 50
    for turn in range(times):
        replaced(WRONG)
        at.look()
        assert "web_config_failed" in at.metrics()
        replaced(GOOD)
        at.look()
        assert "web_config_failed" not in at.metrics()
    lines = at.lines("web_config_failed")
    assert 2 <= len(lines) <= 1 + 2 * times * LOOK // 600


# --- systemd.

def test_status_shows_the_first(host, run):
    """To the service manager, in one line behind the rest, and not for longer than it is on."""
    with tempfile.TemporaryDirectory(prefix="dnstt-notify-") as name, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        pathlib.Path(name).chmod(0o755)
        path = pathlib.Path(name) / "notify"
        manager.bind(str(path))
        path.chmod(0o666)
        manager.settimeout(15)
        at = run(prefix=(f"NOTIFY_SOCKET={path}",))

        def status(wanted):
            """The next that is as wanted."""
            def told():
                message = manager.recv(2000).decode()
                return message if message.startswith("STATUS=") and wanted(message) else None

            return wait_for(told, 15, "the status")

        assert status(lambda text: True) == f"STATUS=watching {DOMAIN} on all interfaces, 0 active"
        sent(at, host, slipstream, 20)
        at.look()
        at.assert_on("other_format")
        (shown,), _, _ = at.pages()
        text = status(lambda text: ";" in text)
        assert text == f"STATUS=watching {DOMAIN} on all interfaces, 0 active; {shown['seen']}"
        ask(host, *(dnstt(number) for number in range(20)))
        at.counted("dnstt_queries_total", 20)
        at.look()
        assert status(lambda text: ";" not in text).startswith(f"STATUS=watching {DOMAIN} on ")
