"""Slipstream: a session is a path of a QUIC connection, by the id that its server chose. One
Handshake shows it, or two different names; what anybody forges changes nothing for the others."""

import random

from support import wire
from support.figures import figure
from support.tunnels import DOMAIN, NO_SESSIONS, answer, ask, counted, labels_of, sessions

TUNNEL = f"{DOMAIN},format=slipstream"
PATH = b"PATH-ID1"
FORGER = "10.77.3.9"
OWNER = "10.77.1.9"


def handshake(path_id, domain=DOMAIN, **header):
    return wire.slipstream_query(wire.quic_long(wire.QUIC_HANDSHAKE, path_id, **header), domain)


def initial(number, kind=wire.QUIC_INITIAL):
    return wire.slipstream_query(wire.quic_long(kind, b"ID%06d" % number), DOMAIN)


def path(path_id, domain=DOMAIN):
    """Another name each time."""
    return wire.slipstream_query(wire.quic_short(path_id), domain)


def path_ids(count, text=b"PATH%04d"):
    return [text % number for number in range(count)]


def show(host, *ids, **options):
    """The least that shows paths without a Handshake. Returns how many queries."""
    messages = [path(path_id) for path_id in ids for _ in range(2)]
    ask(host, *messages, **options)
    return len(messages)


def test_a_handshake_shows_its_session_at_once(host, watch):
    program = watch(TUNNEL)
    ask(host, handshake(PATH))
    assert sessions(host.settle(program, query=1)) == (1, 1, 1)
    ask(host, handshake(PATH), handshake(PATH, protected=bytes(30)), path(PATH), path(PATH))
    assert sessions(host.settle(program, query=5)) == (1, 1, 1)


def in_other_cases(message, chance):
    """The same query as a resolver sends it again: another id, its letters in any case."""
    end = wire.question_end(message) - 4
    name = wire.mixed_case(message[12:end], chance)
    return chance.randbytes(2) + message[2:12] + name + message[end:]


def test_two_names_of_one_path_show_it(host, watch):
    """The one again, as resolvers send it, does not."""
    program = watch(TUNNEL)
    once = path(PATH)
    again = [in_other_cases(once, random.Random(number)) for number in range(20)]
    assert len(set(again)) == 20
    ask(host, once, once, *again)
    assert sessions(host.settle(program, query=22)) == NO_SESSIONS
    ask(host, path(PATH))
    assert sessions(host.settle(program, query=23)) == (1, 1, 1)


def test_two_names_differ_in_their_characters(host, watch):
    """Not in where their labels end; and the last character is enough."""
    program = watch(TUNNEL)
    packet = wire.quic_short(PATH, bytes(46))
    once = wire.name(packet, DOMAIN)
    text = once[1:64] + once[65 : 65 + once[64]]
    elsewhere = wire.labels([text[:20], text[20:60], text[60:], *labels_of(DOMAIN)])
    ask(host, wire.message(once), wire.message(elsewhere))
    assert sessions(host.settle(program, query=2)) == NO_SESSIONS
    ask(host, wire.slipstream_query(packet[:-1] + b"\1", DOMAIN))
    assert sessions(host.settle(program, query=3)) == (1, 1, 1)


def test_the_begin_of_a_connection_is_no_session(host, watch):
    """Its Initials and 0-RTT packets have ids that the client made up: they count as queries, and
    take no room in the table, which has some for as many sessions as it may hold."""
    program = watch(TUNNEL, flags=("-sessions.max", "1000"))
    messages = [initial(number) for number in range(1000)]
    messages += [initial(number, wire.QUIC_0RTT) for number in range(1000)]
    ask(host, *messages)
    metrics = host.settle(program, query=2000)
    assert sessions(metrics) == NO_SESSIONS
    assert metrics.sum("dnstt_domain_peak_clients") == 0
    assert metrics.sum("dnstt_queries_total") == 2000
    assert metrics.sum("dnstt_bytes_in_total") == sum(map(len, messages))
    ask(host, *(path(path_id) for path_id in path_ids(1000)))
    metrics = host.settle(program, query=3000)
    for name in ("evicted", "refused", "forgotten"):
        assert metrics.sum(f"dnstt_exporter_sessions_{name}_total") == 0
    # The ids of Initials are not remembered either: they may be those of paths.
    ask(host, handshake(b"ID%06d" % 5))
    metrics = host.settle(program, query=3001)
    assert metrics.sum("dnstt_exporter_sessions_evicted_total") == 1
    assert sessions(metrics) == (1, 1, 1)
    figure("2,000 Initials and 0-RTT packets of Slipstream: 0 sessions, no entry of the table")


def test_responses_by_their_code(host, watch):
    """A server with nothing to send says that there is no such name."""
    program = watch(TUNNEL)
    asked = [handshake(PATH), path(PATH), initial(1)]
    for rcode in set(range(16)) - {0, 3}:
        answer(host, *asked, rcode=rcode)
    host.settle(program, ignored={"not_response": 42})
    for rcode in (0, 3):
        answer(host, *asked, rcode=rcode)
    metrics = host.settle(program, response=6, ignored={"not_response": 42})
    assert metrics.sum("dnstt_responses_total") == 6
    assert metrics.sum("dnstt_bytes_out_total") == sum(
        len(wire.response(message, rcode=rcode)) for message in asked for rcode in (0, 3))
    assert sessions(metrics) == NO_SESSIONS  # a response shows none


def test_each_path_is_a_session(host, watch):
    """A connection has one for each resolver, of which one alone is in its Handshake."""
    program = watch(TUNNEL)
    ask(host, initial(1), handshake(PATH), path(PATH), source="10.77.1.9")
    ask(host, path(b"PATH-ID2"), source="10.77.2.9")
    assert sessions(host.settle(program, query=4)) == (1, 1, 1)
    ask(host, path(b"PATH-ID2"), source="10.77.2.9")
    assert sessions(host.settle(program, query=5)) == (2, 2, 2)


def test_an_id_is_all_of_its_octets(host, watch):
    """Handshakes may have ids of any length up to 20; each is one of its own."""
    program = watch(TUNNEL)
    long_id = bytes(range(1, 21))
    ask(host, *(handshake(long_id[:length]) for length in range(1, 21)))
    assert sessions(host.settle(program, query=20)) == (20, 20, 20)
    ask(host, *(handshake(bytes(length)) for length in range(1, 21)))
    assert sessions(host.settle(program, query=40)) == (40, 40, 40)
    ask(host, *(handshake(long_id[:at] + b"\xff" + long_id[at + 1 :]) for at in range(20)))
    assert sessions(host.settle(program, query=60)) == (60, 60, 60)
    ask(host, path(long_id[:8]), path(long_id[:8]))  # as the Handshake of eight octets said
    assert sessions(host.settle(program, query=62)) == (60, 60, 60)


BROKEN = {
    "version-0": wire.quic_long(wire.QUIC_HANDSHAKE, PATH, version=0),
    "version-2": wire.quic_long(wire.QUIC_HANDSHAKE, PATH, version=0x6B3343CF),
    "retry": wire.quic_long(wire.QUIC_RETRY, PATH),
    "no-id": wire.quic_long(wire.QUIC_HANDSHAKE, b""),
    "long-id": wire.quic_long(wire.QUIC_HANDSHAKE, PATH + bytes(13)),
    "long-source": wire.quic_long(wire.QUIC_HANDSHAKE, PATH, source=bytes(21)),
    "no-fixed-bit": b"\x80" + wire.quic_long(wire.QUIC_HANDSHAKE, PATH)[1:],
}


def test_forged_handshakes_change_nothing_for_others(host, watch):
    """Whatever length their ids have, paths are read as before."""
    program = watch(TUNNEL)
    live, half_shown = path_ids(5), path_ids(5, b"HALF%04d")
    sent = show(host, *live)
    ask(host, *(path(path_id) for path_id in half_shown))
    sent += 5
    assert sessions(host.settle(program, query=sent)) == (5, 5, 5)

    forged = [handshake((live[0] + bytes(12))[:length]) for length in (*range(1, 8), *range(9, 21))]
    ask(host, *forged, *map(handshake, live), source=FORGER)  # the ids of live paths are theirs
    sent += len(forged) + len(live)
    shown = 5 + len(forged)
    assert sessions(host.settle(program, query=sent)) == (shown, shown, shown)
    ask(host, *(wire.slipstream_query(packet, DOMAIN) for packet in BROKEN.values()))
    metrics = host.settle(program, query=sent, rejected=len(BROKEN))
    assert counted(metrics) == {"query": sent, "framing": len(BROKEN)}

    ask(host, *(path(path_id) for path_id in live))
    sent += 5
    metrics = host.settle(program, query=sent, rejected=len(BROKEN))
    assert sessions(metrics) == (shown, shown, shown)
    ask(host, *(path(path_id) for path_id in half_shown))
    sent += 5 + show(host, *path_ids(5, b"LATE%04d"))
    metrics = host.settle(program, query=sent, rejected=len(BROKEN))
    assert sessions(metrics) == (shown + 10,) * 3


def test_a_flood_of_handshakes_takes_nothing_from_others(host, watch, geoip_flags):
    """The table is full of them; who was shown before stays, and is counted where it is."""
    other = "d.example.com"
    program = watch(TUNNEL, other, flags=("-sessions.max", "1000", *geoip_flags))
    live = path_ids(50)
    sent = show(host, *live, source=OWNER)
    ask(host, *(wire.query(path_id, other) for path_id in live for _ in range(2)), source=OWNER)
    sent += 100
    chance = random.Random(8)
    for _ in range(4):
        ask(host, *(handshake(chance.randbytes(chance.randrange(1, 21))) for _ in range(500)),
            source=FORGER)
        ask(host, *(path(path_id) for path_id in live), source=OWNER)
        sent += 550
        metrics = host.settle(program, query=sent)
        for domain in (DOMAIN, other):
            assert sessions(metrics, domain=domain, country="DE") == (50, 50, 50)
    assert metrics.sum("dnstt_active_clients") == 1000
    assert metrics.sum("dnstt_exporter_sessions_refused_total") > 0
    assert metrics.sum("dnstt_queries_total", domain=DOMAIN, country="DE") == 300
    figure("2,000 forged Handshakes: 50 paths and 50 sessions of dnstt all stay")
