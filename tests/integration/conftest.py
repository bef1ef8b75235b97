"""Two network namespaces joined by a veth pair, and programs that end with their test."""

import json
import pathlib
import tempfile

import pytest

from support import account, frames
from support.namespace import Injector, Namespace, run
from support.program import ROOT, Program, wait_for

SERVER_INTERFACE = "server0"
CLIENT_INTERFACE = "client0"


class Host:
    """The server's namespace, and what reaches and leaves it over its one network interface.

    `inbound` sends from the client's end of the wire: the kernel marks such packets as addressed to
    this host. `outbound` sends from the server's own end: it marks these as outgoing. With a bridge
    the interface is a port of it, and the address is the bridge's."""

    def __init__(self, bridge=None):
        self.interface = SERVER_INTERFACE
        self.server = Namespace("server")
        self.client = Namespace("client")
        self.client.ip("link", "add", CLIENT_INTERFACE, "type", "veth", "peer", "name",
                       SERVER_INTERFACE, "address", frames.SERVER_MAC, "netns", self.server.name)
        links = [(self.client, CLIENT_INTERFACE), (self.server, SERVER_INTERFACE)]
        if bridge:
            self.server.ip("link", "add", bridge, "address", frames.SERVER_MAC, "type", "bridge")
            self.server.ip("link", "set", SERVER_INTERFACE, "master", bridge)
            links.append((self.server, bridge))
        for namespace, interface in links:
            namespace.silence_ipv6(interface)
            namespace.ip("link", "set", interface, "up")
        # The kernel brings them up, and lets a bridge forward, a moment after it was told to.
        for namespace, interface in links:
            wait_for(lambda: " state UP " in namespace.ip("link", "show", interface), 5, interface)
        if bridge:
            wait_for(lambda: "state forwarding" in
                     self.server.ip("-details", "link", "show", SERVER_INTERFACE), 5, bridge)
        outermost = bridge or SERVER_INTERFACE
        self.server.ip("address", "add", f"{frames.SERVER4}/24", "dev", outermost)
        self.inbound = Injector(self.client, CLIENT_INTERFACE)
        self.outbound = Injector(self.server, outermost)

    def close(self):
        self.inbound.close()
        self.outbound.close()
        self.client.remove()
        self.server.remove()

    def settle(self, program, **expected):
        return account.settle(program, self.inbound.send, **expected)


@pytest.fixture(scope="session")
def host():
    made = Host()
    yield made
    made.close()


@pytest.fixture
def start(host):
    """Starts the program in the server's namespace, by default for t.example.com, and waits until
    it answers. After the test each must still run, end in order, and leave nothing behind."""
    running = []

    def begin(*flags, domain="t.example.com", namespace=host.server, address=None, **options):
        program = Program(namespace, "-dnstt.domain", domain, *flags, **options)
        running.append(program)
        return program.wait_ready(*([address] if address else []))

    yield begin
    try:
        for program in running:
            if program.process.returncode is None:
                assert program.stop() == 0, program.log()
    finally:
        for program in running:
            program.kill()


PLACES = [
    {"network": "10.77.1.0/24", "country": "DE", "asn": 64496},
    {"network": "10.77.2.0/24", "country": "FR", "asn": 64497},
    {"network": "10.77.3.0/24", "country": "FR", "asn": 64496},
    {"network": "fd77:0:0:1::/64", "country": "DE", "asn": 64496},
    {"network": "fd77:0:0:2::/64", "country": "SE", "asn": 65536},
]


@pytest.fixture(scope="session")
def databases():
    """A directory, open to every user, with country.mmdb and asn.mmdb of PLACES."""
    with tempfile.TemporaryDirectory(prefix="dnstt-mmdb-") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        specification = directory / "spec.json"
        specification.write_text(json.dumps(PLACES))
        run("perl", str(ROOT / "tests/data/make_databases.pl"), name, str(specification))
        yield directory


@pytest.fixture(scope="session")
def geoip_flags(databases):
    return ("-geoip.country-database", databases / "country.mmdb",
            "-geoip.asn-database", databases / "asn.mmdb")
