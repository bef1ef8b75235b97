"""What a session is in tunnels of every format but Slipstream, which test_slipstream has: which
queries show one, and how long it lasts."""

import base64
import random

import pytest

from support import wire
from support.figures import figure
from support.program import wait_for
from support.tunnels import DOMAIN, KCP, NO_SESSIONS, ask, counted, labels_of, sessions

CLIENTS = [b"CLIENT-%d" % number for number in range(1, 5)]


def test_a_vaydns_session_is_shown_by_data(host, watch):
    """Its polls count as queries, and make none."""
    sizes = {f"s{size}.example.com": size for size in range(1, 9)}
    program = watch(*(f"{domain},format=vaydns,clientid-size={size}"
                      for domain, size in sizes.items()))

    def query(number, domain, packet=b""):
        return wire.vaydns_query(bytes([number]) * sizes[domain], domain, packet)

    for domain in sizes:
        ask(host, *(query(number, domain) for number in range(4) for _ in range(3)))
    metrics = host.settle(program, query=12 * len(sizes))
    assert sessions(metrics) == NO_SESSIONS
    for domain in sizes:
        ask(host, query(0, domain, KCP), query(1, domain, KCP), query(0, domain),
            query(0, domain, wire.kcp(conversation=2)))
    metrics = host.settle(program, query=16 * len(sizes))
    for domain in sizes:
        assert sessions(metrics, domain=domain) == (2, 2, 2)
        assert metrics.sum("dnstt_queries_total", domain=domain) == 16


PACKETS = {
    "empty": (wire.kcp(), True),
    "long": (wire.kcp(bytes(118)), True),
    "several": (wire.kcp(command=wire.KCP_ACK) + wire.kcp(command=wire.KCP_TELL)
                + wire.kcp(b"x", command=wire.KCP_ASK), True),
    "command-80": (wire.kcp(command=80), False),
    "command-85": (wire.kcp(command=85), False),
    "two-conversations": (wire.kcp() + wire.kcp(conversation=5), False),
    "cut": (wire.kcp(b"xy")[:-1], False),
    "one-more": (wire.kcp(b"xy") + b"z", False),
    "short": (wire.kcp()[:-1], False),
    "zeros": (bytes(24), False),
    "mtu-probe": (b"\xff\xff\xff\xff\1\1\2\3\4", False),
}


def test_data_of_vaydns_is_a_kcp_packet(host, watch):
    program = watch(*(f"{domain},format=vaydns" for domain in PACKETS))
    ask(host, *(wire.vaydns_query(b"ID", domain, packet)
                for domain, (packet, _) in PACKETS.items()))
    taken = {domain: 1 for domain, (_, counts) in PACKETS.items() if counts}
    metrics = host.settle(program, query=len(taken), rejected=len(PACKETS) - len(taken))
    assert metrics.by("domain", "dnstt_queries_total") == taken
    assert metrics.by("domain", "dnstt_sessions_total") == taken
    refused = dict.fromkeys(PACKETS.keys() - taken.keys(), 1)
    assert metrics.by("domain", "dnstt_rejected_queries_total", reason="framing") == refused


BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


def random_texts(chance, count, length):
    return ["".join(chance.choices(BASE32, k=length)) for _ in range(count)]


def test_random_names_are_no_vaydns_sessions(host, watch):
    """Of ten characters one in four passes as a poll of an id of two octets, and is nothing more.
    One of them has the id of a real session."""
    program = watch(f"{DOMAIN},format=vaydns")
    texts = random_texts(random.Random(2), 4000, 10)
    passing = [text for text in texts if BASE32.index(text[-1]) % 4 == 0]
    refused = len(texts) - len(passing)
    assert 900 < len(passing) < 1100
    ask(host, wire.vaydns_query(base64.b32decode(passing[0].upper() + "======")[:2], DOMAIN, KCP))
    ask(host, *(wire.message(wire.labels([text.encode(), *labels_of(DOMAIN)])) for text in texts))
    metrics = host.settle(program, query=1 + len(passing), rejected=refused)
    assert metrics.sum("dnstt_rejected_queries_total", reason="framing") == refused
    assert sessions(metrics) == (1, 1, 1)
    figure(f"{len(texts)} random names of ten characters: {len(passing)} pass as polls of vaydns, "
           f"none is a session")


def test_random_names_of_any_length(host, watch):
    """What passes is a query, and never a session."""
    program = watch("v.example.com,format=vaydns", "w.example.com,format=vaydns,clientid-size=4")
    chance = random.Random(3)
    messages = [wire.message(wire.labels([text.encode(), domain, b"example", b"com"]))
                for domain in (b"v", b"w") for length in range(1, 64)
                for text in random_texts(chance, 20, length)]
    ask(host, *messages)
    wait_for(lambda: sum(counted(program.metrics()).values()) == len(messages), 5, "all")
    queries = counted(program.metrics())["query"]
    assert 0 < queries < len(messages) / 50
    metrics = host.settle(program, query=queries, rejected=len(messages) - queries)
    assert sessions(metrics) == NO_SESSIONS


def test_an_xdns_session_by_each_type(host, watch):
    """By TXT the first query shows it. By A and AAAA, for which minimising resolvers ask too, the
    second that differs."""
    program = watch(f"{DOMAIN},format=xdns,record-type=any")
    ask(host, wire.query(CLIENTS[0], DOMAIN), wire.query(CLIENTS[1], DOMAIN, b"m"))
    metrics = host.settle(program, query=2)
    assert sessions(metrics) == (2, 2, 2)
    for number, qtype in ((2, wire.A), (3, wire.AAAA)):
        octets = wire.name(wire.payload(CLIENTS[number], b"packet"), DOMAIN)
        ask(host, *(wire.message(name, qtype=qtype) for name in
                    (octets, octets, wire.mixed_case(octets, random.Random(4)))))
    metrics = host.settle(program, query=8)
    assert sessions(metrics) == (2, 2, 2)
    ask(host, wire.query(CLIENTS[2], DOMAIN, b"packet", qtype=wire.A),
        wire.query(CLIENTS[3], DOMAIN))
    metrics = host.settle(program, query=10)
    assert sessions(metrics) == (4, 4, 4)


COMPACT = wire.compact_kcp(b"data")


def dnsttex(client_id, packet=b"", **options):
    return wire.dnsttex_query(client_id, DOMAIN, packet, **options)


@pytest.mark.parametrize("hint", [1232, 512, None])
def test_a_dnsttex_session_is_shown_by_data_or_two_polls(host, watch, hint):
    """Whether its clients give hints or are older. The same poll again is no second one."""
    program = watch(f"{DOMAIN},format=dnsttex")
    ask(host, dnsttex(CLIENTS[0], COMPACT, hint=hint))
    assert sessions(host.settle(program, query=1)) == (1, 1, 1)
    poll = dnsttex(CLIENTS[1], hint=hint)
    end = wire.question_end(poll) - 4
    again = poll[:12] + wire.mixed_case(poll[12:end], random.Random(5)) + poll[end:]
    assert again != poll
    ask(host, poll, poll, again)
    assert sessions(host.settle(program, query=4)) == (1, 1, 1)
    ask(host, dnsttex(CLIENTS[1], hint=hint))
    assert sessions(host.settle(program, query=5)) == (2, 2, 2)
    ask(host, *(dnsttex(client_id, COMPACT, hint=hint) for client_id in CLIENTS[:2]))
    assert sessions(host.settle(program, query=7)) == (2, 2, 2)


def test_probes_of_dnsttex_are_no_sessions(host, watch):
    """They count as queries. One probes with an id of its own, and of any length but one."""
    program = watch(f"{DOMAIN},format=dnsttex", flags=("-sessions.max", "1000"))
    noise = random.Random(6).randbytes
    probes = [wire.message(wire.hex_name(client_id + bytes([wire.DNSTTEX_PROBE]) + noise(length),
                                         DOMAIN))
              for client_id in CLIENTS for length in (6, *range(8, 130))]
    refused = [wire.message(wire.hex_name(CLIENTS[0] + bytes([wire.DNSTTEX_PROBE]) + noise(length),
                                          DOMAIN)) for length in (0, 1, 5, 7)]
    ask(host, *probes, *probes, *refused)
    metrics = host.settle(program, query=2 * len(probes), rejected=len(refused))
    assert counted(metrics) == {"query": 2 * len(probes), "framing": len(refused)}
    assert metrics.sum("dnstt_bytes_in_total") == 2 * sum(map(len, probes))
    assert sessions(metrics) == NO_SESSIONS
    # They leave room in the table for as many sessions as it may hold.
    ask(host, *(dnsttex(b"ID%06d" % number) for number in range(1000)))
    metrics = host.settle(program, query=2 * len(probes) + 1000, rejected=len(refused))
    assert metrics.sum("dnstt_exporter_sessions_evicted_total") == 0
    assert sessions(metrics) == NO_SESSIONS


def framed(*packets, padding=3):
    return bytes([0xE0 + padding]) + bytes(padding) + b"".join(
        bytes([len(packet)]) + packet for packet in packets)


HINT = bytes([wire.DNSTTEX_HINT, 0x04, 0xD0])
# What follows the id → whether the query shows its session; None: it is rejected.
DNSTTEX = {
    "two-packets": (HINT + framed(COMPACT, wire.compact_kcp()), True),
    "two-of-an-old-client": (framed(COMPACT, wire.compact_kcp()), True),
    "two-in-one": (HINT + bytes([32]) + 2 * COMPACT, True),
    "without-padding": (framed(COMPACT, padding=0), True),
    "hint-poll": (HINT + b"\xfe" + bytes(6), False),
    "hint-poll-without-hint": (b"\xfe" + bytes(6), None),
    "hint-of-511": (bytes([wire.DNSTTEX_HINT, 1, 0xFF]) + bytes(7), None),
    "hint-alone": (HINT, None),
    "short-poll": (HINT + bytes(6), None),
    "long-poll": (HINT + bytes(8), None),
    "padding-alone": (framed(), None),
    "one-more": (HINT + bytes([16]) + COMPACT + b"x", None),
    "cut": (HINT + bytes([16]) + COMPACT[:-1], None),
    "two-conversations": (framed(bytes(2) + COMPACT[2:] + COMPACT), None),
    "long-header": (HINT + bytes([28]) + KCP, None),  # dnstt's
}


def test_frames_of_dnsttex(host, watch):
    program = watch(*(f"{domain},format=dnsttex" for domain in DNSTTEX))
    ask(host, *(wire.message(wire.hex_name(b"CLIENTID" + frame, domain))
                for domain, (frame, _) in DNSTTEX.items()))
    taken = {domain: 1 for domain, (_, shows) in DNSTTEX.items() if shows is not None}
    refused = dict.fromkeys(DNSTTEX.keys() - taken.keys(), 1)
    metrics = host.settle(program, query=len(taken), rejected=len(refused))
    assert metrics.by("domain", "dnstt_queries_total") == taken
    assert metrics.by("domain", "dnstt_rejected_queries_total", reason="framing") == refused
    assert metrics.by("domain", "dnstt_sessions_total") == {
        domain: 1 for domain, (_, shows) in DNSTTEX.items() if shows}


def test_two_queries_are_for_dnstt_and_noizdns(host, watch):
    """-sessions.min-queries: the others have rules of their own."""
    late = {"d.example.com": "format=dnstt", "n.example.com": "format=noizdns",
            "m.example.com": "mtu=500"}
    at_once = {"x.example.com": "format=xdns", "v.example.com": "format=vaydns,clientid-size=8",
               "e.example.com": "format=dnsttex", "s.example.com": "format=slipstream"}
    everyone = late | at_once
    program = watch(*(f"{domain},{keys}" for domain, keys in everyone.items()),
                    flags=("-sessions.min-queries", "2"))

    def data(domain, number):
        if domain.startswith("s"):
            return wire.slipstream_query(wire.quic_long(wire.QUIC_HANDSHAKE, b"CLIENTID"), domain)
        if domain.startswith("e"):
            return wire.dnsttex_query(b"CLIENTID", domain, wire.compact_kcp(number=number))
        write = wire.vaydns_query if domain.startswith("v") else wire.query
        return write(b"CLIENTID", domain, wire.kcp(number=number))

    for domain in everyone:
        once = data(domain, 0)
        ask(host, once, once)
    metrics = host.settle(program, query=2 * len(everyone))
    assert metrics.by("domain", "dnstt_sessions_total") == dict.fromkeys(at_once, 1)
    ask(host, *(data(domain, 1) for domain in everyone))
    metrics = host.settle(program, query=3 * len(everyone))
    for name in ("dnstt_sessions_total", "dnstt_active_clients", "dnstt_peak_clients"):
        assert metrics.by("domain", name) == dict.fromkeys(everyone, 1)


def test_windows_and_ids_that_come_back(host, watch):
    """Each domain has its window. An id of less than eight octets that comes back after it is a new
    session; one of eight is the same."""
    program = watch("d.example.com,active-window=1s",
                    "v.example.com,format=vaydns,active-window=1s",
                    "w.example.com,format=vaydns,clientid-size=8,active-window=1s",
                    "x.example.com,format=xdns,active-window=1s",
                    "e.example.com,format=dnsttex,active-window=1s",
                    "s.example.com,format=slipstream,active-window=1s", "l.example.com",
                    "k.example.com,format=vaydns", "q.example.com,format=slipstream")
    handshake = wire.quic_long(wire.QUIC_HANDSHAKE, b"CLIENTID")
    asked = [wire.query(b"CLIENTID", "d.example.com", KCP),
             wire.vaydns_query(b"ID", "v.example.com", KCP),
             wire.vaydns_query(b"CLIENTID", "w.example.com", KCP),
             wire.query(b"CLIENTID", "x.example.com", KCP),
             wire.query(b"CLIENTID", "l.example.com", KCP),
             wire.vaydns_query(b"ID", "k.example.com", KCP),
             wire.dnsttex_query(b"CLIENTID", "e.example.com", COMPACT),
             wire.slipstream_query(handshake, "s.example.com"),
             wire.slipstream_query(handshake, "q.example.com")]
    lasting = dict.fromkeys([f"{letter}.example.com" for letter in "lkq"], 1)
    everyone = dict.fromkeys([f"{letter}.example.com" for letter in "dvwxeslkq"], 1)

    def become(active):
        wait_for(lambda: program.metrics().by("domain", "dnstt_active_clients") == active, 4,
                 f"{active} are active")

    ask(host, *asked)
    become(everyone)
    become(lasting)
    ask(host, wire.vaydns_query(b"ID", "v.example.com"))  # a poll: the session has ended
    metrics = host.settle(program, query=len(asked) + 1)
    assert metrics.by("domain", "dnstt_active_clients") == lasting
    assert metrics.by("domain", "dnstt_sessions_total") == everyone
    ask(host, *asked)
    become(everyone)
    metrics = host.settle(program, query=2 * len(asked) + 1)
    assert metrics.by("domain", "dnstt_sessions_total") == everyone | {"v.example.com": 2}
    assert metrics.by("domain", "dnstt_domain_peak_clients") == everyone
