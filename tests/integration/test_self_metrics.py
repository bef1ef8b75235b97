"""What the program tells of itself: requests, descriptors, CPU time and memory of both processes."""

import contextlib
import os
import pathlib
import signal
import socket
import time

import pytest

from support import frames, wire
from support.program import wait_for

CODES = ["200", "400", "401", "403", "404", "405", "413", "429", "431", "503", "other"]
GET = b"GET /metrics HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"


def value(metrics, name, **labels):
    ((_, found),) = metrics.find(name, **labels)
    return found


def replies(metrics):
    return {labels["code"]: count for labels, count
            in metrics.find("dnstt_exporter_http_requests_total")}


def say(program, data):
    with program.namespace.entered():
        connection = socket.create_connection(("127.0.0.1", 9713), timeout=5)
    with contextlib.closing(connection):
        connection.sendall(data)
        while connection.recv(65536):
            pass


def test_replies_by_code(start):
    program = start()
    first = replies(program.metrics())
    assert list(first) == CODES
    assert sum(first.values()) == 0
    wanted = dict(first)
    for code, data in (("400", GET + HOST + b"Content-Length: 0\r\n\r\n"),
                         ("400", GET + b"\r\n"),
                         ("403", GET + b"Host: example.com\r\n\r\n"),
                         ("404", b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n"),
                         ("405", b"POST / HTTP/1.1\r\n" + HOST + b"\r\n"),
                         ("413", GET + HOST + b"Content-Length: 99999999999999999999999\r\n\r\n"),
                         ("431", GET + HOST + b"X: " + b"a" * 20000 + b"\r\n\r\n")):
        say(program, data)
        wanted[code] += 1
    wanted["200"] += 1  # the first scrape
    assert replies(program.metrics()) == wanted


def test_sniffer_up(start):
    program = start()
    assert value(program.metrics(), "dnstt_exporter_sniffer_up") == 1
    os.kill(program.sniffer, signal.SIGSTOP)
    wait_for(lambda: value(program.metrics(), "dnstt_exporter_sniffer_up") == 0, 10, "down")
    assert program.request("GET", "/-/ready")[0] == 503
    os.kill(program.sniffer, signal.SIGCONT)
    wait_for(lambda: value(program.metrics(), "dnstt_exporter_sniffer_up") == 1, 5, "up again")
    assert replies(program.metrics())["503"] == 1


def cpu_seconds(pid):
    """By the kernel's own file, in steps of a hundredth."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.parametrize("with_databases", [False, True])
def test_both_processes(host, start, geoip_flags, with_databases):
    before = time.time()
    program = start(*geoip_flags) if with_databases else start()
    query = frames.query_frame(wire.query(b"CLIENTID", "t.example.com"))
    host.inbound.send(*[query] * 2000)
    metrics = host.settle(program, query=2000)
    pids = {"process": program.pid, "dnstt_exporter_sniffer": program.sniffer}
    for name, pid in pids.items():
        spent = value(metrics, f"{name}_cpu_seconds_total")
        assert 0 < spent <= cpu_seconds(pid) + 0.02
        assert value(metrics, f"{name}_resident_memory_bytes") == pytest.approx(resident(pid), rel=0.3)
    assert value(metrics, "process_virtual_memory_bytes") > resident(program.pid)
    assert value(metrics, "process_max_fds") == 128
    assert before - 1 < value(metrics, "process_start_time_seconds") < time.time() + 1
    # This connection is among them, and nothing else comes or goes.
    wait_for(lambda: value(metrics, "process_open_fds") ==
             len(os.listdir(f"/proc/{program.pid}/fd")) + 1, 2, "the connection is closed")
    after = program.metrics()
    for name in pids:
        assert value(after, f"{name}_cpu_seconds_total") >= value(metrics, f"{name}_cpu_seconds_total")


HIDDEN = ("unshare", "--mount", "sh", "-c", 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"',
          "sh")
MASKED = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh")


@pytest.mark.parametrize("prefix, own", [(HIDDEN, True), (MASKED, False)])
def test_without_proc(start, prefix, own):
    """What /proc does not show is left out, and all else is there."""
    program = start(prefix=prefix)
    # A process whose first turn on a processor has not ended has no CPU time yet.
    wait_for(lambda: value(program.metrics(), "dnstt_exporter_sniffer_cpu_seconds_total") > 0, 5,
             "CPU time of the sniffer")
    metrics = program.metrics()
    assert metrics.find("dnstt_exporter_sniffer_resident_memory_bytes") == []
    assert "dnstt_exporter_sniffer_resident_memory_bytes" not in metrics.text
    assert bool(metrics.find("process_resident_memory_bytes")) == own
    assert bool(metrics.find("process_virtual_memory_bytes")) == own
    assert value(metrics, "process_cpu_seconds_total") > 0
    assert value(metrics, "process_open_fds") > 5
