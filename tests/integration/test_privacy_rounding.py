"""What -privacy.round hides, as docs/privacy.md says: each trick of an observer works without the
flag, and no longer with it."""

import itertools
import re

import pytest

from support import wire
from support.observer import (FRANCE, GERMANY, MARKER, MIN_CLIENTS, MIN_FLAGS, OTHER, RARE, ROUND,
                              ROUND_FLAGS, WINDOW, by_place, data, manager, poll)
from support.program import wait_for
from support.tunnels import DOMAIN

ANOTHER_RESOLVER = "10.77.1.10"
REJECTED = wire.query(b"CLIENTID", DOMAIN, size=512)
PACKETS, BYTES = 100 * ROUND, 64 * 1024 * ROUND
# What is no count of traffic, and is shown as it is.
EXACT = re.compile(r"process_\w+|dnstt_(tunnel|asn|exporter_build)_info|dnstt_exporter_(hint"
                   r"|http_\w+|interface_down_total|interfaces_changed|sniffer_\w+"
                   r"|geoip_(build|last)_\w+)")

tried = pytest.mark.parametrize("private", ((), ROUND_FLAGS), ids=("off", "on"))


def shown(value, private, step=ROUND):
    return -(-value // step) * step if private else value


def changed(before, after):
    """Names of metrics of the tunnel or of the whole program with another value."""
    return {name for name, labels, value in after.samples
            if (name, labels, value) not in before.samples and not EXACT.fullmatch(name)
            and labels.get("domain") != MARKER}


def one_of_each(observer, number, resolver=GERMANY):
    """A query twice, its response, and one that is rejected."""
    query = data(1, number)
    observer.ask(resolver, query, query, REJECTED)
    observer.answer(resolver, wire.response(query, bytes(100)))


@tried
def test_a_single_packet(observe, private):
    """It would be seen in the place's counters, the domain's, and the looked-up addresses."""
    observer = observe(*private)
    one_of_each(observer, 0)
    before = observer.see()
    one_of_each(observer, 1, resolver=ANOTHER_RESOLVER)
    found = changed(before, observer.see())
    assert not {name for name in found if "_packets_" not in name} or not private
    counters = ("queries", "responses", "bytes_in", "bytes_out")
    assert private or found >= {
        *(f"dnstt_{name}_total" for name in (*counters, "repeated_queries", "rejected_queries")),
        *(f"dnstt_domain_{name}_total" for name in counters),
        "dnstt_exporter_geoip_lookups_total"}


@tried
def test_a_single_packet_in_the_account(observe, private):
    observer = observe(*private)
    asked = 0

    def account(more):
        """By outcome, once so many more queries are in it."""
        nonlocal asked
        asked += more
        observer.see()
        queries = shown(observer.markers + asked, private, PACKETS)

        def counted():
            metrics = observer.program.metrics()
            outcomes = metrics.by("outcome", "dnstt_exporter_packets_total")
            outcomes["received"] = metrics.sum("dnstt_exporter_packets_received_total")
            return outcomes.get("query") == queries and outcomes

        return wait_for(counted, 10, "the account")

    def growth(first, second):
        return {name: value - first[name] for name, value in second.items()}

    one_of_each(observer, 0)
    first = account(2)
    second = account(0)
    one_of_each(observer, 1)
    third = account(2)
    assert (growth(first, second) == growth(second, third)) == (private != ())


@tried
def test_a_single_client(observe, private):
    """In each form, and for the service manager."""
    count, other = 537, 538
    with manager() as told:
        observer = observe(*private, told=told)
        observer.polls(GERMANY, range(count))
        before = observer.see()
        exact = re.compile(r"(?<![.\d])537(?![.\d])")
        everything = observer.everything()
        found = {form for form, text in everything.items() if exact.search(text)}
        expected = {"metrics", "openmetrics", "html", "text", "json", "status"}
        assert found == (set() if private else expected)
        assert everything["status"].endswith(f" {shown(count, private)} active")

        observer.polls(GERMANY, range(count, other))
        found = changed(before, observer.see())
        clients = {"dnstt_active_clients", "dnstt_peak_clients", "dnstt_sessions_total",
                   "dnstt_domain_active_clients", "dnstt_domain_peak_clients",
                   "dnstt_domain_sessions_total"}
        assert clients & found == (set() if private else clients)


@tried
def test_the_length_and_bytes_of_a_session(observe, private):
    """The sums of the histograms would grow by exactly those when it ends."""
    names = ("dnstt_session_duration_seconds", "dnstt_session_received_bytes",
             "dnstt_session_sent_bytes")
    observer = observe(*private)

    def sums(number):
        """Once one more session has ended, some minutes and 2 KiB long."""
        for count in range(3):
            query = wire.query(b"ENDS-%03d" % number, DOMAIN, wire.kcp(bytes(100), number=count))
            observer.ask(GERMANY, *[query] * 3)
            observer.answer(GERMANY, wire.response(query, bytes(700 + number)))
            observer.see(100)
        metrics = observer.see(WINDOW)
        return [metrics.sum(f"{name}_sum", domain=DOMAIN) for name in names]

    first, second = sums(1), sums(2)
    grown = [later - sooner for sooner, later in zip(first, second)]
    assert all(value == 0 for value in grown) == (private != ())
    if not private:
        query = wire.query(b"ENDS-001", DOMAIN, wire.kcp(bytes(100)))
        response = wire.response(query, bytes(702))
        assert 200 <= grown[0] < 210 and grown[1:] == [9 * len(query), 3 * len(response)]


@tried
def test_established_clients_of_an_open_place(observe, private):
    """How many of its clients have a tunnel that works; but not that nobody has."""
    observer = observe(*private, *MIN_FLAGS)
    numbers = range(MIN_CLIENTS)
    observer.polls(GERMANY, numbers)
    observer.see(61)
    values = []
    for count in range(3):
        observer.ask(GERMANY, *(data(number, 1) for number in range(count)))
        values.append(by_place(observer.see(), "dnstt_established_clients")["DE", "64496"])
    assert values == [shown(count, private) for count in range(3)]


@tried
def test_sums_minus_places_that_are_shown(observe, private):
    """What is left is the one place that is hidden, which `other` shows too: all of it, and its
    every query."""
    observer = observe(*private, *MIN_FLAGS)
    observer.polls(FRANCE, range(2 * ROUND))
    learned, steps = [], []
    observer.ask(RARE, data(100), data(100))
    observer.see()
    for number in range(101, 104):
        metrics = observer.see()
        observer.ask(RARE, data(number))
        after = observer.see()
        active = by_place(after, "dnstt_active_clients")
        total = after.sum("dnstt_domain_active_clients", domain=DOMAIN)
        assert total - active["FR", "64497"] == active[OTHER]
        learned.append(active[OTHER])
        steps.append(after.sum("dnstt_domain_queries_total", domain=DOMAIN)
                     - metrics.sum("dnstt_domain_queries_total", domain=DOMAIN))
    assert learned == ([ROUND] * 3 if private else [2, 3, 4])
    assert steps == ([0] * 3 if private else [1] * 3)


def numbers_of(value):
    if isinstance(value, dict):
        return numbers_of([held for key, held in value.items() if key != "asn"])
    if isinstance(value, list):
        return itertools.chain.from_iterable(map(numbers_of, value))
    return [value] if isinstance(value, int) else []


@tried
def test_all_that_counts_traffic_is_a_multiple(observe, private):
    """Each metric says its own in HELP; what says none counts no traffic. The JSON page has no
    others either, but for networks' numbers."""
    observer = observe(*private)
    observer.polls(GERMANY, range(7))
    observer.polls(FRANCE, range(7, 10))
    one_of_each(observer, 0)
    observer.see(61)
    observer.ask(GERMANY, *(data(number, 2) for number in range(3)))
    observer.see(WINDOW - 30)
    metrics = observer.see()
    steps = {name: int(step) for name, step in
             re.findall(r"^# HELP (\w+) .* multiples of (\d+)", metrics.text, re.M)}
    odd = set()
    for name, _, value in metrics.samples:
        family = re.sub(r"_(bucket|count|sum)$", "", name)
        if not EXACT.fullmatch(name) and (family not in steps or not private):
            odd.add(name)
        elif family in steps and not name.endswith("_sum"):
            assert value % steps[family] == 0, name
    assert (odd == set()) == (private != ()) and (steps == {}) == (private == ())
    assert {steps.get(f"dnstt_{name}") for name in
            ("active_clients", "queries_total", "bytes_in_total")} == (
                {ROUND, PACKETS, BYTES} if private else {None})

    overview = observer.overview()
    (domain,) = [one for one in overview["domains"] if one["domain"] == DOMAIN]
    sessions = [overview["clients"], overview["countries"], overview["networks"],
                *(span["active"] for span in overview["history"].values()),
                *(domain[name] for name in
                  ("active", "established", "peak", "sessions", "ended_sessions"))]
    packets = [overview["rejected_queries"], *(domain[name] for name in (
        "queries", "repeated_queries", "responses", "recent_queries", "recent_responses"))]
    uneven = [value for values, step in ((sessions, ROUND), (packets, PACKETS),
                                         ([domain["bytes_in"], domain["bytes_out"]], BYTES))
              for value in numbers_of(values) if value % step]
    assert (uneven == []) == (private != ())
