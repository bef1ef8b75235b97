"""Who reads all that a program shows of its traffic, and clients for it to show."""

import contextlib
import json
import pathlib
import re
import socket
import tempfile

from support import frames, wire
from support.exposition import OPENMETRICS, page
from support.program import wait_for
from support.tunnels import DOMAIN

ROUND = 4  # of -privacy.round, where it is on
MIN_CLIENTS = 5
MIN_FLAGS = ("-privacy.min-clients", str(MIN_CLIENTS))
ROUND_FLAGS = ("-privacy.round", str(ROUND))
WINDOW = 300  # seconds
PLACES = [
    {"network": "10.77.1.0/24", "country": "DE", "asn": 64496, "organization": "Rhine Net"},
    {"network": "10.77.2.0/24", "country": "FR", "asn": 64497, "organization": "Seine Net"},
    {"network": "10.77.3.0/24", "country": "FR", "asn": 64498, "organization": "Rare Net"},
]
GERMANY, FRANCE, RARE = "10.77.1.9", "10.77.2.9", "10.77.3.9"
OTHER = ("other", "other")
MARKER = "marker.example.com"  # a tunnel whose queries show that all before them are counted
MARKER_TUNNEL = ("-dnstt.tunnel", f"{MARKER},format=opaque")


def client_id(number):
    return b"C%07d" % number


def poll(number, **options):
    return wire.query(client_id(number), DOMAIN, **options)


def data(number, count=0):
    """A query that proves its session."""
    return wire.query(client_id(number), DOMAIN, wire.kcp(b"data", number=count))


@contextlib.contextmanager
def manager():
    """A service manager's socket, and its path."""
    with tempfile.TemporaryDirectory(prefix="dnstt-notify-") as name, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        pathlib.Path(name).chmod(0o755)
        path = pathlib.Path(name) / "notify"
        told.bind(str(path))
        path.chmod(0o666)
        told.settimeout(15)
        yield told, path


class Observer:
    """Reads the pages of a program that has MARKER_TUNNEL and a clock of the test's. `step`:
    packets are shown in multiples of it. `told`: the service manager's socket."""

    def __init__(self, host, program, clock, step=1, told=None):
        self.host, self.program, self.clock = host, program, clock
        self.step, self.told = step, told
        self.markers = 0
        self.mark(1)

    def mark(self, count):
        """The last of these lifts what is shown of them."""
        query = wire.query(b"MARKER__", MARKER)
        self.host.inbound.send(*[frames.query_frame(query)] * count)
        self.markers += count
        shown = -(-self.markers // self.step) * self.step
        wait_for(lambda: self.program.metrics().sum(
            "dnstt_domain_queries_total", domain=MARKER) == shown, 10, "all is counted")

    def see(self, seconds=1):
        """All that was sent is counted, so many seconds have passed, and places are settled."""
        self.mark(self.step)
        self.clock.pass_seconds(seconds)
        for _ in range(2):
            assert self.program.request("GET", "/-/healthy")[0] == 200
        return self.program.metrics()

    def ask(self, address, *messages):
        self.host.inbound.send(*(frames.query_frame(message, source=address)
                                 for message in messages))

    def polls(self, address, numbers):
        self.ask(address, *map(poll, numbers))

    def answer(self, address, *messages):
        self.host.outbound.send(*(frames.response_frame(message, destination=address)
                                  for message in messages))

    def form(self, name):
        status, _, body = self.program.request("GET", f"/status.{name}")
        assert status == 200
        return body

    def status(self):
        """The next that the service manager is told."""
        def next_one():
            message = self.told.recv(2000).decode()
            return message if message.startswith("STATUS=") else None

        self.told.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self.told.recv(2000):
                pass
        self.told.settimeout(15)
        self.clock.pass_seconds(5)
        return wait_for(next_one, 15, "a status")

    def everything(self):
        """Each form in which something is told → its text."""
        told = {"status": self.status()} if self.told else {}
        return told | {
            "metrics": self.program.metrics().text,
            "openmetrics": page(self.program, OPENMETRICS),
            "html": re.sub(r"<style>.*?</style>", "", self.form("html"), flags=re.S),
            "text": self.form("txt"),
            "json": self.form("json"),
            "log": self.program.log(),
        }

    def overview(self):
        return json.loads(self.form("json"))


def by_place(metrics, name, **labels):
    """(country, asn) → value, of the tunnel; what is 0 too. Of a split metric the sum."""
    sums = {}
    for had, value in metrics.find(name, domain=DOMAIN, **labels):
        place = had["country"], had["asn"]
        sums[place] = sums.get(place, 0) + value
    return sums
