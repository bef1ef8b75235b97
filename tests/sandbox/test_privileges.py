"""What the kernel says of the two processes once they are ready, however they were started."""

import os
import pathlib
import pwd
import re
import subprocess
from typing import NamedTuple

import pytest

from support.namespace import run
from support.program import copied, wait_for

NOBODY = pwd.getpwnam("nobody")
SOMEONE = 12345  # a uid that no account has
AS_SOMEONE = ("setpriv", "--reuid", SOMEONE, "--regid", SOMEONE, "--clear-groups")
ONLY_NET_RAW = "-all,+net_raw"
UNLIMITED = "unlimited"

# Descriptors that whoever starts the program forgot to close.
STRAY = ("sh", "-c", 'exec 3</dev/zero 4</etc/passwd 5</dev/zero 9<>/dev/full; exec "$@"', "sh")
STRAY_FILES = {"/dev/zero", "/etc/passwd", "/dev/full"}


class Way(NamedTuple):
    """A way of starting: with which prefix, and who the processes are then."""

    uid: int
    gid: int
    prefix: tuple = ()
    file_capability: str = ""
    empties_bounding_set: bool = False


WAYS = {
    "root": Way(NOBODY.pw_uid, NOBODY.pw_gid, empties_bounding_set=True),
    "file-capability": Way(SOMEONE, SOMEONE, AS_SOMEONE, file_capability="cap_net_raw+ep"),
    "ambient-capability": Way(SOMEONE, SOMEONE, (*AS_SOMEONE, "--inh-caps", "+net_raw",
                                                 "--ambient-caps", "+net_raw")),
    "service-manager": Way(SOMEONE, SOMEONE, (
        *AS_SOMEONE, "--inh-caps", ONLY_NET_RAW, "--ambient-caps", ONLY_NET_RAW,
        "--bounding-set", ONLY_NET_RAW, "--no-new-privs")),
    "container-root": Way(0, 0, ("setpriv", "--clear-groups", "--inh-caps", ONLY_NET_RAW,
                                 "--bounding-set", ONLY_NET_RAW)),
}


@pytest.fixture(params=WAYS)
def way(request):
    return WAYS[request.param]


@pytest.fixture
def program(way, start):
    """Ready, started this way, with stray descriptors."""
    with copied() as executable:
        if way.file_capability:
            run("setcap", way.file_capability, str(executable))
        begun = start("-capture.interface", "server0", program=executable,
                      prefix=(*STRAY, *way.prefix))
        wait_for(lambda: "serving metrics" in begun.log(), 5, "ready")
        yield begun
        assert begun.stop() == 0, begun.log()


def both(program):
    return {"dnstt_exporter": program.pid, "dnstt_sniffer": program.sniffer}


def read(pid, name):
    return pathlib.Path(f"/proc/{pid}/{name}").read_text()


def status(pid):
    return {key: value.strip() for key, _, value in
            (line.partition(":") for line in read(pid, "status").splitlines())}


def descriptors(pid):
    """Number → what it leads to."""
    folder = pathlib.Path(f"/proc/{pid}/fd")
    return {int(entry.name): os.readlink(entry) for entry in folder.iterdir()}


def sockets(pid, kind):
    """What descriptors to sockets of this kind (a file of /proc/net) would lead to."""
    column = {"packet": 8, "unix": 6}[kind]
    lines = read(pid, f"net/{kind}").splitlines()[1:]
    return {f"socket:[{line.split()[column]}]" for line in lines}


def limits(pid):
    """Name → (soft, hard)."""
    rows = re.findall(r"^(Max .*?)  +(\S+) +(\S+)", read(pid, "limits"), re.M)
    return {name: (soft, hard) for name, soft, hard in rows}


def test_no_privilege(way, program):
    for name, pid in both(program).items():
        now = status(pid)
        assert now["Name"] == name
        assert set(now["Uid"].split()) == {str(way.uid)}
        assert set(now["Gid"].split()) == {str(way.gid)}
        assert now["Groups"] == ""
        held = {key: int(now[key], 16) for key in ("CapPrm", "CapEff", "CapInh", "CapAmb")}
        assert not any(held.values()), (name, held)
        assert (int(now["CapBnd"], 16) == 0) == way.empties_bounding_set
        assert (now["NoNewPrivs"], now["Seccomp"]) == ("1", "2")


def may_look_into(pid, way):
    """Whether the same user, without any capability, gets at what ptrace(2) could also see."""
    command = ("setpriv", "--reuid", way.uid, "--regid", way.gid, "--clear-groups", "--inh-caps",
               "-all", "--bounding-set", "-all", "readlink", f"/proc/{pid}/exe")
    done = subprocess.run([str(part) for part in command], capture_output=True)
    return done.returncode == 0


def test_not_dumpable(way, program):
    sleep = ("setpriv", "--reuid", way.uid, "--regid", way.gid, "--clear-groups", "--inh-caps",
             "-all", "--bounding-set", "-all", "sleep", "60")
    with subprocess.Popen([str(part) for part in sleep]) as dumpable:
        try:
            wait_for(lambda: may_look_into(dumpable.pid, way), 5, "a look into a usual process")
            assert not any(may_look_into(pid, way) for pid in both(program).values())
        finally:
            dumpable.kill()


def test_descriptors_of_the_sniffer(program):
    held = descriptors(program.sniffer)
    assert sorted(held) == [0, 1, 2, 3, 4]
    assert [held[number] for number in range(3)] == ["/dev/null"] * 3
    assert held[3] in sockets(program.sniffer, "packet")
    assert held[4] in sockets(program.sniffer, "unix")


def test_descriptors_of_the_exporter(program):
    held = set(descriptors(program.pid).values())
    assert sockets(program.pid, "packet") & set(descriptors(program.sniffer).values())
    assert not held & sockets(program.pid, "packet")
    assert not held & STRAY_FILES


def test_limits(program):
    for pid in both(program).values():
        assert limits(pid)["Max core file size"] == ("0", "0")
        assert limits(pid)["Max processes"] == ("0", "0")
    sniffer = limits(program.sniffer)
    assert sniffer["Max file size"] == ("0", "0")
    assert sniffer["Max open files"] == ("5", "5")


def test_packets_stay_out_of_dumps_and_children(program):
    ring = re.search(r"socket:\[\d+\]\n(?:.*\n)*?VmFlags:(.*)", read(program.sniffer, "smaps"))
    assert {"dd", "dc"} <= set(ring[1].split())


def test_no_executable_memory_but_of_files(program):
    for pid in both(program).values():
        for line in read(pid, "maps").splitlines():
            fields = line.split(maxsplit=5)
            if "x" in fields[1]:
                assert "w" not in fields[1], line
                assert len(fields) == 6 and fields[5][0] in "/[", line
