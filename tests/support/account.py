"""The account that must balance: every packet that was received has exactly one outcome."""

import time

from support import frames, wire

OUTCOMES = ("kernel_dropped", "ignored", "malformed", "other_domain", "rejected", "query",
            "response")
# Metrics whose sum over all their series is an outcome.
SPLIT = {
    "query": "dnstt_queries_total",
    "response": "dnstt_responses_total",
    "rejected": "dnstt_rejected_queries_total",
    "ignored": "dnstt_exporter_packets_ignored_total",
}
# Figures of whole domains: each is the sum of its groups'.
TOTALS = {f"dnstt_domain_{name}": f"dnstt_{name}" for name in
          ("active_clients", "queries_total", "responses_total", "bytes_in_total",
           "bytes_out_total", "sessions_total")}
SETTLED_SECONDS = 10  # only bounds a failing test, however busy the machine is

MARKER = wire.message(wire.labels([b"marker", b"invalid"]))


def outcomes(metrics):
    return {outcome: metrics.sum("dnstt_exporter_packets_total", outcome=outcome)
            for outcome in OUTCOMES}


def balanced(metrics):
    """Asserts what holds in every scrape; returns whether the account is settled."""
    received = metrics.sum("dnstt_exporter_packets_received_total")
    counted = outcomes(metrics)
    classified = sum(counted.values())
    assert classified <= received, metrics.text
    for total, groups in TOTALS.items():
        assert metrics.by("domain", total) == metrics.by("domain", groups), metrics.text
    split = all(metrics.sum(name) == counted[outcome] for outcome, name in SPLIT.items())
    return classified == received and split


def wait_balanced(program, seen, seconds=SETTLED_SECONDS):
    """Call right after the last packet. Scrapes until that packet shows, which `seen` tells of the
    metrics, and the account balances. Returns the metrics."""
    deadline = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        metrics = program.metrics()
        if balanced(metrics) and seen(metrics):
            return metrics
        assert asked < deadline, f"not settled within {seconds} s:\n{metrics.text}"
        time.sleep(0.05)


def settle(program, send, *, ignored=None, port=53, seconds=SETTLED_SECONDS, **expected):
    """Sends one query for a foreign domain. Once it shows, all packets before it do: the ring keeps
    their order. Then every outcome since the start is exactly as expected, 0 where nothing is said;
    `ignored` is a dictionary by reason. Returns the metrics."""
    program.markers += 1
    send(frames.query_frame(MARKER, port=port))
    foreign = expected.pop("other_domain", 0) + program.markers
    metrics = wait_balanced(program, lambda now: outcomes(now)["other_domain"] >= foreign,
                            seconds)

    ignored = ignored or {}
    assert metrics.by("reason", "dnstt_exporter_packets_ignored_total") == ignored, metrics.text
    nothing = dict.fromkeys(OUTCOMES, 0)
    wanted = {"ignored": sum(ignored.values()), "other_domain": foreign}
    assert outcomes(metrics) == nothing | expected | wanted
    return metrics
