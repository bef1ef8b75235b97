"""The page in both formats, as scrapers ask for them: the parsers of Prometheus' own client library
and promtool take every octet of it."""

import http.client
import subprocess

import pytest
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client import parser as text_parser

from support import frames, wire
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


def test_the_golden_page_is_openmetrics():
    page = (ROOT / "tests/data/page.openmetrics").read_text()
    families = list(openmetrics_parser.text_string_to_metric_families(page))
    assert len(families) > 30


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
