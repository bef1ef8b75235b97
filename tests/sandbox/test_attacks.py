"""Attacks from inside, where a compromised process would stand, on every wall that should refuse
them. Each wall must hold alone, with all others taken away, and without any the attack must
succeed: so the attack is a true one, and each test fails when its wall does."""

import ctypes
import socket
from typing import NamedTuple

import pytest

from attack import DONE, attacking

_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_CREATE_RULESET_VERSION = 1
_GET_MDWE = 66  # prctl(2)
_LIBC = ctypes.CDLL(None)
LANDLOCK_ABI = _LIBC.syscall(_LANDLOCK_CREATE_RULESET, None, 0,
                             _LANDLOCK_CREATE_RULESET_VERSION)
LANDLOCK_TCP, LANDLOCK_ABSTRACT, LANDLOCK_SIGNAL = 4, 6, 6

SECCOMP = {"seccomp": "SIGSYS"}
UNDUMPABLE = {"undumpable": "EPERM"}
NO_CAPABILITY = {"capabilities": "EPERM"}
NO_DESCRIPTOR = {"limits": "EMFILE"}
FILTER_LOCK = {"filter-lock": "EPERM"}


def landlock(refusal, abi=1):
    """No wall where the kernel does not know it yet."""
    return {"landlock": refusal} if abi <= LANDLOCK_ABI else {}


def no_new_code():
    """As above: Linux 6.3."""
    return {"no-new-code": "EACCES"} if _LIBC.prctl(_GET_MDWE, 0, 0, 0, 0) >= 0 else {}


class Row(NamedTuple):
    attacker: str
    attack: str
    walls: dict  # defence → what the attack then ends with
    interface: str = "server0"
    databases: bool = False  # with some configured, a file can be opened for reading


TABLE = [
    # What the packet socket could do. The sniffer must have it, and seccomp alone stands before it.
    Row("sniffer", "inject", SECCOMP),
    Row("sniffer", "inject", SECCOMP, interface="lo"),
    Row("sniffer", "bind anew", SECCOMP, interface="lo"),
    Row("sniffer", "go promiscuous", SECCOMP),
    Row("sniffer", "pass the socket on", SECCOMP),
    Row("sniffer", "replace the filter", SECCOMP | FILTER_LOCK),
    Row("sniffer", "detach the filter", SECCOMP | FILTER_LOCK),
    Row("sniffer", "unlock the filter", SECCOMP | FILTER_LOCK),
    # Files.
    Row("sniffer", "open a file", SECCOMP | NO_DESCRIPTOR | landlock("EACCES")),
    Row("sniffer", "open a file upwards", SECCOMP | NO_DESCRIPTOR | landlock("EACCES")),
    Row("sniffer", "open a file in place", SECCOMP | landlock("EACCES")),
    Row("sniffer", "write a file", SECCOMP | {"limits": "EFBIG"} | landlock("EACCES")),
    Row("exporter", "open a file", SECCOMP | landlock("EACCES")),
    Row("exporter", "open a file upwards", SECCOMP | landlock("EACCES")),
    Row("exporter", "open a file in place", SECCOMP | landlock("EACCES")),
    Row("exporter", "write a file", SECCOMP | landlock("EACCES")),
    Row("exporter", "open a file", landlock("EACCES"), databases=True),
    Row("exporter", "open a file upwards", landlock("EACCES"), databases=True),
    Row("exporter", "open a file in place", landlock("EACCES"), databases=True),
    Row("exporter", "write a file", SECCOMP | landlock("EACCES"), databases=True),
    # The network.
    Row("sniffer", "open a socket", SECCOMP | NO_DESCRIPTOR),
    Row("sniffer", "open a packet socket", SECCOMP | NO_CAPABILITY | NO_DESCRIPTOR),
    Row("exporter", "open a socket", SECCOMP),
    Row("exporter", "open a packet socket", SECCOMP | NO_CAPABILITY),
    Row("exporter", "connect", SECCOMP | landlock("EACCES", LANDLOCK_TCP)),
    Row("exporter", "bind", SECCOMP | landlock("EACCES", LANDLOCK_TCP)),
    Row("exporter", "connect by an abstract name",
        SECCOMP | landlock("EPERM", LANDLOCK_ABSTRACT)),
    # More code, more processes, more privilege.
    Row("sniffer", "execute", SECCOMP | landlock("EACCES")),
    Row("exporter", "execute", SECCOMP | landlock("EACCES")),
    Row("sniffer", "map executable", SECCOMP | no_new_code()),
    Row("exporter", "map executable", SECCOMP | no_new_code()),
    Row("sniffer", "make executable", SECCOMP | no_new_code()),
    Row("exporter", "make executable", SECCOMP | no_new_code()),
    Row("sniffer", "fork", SECCOMP | {"limits": "EAGAIN"}),
    Row("exporter", "fork", SECCOMP | {"limits": "EAGAIN"}),
    Row("sniffer", "raise a limit", SECCOMP | {"limits": "EPERM"}),
    Row("sniffer", "unshare the network", SECCOMP | NO_CAPABILITY),
    Row("exporter", "unshare the network", SECCOMP | NO_CAPABILITY),
    Row("sniffer", "unshare the user", SECCOMP),
    Row("exporter", "unshare the user", SECCOMP),
    Row("sniffer", "take a capability", SECCOMP | NO_CAPABILITY),
    Row("exporter", "take a capability", SECCOMP | NO_CAPABILITY),
    # Each other.
    Row("sniffer", "trace the other", SECCOMP | UNDUMPABLE | landlock("EPERM")),
    Row("exporter", "trace the other", SECCOMP | UNDUMPABLE | landlock("EPERM")),
    Row("sniffer", "take the other's descriptor",
        SECCOMP | NO_DESCRIPTOR | UNDUMPABLE | landlock("EPERM")),
    Row("exporter", "take the other's descriptor", SECCOMP | UNDUMPABLE | landlock("EPERM")),
    Row("sniffer", "read the other's memory", SECCOMP | UNDUMPABLE | landlock("EPERM")),
    Row("exporter", "read the other's memory", SECCOMP | UNDUMPABLE | landlock("EPERM")),
    Row("sniffer", "open the other's memory",
        SECCOMP | NO_DESCRIPTOR | {"undumpable": "EACCES"} | landlock("EACCES")),
    Row("exporter", "open the other's memory",
        SECCOMP | {"undumpable": "EACCES"} | landlock("EACCES")),
    Row("sniffer", "signal the other", SECCOMP | landlock("EPERM", LANDLOCK_SIGNAL)),
    Row("exporter", "signal the other", SECCOMP),
    # The channel is one way, for either of them. A reply to a scrape is sent by the same call, and
    # with databases a copy written, so seccomp has no say in that.
    Row("exporter", "send to the sniffer", {"one-way": "EPIPE"}),
    Row("exporter", "write to the sniffer", SECCOMP | {"one-way": "EPIPE"}),
    Row("exporter", "write to the sniffer", {"one-way": "EPIPE"}, databases=True),
    Row("sniffer", "receive", SECCOMP | {"one-way": "ENODATA"}),
]


def cases():
    for row in TABLE:
        if not row.walls:  # but one that this kernel does not have
            continue
        name = f"{row.attacker}-{row.attack}-{row.interface}".replace(" ", "-")
        name += "-databases" if row.databases else ""
        first = next(iter(row.walls.values()))
        yield pytest.param(row, (), first, id=f"{name}-as-shipped")
        for wall, refusal in row.walls.items():
            others = tuple(other for other in row.walls if other != wall)
            if others:
                yield pytest.param(row, others, refusal, id=f"{name}-{wall}-alone")
        yield pytest.param(row, tuple(row.walls), DONE, id=f"{name}-without")


@pytest.fixture(scope="module", autouse=True)
def abstract_service(host):
    with host.server.entered():
        service = socket.socket(socket.AF_UNIX)
    with service:
        service.bind("\0dnstt-attack")
        service.listen()
        yield


@pytest.mark.parametrize("row, removed, expected", cases())
def test_attack(host, geoip_flags, row, removed, expected):
    with host.server.entered():
        interface = socket.if_nametoindex(row.interface)
    flags = geoip_flags if row.databases else ()
    with attacking(host.server, row.attacker, row.attack, removed, interface,
                   flags=flags) as running:
        assert running.outcome() == expected, running.program.log()
