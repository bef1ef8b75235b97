"""What may happen to the interface that is watched: no violation, no spin, and packets flow again
within five seconds, or the program ends with status 1 and says why."""

import contextlib
import time

import pytest

from support import account, frames
from support.figures import figure
from support.namespace import Injector
from support.process import processor_seconds
from support.program import wait_for

FLOW_SECONDS = 5
WATCHED, PEER = "watch0", "watch1"
MARKER = frames.query_frame(account.MARKER)

# Of one processor, in seconds of each second. The heartbeat takes far less.
BUSY = 0.01


WORST = {"flow": 0.0, "busy": 0.0}  # of all tests: the longest wait, the busiest second


@pytest.fixture(scope="module", autouse=True)
def shown():
    yield
    figure(f"interfaces away and back: packets flow again within {WORST['flow']:.2f} s, at most "
           f"{100 * WORST['busy']:.3f} % of a processor meanwhile")


class Link:
    """A veth pair inside the server's namespace. What its peer sends, the watched end receives."""

    def __init__(self, namespace):
        self.namespace = namespace
        self.injector = None
        self.add()

    def add(self):
        self.namespace.ip("link", "add", WATCHED, "address", frames.SERVER_MAC, "type", "veth",
                          "peer", "name", PEER)
        for interface in (WATCHED, PEER):
            self.namespace.silence_ipv6(interface)
        self.set(PEER, "up")
        self.injector = Injector(self.namespace, PEER)

    def set(self, interface, *what):
        self.namespace.ip("link", "set", interface, *what)

    def remove(self):
        self.injector.close()
        self.namespace.ip("link", "del", PEER)


@pytest.fixture
def link(host):
    made = Link(host.server)
    yield made
    with contextlib.suppress(AssertionError):  # a test may have removed it
        made.remove()


def foreign(program):
    return account.outcomes(program.metrics())["other_domain"]


def assert_flows(program, link):
    """Sends until it counts."""
    before = foreign(program)

    def counted():
        link.injector.send(MARKER)
        return foreign(program) > before

    began = time.monotonic()
    wait_for(counted, FLOW_SECONDS, "packets flow")
    WORST["flow"] = max(WORST["flow"], time.monotonic() - began)


def assert_idle(program):
    pids = (program.pid, program.sniffer)
    before = sum(map(processor_seconds, pids))
    time.sleep(1)
    busy = sum(map(processor_seconds, pids)) - before
    assert busy < BUSY
    WORST["busy"] = max(WORST["busy"], busy)


def assert_ends_with(program, cause):
    assert program.wait_end(FLOW_SECONDS) == 1
    (line,) = [line for line in program.log().splitlines() if "level=error" in line]
    assert cause in line


@pytest.fixture(params=[WATCHED, None], ids=["named", "every"])
def flags(request):
    return ("-capture.interface", request.param) if request.param else ()


def test_down_and_up(link, start, flags):
    link.set(WATCHED, "up")
    program = start(*flags)
    assert_flows(program, link)
    for _ in range(2):
        link.set(WATCHED, "down")
        assert_idle(program)
        link.set(WATCHED, "up")
        assert_flows(program, link)
    assert ("went down" in program.log()) == bool(flags)


def test_the_peer_down_and_up(link, start, flags):
    """As when a cable is pulled."""
    link.set(WATCHED, "up")
    program = start(*flags)
    link.set(PEER, "down")
    assert_idle(program)
    link.set(PEER, "up")
    link.injector.close()
    link.injector = Injector(link.namespace, PEER)
    assert_flows(program, link)


def test_renamed(link, start, flags):
    link.set(WATCHED, "up")
    program = start(*flags)
    link.set(WATCHED, "down")
    link.set(WATCHED, "name", "renamed0")
    assert_idle(program)
    link.set("renamed0", "up")
    assert_flows(program, link)


def test_the_named_one_removed(link, start):
    link.set(WATCHED, "up")
    program = start("-capture.interface", WATCHED)
    assert_flows(program, link)
    link.remove()
    assert_ends_with(program, "the watched interface was removed")


def test_the_named_one_removed_and_made_anew(link, start):
    """At once: it is another interface under the same name, of which the socket sees nothing."""
    link.set(WATCHED, "up")
    program = start("-capture.interface", WATCHED)
    link.remove()
    link.add()
    link.set(WATCHED, "up")
    assert_ends_with(program, "the watched interface was removed")
    assert_flows(start("-capture.interface", WATCHED), link)


def test_one_of_all_removed_and_made_anew(link, start):
    link.set(WATCHED, "up")
    program = start()
    assert_flows(program, link)
    link.remove()
    assert_idle(program)
    link.add()
    link.set(WATCHED, "up")
    assert_flows(program, link)


def test_down_at_the_start(link, start, flags):
    program = start(*flags)
    assert_idle(program)
    link.set(WATCHED, "up")
    assert_flows(program, link)
    assert ("is down" in program.log()) == bool(flags)


def test_down_at_the_start_and_removed(link, start):
    program = start("-capture.interface", WATCHED)
    link.remove()
    assert_ends_with(program, "the watched interface was removed")
