"""More than the program can take: what is lost is counted, and the account balances afterwards."""

import os
import signal

import pytest

from support import account, frames, wire

DOMAIN = "t.example.com"
FRAMES = 60_000  # some four times what ring and channel hold together


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
