"""Surroundings that are not as they should be: nowhere to log to, nothing to write to, no names, no
/proc. It runs, or ends with a line that says what is missing."""

import os
import signal

import pytest

from support import frames, wire
from support.figures import figure
from support.program import Program

# `ip netns exec` has given the program a mount namespace of its own: what these change is gone with
# it.
SURROUNDINGS = {
    "a full device for the log": 'exec "$@" 2>/dev/full',
    "a full disk for the log": 'mount -t tmpfs -o size=4k none /mnt && yes >/mnt/log 2>/dev/null; '
                               'exec "$@" 2>>/mnt/log',
    "a log whose reader is gone": 'exec 2> >(exec true); sleep 0.2; exec "$@"',
    "a log that nobody reads": 'fifo=$(mktemp -u) && mkfifo "$fifo" && exec 2<>"$fifo" && '
                               'rm "$fifo" && yes | head -c 65536 >&2 && exec "$@"',
    "nothing open": 'exec "$@" <&- >&- 2>&-',
    "a root that is read-only": 'mount -o remount,bind,ro / && ! touch /nothing 2>/dev/null && '
                                'exec "$@"',
    "no names": 'for file in hosts resolv.conf nsswitch.conf; do [ ! -e /etc/$file ] || '
                'mount --bind /dev/null /etc/$file; done; exec "$@"',
    "no /proc": 'umount -l /proc && exec "$@"',
}


def inside(surroundings):
    return ("bash", "-c", SURROUNDINGS[surroundings], "bash")


RAN = []


@pytest.fixture(scope="module", autouse=True)
def shown():
    yield
    figure(f"{len(RAN)} poor surroundings ({', '.join(RAN)}): counts, reloads and ends in order in each")


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_it_runs(host, start, surroundings):
    """Counts, reloads, and ends in order."""
    program = start("-web.listen-address", "localhost:9713", prefix=inside(surroundings))
    os.kill(program.pid, signal.SIGHUP)
    host.inbound.send(frames.query_frame(wire.query(b"CLIENTID", "t.example.com")))
    host.settle(program, query=1)
    assert program.stop() == 0
    RAN.append(surroundings)


def test_sigpipe(host, start):
    program = start()
    for pid in (program.pid, program.sniffer):
        os.kill(pid, signal.SIGPIPE)
    host.inbound.send(frames.query_frame(wire.query(b"CLIENTID", "t.example.com")))
    host.settle(program, query=1)


def test_a_database_without_proc(host, geoip_flags):
    """libmaxminddb opens by a path, and that of the private copy is in /proc."""
    program = Program(host.server, "-dnstt.domain", "t.example.com", *geoip_flags,
                      prefix=inside("no /proc"))
    try:
        assert program.wait_end() == 1
        (line,) = [line for line in program.log().splitlines() if "level=error" in line]
        assert "/proc" in line and "-geoip.country-database" in line
    finally:
        program.kill()


@pytest.mark.parametrize("unshare, what", [
    (("unshare", "--user", "--map-root-user"), "cannot capture packets"),
    (("unshare", "--user", "--map-root-user", "--net"), "cannot drop privileges"),
], ids=["the host's network", "a network of its own"])
def test_a_user_namespace(host, unshare, what):
    """As a rootless container's: its root has the capability, and not for what is outside."""
    program = Program(host.server, "-dnstt.domain", "t.example.com", prefix=unshare)
    try:
        assert program.wait_end() == 1
        (line,) = [line for line in program.log().splitlines() if "level=error" in line]
        assert what in line and "user namespace" in line and "rootless container" in line
    finally:
        program.kill()
