"""Signals, to either process and to both: none ends the sniffer alone, none makes a call that a
policy does not know, and whoever is left ends soon."""

import os
import pathlib
import re
import signal
import time

import pytest

from support import frames, wire
from support.figures import figure
from support.program import alive, wait_for

# They cannot be ignored, or must not be: the processor raises them, or the process itself.
FATAL = {signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL,
         signal.SIGFPE, signal.SIGTRAP, signal.SIGABRT, signal.SIGSYS}
NUMBERS = [number for number in range(1, 65) if number not in FATAL]
STOPPED_SECONDS = 0.5
BOUND_SECONDS = 60  # of a failing test alone: how long it took is shown

SECONDS = []  # from each kill of one process to the other's end


@pytest.fixture(scope="module", autouse=True)
def shown():
    yield
    figure(f"{len(NUMBERS)} signals change nothing in the sniffer; after SIGKILL of one process the "
           f"other had ended within {max(SECONDS, default=0):.3f} s")


QUERY = frames.query_frame(wire.query(b"CLIENTID", "t.example.com", bytes(100)))


def is_stopped(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def stop(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: all(map(is_stopped, pids)), BOUND_SECONDS, "stopped")


def ignored(pid):
    (mask,) = re.findall(r"^SigIgn:\t(\w+)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
    return {number for number in range(1, 65) if int(mask, 16) >> (number - 1) & 1}


def test_the_sniffer_ignores_all_but_the_fatal(host, start):
    program = start()
    assert ignored(program.sniffer) == set(NUMBERS)
    for number in NUMBERS:
        os.kill(program.sniffer, number)
    host.inbound.send(QUERY)
    host.settle(program, query=1)


@pytest.mark.parametrize("who", [("sniffer",), ("pid",), ("sniffer", "pid")])
def test_stopped_and_continued(host, start, who):
    program = start()
    pids = [getattr(program, name) for name in who]
    host.inbound.send(QUERY)
    for _ in range(2):
        stop(*pids)
        host.inbound.send(QUERY)
        time.sleep(STOPPED_SECONDS)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    host.settle(program, query=3)
    assert "level=error" not in program.log()


@pytest.mark.parametrize("stopped", [False, True])
def test_the_sniffer_follows_a_killed_exporter(start, stopped):
    program = start()
    if stopped:
        stop(program.sniffer)
    begin = time.monotonic()
    program.process.kill()
    program.process.wait()
    wait_for(lambda: not alive(program.sniffer), BOUND_SECONDS, "the sniffer's end")
    SECONDS.append(time.monotonic() - begin)


def test_the_exporter_follows_a_killed_sniffer(start):
    program = start()
    begin = time.monotonic()
    os.kill(program.sniffer, signal.SIGKILL)
    assert program.wait_end(BOUND_SECONDS) == 1
    SECONDS.append(time.monotonic() - begin)
    assert "SIGKILL" in program.log()
