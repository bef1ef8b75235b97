"""The page in both formats, as scrapers ask for them: the parsers of Prometheus' own client library
and promtool take every octet of it."""

import contextlib
import gzip
import http.client
import socket
import subprocess

import pytest
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client import parser as text_parser

from support import frames, wire
from support.http import say, status_of
from support.program import ROOT

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
DOMAIN = "t.example.com"


def ask(program, *fields, path="/metrics", method="GET"):
    """(status, fields, octets) of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", 9713, timeout=5)
    with program.namespace.entered():
        connection.connect()
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value)
        connection.endheaders()
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read()
    finally:
        connection.close()


def samples(families):
    """(name, labels) → value."""
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families for sample in family.samples}


@pytest.fixture
def busy(host, start, geoip_flags):
    """A program that has counted some of everything."""
    program = start(*geoip_flags)
    host.inbound.send(
        *(frames.query_frame(wire.query(b"CLIENT%02d" % number, DOMAIN), f"10.77.{number}.9")
          for number in range(1, 4)),
        frames.query_frame(wire.query(b"CLIENTID", DOMAIN, qtype=1)))
    host.settle(program, query=3, rejected=1)
    return program


def changing(name):
    """What one scrape does to the next."""
    return name.startswith(("process_", "dnstt_exporter_sniffer_", "dnstt_exporter_http_"))


def test_both_parsers_find_the_same(busy):
    status, fields, octets = ask(busy)
    assert (status, fields["Content-Type"]) == (200, TEXT)
    text = list(text_parser.text_string_to_metric_families(octets.decode()))
    status, fields, octets = ask(busy, ("Accept", "application/openmetrics-text;version=1.0.0"))
    assert (status, fields["Content-Type"]) == (200, OPENMETRICS)
    opened = list(openmetrics_parser.text_string_to_metric_families(octets.decode()))
    assert octets.endswith(b"\n# EOF\n")
    assert b"\n\n" not in octets

    assert [(family.name, family.type, family.documentation) for family in opened] \
        == [(family.name, family.type, family.documentation) for family in text]
    assert {family.unit for family in opened} == {"", "seconds", "bytes"}
    first, second = samples(text), samples(opened)
    assert first.keys() == second.keys()
    assert {key: value for key, value in first.items() if not changing(key[0])} \
        == {key: value for key, value in second.items() if not changing(key[0])}


@pytest.mark.parametrize("name, parse", [
    ("page.text", text_parser.text_string_to_metric_families),
    ("page.openmetrics", openmetrics_parser.text_string_to_metric_families)])
def test_the_golden_pages_are_of_their_formats(name, parse):
    families = {family.name: family for family in parse((ROOT / "tests/data" / name).read_text())}
    assert len(families) > 40
    lengths = families["dnstt_session_duration_seconds"]
    assert (lengths.type, lengths.samples[-1].value) == ("histogram", 86422)
    names = [sample.labels["organization"] for sample in families["dnstt_asn_info"].samples]
    assert names == ['A "quoted" \\ name', ""]


def test_promtool_finds_nothing_in_part_of_the_page(busy):
    """Of the whole, test_http.py has promtool say so."""
    page = ask(busy, path="/metrics?name[]=dnstt_queries_total&name[]=process_max_fds")[2]
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.parametrize("accept, wanted", [
    ([], TEXT),
    (["*/*"], TEXT),
    (["application/json"], TEXT),
    (["application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"], OPENMETRICS),
    (["application/openmetrics-text;q=0.4", "text/plain;q=0.5"], TEXT),
    (["text/plain;q=0.4", "application/openmetrics-text;q=0.5"], OPENMETRICS),
])
def test_negotiation(start, accept, wanted):
    program = start()
    for method in "GET", "HEAD":
        status, fields, octets = ask(program, *(("Accept", value) for value in accept), method=method)
        assert (status, fields["Content-Type"]) == (200, wanted)
        assert "Accept" in fields["Vary"]
        assert octets.endswith(b"# EOF\n") == (wanted == OPENMETRICS and method == "GET")
        assert bool(octets) == (method == "GET")


@pytest.mark.parametrize("fields, compressed", [
    ([("Accept-Encoding", "gzip")], True),
    ([("Accept-Encoding", "deflate, br"), ("Accept-Encoding", "gzip;q=0.1")], True),
    ([("Accept-Encoding", "*")], True),
    ([], False),
    ([("Accept-Encoding", "deflate, br, identity")], False),
    ([("Accept-Encoding", "gzip;q=0, *")], False),
])
def test_compression(start, fields, compressed):
    program = start()
    plain = ask(program)[2]
    for method in "GET", "HEAD":
        status, answered, octets = ask(program, *fields, method=method)
        assert status == 200
        assert answered.get("Content-Encoding") == ("gzip" if compressed else None)
        assert "Accept-Encoding" in answered["Vary"]
        assert bool(octets) == (method == "GET")
        if method == "GET":
            text = gzip.decompress(octets) if compressed else octets
            assert names(text) == names(plain)
            assert len(octets) < len(text) / 3 or not compressed


def test_a_long_request_leaves_room(start):
    """Little of a connection's memory is left for the reply then, less than a line may take."""
    program = start()
    plain = names(ask(program)[2])
    for length in range(13000, 15500, 250):
        for fields in [], [("Accept-Encoding", "gzip")]:
            status, answered, octets = ask(program, *fields, path=f"/metrics?{'x' * length}")
            assert status == 200
            text = gzip.decompress(octets) if "Content-Encoding" in answered else octets
            assert names(text) == plain


def test_head_ends_with_its_fields(start):
    """Octet for octet: no chunk follows them, and no length is told that is not the page's."""
    program = start()
    with program.namespace.entered():
        connection = socket.create_connection(("127.0.0.1", 9713), timeout=5)
    with contextlib.closing(connection):
        connection.sendall(b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.index(b"\r\n\r\n") == len(answer) - 4
    assert b"content-length" not in answer.lower()
    assert b"transfer-encoding" not in answer.lower()


def names(octets):
    return [line.split()[2] for line in octets.decode().splitlines() if line.startswith("# TYPE")]


@pytest.mark.parametrize("query, wanted", [
    ("", None),
    ("?x=1", None),
    ("?name=process_max_fds", None),
    ("?name[]=process_max_fds", ["process_max_fds"]),
    ("?name%5B%5D=process%5Fmax%5Ffds", ["process_max_fds"]),
    ("?name[]=process_max_fds&x&name[]=dnstt_queries_total&name[]=process_max_fds",
     ["dnstt_queries_total", "process_max_fds"]),
    ("?name[]=nothing", []),
    ("?name[]=", []),
    ("?name[]", []),
    ("?name[]=process_max_fds%00", []),
    ("?" + 100 * "name[]=x&" + "name[]=process_max_fds", ["process_max_fds"]),
], ids=range(11))
def test_filter_by_name(start, query, wanted):
    program = start()
    status, _, octets = ask(program, path=f"/metrics{query}")
    assert status == 200
    if wanted is None:
        assert len(names(octets)) > 20
    else:
        assert names(octets) == wanted
    octets = ask(program, ("Accept", "application/openmetrics-text"), path=f"/metrics{query}")[2]
    families = list(openmetrics_parser.text_string_to_metric_families(octets.decode()))
    assert len(families) > 20 if wanted is None else len(families) == len(wanted)


LONG_NAME = "dnstt_exporter_web_config_last_reload_success_timestamp_seconds"
# What Prometheus sends, and more.
FIELDS = b"Host: localhost\r\n" + b"X: " + b"y" * 500 + b"\r\n\r\n"


def test_how_many_names(start):
    """As the README has it; what is too long ends alone."""
    program = start()

    def ask_for(name, count):
        answer = b""
        with contextlib.suppress(ConnectionError):
            query = "&".join([f"name[]={name}"] * count)
            answer = say(program, b"GET /metrics?" + query.encode() + b" HTTP/1.1\r\n" + FIELDS)
        return answer

    known = [line.split()[2] for line in program.metrics().text.splitlines()
             if line.startswith("# TYPE")]
    assert len(known) < 100 and max(map(len, known)) <= len(LONG_NAME)
    for name, count in (("process_max_fds", 100), (LONG_NAME, 100), ("x", 200)):
        answer = ask_for(name, count)
        assert status_of(answer) == 200
        assert names(answer) == [name] * (name in known)
    for name, count in (("x", 240), (LONG_NAME, 140), (LONG_NAME, 2000), ("x", 2000)):
        answer = ask_for(name, count)
        assert answer == b"" or status_of(answer) in (414, 431), answer
        assert ask(program, path="/metrics")[0] == 200
