"""-check leaves everything alone: sockets, their files, processes, packets, the running service, the
service manager; and it has no privilege when it opens a file."""

import contextlib
import fcntl
import os
import pathlib
import platform
import pwd
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile

import pytest

from support import frames, wire
from support.check import CHECK, DOMAIN, bad, check, good
from support.namespace import run
from support.program import PROGRAM, wait_for

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def folder():
    """One that the exporter may write to."""
    with tempfile.TemporaryDirectory(prefix="dnstt-check-") as name:
        path = pathlib.Path(name)
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        path.chmod(0o755)
        yield path


def test_beside_a_running_service(host, start, folder):
    """Its addresses are in use, its socket file is the same, and it goes on counting."""
    path = folder / "socket"
    addresses = ("-web.listen-address", f"127.0.0.1:9713,unix:{path}")
    program = start(*addresses)
    before = path.stat()
    lines = good(host, *addresses)
    assert lines[-3:] == ["listen 127.0.0.1:9713: in use, perhaps by the running service",
                          f"listen unix:{path}: in use, perhaps by the running service", "ok"]
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    host.inbound.send(frames.query_frame(wire.query(b"CLIENT-1", DOMAIN, bytes(100))))
    metrics = host.settle(program, query=1)
    # Nobody came to it meanwhile.
    assert metrics.sum("dnstt_exporter_http_connections_dropped_total") == 0


def test_socket_file_without_a_listener(host, folder):
    path = folder / "socket"
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
    os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    inode = path.stat().st_ino
    lines = good(host, "-web.listen-address", f"unix:{path}")
    assert f"listen unix:{path}: free, a socket without a listener is replaced" in lines
    assert stat.S_ISSOCK(path.stat().st_mode) and path.stat().st_ino == inode


def test_passed_sockets(host):
    lines = good(host, "-web.systemd-socket")
    assert "listen: on the sockets that a .socket unit passes, which a check does not have" in lines


def test_the_service_manager_hears_nothing(host, folder):
    path = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        path.chmod(0o666)
        manager.setblocking(False)
        told = {"NOTIFY_SOCKET": str(path)}
        good(host, environment=told)
        bad(host, 1, "-geoip.asn-database", folder / "none.mmdb", environment=told)
        bad(host, 1, "-capture.interface", "missing0", environment=told)
        assert check(host, "-process.user", "no-such-user", environment=told)[0] == 1
        with pytest.raises(BlockingIOError):
            manager.recv(1000)
        # A start tells it.
        subprocess.run(host.server.command(PROGRAM, *CHECK[1:], "-capture.interface", "missing0"),
                       env=dict(os.environ, **told), stderr=subprocess.DEVNULL, timeout=10)
        assert b"STATUS=" in manager.recv(1000)


# Kills the process for what a check does not do, and becomes the program. Binding is for rtnetlink,
# whose addresses have 12 bytes.
FORBID = """
import ctypes, os, struct, sys
LOAD, EQUAL, RETURN, KILL, ALLOW = 0x20, 0x15, 0x06, 0x80000000, 0x7fff0000
bind, *never = map(int, sys.argv[1].split(","))
code = [(LOAD, 0, 0, 0)]
for number in never:
    code += [(EQUAL, 0, 1, number), (RETURN, 0, 0, KILL)]
code += [(EQUAL, 0, 3, bind), (LOAD, 0, 0, 32), (EQUAL, 1, 0, 12), (RETURN, 0, 0, KILL),
         (RETURN, 0, 0, ALLOW)]
text = b"".join(struct.pack("HBBI", *line) for line in code)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(22, 2, ctypes.byref(Program(len(code), text)), 0, 0) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""
CALLS = {
    # bind; listen, connect, accept, accept4, sendmsg, unlink, unlinkat, rename, renameat,
    # renameat2, chmod, fork, vfork, clone, clone3, kill
    "x86_64": "49,50,42,43,288,46,87,263,82,264,316,90,57,58,56,435,62",
    "aarch64": "200,201,203,202,242,211,35,38,276,220,435,129",
}


@pytest.mark.skipif(platform.machine() not in CALLS, reason="numbers of another architecture")
def test_calls_that_it_does_not_make(host, start, geoip_flags, folder):
    addresses = ("-web.listen-address", f"127.0.0.1:9713,unix:{folder}/socket")
    prefix = (sys.executable, "-S", "-c", FORBID, CALLS[platform.machine()])
    good(host, *geoip_flags, *addresses, prefix=prefix)
    start(*addresses)
    good(host, *geoip_flags, *addresses, prefix=prefix)
    # The filter is there, and knows rtnetlink's binding from any other.
    binds = "import socket; socket.socket(socket.AF_INET).bind(('127.0.0.1', 0))"
    ended = subprocess.run(host.server.command(*prefix, sys.executable, "-S", "-c", binds),
                           timeout=10)
    assert ended.returncode == -signal.SIGSYS


class Stepped:
    """A check that waits at each of its lines until that is read: its standard output is a pipe
    with room for one write."""

    def __init__(self, host, *flags):
        self.reader, writer = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
        os.set_blocking(self.reader, False)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        self.process = subprocess.Popen(host.server.command(PROGRAM, *CHECK, *flags),
                                        stdin=subprocess.DEVNULL, stdout=writer,
                                        stderr=subprocess.PIPE)
        os.close(writer)

    def read(self):
        """The next line, None at the end."""
        def ready():
            try:
                return [os.read(self.reader, 8192)]
            except BlockingIOError:
                return None

        (text,) = wait_for(ready, 10, "a line")
        return text.decode().rstrip("\n") if text else None

    def status(self):
        """What the kernel says of the process."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return dict(re.findall(r"^(\w+):[ \t]*(.*)$", text, re.M))

    def close(self):
        os.close(self.reader)
        self.process.stderr.close()
        self.process.kill()
        self.process.wait()


def test_privileges_and_sockets_at_each_line(host, geoip_flags):
    """From the exporter's first line on, before the first database, nothing is left of root; at no
    line is there a second process, a listening socket or a packet socket that takes packets."""
    with contextlib.closing(Stepped(host, *geoip_flags)) as stepped:
        unprivileged, seen = 0, []
        while (line := stepped.read()) is not None:
            seen.append(line)
            assert len(host.server.processes()) <= 1
            assert "LISTEN" not in run(*host.server.command("ss", "-tan"))
            packets = run(*host.server.command("cat", "/proc/net/packet"))
            assert all(entry.split()[3] == "0000" for entry in packets.splitlines()[1:]), packets
            if line.startswith(("port", "tunnel", "user")):
                status = stepped.status()
                assert status["Uid"].split() == ["65534"] * 4
                assert status["Gid"].split() == ["65534"] * 4
                assert status["Groups"] == "" and status["NoNewPrivs"] == "1"
                for kind in "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb":
                    assert int(status[kind], 16) == 0
                unprivileged += 1
        assert stepped.process.wait(10) == 0
        assert unprivileged == 3 and seen[-1] == "ok"


def test_signals_end_it(host):
    with contextlib.closing(Stepped(host)) as stepped:
        assert stepped.read().startswith("interface ")
        stepped.process.terminate()
        assert stepped.process.wait(10) != 0
