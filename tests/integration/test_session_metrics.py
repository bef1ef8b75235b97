"""What the metrics tell of each session: who is established, how long those were that ended and how
much they carried, and which queries came again. Minutes pass by a clock of the test's."""

import itertools
import math
import random

import pytest

from support import frames, wire
from support.exposition import OPENMETRICS, TEXT, families
from support.program import wait_for
from support.tunnels import DOMAIN, ask

SECOND = "u.example.com"
HISTOGRAMS = ("dnstt_session_duration_seconds", "dnstt_session_received_bytes",
              "dnstt_session_sent_bytes")
# Upper bounds of their buckets.
SECONDS = [10, 30, 60, 300, 900, 1800, 3600, 7200, 21600, 43200, 86400, math.inf]
BYTES = [*(1024 * 4 ** power for power in range(11)), math.inf]

HANDSHAKE = wire.quic_long(wire.QUIC_HANDSHAKE, b"CLIENTID")
# A query with data of each format; with `opaque`, one that has no session.
OF_FORMATS = {
    "dnstt": lambda domain, number: wire.query(b"CLIENTID", domain, wire.kcp(number=number)),
    "noizdns": lambda domain, number: wire.query(b"CLIENTID", domain, wire.kcp(number=number)),
    "xdns": lambda domain, number: wire.query(b"CLIENTID", domain, wire.kcp(number=number)),
    "vaydns": lambda domain, number: wire.vaydns_query(b"ID", domain, wire.kcp(number=number)),
    "dnsttex": lambda domain, number: wire.dnsttex_query(b"CLIENTID", domain,
                                                         wire.compact_kcp(number=number)),
    "slipstream": lambda domain, number: wire.slipstream_query(HANDSHAKE + bytes([number]), domain),
    "opaque": lambda domain, number: wire.query(b"CLIENTID", domain, wire.kcp(number=number)),
}


@pytest.fixture
def every_format(watch, clock):
    """A tunnel of each format under a domain of its name."""
    return watch(*(f"{name}.example.com,format={name}" for name in OF_FORMATS),
                 flags=("-dnstt.active-window", "5m"), **clock.options)


def counted(program, count):
    """Waits until so many queries show."""
    wait_for(lambda: program.metrics().sum("dnstt_queries_total") == count, 5, f"{count} queries")


def histogram(found, name, domain):
    """The buckets' bounds and values, the sum and the count."""
    family = found[name]
    assert family.type == "histogram"
    own = [sample for sample in family.samples if sample.labels["domain"] == domain]
    buckets = [(float(sample.labels["le"]), sample.value) for sample in own
               if sample.name == f"{name}_bucket"]
    (total,) = [sample.value for sample in own if sample.name == f"{name}_sum"]
    (count,) = [sample.value for sample in own if sample.name == f"{name}_count"]
    assert len(own) == len(buckets) + 2
    return buckets, total, count


def cumulative(bounds, values):
    return [(bound, sum(value <= bound for value in values)) for bound in bounds]


# How many queries a session asks, 25 s after each other, how long its packets are, and how much it
# gets for each. The first is sent 1,024 bytes, which is a bucket's bound.
LEAVING = [(1, 30, 856), (1, 100, 0), (1, 100, 900), (2, 100, 200), (3, 90, 1000), (6, 100, 700),
           (20, 60, 9)]
STEP = 25  # seconds


def test_sessions_that_ended(host, start, clock):
    """Each once, with its length and its bytes, in both formats."""
    program = start("-dnstt.domain", SECOND, **clock.options)
    received, sent = [0] * len(LEAVING), [0] * len(LEAVING)
    asked = 0
    for step in range(max(queries for queries, _, _ in LEAVING)):
        if step > 0:
            clock.pass_seconds(STEP)
        for number, (queries, size, answer) in enumerate(LEAVING):
            if step >= queries:
                continue
            query = wire.query(b"LEAVE-%02d" % number, DOMAIN, wire.kcp(bytes(size), number=step))
            response = wire.response(query, bytes(answer))
            host.inbound.send(frames.query_frame(query))
            host.outbound.send(frames.response_frame(response))
            received[number] += len(query)
            sent[number] += len(response)
            asked += 1
        counted(program, asked)
    assert program.metrics().sum("dnstt_session_duration_seconds_count") == len(LEAVING) - 1
    host.settle(program, query=asked, response=asked)
    clock.pass_seconds(STEP + 10)
    wait_for(lambda: program.metrics().sum("dnstt_active_clients") == 0, 3, "the last has ended")

    assert sent[0] == 1024
    seconds = [STEP * (queries - 1) for queries, _, _ in LEAVING]
    for content_type in TEXT, OPENMETRICS:
        found = families(program, content_type)
        for name, bounds, values in zip(HISTOGRAMS, (SECONDS, BYTES, BYTES),
                                        (seconds, received, sent)):
            buckets, total, count = histogram(found, name, DOMAIN)
            assert buckets == cumulative(bounds, values), name
            assert count == len(values)
            # The seconds that the test itself took count too.
            slack = 2 * sum(queries for queries, _, _ in LEAVING) if bounds == SECONDS else 0
            assert sum(values) <= total <= sum(values) + slack, name
            assert histogram(found, name, SECOND) == (cumulative(bounds, []), 0, 0)
        assert found["dnstt_session_duration_seconds"].unit == (
            "seconds" if content_type == OPENMETRICS else "")


def test_a_session_that_comes_back_ends_twice(host, start):
    """And is one in dnstt_sessions_total. Without any other clock."""
    program = start("-dnstt.active-window", "1s")
    total = {name: 0 for name in HISTOGRAMS}
    for turn in 1, 2:
        query = wire.query(b"CLIENTID", DOMAIN, wire.kcp(bytes(50 * turn)))
        response = wire.response(query, bytes(300))
        host.inbound.send(frames.query_frame(query))
        host.outbound.send(frames.response_frame(response))
        total["dnstt_session_received_bytes"] += len(query)
        total["dnstt_session_sent_bytes"] += len(response)
        counted(program, turn)
        wait_for(lambda: program.metrics().sum("dnstt_session_sent_bytes_count") == turn, 5,
                 "its end")
    metrics = program.metrics()
    for name in HISTOGRAMS:
        assert metrics.sum(f"{name}_sum") == total[name]
        assert metrics.sum(f"{name}_count") == 2
    assert metrics.sum("dnstt_sessions_total") == 1


def test_what_is_no_session_does_not_end(host, start, clock):
    """A session that never counted, a query without one, and one that is rejected."""
    program = start("-dnstt.tunnel", "opaque.example.com,format=opaque", "-sessions.min-queries", "2",
                    **clock.options)
    ask(host, wire.query(b"CLIENT-1", DOMAIN), wire.query(b"CLIENT-2", "opaque.example.com"),
        wire.query(b"CLIENT-3", DOMAIN, qtype=1))
    host.settle(program, query=2, rejected=1)
    clock.pass_seconds(40)
    ask(host, wire.query(b"CLIENT-4", DOMAIN))  # which has the table swept
    metrics = host.settle(program, query=3, rejected=1)
    assert [metrics.sum(f"{name}_count") for name in HISTOGRAMS] == [0, 0, 0]


def established(metrics):
    return metrics.by("domain", "dnstt_established_clients")


def test_established_with_data_after_a_minute(host, start, clock, geoip_flags):
    """Not by polls, and not before; by its own country, and no longer than it is active."""
    program = start("-dnstt.active-window", "5m", *geoip_flags, **clock.options)
    asked = itertools.count(2)

    def queries(*messages, **options):
        for message in messages:
            ask(host, message, **options)
            counted(program, next(asked))

    ask(host, wire.query(b"WITHDATA", DOMAIN, wire.kcp()), source="10.77.1.9")
    counted(program, 1)
    queries(wire.query(b"WITHDATA", DOMAIN), wire.query(b"POLLING_", DOMAIN), source="10.77.1.9")
    clock.pass_seconds(50)
    queries(wire.query(b"WITHDATA", DOMAIN, wire.kcp(number=1)), wire.query(b"POLLING_", DOMAIN),
            source="10.77.1.9")
    assert established(program.metrics()) == {}
    clock.pass_seconds(10)
    wait_for(lambda: established(program.metrics()) == {DOMAIN: 1}, 3, "established by time alone")
    metrics = program.metrics()
    assert metrics.sum("dnstt_established_clients", country="DE", asn="64496") == 1
    assert metrics.sum("dnstt_active_clients") == 2

    queries(wire.query(b"WITHDATA", DOMAIN), wire.query(b"POLLING_", DOMAIN), source="10.77.2.9")
    metrics = program.metrics()
    assert metrics.by("country", "dnstt_established_clients") == {"FR": 1}
    queries(wire.query(b"POLLING_", DOMAIN, wire.kcp()), source="10.77.2.9")
    assert program.metrics().by("country", "dnstt_established_clients") == {"FR": 2}
    clock.pass_seconds(301)
    wait_for(lambda: program.metrics().sum("dnstt_active_clients") == 0, 3, "both have ended")
    assert established(program.metrics()) == {}


def test_established_in_tunnels_of_each_format(host, every_format, clock):
    def send(number):
        ask(host, *(query(f"{name}.example.com", number) for name, query in OF_FORMATS.items()))
        counted(every_format, (number + 1) * len(OF_FORMATS))

    send(0)
    send(1)
    assert established(every_format.metrics()) == {}
    clock.pass_seconds(61)
    send(2)
    assert established(every_format.metrics()) == {
        f"{name}.example.com": 1 for name in OF_FORMATS if name != "opaque"}


def repeated(metrics, **labels):
    return metrics.sum("dnstt_repeated_queries_total", **labels)


def test_repeated_within_ten_seconds(host, start, clock, geoip_flags):
    """The same content of the same session, through any resolver and in any case."""
    program = start("-dnstt.active-window", "5m", *geoip_flags, **clock.options)
    query = wire.query(b"CLIENTID", DOMAIN, wire.kcp())
    end = wire.question_end(query) - 4
    mixed = query[:12] + wire.mixed_case(query[12:end], random.Random(7)) + query[end:]
    assert mixed != query

    expected, sent = {"DE": 0, "FR": 0}, 0
    for passing, message, country, again in [
            (0, query, "DE", False), (0, query, "DE", True), (0, mixed, "DE", True),
            (0, query, "FR", True),
            (0, wire.query(b"CLIENTID", DOMAIN, wire.kcp(number=1)), "DE", False),
            (0, wire.query(b"CLIENT-2", DOMAIN, wire.kcp()), "DE", False),
            (0, wire.query(b"CLIENTID", DOMAIN), "DE", False),  # a poll is new each time
            (0, wire.query(b"CLIENTID", DOMAIN), "DE", False),
            (8, query, "DE", True), (8, query, "DE", True), (11, query, "DE", False),
            (0, query, "DE", True), (3600, query, "DE", False), (86400, query, "DE", False),
            (0, query, "DE", True)]:
        if passing:
            clock.pass_seconds(passing)
        ask(host, message, source={"DE": "10.77.1.9", "FR": "10.77.2.9"}[country])
        sent += 1
        expected[country] += again
        counted(program, sent)
        metrics = program.metrics()
        assert {name: repeated(metrics, country=name) for name in expected} == expected, sent
    refused = wire.query(b"CLIENTID", DOMAIN, wire.kcp(), qtype=1)
    ask(host, refused, refused)
    assert repeated(host.settle(program, query=sent, rejected=2)) == sum(expected.values())


def test_repeated_in_tunnels_of_each_format(host, every_format):
    """Twice of each query that comes three times, but for what has no session."""
    for name, query in OF_FORMATS.items():
        once = [query(f"{name}.example.com", number) for number in range(4)]
        ask(host, *once, *once, *once)
    probe = wire.message(wire.hex_name(b"CLIENTID" + bytes([wire.DNSTTEX_PROBE]) + bytes(6),
                                       "dnsttex.example.com"))
    ask(host, probe, probe)
    metrics = host.settle(every_format, query=12 * len(OF_FORMATS) + 2)
    assert metrics.by("domain", "dnstt_repeated_queries_total") == {
        f"{name}.example.com": 8 for name in OF_FORMATS if name != "opaque"}
