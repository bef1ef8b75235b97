"""Tunnels of every format on one port: each query and response is counted by the rules of its own
domain, and nothing goes to another's."""

import itertools
import random
import time
from collections import Counter, defaultdict

from support import frames, wire
from support.figures import figure
from support.tunnels import KCP, ask, labels_of

MIXED = {
    "d.example.com": "format=dnstt",
    "v.example.com": "format=vaydns,clientid-size=2,record-type=a",
    "x.example.com": "format=xdns",
    "n.example.com": "format=noizdns",
    "m.example.com": "mtu=500",
    "e.example.com": "format=dnsttex",
    "s.example.com": "format=slipstream",
    "example.com": "format=opaque",  # and so is what is under it and under none of the others
}
CLIENTS = [b"CLIENT-%d" % number for number in range(1, 8)]


def of_each_kind(client_id, domain):
    """A message of each kind that clients send, under this domain, and of some that none sends."""
    poll = wire.query(client_id, domain, size=None)
    short_id = client_id[-2:]
    return {
        "data": wire.query(client_id, domain, KCP),
        "poll": wire.query(client_id, domain),
        "small": wire.query(client_id, domain, size=512),
        "opcode": wire.query(client_id, domain, flags=2 << 11),
        "two OPT": wire.with_opt(poll, *[wire.opt_record(4096)] * 2),
        "EDNS version": wire.with_opt(poll, wire.opt_record(4096, version=1)),
        "other type": wire.query(client_id, domain, KCP, qtype=wire.AAAA),
        "xdns": wire.query(client_id, domain, b"mkcp"),
        "vaydns data": wire.vaydns_query(short_id, domain, KCP, qtype=wire.A),
        "vaydns poll": wire.vaydns_query(short_id, domain, qtype=wire.A),
        "vaydns data by TXT": wire.vaydns_query(short_id, domain, KCP),
        "dnsttex data": wire.dnsttex_query(client_id, domain, wire.compact_kcp()),
        "dnsttex poll": wire.dnsttex_query(client_id, domain),
        "dnsttex probe": wire.message(wire.hex_name(client_id + b"\xff" + bytes(6), domain)),
        "dnsttex cut": wire.message(wire.hex_name(client_id + b"\x0c" + bytes(11), domain)),
        "initial": wire.slipstream_query(wire.quic_long(wire.QUIC_INITIAL, client_id), domain),
        "handshake": wire.slipstream_query(wire.quic_long(wire.QUIC_HANDSHAKE, client_id), domain),
        # Its last label has two characters: one might be the name of another domain.
        "path": wire.slipstream_query(wire.quic_short(client_id, bytes(32)), domain),
        "bad character": wire.message(wire.labels([b"01-9", *labels_of(domain)])),
        "bare domain": wire.message(wire.labels(labels_of(domain))),
    }


# Kinds that are rejected for what a response does not have → the kind with the same question.
QUESTIONS = dict.fromkeys(("small", "opcode", "two OPT", "EDNS version"), "poll")

OF_DNSTT = {
    "data": "query", "poll": "query", "small": "edns", "opcode": "opcode", "two OPT": "edns",
    "EDNS version": "edns", "other type": "qtype", "xdns": "framing", "vaydns data": "qtype",
    "vaydns poll": "qtype", "vaydns data by TXT": "framing", "dnsttex data": "encoding",
    "dnsttex poll": "encoding", "dnsttex probe": "encoding", "dnsttex cut": "encoding",
    "initial": "framing", "handshake": "framing", "path": "framing", "bad character": "encoding",
    "bare domain": "short",
}
VERDICTS = {
    "d.example.com": OF_DNSTT,
    "n.example.com": OF_DNSTT,
    "m.example.com": OF_DNSTT | {"small": "query"},
    "x.example.com": OF_DNSTT | {"xdns": "query"},
    "v.example.com": dict.fromkeys(OF_DNSTT, "qtype") | {
        "opcode": "opcode", "vaydns data": "query", "vaydns poll": "query"},
    # The ids of CLIENTS have characters that are not in its alphabet.
    "e.example.com": dict.fromkeys(OF_DNSTT, "encoding") | {
        "opcode": "opcode", "two OPT": "edns", "EDNS version": "edns", "other type": "qtype",
        "vaydns data": "qtype", "vaydns poll": "qtype", "bare domain": "short",
        "dnsttex data": "query", "dnsttex poll": "query", "dnsttex probe": "query",
        "dnsttex cut": "framing"},
    # The ids of CLIENTS begin as a short header does, so data is a query of one path, once.
    "s.example.com": dict.fromkeys(OF_DNSTT, "short") | {
        "data": "query", "initial": "query", "handshake": "query", "path": "query",
        "other type": "qtype", "vaydns data": "qtype", "vaydns poll": "qtype",
        "vaydns data by TXT": "framing", "bad character": "encoding",
        **{kind: "encoding" for kind in OF_DNSTT if kind.startswith("dnsttex")}},
    "example.com": dict.fromkeys(OF_DNSTT, "query"),
}
REASONS = {"opcode", "qtype", "edns", "encoding", "short", "framing"}
# RCODEs with which a response to a query counts.
ANSWERS = {domain: (0,) for domain in MIXED} | {"s.example.com": (0, 3),
                                                "example.com": tuple(range(16))}


class Expected:
    """What has to be counted of each domain, as packets are made."""

    def __init__(self):
        self.queries, self.octets_in = Counter(), Counter()
        self.responses, self.octets_out = Counter(), Counter()
        self.rejected = defaultdict(Counter)
        self.unanswered = 0  # responses that count for none

    def query(self, domain, message, verdict):
        if verdict == "query":
            self.queries[domain] += 1
            self.octets_in[domain] += len(message)
        else:
            self.rejected[domain][verdict] += 1
        return frames.query_frame(message)

    def response(self, domain, reply, counts):
        if counts:
            self.responses[domain] += 1
            self.octets_out[domain] += len(reply)
        else:
            self.unanswered += 1
        return frames.response_frame(reply)


def mixed(host, expected, chance):
    """(where it goes in, frame) of each packet, in random order. There are as many of each kind as
    chance has it, so that no two are mistaken for each other."""
    stream = []
    for domain, client_id in itertools.product(MIXED, CLIENTS):
        for kind, message in of_each_kind(client_id, domain).items():
            verdict = VERDICTS[domain][kind]
            for _ in range(chance.randrange(1, 4)):
                stream.append((host.inbound, expected.query(domain, message, verdict)))
            asked = VERDICTS[domain][QUESTIONS.get(kind, kind)] == "query"
            for _ in range(chance.randrange(3)):
                rcode = chance.choice((0, 0, 2, 3, 5))
                reply = wire.response(message, bytes(chance.randrange(200)), rcode=rcode)
                stream.append((host.outbound, expected.response(
                    domain, reply, asked and rcode in ANSWERS[domain])))
    for name in ("u.example.com", "deep.below.example.com"):
        stream.append((host.inbound, expected.query(
            "example.com", wire.query(CLIENTS[0], name), "query")))
    chance.shuffle(stream)
    return stream


def test_formats_side_by_side(host, watch):
    """The same ids under each domain, in one stream, and some under no domain."""
    program = watch(*(f"{domain},{keys}" for domain, keys in MIXED.items()))
    expected = Expected()
    stream = mixed(host, expected, random.Random(1))
    assert set().union(*expected.rejected.values()) == REASONS
    foreign = [wire.query(CLIENTS[0], name) for name in ("d.example.org", "dexample.com")]
    ask(host, *foreign)
    for number, (way, frame) in enumerate(stream):
        way.send(frame)
        if number % 50 == 0:
            time.sleep(0.0025)

    metrics = host.settle(program, query=expected.queries.total(),
                          response=expected.responses.total(),
                          rejected=sum(each.total() for each in expected.rejected.values()),
                          ignored={"not_response": expected.unanswered},
                          other_domain=len(foreign))
    assert metrics.by("domain", "dnstt_queries_total") == expected.queries
    assert metrics.by("domain", "dnstt_bytes_in_total") == expected.octets_in
    assert metrics.by("domain", "dnstt_responses_total") == expected.responses
    assert metrics.by("domain", "dnstt_bytes_out_total") == expected.octets_out
    for domain in MIXED:
        assert metrics.by("reason", "dnstt_rejected_queries_total", domain=domain) \
            == expected.rejected[domain], domain
    clients = dict.fromkeys(MIXED, len(CLIENTS))
    del clients["example.com"]
    for name in ("dnstt_sessions_total", "dnstt_active_clients", "dnstt_peak_clients",
                 "dnstt_domain_peak_clients"):
        assert metrics.by("domain", name) == clients, name
    figure(f"{len(stream)} packets of {len(MIXED)} tunnels in one stream, each counted in its own")
