"""What counts: every vector's verdict, and the flags that move the line."""

import base64
from collections import Counter

import pytest

from support import frames, wire
from support.program import ROOT

DOMAIN = "t.example.com"
POLL = wire.query(b"CLIENTID", DOMAIN)


def vectors():
    for line in (ROOT / "tests/data/vectors.tsv").read_text().splitlines():
        if not line.startswith("#"):
            _, verdict, message = line.split("\t")
            yield verdict, bytes.fromhex(message)


def test_vectors(host, start):
    program = start(domain="tunnel.example.com")
    verdicts = list(vectors())
    for source in (frames.CLIENT4, frames.CLIENT6):
        host.inbound.send(*(frames.query_frame(message, source) for _, message in verdicts))

    rejected, sessions, octets, others = Counter(), set(), 0, Counter()
    for verdict, message in verdicts:
        kind, _, detail = verdict.partition(" ")
        if kind == "session":
            sessions.add(detail)
            octets += 2 * len(message)
            others["session"] += 2
        elif kind == "reject":
            rejected[detail] += 2
        else:
            others[kind] += 2

    metrics = host.settle(program, query=others.pop("session"), rejected=rejected.total(),
                          malformed=others.pop("malformed"),
                          other_domain=others.pop("other-domain"),
                          ignored={"not_query": others.pop("not-a-query")})
    assert not others
    assert metrics.by("reason", "dnstt_rejected_queries_total") == rejected
    assert set(rejected) == {"opcode", "qtype", "edns", "encoding", "short", "framing"}
    assert metrics.sum("dnstt_sessions_total") == len(sessions)
    assert metrics.sum("dnstt_bytes_in_total") == octets


def ask(*messages, **options):
    return [frames.query_frame(message, **options) for message in messages]


FOREIGN_FRAME = wire.message(wire.name(b"CLIENTID" + bytes(20), DOMAIN))


@pytest.mark.parametrize("framing, counts", [("strict", False), ("any", True)])
def test_framing(host, start, framing, counts):
    program = start("-dnstt.framing", framing)
    host.inbound.send(*ask(FOREIGN_FRAME))
    metrics = host.settle(program, query=int(counts), rejected=int(not counts))
    assert metrics.sum("dnstt_sessions_total") == counts


@pytest.mark.parametrize("framing, counts", [("strict", False), ("any", True)])
@pytest.mark.parametrize("carried", [
    wire.payload(b"CLIENTID", padding=bytes(17)),
    wire.payload(b"CLIENTID", wire.kcp(), padding=bytes(17)),
], ids=["poll", "data"])
def test_more_padding_than_any_client_sends(host, start, carried, framing, counts):
    """Sixteen octets are the most that count."""
    program = start("-dnstt.framing", framing)
    sixteen = carried[:8] + b"\xf0" + bytes(16) + carried[26:]
    host.inbound.send(*ask(*(wire.message(wire.name(octets, DOMAIN))
                             for octets in (sixteen, carried))))
    metrics = host.settle(program, query=1 + counts, rejected=int(not counts))
    assert metrics.sum("dnstt_rejected_queries_total", reason="framing") == (not counts)


BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


def alike(padding):
    """Names that decode to the same poll. The first is as a client writes it; the others differ in
    bits that carry nothing: of the last character, or one too many."""
    text = base64.b32encode(wire.payload(b"CLIENTID", padding=bytes(padding))).decode()
    text = text.rstrip("=").lower()
    spare = len(text) * 5 % 8
    last = BASE32.index(text[-1])
    assert last % (1 << spare) == 0
    texts = [text[:-1] + BASE32[last + bits] for bits in range(1 << spare)]
    if len(text) % 8 in (0, 2, 5):
        texts.append(text + "a")
    return [wire.labels([each.encode(), *DOMAIN.encode().split(b".")]) for each in texts]


@pytest.mark.parametrize("framing", ["strict", "any"])
def test_what_no_encoder_writes(host, start, framing):
    """Of the names that decode to the same octets one is a client's; the others are framing."""
    program = start("-dnstt.framing", framing)
    polls = [alike(padding) for padding in range(5)]
    sent = sum(map(len, polls))
    assert sent == 8 + (1 + 1) + (4 + 1) + 16 + (2 + 1)
    host.inbound.send(*ask(*(wire.message(name) for names in polls for name in names)))
    counted = len(polls) if framing == "strict" else sent
    metrics = host.settle(program, query=counted, rejected=sent - counted)
    assert metrics.sum("dnstt_rejected_queries_total", reason="framing") == sent - counted
    assert metrics.sum("dnstt_sessions_total") == 1


@pytest.mark.parametrize("mtu, counts", [(1452, True), (1453, False)])
def test_mtu(host, start, mtu, counts):
    program = start("-dnstt.mtu", mtu)
    host.inbound.send(*ask(wire.query(b"CLIENTID", DOMAIN, size=1452)))
    metrics = host.settle(program, query=int(counts), rejected=int(not counts))
    assert metrics.sum("dnstt_rejected_queries_total", reason="edns") == (not counts)


SIZES = (None, 0, 1, 511, 512, 513, 1232, 65535)  # in OPT; None: there is none


@pytest.mark.parametrize("mtu", [1, 511, 512, 513, 1232])
def test_without_edns_512_octets_are_allowed(host, start, mtu):
    """And with a size below that; so servers of a small -mtu serve all of these."""
    program = start("-dnstt.mtu", mtu)
    host.inbound.send(*ask(*(wire.query(b"CLIENTID", DOMAIN, size=size) for size in SIZES)))
    refused = sum(max(size or 0, 512) < mtu for size in SIZES)
    metrics = host.settle(program, query=len(SIZES) - refused, rejected=refused)
    assert metrics.sum("dnstt_rejected_queries_total", reason="edns") == refused


def test_ports(host, start):
    program = start("-dnstt.port", 5300, "-dnstt.port=5310")
    for port in (53, 5300, 5310):
        host.inbound.send(*ask(POLL, port=port))
        host.outbound.send(frames.response_frame(wire.response(POLL), port=port))
    host.settle(program, query=2, response=2, port=5300)


def test_nested_domains(host, start):
    """The longest domain takes the query, whatever the order of the flags; a domain is matched by
    whole labels, in any case."""
    program = start(domain="Example.com,T.EXAMPLE.com.,other.org")
    host.inbound.send(*ask(
        wire.query(b"CLIENT-1", "t.example.com"),
        wire.query(b"CLIENT-2", "t.example.com"),
        wire.query(b"CLIENT-1", "example.com"),
        wire.query(b"CLIENT-1", "OTHER.org"),
        wire.query(b"CLIENT-1", "another.org"),
    ))
    answer = wire.response(wire.query(b"CLIENT-1", "t.example.com"))
    host.outbound.send(frames.response_frame(answer))
    metrics = host.settle(program, query=4, response=1, other_domain=1)
    expected = {"t.example.com": 2, "example.com": 1, "other.org": 1}
    for name in ("dnstt_sessions_total", "dnstt_active_clients", "dnstt_queries_total",
                 "dnstt_domain_peak_clients"):
        assert metrics.by("domain", name) == expected, name
    assert metrics.by("domain", "dnstt_responses_total") == {"t.example.com": 1}


def test_a_client_under_two_domains_is_two_sessions(host, start):
    program = start("-dnstt.domain", "u.example.com")
    host.inbound.send(*ask(wire.query(b"CLIENTID", "t.example.com"),
                           wire.query(b"CLIENTID", "u.example.com")))
    metrics = host.settle(program, query=2)
    assert metrics.by("domain", "dnstt_sessions_total") == {"t.example.com": 1, "u.example.com": 1}


@pytest.mark.parametrize("rcode, counts", [(0, True), (1, False), (3, False)])
def test_responses_that_answer(host, start, rcode, counts):
    program = start()
    host.outbound.send(frames.response_frame(wire.response(POLL, rcode=rcode)))
    host.settle(program, response=int(counts), ignored={} if counts else {"not_response": 1})


def test_a_response_alone_makes_no_session(host, start):
    program = start()
    host.outbound.send(frames.response_frame(wire.response(POLL, bytes(100))))
    metrics = host.settle(program, response=1)
    assert metrics.sum("dnstt_sessions_total") == 0
    assert metrics.sum("dnstt_active_clients") == 0
