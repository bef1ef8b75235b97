"""Golden recordings of all that does not count: each, replayed past the running program, ends whole
in the one counter that it is named after."""

import pytest

from support import frames
from support.figures import figure
from support.namespace import run
from support.program import ROOT

FOLDER = ROOT / "tests/data/verdicts"
RECORDINGS = sorted(FOLDER.glob("*.pcap"))
REASONS = {"rejected": {"opcode", "qtype", "edns", "encoding", "short", "framing"},
           "ignored": {"direction", "not_udp", "fragment", "not_query"}}


def test_there_is_one_for_each_counter():
    """But for what leaves this host, which test_verdicts has."""
    expected = {"malformed", "other-domain"} | {
        f"{outcome}-{reason}" for outcome, reasons in REASONS.items() for reason in reasons}
    assert {path.stem for path in RECORDINGS} == expected


def test_they_are_written_again(tmp_path):
    run("/usr/bin/python3", str(ROOT / "tests/data/make_verdicts.py"), str(tmp_path))
    for path in RECORDINGS:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_each_ends_in_its_counter(host, start):
    program = start()
    counts = {path.stem: len(frames.read_pcap(path)) for path in RECORDINGS}
    for path in RECORDINGS:
        host.inbound.send(*frames.read_pcap(path))
    of = {outcome: {name.partition("-")[2]: count for name, count in counts.items()
                    if name.startswith(f"{outcome}-")} for outcome in REASONS}
    metrics = host.settle(program, rejected=sum(of["rejected"].values()), ignored=of["ignored"],
                          malformed=counts["malformed"], other_domain=counts["other-domain"])
    assert metrics.by("reason", "dnstt_rejected_queries_total") == of["rejected"]
    assert metrics.sum("dnstt_sessions_total") == 0
    figure(f"{sum(counts.values())} recorded packets of {len(counts)} kinds, each in its counter")
