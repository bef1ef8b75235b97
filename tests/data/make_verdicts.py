#!/usr/bin/python3
"""Writes the recordings of tests/data/verdicts: one for each way in which a packet does not count,
named after the counter that it must end in. Every time the same octets; tests hold that.

    make_verdicts.py DIRECTORY
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from scapy.layers.inet import IP, UDP, IPOption_NOP, fragment  # noqa: E402
from scapy.layers.inet6 import (ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt,  # noqa: E402
                                IPv6ExtHdrFragment, IPv6ExtHdrHopByHop)
from scapy.layers.l2 import Dot1Q  # noqa: E402
from scapy.packet import Raw  # noqa: E402

from support import frames, wire  # noqa: E402

DOMAIN = "t.example.com"
CLIENT_ID = b"CLIENTID"
PADDING = bytes(range(8))
PORTS = {"sport": frames.CLIENT_PORT, "dport": 53}
IPV4 = {"src": frames.CLIENT4, "dst": frames.SERVER4}
IPV6 = {"src": frames.CLIENT6, "dst": frames.SERVER6}

# All the headers that a query may come behind.
HEADERS = (
    lambda: IP(**IPV4),
    lambda: IP(**IPV4, options=[IPOption_NOP()] * 40),
    lambda: IP(**IPV4, flags="DF", tos=0xB8, ttl=1),
    lambda: IPv6(**IPV6),
    lambda: IPv6(**IPV6) / IPv6ExtHdrHopByHop(),
    lambda: IPv6(**IPV6) / IPv6ExtHdrDestOpt() / IPv6ExtHdrFragment(offset=0, m=0, id=1),
    lambda: Dot1Q(vlan=0, prio=5) / IP(**IPV4),
    lambda: Dot1Q(vlan=0, prio=5) / IPv6(**IPV6),
)


def poll(**options):
    return wire.query(CLIENT_ID, DOMAIN, padding=PADDING, **options)


def data(octets, **options):
    return wire.query(CLIENT_ID, DOMAIN, bytes(octets), padding=PADDING[:3], **options)


def named(labels, **options):
    return wire.message(wire.labels([*labels, *DOMAIN.encode().split(b".")]), **options)


def carrying(octets):
    return wire.message(wire.name(octets, DOMAIN))


# Counter → DNS messages that end there.
MESSAGES = {
    "rejected-opcode": [poll(flags=code << 11) for code in range(1, 16)],
    "rejected-qtype": [poll(qtype=qtype) for qtype in (0, 1, 2, 5, 6, 15, 17, 28, 33, 65, 252, 255,
                                                       257, 0x8010, 0xFFFF)],
    "rejected-edns": [poll(size=size) for size in (None, 0, 511, 512, 1231)]
                     + [data(100, size=None), data(24, size=1231)],
    "rejected-encoding": [named([bytes([octet]) + b"aaaaaaaaaaaaaaaaaaaaaaaaa"])
                          for octet in range(256)
                          if not (chr(octet).isascii() and chr(octet).isalpha())
                          and octet not in b"234567"],
    "rejected-short": [named([])] + [carrying(CLIENT_ID[:length]) for length in range(1, 8)],
    "rejected-framing": [carrying(CLIENT_ID)]
                        + [carrying(CLIENT_ID + bytes([mark])) for mark in range(0xE0)]
                        + [carrying(CLIENT_ID + b"\xe8" + PADDING + b"\x18" + bytes(octets))
                           for octets in (0, 1, 23, 25)],
    "malformed": [poll()[:length] for length in range(len(poll()))]
                 + [poll() + b"\0", poll()[:4] + b"\0\2" + poll()[6:],
                    poll()[:6] + b"\0\1" + poll()[8:]],
    "other-domain": [wire.message(wire.labels(name.split(b"."))) for name in (
        b"example.com", b"com", b"xt.example.com", b"t.example.org", b"t.example.com.org")],
    "ignored-not_query": [poll(flags=0x8000), poll(flags=0x8180), wire.response(poll())],
}


def fragments():
    """Later ones alone."""
    whole = fragment(frames.query_packet(data(100)), fragsize=64)
    upper = bytes(UDP(**PORTS) / data(100))
    return [frames.to_server(part) for part in whole[1:]] + [
        frames.to_server(IPv6(**IPV6) / IPv6ExtHdrFragment(nh=17, offset=at // 8, m=more, id=7)
                         / Raw(upper[at:at + 64]))
        for at, more in ((64, 1), (128, 1), (192, 0))]


def elsewhere():
    """To another host that this interface shows, or from one."""
    stranger = bytes.fromhex(frames.CLIENT_MAC.replace(":", ""))
    answer = IP(**IPV4) / UDP(sport=53, dport=frames.CLIENT_PORT) / wire.response(poll())
    return [stranger + frames.query_frame(poll())[6:], b"\xff" * 6 + frames.query_frame(poll())[6:],
            frames.to_server(answer)]


# Counter → whole frames.
FRAMES = {
    "ignored-fragment": fragments(),
    "ignored-direction": elsewhere(),
    "ignored-not_udp": [
        frames.to_server(IPv6(**IPV6) / IPv6ExtHdrHopByHop() / ICMPv6EchoRequest()),
        frames.to_server(IPv6(**IPV6) / IPv6ExtHdrHopByHop()
                         / UDP(sport=frames.CLIENT_PORT, dport=5353) / poll())],
}


def recordings():
    """Name → frames."""
    made = {name: [frames.to_server(HEADERS[number % len(HEADERS)]() / UDP(**PORTS) / message)
                   for number, message in enumerate(messages)]
            for name, messages in MESSAGES.items()}
    # Each kind behind all of the headers.
    for name, messages in MESSAGES.items():
        made[name] += [frames.to_server(headers() / UDP(**PORTS) / messages[0])
                       for headers in HEADERS]
    return made | FRAMES


def main():
    directory = pathlib.Path(sys.argv[1])
    for name, made in recordings().items():
        frames.write_pcap(directory / f"{name}.pcap", made)


if __name__ == "__main__":
    main()
