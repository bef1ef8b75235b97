"""Sessions over time: active within the window, and counted once however often they return."""

import time

from support import frames, wire
from support.figures import figure
from support.program import wait_for

DOMAIN = "t.example.com"


def poll(client_id):
    return frames.query_frame(wire.query(client_id, DOMAIN))


def figures(metrics):
    return tuple(metrics.sum(name) for name in
                 ("dnstt_active_clients", "dnstt_peak_clients", "dnstt_sessions_total"))


def test_expiry_and_return(host, start):
    program = start("-dnstt.active-window", "1s")

    def become(active):
        wait_for(lambda: figures(program.metrics()) == (active, 2, 2), 4, f"{active} active")

    host.inbound.send(poll(b"CLIENT-1"), poll(b"CLIENT-2"))
    become(2)
    become(0)
    host.settle(program, query=2)
    host.inbound.send(poll(b"CLIENT-1"))
    become(1)
    become(0)
    host.settle(program, query=3)


def test_active_for_the_whole_window(host, start):
    """To a resolution of one second: never less than the window, at most two seconds more."""
    program = start("-dnstt.active-window", "2s")
    host.inbound.send(poll(b"CLIENTID"))
    sent = time.monotonic()
    wait_for(lambda: program.metrics().sum("dnstt_active_clients") == 1, 1, "active")
    wait_for(lambda: program.metrics().sum("dnstt_active_clients") == 0, 5, "expiry")
    assert 2 <= time.monotonic() - sent <= 4


def test_polls_keep_a_session_active(host, start):
    program = start("-dnstt.active-window", "2s")
    began = time.monotonic()
    sent = 0
    seen_active = False
    while time.monotonic() < began + 5:
        host.inbound.send(poll(b"CLIENTID"))
        sent += 1
        active = program.metrics().sum("dnstt_active_clients")
        assert active == 1 or not seen_active
        seen_active = seen_active or active == 1
        time.sleep(0.25)
    assert seen_active
    host.settle(program, query=sent)


def test_one_session_by_many_resolvers(host, start):
    """And many sessions by one resolver."""
    program = start()
    one = wire.query(b"CLIENTID", DOMAIN)
    host.inbound.send(*(frames.query_frame(one, f"10.77.5.{last}") for last in range(1, 101)))
    host.inbound.send(*(poll(b"MANY%4d" % number) for number in range(500)))
    assert figures(host.settle(program, query=600)) == (501, 501, 501)


def test_from_the_second_different_query(host, start):
    """A repeated name is no second query. What is no session in the figures is a query all the
    same."""
    program = start("-sessions.min-queries", "2")
    once = poll(b"CLIENT-1")
    host.inbound.send(once, once, poll(b"CLIENT-2"))
    metrics = host.settle(program, query=3)
    assert figures(metrics) == (0, 0, 0)
    assert metrics.sum("dnstt_queries_total") == 3
    host.inbound.send(poll(b"CLIENT-1"))
    assert figures(host.settle(program, query=4)) == (1, 1, 1)
    figure("-sessions.min-queries 2: 3 queries of 2 ids, one of them repeated: no session; 1 with a "
           "second, different query")
