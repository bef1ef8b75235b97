"""Recordings of real dnstt traffic, replayed past the running program, give exactly the truth that
an independent program computed from them."""

import json
import time

import pytest

from support import frames
from support.program import ROOT

RECORDINGS = sorted((ROOT / "tests/data/pcap").glob("*.pcap"))

# The veth's queue and the program's ring hold much more than a hundredth of a second of this.
FRAMES_PER_SECOND = 20_000
PACE = 100


def replay(host, path):
    """Each frame the way it once went."""
    for number, frame in enumerate(frames.read_pcap(path)):
        (host.outbound if frames.is_from_server(frame) else host.inbound).send(frame)
        if number % PACE == 0:
            time.sleep(PACE / FRAMES_PER_SECOND)


def ignored(counters):
    answered = counters["udp_out"] - counters["tunnel_out"]
    later_fragments = counters["frames"] - counters["udp_in"] - counters["udp_out"]
    reasons = {"not_response": answered, "fragment": later_fragments}
    return {reason: count for reason, count in reasons.items() if count}


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_replay_gives_the_truth(host, start, path):
    truth = json.loads(path.with_suffix(".json").read_text())
    counters, clients = truth["counters"], truth["distinct_client_ids"]
    program = start()
    replay(host, path)

    metrics = host.settle(program, query=counters["q_tunnel"], response=counters["tunnel_out"],
                          rejected=counters.get("q_non_txt", 0), ignored=ignored(counters))

    assert metrics.find("dnstt_sessions_total") == [({"domain": "t.example.com"}, clients)]
    assert metrics.sum("dnstt_active_clients") == clients
    assert metrics.sum("dnstt_peak_clients") == clients
    assert metrics.sum("dnstt_domain_peak_clients") == clients
    assert metrics.sum("dnstt_queries_total") == counters["q_tunnel"]
    assert metrics.sum("dnstt_bytes_in_total") == counters["tunnel_in_bytes"]
    assert metrics.sum("dnstt_responses_total") == counters["tunnel_out"]
    assert metrics.sum("dnstt_bytes_out_total") == counters["tunnel_out_bytes"]


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
