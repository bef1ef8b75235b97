"""The host of the tests, databases for it, and programs that end with their test."""

import json
import pathlib
import tempfile

import pytest

from support.host import Host
from support.namespace import run
from support.program import ROOT, Program


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
    def begin(*tunnels, flags=()):
        given = [part for tunnel in tunnels for part in ("-dnstt.tunnel", tunnel)]
        return start(*given, *flags, domain=None)

    return begin


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
    with tempfile.TemporaryDirectory(prefix="dnstt-mmdb-") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        specification = directory / "spec.json"
        specification.write_text(json.dumps(RESOLVERS))
        run("perl", str(ROOT / "tests/data/make_databases.pl"), name, str(specification))
        yield directory


@pytest.fixture(scope="session")
def geoip_flags(databases):
    return ("-geoip.country-database", databases / "country.mmdb",
            "-geoip.asn-database", databases / "asn.mmdb")
