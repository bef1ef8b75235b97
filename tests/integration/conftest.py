"""The host of the tests, databases for it, and programs that end with their test."""

import pathlib
import tempfile

import pytest

from support.clock import Clock
from support.databases import flags, written
from support.host import Host
from support.observer import MARKER_TUNNEL, PLACES, ROUND, ROUND_FLAGS, WINDOW, Observer
from support.program import Program


@pytest.fixture(scope="session")
def host():
    made = Host()
    yield made
    made.close()


@pytest.fixture
def start(host):
    """Starts the program in the server's namespace, by default for t.example.com, and waits until
    it answers. `domain` None leaves -dnstt.domain out. After the test each must still run, end in
    order, and leave nothing behind."""
    running = []

    def begin(*flags, domain="t.example.com", namespace=host.server, address=None, **options):
        domains = [] if domain is None else ["-dnstt.domain", domain]
        program = Program(namespace, *domains, *flags, **options)
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


@pytest.fixture
def watch(start):
    """Starts the program for these tunnels alone."""
    def begin(*tunnels, flags=(), **options):
        given = [part for tunnel in tunnels for part in ("-dnstt.tunnel", tunnel)]
        return start(*given, *flags, domain=None, **options)

    return begin


@pytest.fixture
def clock():
    """Of programs that are started with its options."""
    with tempfile.TemporaryDirectory(prefix="dnstt-clock-") as name:
        pathlib.Path(name).chmod(0o755)
        yield Clock(pathlib.Path(name) / "page")


RESOLVERS = [
    {"network": "10.77.1.0/24", "country": "DE", "asn": 64496},
    {"network": "10.77.2.0/24", "country": "FR", "asn": 64497},
    {"network": "10.77.3.0/24", "country": "FR", "asn": 64496},
    {"network": "fd77:0:0:1::/64", "country": "DE", "asn": 64496},
    {"network": "fd77:0:0:2::/64", "country": "SE", "asn": 65536},
]


@pytest.fixture(scope="session")
def databases():
    """A directory, open to every user, with country.mmdb and asn.mmdb of RESOLVERS."""
    with written(RESOLVERS) as folder:
        yield folder


@pytest.fixture(scope="session")
def geoip_flags(databases):
    return flags(databases)


@pytest.fixture(scope="session")
def observed_databases():
    with written(PLACES) as folder:
        yield flags(folder)


@pytest.fixture
def observe(host, start, clock, observed_databases):
    """Begins to observe a program with these flags. `told`: a service manager's socket and path."""
    def begin(*given, told=None):
        clock.align()
        options = dict(clock.options)
        if told:
            options["prefix"] += (f"NOTIFY_SOCKET={told[1]}",)
        program = start(*observed_databases, *MARKER_TUNNEL, "-dnstt.active-window", f"{WINDOW}s",
                        "-log.level", "debug", *given, **options)
        step = 100 * ROUND if set(ROUND_FLAGS) <= set(given) else 1
        return Observer(host, program, clock, step, told and told[0])

    return begin
