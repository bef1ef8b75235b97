"""Queries that the kernel joins to one packet before the tap sees them."""

import socket
import struct

import pytest

from support import account, frames, wire
from support.host import CLIENT_INTERFACE

DOMAIN = "t.example.com"
UDP_SEGMENT = 103  # udp(7); Python has no name for it
COUNT = 30


def poll(number):
    return wire.query(b"CLIENT%02d" % number, DOMAIN, padding=bytes(wire.POLL_PADDING))


@pytest.fixture
def client(host):
    """An address on the client's end of the wire, as a direct client has."""
    host.client.ip("address", "add", f"{frames.CLIENT4}/24", "dev", CLIENT_INTERFACE)
    yield host.client
    host.client.ip("address", "del", f"{frames.CLIENT4}/24", "dev", CLIENT_INTERFACE)


def test_queries_of_one_call(host, start, client):
    """A sender that gives the kernel many datagrams at once: on a veth nobody cuts them up."""
    program = start()
    queries = [poll(number) for number in range(COUNT)]
    assert len({len(query) for query in queries}) == 1
    with client.entered():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        sender.bind((frames.CLIENT4, 0))
        sender.sendmsg(queries, [(socket.SOL_UDP, UDP_SEGMENT, struct.pack("=H", len(queries[0])))],
                       0, (frames.SERVER4, 53))
        sender.sendto(queries[0], (frames.SERVER4, 53))
    metrics = host.settle(program, query=1, ignored={"joined": 1})
    assert metrics.sum("dnstt_sessions_total") == 1


def test_joined_and_not(host, start):
    """By the octets: two whole queries are joined, one and a part of another are malformed."""
    program = start()
    one, other = poll(1), poll(2)
    host.inbound.send(*map(frames.query_frame, (one + other, one + other + one, one + other[:-1],
                                                one + b"\0", one)))
    metrics = host.settle(program, query=1, malformed=2, ignored={"joined": 2})
    assert account.outcomes(metrics)["ignored"] == 2
