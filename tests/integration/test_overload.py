"""More than the program can take: what is lost is counted, and the account balances afterwards."""

import os
import signal
import time

import pytest

from support import account, frames, process, wire
from support.figures import figure
from support.host import CLIENT_INTERFACE
from support.sender import Sender

DOMAIN = "t.example.com"
FRAMES = 60_000  # some four times what ring and channel hold together
MEBIBYTE = 1 << 20


@pytest.mark.parametrize("stopped", ["sniffer", "exporter"])
def test_a_burst_that_nobody_takes(host, start, stopped):
    """While one process stands still, ring and channel fill; the kernel counts what it drops."""
    program = start()
    pid = program.sniffer if stopped == "sniffer" else program.pid
    query = wire.query(b"CLIENTID", DOMAIN, bytes(70))
    response = wire.response(query, bytes(300))
    asked, answered = frames.query_frame(query), frames.response_frame(response)

    os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(FRAMES // 100):
            host.inbound.send(*[asked] * 50, rate=200_000)
            host.outbound.send(*[answered] * 50, rate=200_000)
    finally:
        os.kill(pid, signal.SIGCONT)

    received = "dnstt_exporter_packets_received_total"
    metrics = account.wait_balanced(program, lambda now: now.sum(received) == FRAMES)
    counted = account.outcomes(metrics)
    taken = counted["query"] + counted["response"]
    assert counted["kernel_dropped"] > FRAMES / 3
    assert taken > FRAMES / 20
    assert taken + counted["kernel_dropped"] == FRAMES
    assert metrics.sum("dnstt_bytes_in_total") == counted["query"] * len(query)
    assert metrics.sum("dnstt_bytes_out_total") == counted["response"] * len(response)
    assert metrics.sum("dnstt_sessions_total") == 1
    assert program.log().count("packets were lost because") == 1
    figure(f"burst of {FRAMES} while the {stopped} stood still: {taken:.0f} counted + "
           f"{counted['kernel_dropped']:.0f} dropped")


STOPPED_SECONDS = 10
STOPPED_RATE = 10_000


def test_the_exporter_stopped_for_ten_seconds(host, start, tmp_path):
    """To the packet: what the ring and the channel could not hold is counted as dropped, and the
    rest counts once it goes on."""
    program = start()
    path = frames.write_pcap(tmp_path / "poll.pcap",
                             [frames.query_frame(wire.query(b"CLIENTID", DOMAIN))])
    sender = Sender(host.client, CLIENT_INTERFACE, path, rate=STOPPED_RATE, sessions=100,
                    seconds=STOPPED_SECONDS + 2)
    try:
        os.kill(program.pid, signal.SIGSTOP)
        try:
            time.sleep(STOPPED_SECONDS)
        finally:
            os.kill(program.pid, signal.SIGCONT)
        sent = sender.wait()
    finally:
        sender.kill()
    received = "dnstt_exporter_packets_received_total"
    metrics = account.wait_balanced(program, lambda now: now.sum(received) == sent)
    counted = account.outcomes(metrics)
    assert counted["kernel_dropped"] > 0
    assert counted["query"] + counted["kernel_dropped"] == sent
    assert metrics.sum("dnstt_active_clients") == 100
    assert program.log().count("packets were lost because") == 1
    assert program.log().count("stalled") == 1 and "silent" not in program.log()
    figure(f"exporter stopped for {STOPPED_SECONDS} s: {sent} packets = {counted['query']:.0f} "
           f"queries + {counted['kernel_dropped']:.0f} dropped")


REGULARS = 200
FLOOD_SECONDS = 6
FLOOD_LIMITS = {"sessions_max": 50_000, "remember": 50_000, "groups_max": 1000}


def regular_polls():
    """One query of each session that was there before, with a name of its own."""
    return [frames.query_frame(wire.query(b"REG%5d" % number, "u.example.com"))
            for number in range(REGULARS)]


def test_a_flood_of_forged_sessions(host, start, tmp_path):
    """Memory stays within the limits' sum, nobody who was there before is lost, and each forged
    session is there or was counted as one that went."""
    program = start("-sessions.max", "50000", "-sessions.remember", "50000", "-groups.max", "1000",
                    domain=f"{DOMAIN},u.example.com")
    before = process.resident(program.pid)
    host.inbound.send(*regular_polls(), *regular_polls())
    host.settle(program, query=2 * REGULARS)

    polls = frames.write_pcap(tmp_path / "poll.pcap",
                              [frames.query_frame(wire.query(b"FORGED!!", DOMAIN))])
    sender = Sender(host.client, CLIENT_INTERFACE, polls, rate=50_000, seconds=FLOOD_SECONDS,
                    newcomers=1000)
    peak = before
    try:
        while sender.running():
            host.inbound.send(*regular_polls())
            time.sleep(0.2)
            metrics = program.metrics()
            account.balanced(metrics)
            peak = max(peak, process.resident(program.pid))
            assert metrics.sum("dnstt_active_clients", domain="u.example.com") == REGULARS
        sent = sender.wait()
    finally:
        sender.kill()
    host.inbound.send(frames.query_frame(account.MARKER))
    metrics = account.wait_balanced(program, lambda now: account.outcomes(now)["other_domain"] == 2)

    forged = metrics.sum("dnstt_queries_total", domain=DOMAIN)
    evicted = metrics.sum("dnstt_exporter_sessions_evicted_total")
    refused = metrics.sum("dnstt_exporter_sessions_refused_total")
    active = metrics.sum("dnstt_active_clients", domain=DOMAIN)
    dropped = account.outcomes(metrics)["kernel_dropped"]
    assert forged > 2 * FLOOD_LIMITS["sessions_max"]
    assert forged + dropped <= sent  # the veth's queue may have had no room for some
    assert forged == evicted + refused + active
    assert active + REGULARS == FLOOD_LIMITS["sessions_max"]
    assert metrics.sum("dnstt_active_clients", domain="u.example.com") == REGULARS
    assert metrics.sum("dnstt_sessions_total", domain="u.example.com") == REGULARS
    limit = process.memory_limit(**FLOOD_LIMITS)
    assert peak - before <= limit + MEBIBYTE
    for told in ("new sessions replace those with a single query", "may count again"):
        assert program.log().count(told) == 1
    figure(f"flood over the wire: {forged:.0f} forged sessions, {evicted:.0f} evicted, "
           f"{REGULARS} of {REGULARS} kept, {(peak - before) / MEBIBYTE:.1f} MiB of "
           f"{limit / MEBIBYTE:.1f} taken, {dropped:.0f} packets dropped")
