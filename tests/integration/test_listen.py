"""Where it listens: several addresses, unix sockets, and sockets that were passed."""

import os
import pathlib
import pwd
import signal
import socket
import stat
import subprocess
import sys
import tempfile

import pytest

from support import frames
from support.http import GET, HOST, connect, say, status_of
from support.program import PROGRAM

DOMAIN = ("-dnstt.domain", "t.example.com")
NOBODY = pwd.getpwnam("nobody")
SCRAPE = GET + HOST + b"\r\n"
ANY_HOST = GET + b"Host: metrics.example.com\r\n\r\n"


@pytest.fixture
def folder():
    """One that the exporter may write to."""
    with tempfile.TemporaryDirectory(prefix="dnstt-listen-") as name:
        path = pathlib.Path(name)
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        path.chmod(0o755)
        yield path


def refused(host, *flags):
    """The one line of an end with status 1."""
    done = subprocess.run(host.server.command(PROGRAM, *DOMAIN, *flags), capture_output=True,
                          text=True, timeout=10, stdin=subprocess.DEVNULL)
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    return line


def test_several_addresses(start, folder):
    path = str(folder / "socket")
    program = start("-web.listen-address", f"127.0.0.1:9713,[::1]:9714,unix:{path}",
                    "-web.listen-address", f"{frames.SERVER4}:9715")
    addresses = [("127.0.0.1", 9713), ("::1", 9714), (frames.SERVER4, 9715), path]
    for address in addresses:
        assert status_of(say(program, SCRAPE, address)) == 200
    # Each has its own answer to a foreign name.
    assert [status_of(say(program, ANY_HOST, address)) for address in addresses] == [
        403, 403, 200, 200]
    for text in "127.0.0.1:9713", "[::1]:9714", f"unix:{path}", f"{frames.SERVER4}:9715":
        assert f"address={text} " in program.log()
    with pytest.raises(ConnectionRefusedError):
        connect(program, ("127.0.0.1", 9714))


def test_as_many_as_there_may_be(start):
    ports = range(9720, 9728)
    program = start("-web.listen-address", ",".join(f"127.0.0.1:{port}" for port in ports),
                    address=("127.0.0.1", ports[0]))
    for port in ports:
        assert program.request("GET", "/metrics", port=port)[0] == 200


@pytest.mark.parametrize("address, families", [
    (":9713", {4, 6}), ("[::]:9713", {4, 6}), ("0.0.0.0:9713", {4}),
])
def test_families(start, address, families):
    program = start("-web.listen-address", address)
    for family, host in (4, "127.0.0.1"), (6, "::1"):
        if family in families:
            assert program.request("GET", "/metrics", host=host)[0] == 200
        else:
            with pytest.raises(ConnectionRefusedError):
                program.request("GET", "/metrics", host=host)


def test_one_that_cannot_be_had(host):
    """It is named, and what was opened before it does not matter."""
    line = refused(host, "-web.listen-address", "127.0.0.1:9713,192.0.2.1:9713")
    assert "value=192.0.2.1:9713 " in line and "free address" in line


def test_unix_socket(start, folder):
    path = folder / "socket"
    program = start("-web.listen-address", f"unix:{path}", address=str(path))
    status = path.stat()
    assert stat.S_ISSOCK(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o660
    assert (status.st_uid, status.st_gid) == (NOBODY.pw_uid, NOBODY.pw_gid)
    for data, expected in (SCRAPE, 200), (ANY_HOST, 200), (b"POST" + SCRAPE[3:], 405):
        assert status_of(say(program, data, str(path))) == expected


def test_unix_socket_of_a_shared_group(start, folder):
    """Of a set-group-ID folder, whose group is a reverse proxy's."""
    os.chown(folder, NOBODY.pw_uid, 12345)
    folder.chmod(0o2755)
    path = folder / "socket"
    start("-web.listen-address", f"unix:{path}", address=str(path))
    assert path.stat().st_gid == 12345

    def reaches(group):
        command = ["setpriv", "--reuid=12345", f"--regid={group}", "--clear-groups", sys.executable,
                   "-S", "-c", f"import socket; socket.socket(1).connect({str(path)!r})"]
        return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0

    assert reaches(12345)
    assert not reaches(12346)


def test_peers_of_a_unix_socket_count_as_one(start, folder):
    path = str(folder / "socket")
    program = start("-web.listen-address", f"127.0.0.1:9713,unix:{path}")
    before = len(os.listdir(f"/proc/{program.pid}/fd"))
    crowd = [connect(program, path) for _ in range(100)]
    for address in path, ("127.0.0.1", 9713):
        assert status_of(say(program, SCRAPE, address)) == 200
    assert len(os.listdir(f"/proc/{program.pid}/fd")) - before <= 16
    for connection in crowd:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_stale_unix_socket(start, folder, number):
    """What an ended exporter leaves behind is replaced."""
    path = folder / "socket"
    first = start("-web.listen-address", f"unix:{path}", address=str(path))
    first.stop(number)
    assert stat.S_ISSOCK(path.lstat().st_mode)
    with pytest.raises(ConnectionRefusedError):
        connect(first, str(path))
    program = start("-web.listen-address", f"unix:{path}", address=str(path))
    assert status_of(say(program, SCRAPE, str(path))) == 200


@pytest.mark.parametrize("busy", [False, True])
def test_unix_socket_in_use(host, folder, busy):
    path = folder / "socket"
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(str(path))
        path.chmod(0o666)
        taken.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(2 if busy else 0)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(str(path))
        line = refused(host, "-web.listen-address", f"unix:{path}")
        for word in "-web.listen-address", f"unix:{path}", "another process", "another path":
            assert word in line
        assert stat.S_ISSOCK(path.lstat().st_mode)
        for connection in waiting:
            connection.close()


def make_dangling_link(path):
    path.symlink_to("nowhere")


@pytest.mark.parametrize("make", [pathlib.Path.touch, pathlib.Path.mkdir, make_dangling_link,
                                  os.mkfifo])
def test_another_file_in_its_place(host, folder, make):
    path = folder / "socket"
    make(path)
    before = path.lstat()
    line = refused(host, "-web.listen-address", f"unix:{path}")
    for word in "-web.listen-address", f"unix:{path}", "not a socket", "remove it":
        assert word in line
    assert path.lstat() == before


def test_unix_socket_where_it_may_not_write(host, folder):
    folder.chmod(0o555)
    line = refused(host, "-web.listen-address", f"unix:{folder}/socket")
    assert "can write to" in line and "ermission" in line
    line = refused(host, "-web.listen-address", f"unix:{folder}/nothing/socket")
    assert "can write to" in line and "No such file" in line


# Opens sockets, as a service manager does, and becomes the program: `kind,address …`, then that.
ACTIVATE = """
import os, socket, sys
places, command = sys.argv[1].split(), sys.argv[2:]
for number, place in enumerate(places, 3):
    kind, family, address = place.split(",")
    family = getattr(socket, family)
    made = socket.socket(family, getattr(socket, kind))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(address if family == socket.AF_UNIX else (address, 9713))
    if kind != "SOCK_DGRAM":
        made.listen()
    descriptor = made.detach()
    os.dup2(descriptor, number)
    os.set_inheritable(number, True)
    if descriptor != number:
        os.close(descriptor)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(places)))
os.execvp(command[0], command)
"""


def activated(*places):
    return {"prefix": (sys.executable, "-S", "-c", ACTIVATE, " ".join(places))}


def test_passed_sockets(start, folder):
    path = str(folder / "socket")
    program = start("-web.systemd-socket", **activated(
        "SOCK_STREAM,AF_INET,127.0.0.1", f"SOCK_STREAM,AF_UNIX,{path}",
        f"SOCK_STREAM,AF_INET,{frames.SERVER4}"))
    addresses = [("127.0.0.1", 9713), path, (frames.SERVER4, 9713)]
    for address in addresses:
        assert status_of(say(program, SCRAPE, address)) == 200
    assert [status_of(say(program, ANY_HOST, address)) for address in addresses] == [403, 200, 200]


@pytest.mark.parametrize("place", ["SOCK_DGRAM,AF_UNIX,{}", "SOCK_SEQPACKET,AF_UNIX,{}",
                                   "SOCK_DGRAM,AF_INET,127.0.0.1"])
def test_passed_socket_of_another_kind(host, folder, place):
    prefix = activated(place.format(folder / "socket"))["prefix"]
    done = subprocess.run(host.server.command(*prefix, PROGRAM, *DOMAIN, "-web.systemd-socket"),
                          capture_output=True, text=True, timeout=10)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "-web.systemd-socket" in line and ".socket unit" in line


def test_no_passed_socket(host):
    assert "no socket was passed" in refused(host, "-web.systemd-socket")
