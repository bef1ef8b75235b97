"""Two processes: neither with a privilege, neither without the other, however they were started."""

import os
import pathlib
import pwd
import re
import signal
import subprocess
import time

import pytest

from support import account, frames, wire
from support.namespace import Injector
from support.program import Program, copied, wait_for

NOBODY = pwd.getpwnam("nobody")
SOMEONE = 12345  # a uid that no account has
AS_SOMEONE = ("setpriv", "--reuid", SOMEONE, "--regid", SOMEONE, "--clear-groups")
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapAmb")


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def assert_unprivileged(program, uid, gid):
    """What the kernel says of both processes."""
    for pid, name in ((program.pid, "dnstt_exporter"), (program.sniffer, "dnstt_sniffer")):
        now = status(pid)
        assert now["Name"] == name
        assert set(now["Uid"].split()) == {str(uid)}
        assert set(now["Gid"].split()) == {str(gid)}
        assert now["Groups"] == ""
        for held in CAPABILITIES:
            assert int(now[held], 16) == 0, (name, held)
        assert now["NoNewPrivs"] == "1"
    assert status(program.sniffer)["Seccomp"] == "2"


def assert_it_works(host, program):
    query = wire.query(b"CLIENTID", "t.example.com")
    host.inbound.send(frames.query_frame(query))
    host.outbound.send(frames.response_frame(wire.response(query)))
    metrics = host.settle(program, query=1, response=1)
    assert metrics.sum("dnstt_sessions_total") == 1


def test_as_root(host, start):
    program = start()
    assert_unprivileged(program, NOBODY.pw_uid, NOBODY.pw_gid)
    assert int(status(program.sniffer)["CapBnd"], 16) == 0
    assert_it_works(host, program)


@pytest.mark.parametrize("user, uid, gid", [
    ("daemon", pwd.getpwnam("daemon").pw_uid, pwd.getpwnam("daemon").pw_gid),
    (SOMEONE, SOMEONE, SOMEONE),
    (f"{SOMEONE}:54321", SOMEONE, 54321),
])
def test_process_user(start, user, uid, gid):
    assert_unprivileged(start("-process.user", user), uid, gid)


@pytest.mark.parametrize("sets", ["ep", "p"])
def test_with_a_file_capability(host, start, sets):
    with copied() as executable:
        subprocess.run(["setcap", f"cap_net_raw+{sets}", executable], check=True)
        program = start(program=executable, prefix=AS_SOMEONE)
        assert_unprivileged(program, SOMEONE, SOMEONE)
        assert_it_works(host, program)
        assert program.stop() == 0


def test_with_an_ambient_capability(host, start):
    with copied() as executable:
        program = start(program=executable, prefix=(*AS_SOMEONE, "--inh-caps", "+net_raw",
                                                    "--ambient-caps", "+net_raw"))
        assert_unprivileged(program, SOMEONE, SOMEONE)
        assert_it_works(host, program)
        assert program.stop() == 0


def test_as_root_with_net_raw_alone(host, start):
    """As in a container: root that may not change users keeps its uid, without any capability."""
    with copied() as executable:
        only = ("setpriv", "--clear-groups", "--inh-caps", "-all,+net_raw", "--bounding-set",
                "-all,+net_raw")
        program = start(program=executable, prefix=only)
        for pid in (program.pid, program.sniffer):
            now = status(pid)
            assert set(now["Uid"].split()) == {"0"}
            assert [int(now[held], 16) for held in CAPABILITIES] == [0] * len(CAPABILITIES)
        assert "uid 0" in program.log()
        assert_it_works(host, program)
        assert program.stop() == 0


@pytest.mark.parametrize("mode, layout", [(0o700, "flat"), (0o755, "installed"),
                                          (0o700, "installed")])
def test_folders(host, start, mode, layout):
    """A checkout that the user it becomes cannot reach, and the installed layout."""
    with copied(mode=mode, layout=layout) as executable:
        program = start(program=executable)
        assert_unprivileged(program, NOBODY.pw_uid, NOBODY.pw_gid)
        assert_it_works(host, program)
        assert program.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_in_order(start, number):
    program = start()
    began = time.monotonic()
    assert program.stop(number) == 0
    assert time.monotonic() - began < 1
    assert "level=error" not in program.log()


def test_ctrl_c_reaches_both(start):
    program = start()
    os.kill(program.sniffer, signal.SIGINT)
    assert program.stop(signal.SIGINT) == 0
    assert "level=error" not in program.log()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
                                    signal.SIGUSR1, signal.SIGUSR2], ids=lambda number: number.name)
def test_the_sniffer_ignores(start, number):
    program = start()
    os.kill(program.sniffer, number)
    # A second that is not ignored shows that the first was delivered and passed over.
    os.kill(program.sniffer, signal.SIGKILL)
    assert program.wait_end() == 1
    assert "KILL" in program.log()


def test_the_sniffer_killed(start):
    program = start()
    began = time.monotonic()
    os.kill(program.sniffer, signal.SIGKILL)
    assert program.wait_end() == 1
    assert time.monotonic() - began < 1
    (line,) = [line for line in program.log().splitlines() if "level=error" in line]
    assert "sniffer" in line and "SIGKILL" in line


def test_the_exporter_killed(start):
    program = start()
    os.kill(program.pid, signal.SIGKILL)
    assert program.wait_end(1) == -signal.SIGKILL


@pytest.mark.parametrize("number, status", [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0)])
def test_the_exporter_ends_while_the_sniffer_is_stopped(start, number, status):
    """Then only the kernel can end the sniffer, by the signal for a parent's death."""
    program = start()
    os.kill(program.sniffer, signal.SIGSTOP)
    assert program.stop(number) == status


def test_the_sniffer_silent(host, start):
    """After five seconds without its report the log says so, and again when it is back."""
    program = start()
    os.kill(program.sniffer, signal.SIGSTOP)
    wait_for(lambda: "silent" in program.log(), 8, "silence in the log")
    os.kill(program.sniffer, signal.SIGCONT)
    wait_for(lambda: "reporting again" in program.log(), 2, "return in the log")
    assert_it_works(host, program)


def test_stopped_and_continued(host, start):
    program = start()
    for number in (signal.SIGSTOP, signal.SIGCONT):
        os.kill(program.sniffer, number)
        os.kill(program.pid, number)
        wait_for(lambda: all(("T" in status(pid)["State"]) == (number == signal.SIGSTOP)
                             for pid in (program.pid, program.sniffer)), 1, number.name)
    assert_it_works(host, program)


@pytest.fixture
def pair(host):
    """A veth pair in the server's namespace, down."""
    names = ("pair0", "pair1")
    host.server.ip("link", "add", names[0], "type", "veth", "peer", "name", names[1])
    for name in names:
        host.server.silence_ipv6(name)
    yield names
    if names[0] in host.server.ip("-brief", "link"):
        host.server.ip("link", "del", names[0])


def test_a_named_interface_removed(host, start, pair):
    host.server.ip("link", "set", pair[0], "up")
    program = start("-capture.interface", pair[0])
    host.server.ip("link", "del", pair[0])
    assert program.wait_end() == 1
    (line,) = [line for line in program.log().splitlines() if "level=error" in line]
    assert "interface" in line


def test_a_named_interface_down_and_up(host, start, pair):
    program = start("-capture.interface", pair[0])
    assert pair[0] in program.log() and "is down" in program.log()
    query = wire.query(b"CLIENTID", "t.example.com")
    mac = host.server.ip("-brief", "link", "show", pair[0]).split()[2]
    frame = bytes.fromhex(mac.replace(":", "")) + frames.query_frame(query)[6:]
    marker = bytes.fromhex(mac.replace(":", "")) + frames.query_frame(account.MARKER)[6:]
    for turn in (1, 2):
        for name in pair:
            host.server.ip("link", "set", name, "up")
        wait_for(lambda: "state UP" in host.server.ip("link", "show", pair[0]), 5, pair[0])
        injector = Injector(host.server, pair[1])
        injector.send(frame)
        account.settle(program, lambda _: injector.send(marker), query=turn)
        injector.close()
        host.server.ip("link", "set", pair[0], "down")
        wait_for(lambda: program.metrics().sum("dnstt_exporter_interface_down_total") == turn, 3,
                 "down in the metrics")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_end_during_the_start(host, number):
    """However early it comes, once the program has begun, the end is in order."""
    def holds(pid):
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        return int(re.search(r"^SigBlk:\s*(\w+)", text, re.M)[1], 16) >> (number - 1) & 1

    for milliseconds in range(0, 40, 3):
        program = Program(host.server, "-dnstt.domain", "t.example.com")
        try:
            wait_for(lambda: holds(program.pid), 5, "the first step of the start")
            time.sleep(milliseconds / 1000)
            os.kill(program.pid, number)
            assert program.process.wait(10) == 0, program.log()
        finally:
            program.kill()
