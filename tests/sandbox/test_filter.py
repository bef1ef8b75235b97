"""No packet from before the filter is ever read: not while the program starts, and not after."""

import contextlib
import threading
import time

import pytest

from attack import attacking
from support import account, frames
from support.program import START_SECONDS, wait_for

STARTS = 5
FOREIGN = [frames.query_frame(account.MARKER, port=5353)] * 50


@pytest.fixture
def flood(host):
    """Packets of a port that is not watched, some 50 each millisecond, for as long as this is open.
    The pause leaves the processor to the program that starts meanwhile, however few there are."""

    @contextlib.contextmanager
    def open_flood():
        over = threading.Event()
        sent = []

        def send():
            while not over.is_set():
                host.inbound.send(*FOREIGN)
                sent.append(len(FOREIGN))
                time.sleep(0.001)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            wait_for(lambda: sent, START_SECONDS, "the flood")
            yield sent
        finally:
            over.set()
            sender.join()

    return open_flood


def received(program):
    return program.metrics().sum("dnstt_exporter_packets_received_total")


@pytest.mark.parametrize("flags", [(), ("-capture.interface", "server0")], ids=["every", "named"])
def test_started_in_a_flood(host, start, flood, flags):
    for _ in range(STARTS):
        with flood() as sent:
            before = len(sent)
            program = start(*flags)
            wait_for(lambda: "serving metrics" in program.log(), START_SECONDS, "ready")
            assert len(sent) > before
        host.settle(program, seconds=START_SECONDS)
        assert received(program) == program.markers
        assert program.stop() == 0


def test_a_socket_with_a_protocol_would_read_them(host, flood):
    """The same with the first of the defences taken away: opened as most programs open theirs."""
    with flood(), attacking(host.server, "", "", removed=("protocol-0",)) as running:
        running.program.wait_ready()
        wait_for(lambda: received(running.program) > 0, START_SECONDS, "packets from before the filter")
