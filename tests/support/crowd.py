"""Many connections at once to the endpoint, shortages, and a watch over others' scrapes meanwhile.
A program here is the tests' own or the installed service."""

import contextlib
import itertools
import os
import pathlib
import re
import time

from support.figures import figure
from support.http import GET, HOST, connect, dropped, rest
from support.namespace import run
from support.program import wait_for

CONNECTIONS_MAX = 64  # connections.h, as the one below
PEER_MAX = 16
CROWD = 300
# All connections' memory, as much again for their replies, and what the allocator keeps beside it.
GROWTH_KIB = CONNECTIONS_MAX * (16 + 16) + 1024
# For the exporter to close a connection whose reply was read to its end.
SETTLING = 0.1

MANY = [f"127.0.1.{number}" for number in range(1, 251)]

WORST = {"scrapes": 0, "seconds": 0.0, "growth": 0}  # of all tests of a process


def status_field(program, name):
    status = pathlib.Path(f"/proc/{program.pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)[1])


def resident(program):
    """KiB."""
    return status_field(program, "VmRSS")


def descriptors(program):
    return len(os.listdir(f"/proc/{program.pid}/fd"))


class Watch:
    """Scrapes from an address of its own; what came of that, and of the program, at the end."""

    def __init__(self, program):
        self.program = program
        program.metrics()
        self.memory = resident(program)
        time.sleep(SETTLING)  # a reply's reader may be done before its connection is closed
        self.descriptors = descriptors(program)
        self.seconds = []

    def scrape(self):
        begin = time.monotonic()
        self.program.metrics()
        self.seconds.append(time.monotonic() - begin)

    def assert_undisturbed(self, seconds=5):
        """Once the others are gone."""
        wait_for(lambda: descriptors(self.program) <= self.descriptors, seconds, "all is closed")
        self.scrape()
        growth = resident(self.program) - self.memory
        WORST["scrapes"] += len(self.seconds)
        WORST["seconds"] = max(WORST["seconds"], *self.seconds)
        WORST["growth"] = max(WORST["growth"], growth)
        assert max(self.seconds) < 1
        assert growth < GROWTH_KIB
        assert "level=error" not in self.program.log()


@contextlib.contextmanager
def crowd(program, sources, data, members=CROWD):
    """Connections that say this and then nothing. Those that were given up are reset."""
    with contextlib.ExitStack() as stack:
        made = []
        for source in itertools.islice(itertools.cycle(sources), members):
            connection = stack.enter_context(contextlib.closing(connect(program, source=source)))
            with contextlib.suppress(ConnectionError):
                connection.sendall(data)
            made.append(connection)
        yield made


def limit(program, resource, most):
    """As the exporter's own user, who may."""
    run("setpriv", f"--reuid={status_field(program, 'Uid')}",
        f"--regid={status_field(program, 'Gid')}", "--clear-groups", "prlimit",
        f"--pid={program.pid}", f"--{resource}={most}:")


def assert_all_places_are_free(program):
    """Of as many connections as there are places, but for one, each is answered."""
    before = dropped(program)
    time.sleep(SETTLING)
    with crowd(program, MANY, GET + HOST, members=CONNECTIONS_MAX - 1) as members:
        for connection in members:
            connection.sendall(b"\r\n")
            assert rest(connection).startswith(b"HTTP/1.1 200 ")
    assert dropped(program) == before


def assert_refused_without_memory(program, watch):
    """Connections that there is no memory for are refused and counted, and keep no places."""
    limit(program, "as", 1)
    with crowd(program, MANY, GET):
        pass
    limit(program, "as", "unlimited")
    counted = dropped(program)
    figure(f"{CROWD} connections without memory: {counted['memory']:.0f} refused and counted")
    assert counted["memory"] > CROWD / 2
    # A peer that went while there was no memory to notice it is closed by the timeout of 10 s.
    watch.assert_undisturbed(seconds=13)
    assert_all_places_are_free(program)
