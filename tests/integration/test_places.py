"""Countries and autonomous systems of resolvers, from databases made for the test: RESOLVERS in
conftest. Every figure is exact for each group and in sum."""

import json
import pathlib
import tempfile

import pytest

from support import account, frames, wire
from support.figures import figure
from support.namespace import run
from support.program import ROOT

DOMAIN = "t.example.com"
PER_GROUP = ("dnstt_active_clients", "dnstt_established_clients", "dnstt_peak_clients",
             "dnstt_queries_total", "dnstt_repeated_queries_total", "dnstt_responses_total",
             "dnstt_bytes_in_total", "dnstt_bytes_out_total", "dnstt_sessions_total")


def places(metrics, name, **labels):
    """(country, asn) → value, without zeros."""
    return {(had["country"], had["asn"]): value
            for had, value in metrics.find(name, **labels) if value}


# Resolver's address → its place.
RESOLVERS = {
    "10.77.1.9": ("DE", "64496"),
    "10.77.2.9": ("FR", "64497"),
    "10.77.3.9": ("FR", "64496"),
    "fd77:0:0:1::9": ("DE", "64496"),
    "fd77:0:0:2::9": ("SE", "65536"),
    "10.77.9.9": ("ZZ", "0"),
    "2001:db8::9": ("ZZ", "0"),
}


def test_places(host, start, geoip_flags):
    program = start(*geoip_flags)
    sessions, bytes_in, bytes_out = {}, {}, {}
    for number, (address, place) in enumerate(RESOLVERS.items()):
        query = wire.query(b"CLIENT-%d" % number, DOMAIN, bytes(100 + number))
        response = wire.response(query, bytes(10 * number))
        host.inbound.send(frames.query_frame(query, source=address))
        host.outbound.send(frames.response_frame(response, destination=address))
        for counted, value in ((sessions, 1), (bytes_in, len(query)), (bytes_out, len(response))):
            counted[place] = counted.get(place, 0) + value
    # Queries that the server would not serve have a place as well.
    host.inbound.send(
        frames.query_frame(wire.query(b"CLIENTID", DOMAIN, size=512), source="10.77.2.9"),
        frames.query_frame(wire.query(b"CLIENTID", DOMAIN, qtype=1), source="fd77:0:0:2::9"))

    count = len(RESOLVERS)
    metrics = host.settle(program, query=count, response=count, rejected=2)
    for name in ("dnstt_active_clients", "dnstt_peak_clients", "dnstt_sessions_total",
                 "dnstt_queries_total", "dnstt_responses_total"):
        assert places(metrics, name) == sessions, name
    assert places(metrics, "dnstt_bytes_in_total") == bytes_in
    assert places(metrics, "dnstt_bytes_out_total") == bytes_out
    assert metrics.find("dnstt_domain_peak_clients") == [({"domain": DOMAIN}, count)]
    rejected = "dnstt_rejected_queries_total"
    assert places(metrics, rejected, reason="edns") == {("FR", "64497"): 1}
    assert places(metrics, rejected, reason="qtype") == {("SE", "65536"): 1}
    # A group, once it exists, shows all its series.
    for place in sessions:
        for name in PER_GROUP:
            labels = {"country": place[0], "asn": place[1], "domain": DOMAIN}
            assert len(metrics.find(name, **labels)) == 1, (name, place)


LABELS = {"none": (), "country": ("country",), "asn": ("asn",), "both": ("country", "asn")}


@pytest.mark.parametrize("given", LABELS.values(), ids=LABELS)
def test_labels_are_those_of_the_databases_given(host, start, databases, given):
    """And each domain's group for unknown places exists from the start."""
    flags = [part for label in given
             for part in (f"-geoip.{label}-database", databases / f"{label}.mmdb")]
    program = start(*flags, domain="t.example.com,u.example.com")
    unknown = {"country": "ZZ", "asn": "0"}
    expected = [{"domain": domain} | {label: unknown[label] for label in given}
                for domain in ("t.example.com", "u.example.com")]
    metrics = program.metrics()
    for name in PER_GROUP:
        found = metrics.find(name)
        assert [labels for labels, _ in found] == expected, name
        assert all(value == 0 for _, value in found), name
    assert metrics.find("dnstt_rejected_queries_total") == []
    for name in account.TOTALS:
        assert metrics.find(name) == [({"domain": domain}, 0)
                                      for domain in ("t.example.com", "u.example.com")], name

    host.inbound.send(frames.query_frame(wire.query(b"CLIENTID", DOMAIN), source="10.77.1.9"))
    metrics = host.settle(program, query=1)
    known = {"country": "DE", "asn": "64496"}
    place = {"domain": DOMAIN} | {label: known[label] for label in given}
    assert [labels for labels, value in metrics.find("dnstt_active_clients") if value] == [place]


def test_a_session_that_moves_is_counted_once(host, start, geoip_flags):
    """It is active where its latest query came from, and stays counted where it was first seen."""
    program = start(*geoip_flags)
    germany, france, sweden = ("DE", "64496"), ("FR", "64497"), ("SE", "65536")
    addresses = {germany: "10.77.1.9", france: "10.77.2.9", sweden: "fd77:0:0:2::9"}
    journey = [germany, france, sweden, germany]
    queries = {}
    for number, place in enumerate(journey, start=1):
        query = wire.query(b"TRAVELER", DOMAIN)
        host.inbound.send(frames.query_frame(query, source=addresses[place]))
        queries[place] = queries.get(place, 0) + 1
        metrics = host.settle(program, query=number)
        assert places(metrics, "dnstt_active_clients") == {place: 1}
        assert places(metrics, "dnstt_sessions_total") == {germany: 1}
        assert places(metrics, "dnstt_queries_total") == queries
    assert places(metrics, "dnstt_peak_clients") == dict.fromkeys(queries, 1)
    assert metrics.sum("dnstt_domain_peak_clients") == 1


def test_many_groups(host, start):
    """A page of more than a megabyte comes whole, part after part, and its sums are exact; beyond
    the cap on groups the rest is counted as `other`."""
    count, cap = 3000, 2500
    networks = [f"10.{80 + number // 250}.{number % 250}" for number in range(count)]
    with tempfile.TemporaryDirectory(prefix="dnstt-mmdb-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / "spec.json").write_text(json.dumps(
            [{"network": f"{network}.0/24", "country": "DE", "asn": 100000 + number}
             for number, network in enumerate(networks)]))
        run("perl", str(ROOT / "tests/data/make_databases.pl"), name, f"{name}/spec.json")
        flags = ["-geoip.country-database", f"{name}/country.mmdb",
                 "-geoip.asn-database", f"{name}/asn.mmdb"]
        for more, groups in ([], count + 1), (["-groups.max", str(cap)], cap + 1):
            program = start(*flags, *more)
            for begin in range(0, count, 200):
                host.inbound.send(*(
                    frames.query_frame(wire.query(b"%08d" % number, DOMAIN), f"{network}.7")
                    for number, network in enumerate(networks[begin:begin + 200], begin)))
            metrics = host.settle(program, query=count)
            assert metrics.sum("dnstt_active_clients") == count
            assert metrics.sum("dnstt_sessions_total") == count
            assert len(metrics.find("dnstt_active_clients")) == groups
            others = metrics.find("dnstt_queries_total", country="other", asn="other")
            assert [value for _, value in others] == ([count - cap + 1] if more else [])
            assert program.log().count("new countries and ASNs are counted as") == bool(more)
            capped = metrics.sum("dnstt_exporter_series_capped_total")
            assert capped == (count - cap + 1 if more else 0)
            assert len(metrics.text) > 1_000_000
            assert program.stop() == 0
            if more:
                figure(f"-groups.max {cap}: {count} places in {groups} groups, {capped:.0f} queries "
                       "counted as other")
