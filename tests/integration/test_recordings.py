"""Recordings of real traffic, replayed past the running program, give exactly the truth that
an independent program computed from them."""

import json
import time

import pytest

from support import frames
from support.clock import LOOK
from support.recordings import OF_DNSTT, OF_SLIPSTREAM, OF_VAYDNS, RECORDINGS

# The veth's queue and the program's ring hold much more than a hundredth of a second of this.
FRAMES_PER_SECOND = 20_000
PACE = 100


def replay(host, path):
    """Each frame the way it once went."""
    for number, frame in enumerate(frames.read_pcap(path)):
        if frames.is_from_server(frame):
            host.outbound.send(frame)
        else:
            host.inbound.send(frames.readdressed(frame))
        if number % PACE == 0:
            time.sleep(PACE / FRAMES_PER_SECOND)


def ignored(counters):
    answered = counters["udp_out"] - counters["tunnel_out"]
    later_fragments = counters["frames"] - counters["udp_in"] - counters["udp_out"]
    reasons = {"not_response": answered, "fragment": later_fragments}
    return {reason: count for reason, count in reasons.items() if count}


def check_repeated(metrics, truth):
    """In each recording a name that comes again does so within 10 s, and in the faster replay too.
    A recording has up to a million pairs of queries, each of which is taken for the same with a
    chance of 2^-24: more than three never happen."""
    repeated = metrics.sum("dnstt_repeated_queries_total")
    assert truth["names_seen_again"] <= repeated <= truth["names_seen_again"] + 3


def check_no_hint(program, clock):
    """Nothing seems wrong with the set-up, at once and ten minutes later."""
    clock.look(program)
    assert program.metrics().by("hint", "dnstt_exporter_hint") == {}
    clock.look(program, 600 // LOOK)
    assert program.metrics().by("hint", "dnstt_exporter_hint") == {}


def check_replay(host, program, path):
    truth = json.loads(path.with_suffix(".json").read_text())
    counters, clients = truth["counters"], truth["distinct_client_ids"]
    replay(host, path)

    metrics = host.settle(program, query=counters["q_tunnel"], response=counters["tunnel_out"],
                          rejected=counters.get("q_non_txt", 0), ignored=ignored(counters))

    assert metrics.find("dnstt_sessions_total") == [({"domain": "t.example.com"}, clients)]
    assert metrics.sum("dnstt_active_clients") == clients
    assert metrics.sum("dnstt_peak_clients") == clients
    assert metrics.sum("dnstt_domain_peak_clients") == clients
    assert metrics.sum("dnstt_queries_total") == counters["q_tunnel"]
    check_repeated(metrics, truth)
    assert metrics.sum("dnstt_bytes_in_total") == counters["tunnel_in_bytes"]
    assert metrics.sum("dnstt_responses_total") == counters["tunnel_out"]
    assert metrics.sum("dnstt_bytes_out_total") == counters["tunnel_out_bytes"]


@pytest.mark.parametrize("path", OF_DNSTT, ids=lambda path: path.stem)
def test_replay_gives_the_truth(host, start, clock, path):
    program = start(**clock.options)
    check_replay(host, program, path)
    check_no_hint(program, clock)


def test_a_tunnel_without_keys_is_dnstt(host, start):
    (path,) = [path for path in OF_DNSTT if path.stem == "3c-unbound"]
    check_replay(host, start("-dnstt.tunnel", "t.example.com", domain=None), path)


RECORD_TYPES = {1: "a", 10: "null", 16: "txt"}


def tunnel(truth):
    """The tunnel, as the recorded server was started; in its -dnstt-compat VayDNS is dnstt."""
    keys = [f"format={truth['format']}"]
    if truth["format"] != "slipstream":
        keys.append(f"mtu={truth['mtu']}")
    if truth["format"] == "vaydns":
        (qtype,) = truth["qtypes"]
        keys += [f"clientid-size={truth['id_octets']}", f"record-type={RECORD_TYPES[qtype]}"]
    return ",".join(["t.example.com", *keys])


@pytest.mark.parametrize("path", OF_VAYDNS + OF_SLIPSTREAM, ids=lambda path: path.stem)
def test_replay_of_other_formats_gives_the_truth(host, start, clock, path):
    """It takes seconds, so no session ends, and an id that comes back is the same session. Of
    Slipstream a session is a path: two clients may have three."""
    truth = json.loads(path.with_suffix(".json").read_text())
    assert truth["queries"] == sum(truth["kinds"].values())
    rejected = {reason: truth[f"rejected_{reason}"] for reason in ("framing", "qtype")
                if f"rejected_{reason}" in truth}
    program = start("-dnstt.tunnel", tunnel(truth), domain=None, **clock.options)
    replay(host, path)

    unanswered = truth.get("not_response", 0)
    metrics = host.settle(program, query=truth["queries"], response=truth["responses"],
                          rejected=sum(rejected.values()),
                          ignored={"not_response": unanswered} if unanswered else {})

    for name in ("dnstt_sessions_total", "dnstt_active_clients", "dnstt_peak_clients",
                 "dnstt_domain_peak_clients"):
        assert metrics.find(name) == [({"domain": "t.example.com"}, truth["sessions"])], name
    assert metrics.by("reason", "dnstt_rejected_queries_total") == rejected
    assert metrics.sum("dnstt_queries_total") == truth["queries"]
    check_repeated(metrics, truth)
    assert metrics.sum("dnstt_bytes_in_total") == truth["bytes_in"]
    assert metrics.sum("dnstt_responses_total") == truth["responses"]
    assert metrics.sum("dnstt_bytes_out_total") == truth["bytes_out"]
    check_no_hint(program, clock)


@pytest.mark.parametrize("path", OF_VAYDNS + OF_SLIPSTREAM, ids=lambda path: path.stem)
def test_other_formats_are_no_dnstt(host, start, path):
    """As dnstt, their queries are no sessions, but for those of -dnstt-compat, which are dnstt."""
    truth = json.loads(path.with_suffix(".json").read_text())
    program = start()
    inbound = [frames.readdressed(frame) for frame in frames.read_pcap(path)
               if not frames.is_from_server(frame)]
    host.inbound.send(*inbound)
    queries, sessions = ((truth["queries"], truth["sessions"]) if truth["format"] == "dnstt"
                         else (0, 0))
    metrics = host.settle(program, query=queries, rejected=len(inbound) - queries)
    assert metrics.sum("dnstt_sessions_total") == sessions
    assert metrics.sum("dnstt_active_clients") == sessions


def test_minimised_names_make_no_phantom_sessions(host, start):
    """A resolver's A queries for the ends of names look like 871 more sessions."""
    (path,) = [path for path in RECORDINGS if path.stem == "3c-unbound"]
    truth = json.loads(path.with_suffix(".json").read_text())
    assert truth["non_txt_decoding_to_an_id"]["phantom_ids_not_seen_in_txt"] == 871
    probes = truth["counters"]["q_non_txt"]
    program = start()
    host.inbound.send(*(frame for frame in frames.read_pcap(path)
                        if not frames.is_from_server(frame)))

    metrics = host.settle(program, query=truth["counters"]["q_tunnel"], rejected=probes)

    assert metrics.by("reason", "dnstt_rejected_queries_total") == {"qtype": probes}
    assert metrics.sum("dnstt_sessions_total") == 3
    assert metrics.sum("dnstt_active_clients") == 3
