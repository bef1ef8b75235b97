"""What goes between a real Prometheus and the program."""

import contextlib
import gzip
import re
import socket
import socketserver
import threading

from support import frames, wire
from support.program import wait_for
from support.prometheus import prometheus

RECORDER_PORT = 9714


class Relay(socketserver.BaseRequestHandler):
    """Hands one request to the program and its answer back, and notes both."""

    def handle(self):
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += self.request.recv(65536)
        with self.server.namespace.entered():
            program = socket.create_connection(("127.0.0.1", 9713), timeout=5)
        with contextlib.closing(program):
            program.sendall(asked)
            answered = b""
            while part := program.recv(65536):
                answered += part
        self.server.seen.append((asked, answered))
        self.request.sendall(answered)


@contextlib.contextmanager
def recorder(namespace):
    """What goes between Prometheus and the program, as (request, answer)."""
    with namespace.entered():
        server = socketserver.ThreadingTCPServer(("127.0.0.1", RECORDER_PORT), Relay)
    server.daemon_threads = True
    server.namespace = namespace
    server.seen = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def unpack(answered):
    """The page of an answer: out of its chunks, and unzipped."""
    chunks, page = answered.partition(b"\r\n\r\n")[2], b""
    while (length := int(chunks[:chunks.index(b"\r\n")], 16)) > 0:
        chunks = chunks[chunks.index(b"\r\n") + 2 :]
        page, chunks = page + chunks[:length], chunks[length + 2 :]
    return gzip.decompress(page)


def test_scrapes_compressed_openmetrics(host, start, geoip_flags, tmp_path):
    """What it asks for by itself, and takes without a word; each metric's type, unit and explanation
    come with it."""
    start(*geoip_flags)
    jobs = {"dnstt": [f"127.0.0.1:{RECORDER_PORT}"]}
    with recorder(host.server) as seen, prometheus(host.server, tmp_path, jobs) as server:
        asked, answered = seen[0]
        assert b"application/openmetrics-text;version=1.0.0" in asked
        assert b"\r\nContent-Type: application/openmetrics-text; version=1.0.0" in answered
        assert b"\r\nContent-Encoding: gzip\r\n" in answered

        (target,) = server.ask("targets")["activeTargets"]
        assert (target["health"], target["lastError"]) == ("up", "")
        metadata = server.ask("metadata")
        assert metadata["process_cpu_seconds"][0]["unit"] == "seconds"
        assert {entry[0]["type"] for entry in metadata.values()} == {"counter", "gauge", "histogram"}
        assert all(entry[0]["help"] for entry in metadata.values())
        assert len(metadata) == len(re.findall(r"^# TYPE", unpack(answered).decode(), re.M))
        log = (tmp_path / "log").read_text()
        assert "level=warn" not in log and "level=error" not in log, log


def test_the_first_session_of_a_new_country_grows_the_domain(host, start, geoip_flags, tmp_path):
    """Its group appears with its first values, which increase() takes for the beginning; the
    domain's totals have been there since the start."""
    program = start(*geoip_flags)
    with prometheus(host.server, tmp_path, {"dnstt": ["127.0.0.1:9713"]}) as server:

        def value(query):
            return [value for _, value in server.evaluate(query)]

        wait_for(lambda: value("count_over_time(dnstt_domain_sessions_total[1m]) >= 3"), 10,
                 "some scrapes without a session")
        assert value("dnstt_domain_sessions_total") == [0]
        query = wire.query(b"NEWCOMER", "t.example.com", bytes(50))
        host.inbound.send(frames.query_frame(query, source="10.77.1.9"))
        host.outbound.send(frames.response_frame(wire.response(query), destination="10.77.1.9"))
        host.settle(program, query=1, response=1)
        wait_for(lambda: value('count_over_time(dnstt_sessions_total{country="DE"}[1m]) >= 3'), 10,
                 "some scrapes with it")

        # Prometheus extends what grew by the time between two scrapes at most.
        for name in "sessions", "queries", "responses":
            assert value(f"round(increase(dnstt_domain_{name}_total[1m]))") == [1], name
        assert value('increase(dnstt_sessions_total{country="DE"}[1m])') == [0]
