"""Fragments, IPv6 extension headers, VLAN tags, packets that lie about their length, and noise."""

import os
import random
import time

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import (ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, IPv6ExtHdrRouting)
from scapy.layers.l2 import Dot1AD, Dot1Q
from scapy.packet import Raw

from support import account, frames, wire

DOMAIN = "t.example.com"
CLIENT_ID = b"CLIENTID"
# Long enough to be cut in two: some 150 octets of name.
QUERY = wire.query(CLIENT_ID, DOMAIN, bytes(70))
RESPONSE = wire.response(QUERY, bytes(400))
UDP_HEADER = 8


def round_up_to_8(length):
    return -(-length // 8) * 8


# Where a first fragment ends that just holds the whole question, and one that does not.
AFTER_QUESTION = round_up_to_8(UDP_HEADER + wire.question_end(QUERY))
INSIDE_QUESTION = 64


def ipv6_fragments(cut, *, before=(), inside=()):
    """The query over IPv6 as two fragments, with extension headers before the fragment header and
    after it."""
    whole = bytes(_chain(inside, UDP(sport=40000, dport=53) / QUERY))
    first_header = 60 if inside else 17
    base = IPv6(src=frames.CLIENT6, dst=frames.SERVER6)
    parts = []
    for offset, more, part in ((0, 1, whole[:cut]), (cut, 0, whole[cut:])):
        header = IPv6ExtHdrFragment(nh=first_header, offset=offset // 8, m=more, id=7)
        parts.append(frames.to_server(base / _chain(before, header / Raw(part))))
    return parts


def _chain(headers, last):
    """Extension headers, given as makers, before what follows them."""
    for make in reversed(headers):
        last = make() / last
    return last


def assert_one_query(metrics):
    assert metrics.sum("dnstt_sessions_total") == 1
    assert metrics.sum("dnstt_bytes_in_total") == len(QUERY)


def test_ipv4_fragments(host, start):
    program = start()
    parts = fragment(frames.query_packet(QUERY), fragsize=AFTER_QUESTION)
    assert len(parts) == 2
    host.inbound.send(*map(frames.to_server, parts))
    assert_one_query(host.settle(program, query=1, ignored={"fragment": 1}))


def test_ipv4_fragments_of_a_response(host, start):
    program = start()
    parts = fragment(frames.response_packet(RESPONSE), fragsize=AFTER_QUESTION)
    assert len(parts) > 2
    host.outbound.send(*map(frames.from_server, parts))
    metrics = host.settle(program, response=1, ignored={"fragment": len(parts) - 1})
    assert metrics.sum("dnstt_bytes_out_total") == len(RESPONSE)


def test_first_fragment_without_the_question(host, start):
    program = start()
    parts = fragment(frames.query_packet(QUERY), fragsize=INSIDE_QUESTION)
    host.inbound.send(*map(frames.to_server, parts))
    host.settle(program, malformed=1, ignored={"fragment": len(parts) - 1})


EXTENSIONS = {
    "hop-by-hop": [IPv6ExtHdrHopByHop],
    "destination": [IPv6ExtHdrDestOpt],
    "routing": [lambda: IPv6ExtHdrRouting(type=0, segleft=0)],
    "atomic-fragment": [lambda: IPv6ExtHdrFragment(offset=0, m=0, id=1)],
    "several": [IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting,
                lambda: IPv6ExtHdrFragment(offset=0, m=0, id=1), IPv6ExtHdrDestOpt],
}


@pytest.mark.parametrize("headers", EXTENSIONS.values(), ids=EXTENSIONS)
def test_ipv6_extension_headers(host, start, headers):
    program = start()
    asked = IPv6(src=frames.CLIENT6, dst=frames.SERVER6)
    answered = IPv6(src=frames.SERVER6, dst=frames.CLIENT6)
    host.inbound.send(frames.to_server(asked / _chain(headers, UDP(sport=40000, dport=53) / QUERY)))
    host.outbound.send(
        frames.from_server(answered / _chain(headers, UDP(sport=53, dport=40000) / RESPONSE)))
    metrics = host.settle(program, query=1, response=1)
    assert_one_query(metrics)
    assert metrics.sum("dnstt_bytes_out_total") == len(RESPONSE)


def test_ipv6_extension_headers_before_something_else(host, start):
    program = start()
    base = IPv6(src=frames.CLIENT6, dst=frames.SERVER6) / IPv6ExtHdrHopByHop()
    host.inbound.send(frames.to_server(base / ICMPv6EchoRequest()),
                      frames.to_server(base / UDP(sport=40000, dport=5353) / QUERY))
    host.settle(program, ignored={"not_udp": 2})


FRAGMENTED = {
    "fragment-header-first": {},
    "after-hop-by-hop": {"before": [IPv6ExtHdrHopByHop]},
    "after-two": {"before": [IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt]},
}


@pytest.mark.parametrize("headers", FRAGMENTED.values(), ids=FRAGMENTED)
def test_ipv6_fragments(host, start, headers):
    program = start()
    host.inbound.send(*ipv6_fragments(AFTER_QUESTION, **headers))
    assert_one_query(host.settle(program, query=1, ignored={"fragment": 1}))


def test_ipv6_fragment_with_headers_inside(host, start):
    program = start()
    host.inbound.send(*ipv6_fragments(AFTER_QUESTION + 8, inside=[IPv6ExtHdrDestOpt]))
    assert_one_query(host.settle(program, query=1, ignored={"fragment": 1}))


PRIORITY = Dot1Q(vlan=0, prio=5)
TAGS = {"802.1Q": Dot1Q(vlan=5), "802.1ad": Dot1AD(vlan=6) / Dot1Q(vlan=5)}


def tagged(tag):
    return (frames.to_server(tag / frames.query_packet(QUERY)),
            frames.to_server(tag / frames.query_packet(QUERY, source=frames.CLIENT6)),
            frames.from_server(tag / frames.response_packet(RESPONSE)))


@pytest.mark.parametrize("tag", [*TAGS.values(), PRIORITY], ids=[*TAGS, "priority"])
def test_vlan_tags_on_a_named_interface(host, start, tag):
    program = start("-capture.interface", host.interface)
    *asked, answered = tagged(tag)
    host.inbound.send(*asked)
    host.outbound.send(answered)
    metrics = host.settle(program, query=2, response=1)
    assert metrics.sum("dnstt_sessions_total") == 1
    assert metrics.sum("dnstt_bytes_in_total") == 2 * len(QUERY)
    assert metrics.sum("dnstt_bytes_out_total") == len(RESPONSE)


@pytest.mark.parametrize("tag", TAGS.values(), ids=TAGS)
def test_vlan_tags_on_all_interfaces(host, start, tag):
    """The VLAN's own interface would show them as well, so the kernel filter leaves them out."""
    program = start()
    *asked, answered = tagged(tag)
    host.inbound.send(*asked)
    host.outbound.send(answered)
    host.settle(program)


def test_a_tag_without_a_vlan_counts_on_all_interfaces(host, start):
    """It carries a priority alone: no VLAN interface shows the packet."""
    program = start()
    host.inbound.send(*tagged(PRIORITY)[:2])
    host.settle(program, query=2)


def ipv4(message=QUERY, *, udp_length=None, ip_length=None):
    return frames.to_server(IP(src=frames.CLIENT4, dst=frames.SERVER4, len=ip_length)
                            / UDP(sport=40000, dport=53, len=udp_length) / message)


def ipv6(message=QUERY, *, udp_length=None, ip_length=None):
    return frames.to_server(IPv6(src=frames.CLIENT6, dst=frames.SERVER6, plen=ip_length)
                            / UDP(sport=40000, dport=53, len=udp_length) / message)


MALFORMED = {
    "ipv4-cut": ipv4()[:-5],
    "ipv4-cut-in-udp-header": ipv4()[: 14 + 20 + 5],
    "ipv4-longer-than-frame": ipv4(ip_length=20 + 8 + len(QUERY) + 1),
    "ipv4-shorter-than-its-header": ipv4(ip_length=19),
    "ipv4-without-room-for-udp": ipv4(ip_length=20 + 7),
    "ipv4-udp-longer-than-packet": ipv4(udp_length=8 + len(QUERY) + 1),
    "ipv4-udp-shorter-than-its-header": ipv4(udp_length=7),
    "ipv4-no-dns-header": ipv4(QUERY[:11]),
    "ipv4-empty": ipv4(b""),
    "ipv4-dns-cut": ipv4(QUERY[:-1]),
    "ipv6-cut": ipv6()[:-5],
    "ipv6-longer-than-frame": ipv6(ip_length=8 + len(QUERY) + 1),
    "ipv6-udp-longer-than-packet": ipv6(udp_length=8 + len(QUERY) + 1),
    "ipv6-udp-shorter-than-its-header": ipv6(udp_length=7),
    "ipv6-dns-cut": ipv6(QUERY[:-1]),
    "ipv6-extension-header-cut": frames.to_server(
        IPv6(src=frames.CLIENT6, dst=frames.SERVER6) / IPv6ExtHdrHopByHop(len=200)
        / UDP(sport=40000, dport=53) / QUERY),
}


def test_packets_that_lie_about_their_length(host, start):
    program = start()
    host.inbound.send(*MALFORMED.values())
    host.settle(program, malformed=len(MALFORMED))


def test_ethernet_padding_is_no_part_of_the_message(host, start):
    program = start()
    host.inbound.send(ipv4() + bytes(30), ipv6() + bytes(30))
    metrics = host.settle(program, query=2)
    assert metrics.sum("dnstt_bytes_in_total") == 2 * len(QUERY)


def test_foreign_packets_do_not_pass_the_kernel_filter(host, start):
    program = start()
    answer = dict(port=5353)
    host.inbound.send(
        frames.query_frame(QUERY, port=5353),
        frames.query_frame(QUERY, source=frames.CLIENT6, port=5353),
        frames.to_server(IP(src=frames.CLIENT4, dst=frames.SERVER4, proto=6) / Raw(bytes(40))),
    )
    host.outbound.send(frames.response_frame(RESPONSE, **answer),
                       frames.response_frame(RESPONSE, destination=frames.CLIENT6, **answer))
    host.settle(program)


def test_direction_decides(host, start):
    """A query that leaves this host, and a response that comes to it, are another server's."""
    program = start()
    asks_elsewhere = IP(src=frames.SERVER4, dst=frames.CLIENT4) / UDP(sport=40000, dport=53) / QUERY
    told = IP(src=frames.CLIENT4, dst=frames.SERVER4) / UDP(sport=53, dport=40000) / RESPONSE
    host.outbound.send(frames.from_server(asks_elsewhere))
    host.inbound.send(frames.to_server(told))
    for destination in ("ff:ff:ff:ff:ff:ff", frames.CLIENT_MAC):
        addressed = bytes.fromhex(destination.replace(":", ""))
        host.inbound.send(addressed + frames.query_frame(QUERY)[6:])
    host.settle(program, ignored={"direction": 4})


def garbage(seed):
    """Random octets that claim to be IP, and queries with some octets changed."""
    chance = random.Random(seed)
    whole = [ipv4(), ipv6(), *ipv6_fragments(AFTER_QUESTION)]
    made = []
    for _ in range(1500):
        made.append(chance.choice(whole)[:14] + chance.randbytes(chance.randrange(200)))
    for _ in range(1500):
        frame = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(1, 6)):
            frame[chance.randrange(14, len(frame))] = chance.randrange(256)
        made.append(bytes(frame[: chance.randrange(14, len(frame) + 1)]))
    return made


def test_garbage_is_counted_and_never_fatal(host, start):
    seed = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
    print(f"SEED={seed}")
    program = start()
    host.inbound.send(*garbage(seed))
    # Nothing that came in can count as a response, so the one that leaves tells the end.
    host.outbound.send(frames.response_frame(RESPONSE))
    metrics = account.wait_balanced(program, lambda now: now.sum("dnstt_responses_total") == 1)
    assert account.outcomes(metrics)["malformed"] > 100
    assert account.outcomes(metrics)["kernel_dropped"] == 0
