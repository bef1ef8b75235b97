"""The names of the networks that resolvers are in: dnstt_asn_info, and the status page. Anybody may
have written the database."""

import pytest

from support import databases, frames, wire
from support.browser import browser
from support.exposition import OPENMETRICS, TEXT, families
from support.program import wait_for
from support.prometheus import prometheus
from support.tunnels import DOMAIN

URL = "http://127.0.0.1:9713/"
HTML = "<script>document.title='owned'</script><b onclick=alert(1)>&amp;"
LINE = '"} 7\n# HELP dnstt_asn_info {organization="'
# What a database says → what is shown: at most 64 bytes.
NAMES = {
    "Example & Söhne 株式会社": "Example & Söhne 株式会社",
    'a "quoted" \\ name\\n\nand its line': 'a "quoted" \\ name\\n and its line',
    "\u202eback\u2066wards\ufeff\u200b": "back wards",
    "\x1b[31mred\x07\x9b0m\r": "[31mred 0m",
    HTML: HTML,
    LINE: '"} 7 # HELP dnstt_asn_info {organization="',
    "'single' &lt; }{ , = # \\": "'single' &lt; }{ , = # \\",
    "W" * 100: "W" * 64,
    "\u00fc" * 40: "\u00fc" * 32,
    " \t\n ": "",
}
FIRST_ASN = 64496


def places(names):
    """A network for each name, 10.77.N.0/24, with an ASN of its own."""
    return [{"network": f"10.77.{number}.0/24", "country": "DE", "asn": FIRST_ASN + number,
             "organization": name} for number, name in enumerate(names)]


def query_from(host, number, address=9):
    host.inbound.send(frames.query_frame(wire.query(b"CLIENT%02d" % number, DOMAIN),
                                         source=f"10.77.{number}.{address}"))


def names_of(program):
    """ASN → name, by dnstt_asn_info, of which there is one for each."""
    found = program.metrics().find("dnstt_asn_info")
    assert all(value == 1 and labels.keys() == {"asn", "organization"} for labels, value in found)
    named = {labels["asn"]: labels["organization"] for labels, _ in found}
    assert len(named) == len(found)
    return named


@pytest.fixture
def hostile(host, start):
    """A program that has seen a query from each of NAMES."""
    with databases.written(places(NAMES)) as folder:
        program = start(*databases.flags(folder))
        for number in range(len(NAMES)):
            query_from(host, number)
        host.settle(program, query=len(NAMES))
        yield program


EXPECTED = {str(FIRST_ASN + number): shown for number, shown in enumerate(NAMES.values())}


@pytest.mark.parametrize("content_type", [TEXT, OPENMETRICS])
def test_hostile_names_are_clean(hostile, content_type):
    family = families(hostile, content_type)["dnstt_asn_info"]
    assert {sample.labels["asn"]: sample.labels["organization"] for sample in family.samples} \
        == EXPECTED
    assert [sample.value for sample in family.samples] == [1] * len(NAMES)


def test_prometheus_takes_hostile_names(host, hostile, tmp_path):
    with prometheus(host.server, tmp_path, {"dnstt": ["127.0.0.1:9713"]}) as server:
        found = server.evaluate("dnstt_asn_info")
    assert {labels["asn"]: labels.get("organization", "") for labels, _ in found} == EXPECTED


def test_hostile_names_on_the_page(host, hostile):
    """As text, and nothing of them is done; the longest break."""
    with browser(host.server) as shown:
        for width in 1000, 320:
            shown.show(URL, width=width)
            texts = shown.evaluate("[...document.querySelectorAll('#networks small')]"
                                   ".map(name => name.textContent)")
            assert sorted(texts) == sorted(filter(None, EXPECTED.values()))
            assert shown.evaluate("document.querySelectorAll('script, b, img').length") == 0
            assert shown.evaluate("document.title") == "dnstt_exporter"
            assert shown.evaluate("document.documentElement.scrollWidth") <= width
            assert shown.complaints() == []
    for hidden in "\x1b", "\u202e", "\u2066", "\ufeff", "\u200b", "<script", "<b ":
        assert hidden not in hostile.request("GET", "/status.html")[2]


def test_each_network_that_has_a_group(host, start, geoip_flags):
    """None before its first query; one of two countries is one network; none of what is unknown."""
    program = start(*geoip_flags)
    assert names_of(program) == {}
    sources = ["10.77.1.9", "10.77.3.9", "fd77:0:0:1::9", "10.77.9.9", "fd77:0:0:2::9"]
    for number, source in enumerate(sources):
        query = wire.query(b"CLIENT%02d" % number, DOMAIN)
        host.inbound.send(frames.query_frame(query, source=source))
    metrics = host.settle(program, query=len(sources))
    assert {labels["asn"] for labels, _ in metrics.find("dnstt_queries_total")} == {
        "0", "64496", "65536"}
    assert names_of(program) == {"64496": "Example Network 64496", "65536": "Example Network 65536"}


def test_none_of_groups_named_other(host, start):
    with databases.written(places(["One", "Two", "Three"])) as folder:
        program = start(*databases.flags(folder), "-groups.max", "2")
        for number in range(3):
            query_from(host, number)
        metrics = host.settle(program, query=3)
    assert metrics.by("asn", "dnstt_queries_total") == {str(FIRST_ASN): 1, "other": 2}
    assert names_of(program) == {str(FIRST_ASN): "One"}


def test_none_without_its_database(host, start, databases):
    program = start("-geoip.country-database", databases / "country.mmdb")
    host.inbound.send(frames.query_frame(wire.query(b"CLIENTID", DOMAIN), source="10.77.1.9"))
    host.settle(program, query=1)
    assert names_of(program) == {}


def test_a_renamed_network(host, start):
    """Each has its new name from the next query on that has to be looked up; no series is left of
    the old one."""
    with databases.written(places(["Old One", "Old Two"])) as folder:
        program = start(*databases.flags(folder))
        for number in range(2):
            query_from(host, number)
        host.settle(program, query=2)
        assert names_of(program) == {"64496": "Old One", "64497": "Old Two"}
        databases.write(folder, places(["New One", ""]))
        program.reload("loaded a new database\" database=asn")
        assert names_of(program) == {"64496": "Old One", "64497": "Old Two"}
        query_from(host, 0)
        wait_for(lambda: names_of(program) == {"64496": "New One", "64497": "Old Two"}, 3, "one new")
        query_from(host, 1, address=8)
        wait_for(lambda: names_of(program) == {"64496": "New One", "64497": ""}, 3, "both new")
