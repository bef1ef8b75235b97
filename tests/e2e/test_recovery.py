"""What the service comes back from, counting."""

import contextlib
import os
import re
import signal
import socket
import time

import pytest

from e2e.service import DOMAIN, UNIT
from e2e.written import assert_tells_nothing
from support import frames, wire
from support.program import wait_for

WATCHDOG_SECONDS = 10  # the unit's WatchdogSec
AWAY_SECONDS = 15  # several tries

BOTH = pytest.mark.parametrize("name", ["dnstt_exporter", "dnstt_sniffer"])


@BOTH
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSYS], ids=lambda number: number.name)
def test_killed(service, name, number):
    main = service.start()
    os.kill(service.processes()[name], number)
    service.assert_restarted(main)


@BOTH
def test_stopped(service, name):
    main = service.start()
    os.kill(service.processes()[name], signal.SIGSTOP)
    wait_for(lambda: service.main() != main, WATCHDOG_SECONDS + 5, "the watchdog")
    service.assert_restarted(main)


def test_lives_on_past_the_watchdog(service):
    main = service.start()
    time.sleep(WATCHDOG_SECONDS + 5)
    assert service.main() == main
    service.assert_counts()


@pytest.fixture
def interface(service):
    """Adds an interface to the machine: (add, remove)."""
    server = service.host.server

    def add():
        server.ip("link", "add", "away0", "type", "veth", "peer", "name", "away1")
        for name in ("away0", "away1"):
            server.silence_ipv6(name)
            server.ip("link", "set", name, "up")

    def remove():
        server.ip("link", "del", "away0")

    yield add, remove
    if "away0" in server.ip("link", "show"):
        remove()


def mac_of(namespace, name):
    address = re.search(r"link/ether ([0-9a-f:]+)", namespace.ip("link", "show", name))[1]
    return bytes.fromhex(address.replace(":", ""))


def test_named_interface_away(service, interface):
    """However long it is away: no limit ends the tries."""
    add, remove = interface
    add()
    service.configure_to_watch("-capture.interface", "away0")
    main = service.start()
    assert service.show("StartLimitIntervalUSec") == "0"
    remove()
    wait_for(lambda: not service.is_active(), 5, "its end")
    time.sleep(AWAY_SECONDS)
    assert not service.is_active()
    add()
    wait_for(lambda: service.is_active() and service.main() != main, 5, "its return")
    frame = frames.query_frame(wire.query(b"CLIENTID", DOMAIN))
    server = service.host.server
    with server.entered():
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with contextlib.closing(sender):
        sender.bind(("away1", 0))
        sender.send(mac_of(server, "away0") + frame[6:])
    wait_for(lambda: service.metrics().sum("dnstt_queries_total") == 1, 3, "a query counted")


def test_the_reason_shows(service):
    """What the system refused is one line of the status, between the tries as well."""
    service.configure_to_watch("-capture.interface", "nosuch0")
    service.systemctl("start", UNIT, check=False)
    wait_for(lambda: "cannot watch this interface" in service.show("StatusText"), 5, "the reason")
    assert "No such device" in service.systemctl("status", UNIT, check=False).stdout


def test_journal(service):
    assert_tells_nothing(service)
