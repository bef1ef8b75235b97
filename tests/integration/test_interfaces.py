"""A packet that several interfaces show is counted once."""

import socket

import pytest

from support import account, frames, wire
from support.host import SERVER_INTERFACE, Host
from support.namespace import run

DOMAIN = "t.example.com"
QUERIES = [wire.query(b"CLIENT-%d" % number, DOMAIN, bytes(100)) for number in range(5)]
ANSWER = bytes(300)


@pytest.mark.parametrize("interface", [None, "lo"])
@pytest.mark.parametrize("source, server", [("127.0.0.5", "127.0.0.1"), ("::1", "::1")])
def test_loopback(host, start, interface, source, server):
    """Loopback shows each packet twice: going out and coming in."""
    program = start(*(("-capture.interface", interface) if interface else ()))
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with host.server.entered():
        client = socket.socket(family, socket.SOCK_DGRAM)
        answering = socket.socket(family, socket.SOCK_DGRAM)
    octets_out = 0
    with client, answering:
        client.bind((source, 0))
        answering.bind((server, 53))
        for endpoint in (client, answering):
            endpoint.settimeout(5)
        for query in QUERIES:
            client.sendto(query, (server, 53))
            received, address = answering.recvfrom(4096)
            response = wire.response(received, ANSWER)
            answering.sendto(response, address)
            assert client.recv(4096) == response
            octets_out += len(response)
        # One more query that nothing is answered to: the last packet.
        mark = lambda _: client.sendto(account.MARKER, (server, 53))
        # Each query's outgoing copy, and each response's incoming one.
        copies = 2 * len(QUERIES) + 1
        metrics = account.settle(program, mark, query=len(QUERIES), response=len(QUERIES),
                                 ignored={"direction": copies})
    assert metrics.sum("dnstt_sessions_total") == len(QUERIES)
    assert metrics.sum("dnstt_bytes_in_total") == sum(map(len, QUERIES))
    assert metrics.sum("dnstt_bytes_out_total") == octets_out


@pytest.fixture(scope="module")
def bridged():
    made = Host(bridge="bridge0")
    yield made
    made.close()


@pytest.mark.parametrize("interface", [None, "bridge0", SERVER_INTERFACE])
def test_bridge(bridged, start, interface):
    """The address is the bridge's; what comes and goes is seen on the bridge and on its port."""
    named = ("-capture.interface", interface) if interface else ()
    program = start(*named, namespace=bridged.server)
    for query in QUERIES:
        bridged.inbound.send(frames.query_frame(query))
        bridged.outbound.send(frames.response_frame(wire.response(query, ANSWER)))
    metrics = bridged.settle(program, query=len(QUERIES), response=len(QUERIES))
    assert metrics.sum("dnstt_sessions_total") == len(QUERIES)
    assert metrics.sum("dnstt_bytes_in_total") == sum(map(len, QUERIES))
    assert (SERVER_INTERFACE in program.log()) == (interface != "bridge0")


def test_an_address_that_is_its_own_besides(host, start):
    """As a macsec on the interface has it listed: what leaves with it is the host's."""
    entry = (frames.SERVER_MAC, "dev", SERVER_INTERFACE, "self", "permanent")
    run("bridge", "-n", host.server.name, "fdb", "add", *entry)
    try:
        program = start()
        for query in QUERIES:
            host.inbound.send(frames.query_frame(query))
            host.outbound.send(frames.response_frame(wire.response(query, ANSWER)))
        host.settle(program, query=len(QUERIES), response=len(QUERIES))
        assert "network namespace" not in program.log()
    finally:
        run("bridge", "-n", host.server.name, "fdb", "del", *entry)
