"""What the endpoint refuses, and how long it lets itself be held."""

import contextlib
import os
import signal
import time

import pytest

from support.http import GET, HOST, connect, say, status_of
from support.program import wait_for


@pytest.mark.parametrize("request_octets, status", [
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
def test_requests(start, request_octets, status):
    program = start()
    answer = say(program, request_octets)
    assert status_of(answer) == status, answer
    assert b"connection: close\r\n" in answer.lower()


def test_one_request_a_connection(start):
    answer = say(start(), (GET + HOST + b"\r\n") * 3)
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("name, status", [
    (b"localhost", 200), (b"LOCALHOST:9713", 200), (b"127.0.0.1", 200), (b"127.9.8.7:1", 200),
    (b"[::1]:9713", 200), (b"", 403), (b"example.com", 403), (b"127.0.0.1.example.com", 403),
    (b"localhost:", 403), (b"localhost:x", 403), (b"[::1", 403), (b"10.77.0.2", 403),
    (b"a" * 100, 403),
])
def test_host_on_loopback(start, name, status):
    """A name that was made to point at loopback (DNS rebinding) is not served."""
    answer = say(start(), GET + b"Host: " + name + b"\r\n\r\n")
    assert status_of(answer) == status, answer


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
    for path in "/-/healthy", "/-/ready", "/":
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


def test_an_octet_now_and_then(start):
    """Each octet starts libmicrohttpd's own timeout anew: the deadline holds all the same."""
    program = start()
    begin = time.monotonic()
    with contextlib.closing(connect(program)) as connection:
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
