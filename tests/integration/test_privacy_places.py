"""What -privacy.min-clients hides of places, as docs/privacy.md says: each trick of an observer
works without the flag, and no longer with it."""

import pytest

from support import wire
from support.observer import (FRANCE, GERMANY, MIN_CLIENTS, MIN_FLAGS, OTHER, RARE, ROUND_FLAGS,
                              WINDOW, by_place, manager, poll)
from support.tunnels import DOMAIN

DE, FR, RARE_FR = ("DE", "64496"), ("FR", "64497"), ("FR", "64498")
RESOLVER_WITHOUT_EDNS = wire.query(b"CLIENTID", DOMAIN, size=512)

tried = pytest.mark.parametrize("private", ((), MIN_FLAGS), ids=("off", "on"))


SIGNS = ("64496", "Rhine Net", 'country="DE"', '"country":"DE"', "DE\n", ">DE<", " DE ")


@tried
def test_a_place_with_few_clients_is_nowhere(observe, private):
    """Neither its country, nor its network, nor the network's name: in any form, in the log, or for
    the service manager."""
    with manager() as told:
        observer = observe(*private, told=told)
        observer.polls(GERMANY, range(MIN_CLIENTS - 1))
        observer.ask(GERMANY, RESOLVER_WITHOUT_EDNS)
        observer.answer(GERMANY, wire.response(poll(0)))
        observer.see()
        found = {form for form, text in observer.everything().items()
                 if any(sign in text for sign in SIGNS)}
        assert found == (set() if private else {"metrics", "openmetrics", "html", "text", "json"})
        # All of it is in `other`.
        metrics = observer.program.metrics()
        place = OTHER if private else DE
        for name, value in (("active_clients", MIN_CLIENTS - 1), ("responses_total", 1),
                            ("sessions_total", MIN_CLIENTS - 1), ("rejected_queries_total", 1)):
            shown = by_place(metrics, f"dnstt_{name}")
            assert {key: amount for key, amount in shown.items() if amount} == {place: value}, name
        assert observer.overview()["countries"]["other"] == (MIN_CLIENTS - 1 if private else 0)


@tried
def test_differences_of_a_place_that_has_closed(observe, private):
    """Two of the clients are left, and each query of theirs would be seen."""
    observer = observe(*private)
    observer.polls(GERMANY, range(MIN_CLIENTS))
    assert by_place(observer.see(), "dnstt_active_clients")[DE] == MIN_CLIENTS
    observer.see(WINDOW - 60)
    observer.polls(GERMANY, range(2))
    before = observer.see(120)
    observer.polls(GERMANY, range(2))
    observer.ask(GERMANY, RESOLVER_WITHOUT_EDNS)
    observer.answer(GERMANY, wire.response(poll(0)))
    after = observer.see()
    # One of them goes.
    observer.polls(GERMANY, range(1))
    observer.see(WINDOW - 60)
    observer.polls(GERMANY, range(1))
    last = observer.see(120)

    def changed(first, second):
        return {name for name, labels, value in second.samples
                if labels.get("country") == "DE" and (name, labels, value) not in first.samples}

    expected = {f"dnstt_{name}_total" for name in
                ("queries", "responses", "bytes_in", "bytes_out", "rejected_queries")}
    assert changed(before, after) == (set() if private else expected)
    assert ("dnstt_active_clients" in changed(after, last)) == (private == ())
    assert changed(after, last) == set() or not private
    assert by_place(last, "dnstt_active_clients")[OTHER if private else DE] == 1
    # What was counted while it was open stands still, and the peak with it.
    assert by_place(last, "dnstt_peak_clients")[DE] == MIN_CLIENTS


@tried
def test_a_rare_network_of_a_country_that_is_shown(observe, private):
    """The country's sum is over the networks that are shown."""
    observer = observe(*private)
    observer.polls(FRANCE, range(MIN_CLIENTS))
    observer.polls(RARE, [50])
    metrics = observer.see()
    shown = by_place(metrics, "dnstt_active_clients", country="FR")
    assert shown == {FR: MIN_CLIENTS} | ({} if private else {RARE_FR: 1})
    (top,) = observer.overview()["countries"]["top"]
    assert top == {"country": "FR", "active": MIN_CLIENTS + (private == ())}
    assert metrics.sum("dnstt_active_clients") == MIN_CLIENTS + 1


@tried
def test_rejections_by_network(observe, private):
    """A single look-up through a resolver whose network has no client."""
    observer = observe(*private)
    observer.ask(GERMANY, RESOLVER_WITHOUT_EDNS)
    rejected = by_place(observer.see(), "dnstt_rejected_queries_total")
    assert rejected == {OTHER if private else DE: 1}


@tried
def test_when_the_first_client_came(observe, private):
    """The place appears with its first client, or with that which makes it large enough; then what
    was counted before is not shown."""
    observer = observe(*private)
    appears = None
    for number in range(MIN_CLIENTS):
        observer.polls(GERMANY, [number])
        metrics = observer.see()
        if appears is None and by_place(metrics, "dnstt_queries_total").get(DE) is not None:
            appears = number + 1
    assert appears == (MIN_CLIENTS if private else 1)
    assert by_place(metrics, "dnstt_active_clients")[DE] == MIN_CLIENTS
    for name in "queries", "sessions", "bytes_in":
        shown = by_place(metrics, f"dnstt_{name}_total")
        assert (shown[DE] == 0) == (private != ()), name
    assert by_place(metrics, "dnstt_sessions_total")[OTHER if private else DE] == MIN_CLIENTS


@tried
def test_a_name_of_a_network(observe, private):
    """It comes with the next query once the place is shown, and not before."""
    observer = observe(*private)

    def named():
        return "64496" in observer.program.metrics().by("asn", "dnstt_asn_info")

    observer.polls(GERMANY, range(MIN_CLIENTS - 1))
    observer.see()
    assert named() == (private == ())
    observer.polls(GERMANY, range(MIN_CLIENTS))
    observer.see()
    observer.polls(GERMANY, [0])
    observer.see()
    assert named()


@tried
def test_the_hint_about_networks_says_nothing_of_a_hidden_one(observe, private):
    """It is on for a single client's network that has its queries refused; among all that are
    hidden that is lost. Its words name no place."""
    observer = observe(*private)
    observer.polls(GERMANY, [6])
    observer.polls(FRANCE, [8])
    observer.see()
    for _ in range(3):
        observer.clock.look(observer.program)
        observer.ask(GERMANY, *[RESOLVER_WITHOUT_EDNS] * 60)
        observer.polls("10.99.0.9", [7] * 70)
        observer.polls(FRANCE, [8] * 70)
        observer.see()
        observer.clock.look(observer.program, 20)
    on = observer.program.metrics().by("hint", "dnstt_exporter_hint")
    assert ("edns" in on) == (private == ())
    for hint in observer.overview()["hints"]:
        assert not any(sign in hint["seen"] + hint["advice"] for sign in SIGNS)


def test_a_place_opens_again_at_a_quarter_more(observe):
    """So that one client who comes and goes does not switch it on and off."""
    observer = observe(*MIN_FLAGS)
    observer.polls(GERMANY, range(MIN_CLIENTS))
    observer.see()
    observer.see(WINDOW + 1)
    shown = []
    for count in range(MIN_CLIENTS - 1, MIN_CLIENTS + 3):
        observer.polls(GERMANY, range(count))
        shown.append(by_place(observer.see(), "dnstt_active_clients")[DE])
    assert shown == [0, 0, 0, MIN_CLIENTS + 2]


@pytest.mark.parametrize("more", ((), ROUND_FLAGS), ids=("hidden", "rounded"))
def test_a_forger_counts_exactly_whatever_the_flags(observe, more):
    """As the document says first: forged clients fill a place up to the threshold."""
    observer = observe(*MIN_FLAGS, *more)
    clients = 3
    observer.polls(GERMANY, range(clients))
    observer.see()
    for forged in range(MIN_CLIENTS + 1):
        observer.polls(GERMANY, [100 + forged])
        if DE in by_place(observer.see(), "dnstt_active_clients"):
            break
    assert MIN_CLIENTS - (forged + 1) == clients
    # And, from an open place, up to the next multiple.
    if more:
        shown = by_place(observer.program.metrics(), "dnstt_active_clients")[DE]
        more_forged = 0
        while by_place(observer.see(), "dnstt_active_clients")[DE] == shown:
            observer.polls(GERMANY, [200 + more_forged])
            more_forged += 1
        assert shown - (more_forged - 1) - (forged + 1) == clients
