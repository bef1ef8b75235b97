"""The frame file of the bench: queries as a dnstt client sends them, a pcap for every subject."""

import random

from support import frames, wire

DOMAIN = "t.tunnel.example.com"
RESOLVERS = 64

# Octets of the frame on the wire, Ethernet header and all → of the KCP packet that its query
# carries: a poll has none.
SHAPES = {120: 0, 162: 30, 313: 123}


def _query(dice, client_id, octets):
    packet = dice.randbytes(SHAPES[octets])
    padding = dice.randbytes(wire.DATA_PADDING if packet else wire.POLL_PADDING)
    return wire.query(client_id, DOMAIN, packet, padding=padding, id=dice.randrange(1 << 16))


def _address(resolver):
    return f"10.77.{1 + resolver % 3}.{1 + resolver}"


def queries(octets, count, sessions, seed=4):
    """Frames of so many octets: `count` queries, of so many sessions in turn."""
    dice = random.Random(seed)
    ids = [dice.randbytes(8) for _ in range(sessions)]
    made = [frames.query_frame(_query(dice, ids[number % sessions], octets),
                               source=_address(number % RESOLVERS)) for number in range(count)]
    assert all(len(frame) == octets for frame in made), len(made[0])
    return made


# Octets of the frames of other formats' queries with data, a size that dnstt's queries have too: a
# DNS message of 120 octets.
OTHER_FRAME = 162


def _of_format(count, sessions, id_octets, make, seed=4):
    """Frames of `count` queries, of so many sessions in turn. `make` has the dice, an id and a number,
    and returns the message."""
    dice = random.Random(seed)
    ids = [dice.randbytes(id_octets) for _ in range(sessions)]
    made = [frames.query_frame(make(dice, ids[number % sessions], number),
                               source=_address(number % RESOLVERS)) for number in range(count)]
    assert all(len(frame) == OTHER_FRAME for frame in made), len(made[0])
    return made


def vaydns(count, sessions):
    return _of_format(count, sessions, 2, lambda dice, client_id, number: wire.vaydns_query(
        client_id, DOMAIN, wire.kcp(dice.randbytes(16), conversation=number),
        id=dice.randrange(1 << 16)))


def dnsttex(count, sessions):
    return _of_format(count, sessions, 8, lambda dice, client_id, number: wire.dnsttex_query(
        client_id, DOMAIN, wire.compact_kcp(dice.randbytes(19), conversation=number),
        id=dice.randrange(1 << 16)))


def slipstream(count, sessions):
    """Of so many paths in turn."""
    return _of_format(count, sessions, 8, lambda dice, path_id, number: wire.slipstream_query(
        wire.quic_short(path_id, dice.randbytes(34)), DOMAIN, id=dice.randrange(1 << 16)))


def rejected(count, seed=4):
    """Frames of queries that look like a dnstt client's polls, but for the mark of the padding."""
    dice = random.Random(seed)
    octets = len(wire.payload(b"CLIENTID", padding=bytes(wire.POLL_PADDING)))
    made = [frames.query_frame(
        wire.message(wire.name(dice.randbytes(8) + b"\x7f" + dice.randbytes(octets - 9), DOMAIN),
                     id=dice.randrange(1 << 16)),
        source=_address(number % RESOLVERS)) for number in range(count)]
    assert all(len(frame) == min(SHAPES) for frame in made), len(made[0])
    return made


def foreign(count):
    """Queries for names that are none of ours."""
    return [frames.query_frame(wire.message(wire.labels([b"www", b"example", b"org"]), id=number))
            for number in range(count)]


def turned_away(count):
    """What the kernel filter does not let through: UDP of other ports."""
    message = wire.message(wire.labels([b"www", b"example", b"org"]))
    return [frames.query_frame(message, port=5353) for _ in range(count)]


write = frames.write_pcap
