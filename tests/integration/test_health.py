"""-check.health asks the running service over its own address: without a privilege, within seconds,
and without taking anything else for an answer."""

import contextlib
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from integration.test_processes import CAPABILITIES, status
from integration.test_web_config import USERS
from support import tls
from support.program import PROGRAM
from support.tls import put, put_pair

NOBODY = pwd.getpwnam("nobody")
SECONDS = 2  # HEALTH_STAGE_SECONDS


@pytest.fixture
def folder():
    """One that the exporter may write to."""
    with tempfile.TemporaryDirectory(prefix="dnstt-health-") as name:
        path = pathlib.Path(name)
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        path.chmod(0o755)
        yield path


def health(host, *flags):
    """Its status, its lines, and those of its log."""
    done = subprocess.run(host.server.command(PROGRAM, "-check.health", *flags), text=True,
                          capture_output=True, timeout=10, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def unhealthy(host, *texts, flags=()):
    code, lines, errors = health(host, *flags)
    assert (code, lines, len(errors)) == (1, [], 1), (lines, errors)
    assert all(text in errors[0] for text in ("level=error", *texts)), errors
    return True


@contextlib.contextmanager
def another(host, handle, address=("127.0.0.1", 9713)):
    """Something else that listens there, and does this with the first connection."""
    with host.server.entered():
        family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
        listener = socket.socket(family)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address if family == socket.AF_INET else str(address))
        listener.listen()

        def serve():
            connection, _ = listener.accept()
            with connection, contextlib.suppress(ConnectionError):
                handle(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            thread.join()


def test_healthy(host, start, folder):
    """At the default address without another flag, and at each of several."""
    start()
    assert health(host) == (0, ["listen 127.0.0.1:9713: healthy"], [])

    addresses = ["127.0.0.2:9714", ":9715", "[::1]:9716", f"unix:{folder}/socket"]
    start("-web.listen-address", ",".join(addresses), address=("127.0.0.2", 9714))
    assert health(host, "-web.listen-address", ",".join(addresses)) == (
        0, [f"listen {address}: healthy" for address in addresses], [])


def test_nobody_answers(host):
    assert unhealthy(host, "address=127.0.0.1:9713", "-web.listen-address", "Connection refused")
    assert unhealthy(host, "address=unix:/nowhere", "No such file",
                     flags=("-web.listen-address", "unix:/nowhere"))


def test_a_stopped_service(host, start):
    """The kernel still takes connections for it."""
    program = start()
    program.process.send_signal(signal.SIGSTOP)
    begun = time.monotonic()
    try:
        assert unhealthy(host, "Connection timed out")
    finally:
        program.process.send_signal(signal.SIGCONT)
    assert SECONDS <= time.monotonic() - begun < SECONDS + 2
    assert health(host)[0] == 0


def test_a_trickle(host):
    """The limit is of the whole reply, not of each byte."""
    def trickle(connection):
        for byte in b"HTTP/1.1 200 OK":
            time.sleep(SECONDS / 4)
            connection.send(bytes([byte]))

    begun = time.monotonic()
    with another(host, trickle):
        assert unhealthy(host, "another service answers")
        assert time.monotonic() - begun < SECONDS + 2


def test_a_reply_in_pieces(host):
    def answer(connection):
        connection.recv(1000)
        for piece in b"HTTP/1.", b"1 2", b"00 OK\r\n\r\n":
            connection.sendall(piece)
            time.sleep(0.1)

    with another(host, answer):
        assert health(host)[0] == 0


@pytest.mark.parametrize("reply", [b"HTTP/1.1 404 Not Found\r\n\r\n", b"HTTP/1.1 2000 no\r\n\r\n",
                                   b"SSH-2.0-a200a200\r\n", b"HTTP/1.1"])
def test_another_service(host, reply):
    def answer(connection):
        connection.recv(1000)
        connection.sendall(reply)

    with another(host, answer):
        assert unhealthy(host, "another service answers at this address", "-web.listen-address")


def test_a_password_is_an_answer(host, start):
    with tls.open_folder() as made:
        put(made / "web.yml", USERS)
        start("-web.config.file", made / "web.yml")
        assert health(host)[0] == 0


def test_tls_is_an_answer_where_it_is_expected(host, start):
    """A plain request is then refused without a reply."""
    with tls.open_folder() as made:
        put_pair(made, tls.server_pair(tls.authority("authority")))
        put(made / "web.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n")
        start("-web.config.file", made / "web.yml")
        assert unhealthy(host, "closed the connection", "-web.config.file")
        assert health(host, "-web.config.file", made / "web.yml")[0] == 0


def test_no_privilege_is_left(host, folder):
    """When it connects it is the service's user, whose unix socket lets in nobody else."""
    seen = {}

    def look(connection):
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        seen.update(status(int.from_bytes(peer[:4], "little")))
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with another(host, look, folder / "socket"):
        os.chown(folder / "socket", NOBODY.pw_uid, NOBODY.pw_gid)
        code, _, errors = health(host, "-web.listen-address", f"unix:{folder}/socket")
        assert code == 0, errors
    assert seen["Uid"].split() == [str(NOBODY.pw_uid)] * 4
    assert [int(seen[held], 16) for held in (*CAPABILITIES, "CapBnd")] == [0] * 5
    assert seen["NoNewPrivs"] == "1"
