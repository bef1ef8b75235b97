"""What the endpoint refuses, and how long it lets itself be held."""

import contextlib
import os
import signal
import socket
import time

import pytest

from support.http import GET, HOST, NONE_DROPPED, connect, dropped, rest, say, status_of
from support.namespace import Namespace, run
from support.program import wait_for


@pytest.mark.parametrize("request_bytes, status", [
    (GET + HOST + b"\r\n", 200),
    (GET + HOST + b"Content-Length: 3\r\n\r\nabc", 400),
    (GET + HOST + b"Content-Length: 0\r\n\r\n", 400),
    (GET + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (GET + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    (GET + HOST + HOST + b"\r\n", 400),
    (GET + HOST + b"host: 127.0.0.1\r\n\r\n", 400),
    (b"GET http://localhost/metrics HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET metrics HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (GET + b"\r\n", 400),
    (b"POST /metrics HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", 405),
    (GET + HOST + b"X: " + b"a" * 20000 + b"\r\n\r\n", 431),
])
def test_requests(start, request_bytes, status):
    program = start()
    answer = say(program, request_bytes)
    assert status_of(answer) == status, answer
    assert b"connection: close\r\n" in answer.lower()


def test_one_request_a_connection(start):
    answer = say(start(), (GET + HOST + b"\r\n") * 3)
    assert answer.count(b"HTTP/1.1 ") == 1


LOOPBACK_NAMES = [
    b"localhost", b"localhost.", b"LocalHost", b"LOCALHOST:9713", b"localhost.:9713", b"127.0.0.1",
    b"127.0.0.2", b"127.9.8.7:1", b"127.255.255.255", b"127.0.0.1.", b"127.1", b"0x7f.1:9713",
    b"2130706433", b"[::1]", b"[::1]:9713", b"[0:0:0:0:0:0:0:1]:9713", b"[::ffff:127.0.0.1]",
    b"[::FFFF:7f00:1]:9713",
]
OTHER_NAMES = [
    b"", b".", b"example.com", b"127.0.0.1.example.com", b"127.0.0.1.evil.example",
    b"localhost.evil.example", b"evil.localhost", b"localhost..", b"127.0.0.1..", b"localhost:",
    b"localhost:x", b"localhost:65536", b"[::1", b"::1", b"[::1].", b"[::2]", b"[::127.0.0.1]",
    b"[::ffff:10.77.0.2]", b"[localhost]", b"[127.0.0.1]", b"10.77.0.2", b"128.0.0.1", b"0.0.0.0",
    b"127.0.0.256", b"127.0.0.1 evil.example", b"user@127.0.0.1", b"a" * 100,
]


def test_hosts_on_loopback(start):
    """A name that was made to point at loopback (DNS rebinding) is not served, and is told which
    one would be."""
    program = start()
    for name in LOOPBACK_NAMES:
        answer = say(program, GET + b"Host: " + name + b"\r\n\r\n")
        assert status_of(answer) == 200, (name, answer)
    for name in OTHER_NAMES:
        answer = say(program, GET + b"Host: " + name + b"\r\n\r\n")
        assert status_of(answer) == 403, (name, answer)
        assert answer.endswith(b"a reverse proxy has to send Host: localhost\n"), answer


def test_host_on_mapped_loopback(start):
    """127.0.0.1 in IPv6's clothes is loopback as well."""
    program = start("-web.listen-address", "[::ffff:127.0.0.1]:9713")
    assert status_of(say(program, GET + b"Host: example.com\r\n\r\n")) == 403
    assert status_of(say(program, GET + HOST + b"\r\n")) == 200


def test_host_elsewhere(start):
    """An address that others reach is named in many ways."""
    program = start("-web.listen-address", ":9713")
    assert status_of(say(program, GET + b"Host: metrics.example.com\r\n\r\n")) == 200


def test_pages(start):
    program = start("-web.telemetry-path", "/figures")
    for path in "/-/healthy", "/-/ready", "/status.txt", "/status.json", "/", "/status.html":
        status, _, body = program.request("GET", path)
        assert status == 200
        assert program.request("HEAD", path)[2] == ""
    assert 'href="./figures"' in body


def test_ready_follows_the_sniffer(start):
    program = start()
    os.kill(program.sniffer, signal.SIGSTOP)
    wait_for(lambda: program.request("GET", "/-/ready")[0] == 503, 10, "not ready")
    assert program.request("GET", "/-/healthy")[0] == 200
    os.kill(program.sniffer, signal.SIGCONT)
    wait_for(lambda: program.request("GET", "/-/ready")[0] == 200, 5, "ready again")


@pytest.fixture
def narrow():
    """A namespace whose kernel holds little of a reply that nobody reads."""
    made = Namespace("narrow")
    try:
        run(*made.command("sysctl", "-qw", "net.ipv4.tcp_wmem=4096 4096 4096",
                          "net.ipv4.tcp_rmem=4096 4096 4096"))
        yield made
    finally:
        made.remove()


# Some 40 KiB of metrics.
LARGE = ",".join(f"t{number}.example.com" for number in range(32))
BUSY = b"too many scrapes at a time (-web.max-requests)"


@pytest.mark.parametrize("limit", [1, 3])
def test_scrapes_at_a_time(narrow, start, limit):
    program = start("-web.max-requests", limit, namespace=narrow, domain=LARGE)
    with contextlib.ExitStack() as held:
        slow = [held.enter_context(contextlib.closing(connect(program))) for _ in range(limit)]
        for connection in slow:
            connection.sendall(GET + HOST + b"\r\n")
            assert connection.recv(1) == b"H"
        for _ in range(3):
            refusal = say(program, GET + HOST + b"\r\n")
            assert status_of(refusal) == 503 and BUSY in refusal
        assert status_of(say(program, b"HEAD" + GET[3:] + HOST + b"\r\n")) == 503
        for path in "/", "/-/healthy", "/-/ready":
            assert program.request("GET", path)[0] == 200
        # One that was held up ends as any other, and leaves its place to the next.
        assert rest(slow[0]).endswith(b"\r\n0\r\n\r\n")
        wait_for(lambda: program.request("GET", "/metrics")[0] == 200, 5, "a place is free")
    wait_for(lambda: program.request("GET", "/metrics")[0] == 200, 5, "all have gone")


def test_no_limit_on_scrapes(narrow, start):
    program = start("-web.max-requests", 0, namespace=narrow, domain=LARGE)
    with contextlib.ExitStack() as held:
        for number in range(48):
            connection = held.enter_context(contextlib.closing(
                connect(program, source=f"127.0.0.{100 + number % 4}")))
            connection.sendall(GET + HOST + b"\r\n")
            assert connection.recv(1) == b"H"
        assert program.request("GET", "/metrics")[0] == 200


def test_none_to_give_up(narrow, start):
    """Where all are being answered, a newcomer is closed at once and counted: of a peer that has 16
    of them, and of anybody when there are 64."""
    program = start("-web.max-requests", 0, namespace=narrow, domain=LARGE)
    with contextlib.ExitStack() as held:
        def scrape_slowly(source):
            connection = held.enter_context(contextlib.closing(connect(program, source=source)))
            connection.sendall(GET + HOST + b"\r\n")
            assert connection.recv(1) == b"H"
            return connection

        def refused(source):
            with contextlib.closing(connect(program, source=source)) as connection:
                return connection.recv(1) == b""

        slow = [scrape_slowly(f"127.0.0.{100 + number // 16}") for number in range(48)]
        assert refused("127.0.0.100")
        slow += [scrape_slowly("127.0.0.103") for _ in range(16)]
        assert refused("127.0.0.104")
        for connection in slow:
            assert rest(connection).endswith(b"\r\n0\r\n\r\n")
    assert dropped(program) == NONE_DROPPED | {"limit": 2}


def test_an_byte_now_and_then(start):
    """Each byte starts libmicrohttpd's own timeout anew: the deadline holds all the same. Those
    that fall silent end by that timeout, and those that go do not count as dropped."""
    program = start()
    begin = time.monotonic()
    with contextlib.ExitStack() as held:
        for data in b"", GET[:-2], GET, GET + HOST:
            silent = held.enter_context(contextlib.closing(connect(program)))
            silent.sendall(data)
            with contextlib.closing(connect(program)) as gone:  # its end comes with the bytes
                gone.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
                gone.sendall(data)
        connection = held.enter_context(contextlib.closing(connect(program)))
        connection.sendall(GET)
        connection.settimeout(2)
        ended = False
        while not ended and time.monotonic() < begin + 60:
            try:
                connection.sendall(b"X")
                ended = connection.recv(1) == b""
            except TimeoutError:
                pass
            except ConnectionError:
                ended = True
        assert 30 < time.monotonic() - begin < 45
        assert dropped(program) == NONE_DROPPED | {"timeout": 4, "deadline": 1}
