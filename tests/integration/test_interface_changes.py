"""Interfaces that change after the start, with all of them watched: what needs a restart is told
within ten seconds, and what comes with a container or a virtual machine is not."""

import contextlib
import os
import signal
import subprocess
import time

import pytest

from support.host import SERVER_INTERFACE, Host
from support.namespace import Namespace
from support.program import wait_for

SECONDS = 10
LONGER = 6  # than a change has to last before it is told
CONTAINERS = 20
LINES = 16  # with a name
CHANGED = "dnstt_exporter_interfaces_changed"


@pytest.fixture
def plain():
    made = Host()
    yield made
    made.close()


@pytest.fixture
def bridged():
    made = Host(bridge="bridge0")
    yield made
    made.close()


def warnings(program):
    """Of interfaces; the hint that a restart is needed may follow (test_hints.py)."""
    return [line for line in program.log().splitlines()
            if "level=warn" in line and " hint=" not in line]


def changed(program):
    (sample,) = program.metrics().find(CHANGED)
    return sample[1]


def assert_told(program, name, text):
    """One line, within the time, and the metric."""
    wait_for(lambda: any(f"interface={name}" in line for line in warnings(program)), SECONDS,
             f"a line about {name}")
    (line,) = [line for line in warnings(program) if f"interface={name}" in line]
    assert text in line and "restart" in line
    wait_for(lambda: changed(program) == 1, 1, "the metric")


def assert_nothing_told(program):
    time.sleep(LONGER)
    assert warnings(program) == []
    assert changed(program) == 0


def enslave(host, interface):
    host.server.ip("link", "add", "bridge9", "type", "bridge")
    host.server.ip("link", "set", interface, "master", "bridge9")


def test_a_port_is_told_once_and_for_ever(plain, start):
    program = start(namespace=plain.server)
    assert changed(program) == 0
    enslave(plain, SERVER_INTERFACE)
    assert_told(program, SERVER_INTERFACE, 'shown_by="its bridge"')
    plain.server.ip("link", "set", SERVER_INTERFACE, "nomaster")
    plain.server.ip("link", "set", SERVER_INTERFACE, "master", "bridge9")
    time.sleep(LONGER)
    assert len(warnings(program)) == 1
    assert changed(program) == 1


def test_a_port_that_is_none_any_more(bridged, start):
    program = start(namespace=bridged.server)
    assert changed(program) == 0
    bridged.server.ip("link", "set", SERVER_INTERFACE, "nomaster")
    assert_told(program, SERVER_INTERFACE, "do not count")


def test_a_moment_without_a_bridge(bridged, start):
    """As while a host sets up its network anew."""
    program = start(namespace=bridged.server)
    bridged.server.ip("link", "set", SERVER_INTERFACE, "nomaster")
    bridged.server.ip("link", "set", SERVER_INTERFACE, "master", "bridge0")
    assert_nothing_told(program)


def test_another_name(plain, start):
    program = start(namespace=plain.server)
    for old, new in ((SERVER_INTERFACE, "other0"), ("other0", SERVER_INTERFACE)):
        plain.server.ip("link", "set", old, "down")
        plain.server.ip("link", "set", old, "name", new)
        plain.server.ip("link", "set", new, "up")
    assert_nothing_told(program)


@pytest.mark.parametrize("kind, parent", [("ifb", ()), ("macvlan", ("link", SERVER_INTERFACE))])
def test_one_is_born(plain, start, kind, parent):
    program = start(namespace=plain.server)
    plain.server.ip("link", "add", *parent, "name", "born0", "type", kind)
    assert_told(program, "born0", "a new interface")


def test_one_that_was_there(plain, start):
    plain.server.ip("link", "add", "link", SERVER_INTERFACE, "name", "old0", "type", "macvlan")
    program = start(namespace=plain.server)
    plain.server.ip("link", "set", "old0", "up")
    assert_nothing_told(program)


def test_a_macvlan_for_a_container(plain, start):
    """Such a one is made on the host, and then given away."""
    program = start(namespace=plain.server)
    plain.server.ip("link", "add", "link", SERVER_INTERFACE, "name", "given0", "type", "macvlan")
    plain.server.ip("link", "set", "given0", "netns", plain.client.name)
    assert_nothing_told(program)


@contextlib.contextmanager
def container(host, number, bridge):
    """A network namespace with one end of a veth; the other is the host's, or a port of a bridge.
    It is made on the host, and goes with its namespace, as that of a container."""
    inside = Namespace("container")
    try:
        host.server.ip("link", "add", f"veth{number}", "type", "veth", "peer", "name", "inner")
        host.server.ip("link", "set", "inner", "netns", inside.name)
        if bridge:
            host.server.ip("link", "set", f"veth{number}", "master", bridge)
        host.server.ip("link", "set", f"veth{number}", "up")
        inside.ip("link", "set", "inner", "up")
        yield
    finally:
        inside.remove()


def containers(host, numbers):
    """Every second one is a port of the bridge."""
    stack = contextlib.ExitStack()
    for number in numbers:
        stack.enter_context(container(host, number, "bridge0" if number % 2 else None))
    return stack


def gone(host):
    return "veth" not in host.server.ip("link", "show")


def test_containers_come_and_go(bridged, start):
    program = start(namespace=bridged.server)
    with containers(bridged, range(CONTAINERS)):
        time.sleep(LONGER)
    wait_for(lambda: gone(bridged), SECONDS, "the end of all")
    assert_nothing_told(program)


def test_containers_of_the_start_go(bridged, start):
    """The ports among them lose their bridge a moment before they are gone."""
    with containers(bridged, range(CONTAINERS)):
        program = start(namespace=bridged.server)
    wait_for(lambda: gone(bridged), SECONDS, "the end of all")
    assert_nothing_told(program)


def test_many_are_told_of_in_a_few_lines(plain, start):
    program = start(namespace=plain.server)
    for number in range(LINES + 4):
        plain.server.ip("link", "add", "name", f"born{number}", "type", "ifb")
    wait_for(lambda: any("not named any more" in line for line in warnings(program)), SECONDS,
             "the last line")
    assert all("restart" in line for line in warnings(program))
    time.sleep(LONGER)
    assert len(warnings(program)) == LINES + 1


def test_missed_changes(plain, start):
    """More than the socket holds come while the exporter is stopped."""
    turns = "link set lo mtu 65535\nlink set lo mtu 65536\n" * 8000
    program = start(namespace=plain.server)
    os.kill(program.pid, signal.SIGSTOP)
    try:
        subprocess.run(["ip", "-n", plain.server.name, "-batch", "-"], input=turns, text=True,
                       check=True)
    finally:
        os.kill(program.pid, signal.SIGCONT)
    wait_for(lambda: changed(program) == 1, SECONDS, "the metric")
    (line,) = [line for line in warnings(program) if "missed" in line]
    assert "restart" in line


def test_a_named_interface(plain, start):
    """Nothing is left out then, and nothing is followed."""
    program = start("-capture.interface", SERVER_INTERFACE, namespace=plain.server)
    enslave(plain, SERVER_INTERFACE)
    plain.server.ip("link", "add", "name", "born0", "type", "ifb")
    assert_nothing_told(program)
