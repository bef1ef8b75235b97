"""Tunnels of every format, as -dnstt.tunnel names them: what counts under each, and what a session
is there."""

import base64
import itertools
import random
import re
import struct
import time
from collections import Counter, defaultdict
from typing import NamedTuple

import pytest

from support import frames, wire
from support.figures import figure
from support.program import ROOT, wait_for

DOMAIN = "t.example.com"
KCP = wire.kcp(b"data")


@pytest.fixture
def watch(start):
    """Starts the program for these tunnels alone."""
    def begin(*tunnels, flags=()):
        given = [part for tunnel in tunnels for part in ("-dnstt.tunnel", tunnel)]
        return start(*given, *flags, domain=None)

    return begin


def labels_of(domain):
    return domain.encode().split(b".")


def ask(host, *messages):
    host.inbound.send(*map(frames.query_frame, messages))


def answer(host, *messages, rcode=0):
    host.outbound.send(*(frames.response_frame(wire.response(message, rcode=rcode))
                         for message in messages))


def sessions(metrics, **labels):
    """Active, the most at a time, and all."""
    return tuple(metrics.sum(name, **labels) for name in
                 ("dnstt_active_clients", "dnstt_peak_clients", "dnstt_sessions_total"))


# --- The vectors of each format.

class Row(NamedTuple):
    message: bytes
    verdict: str  # "session", or what it is instead
    kind: str     # of a query of a session: "data", "poll"
    id: str


def keys_of(flags):
    """The keys for a server that was started as the third column says."""
    first, *rest = flags.split()
    if first == "noizdns":
        return "format=noizdns,mtu=1232"
    if first == "xdnstt":
        return rest[0]
    if first == "xdns":
        (name,) = re.findall(r'domains=\["t\.example\.com(?::(\w+))?"\]', flags)
        return f"format=xdns,record-type={name or 'any'}"
    if "compat=true" in flags:
        return "mtu=1232"
    record_type, size, _, mtu = flags.split()
    return f"format=vaydns,{record_type},{size},{mtu}"


def read_rows(name):
    """Keys → the rows of a file; their domain is t.example.com."""
    groups = defaultdict(list)
    for line in (ROOT / f"tests/data/formats/{name}.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        _, message, flags, domain, _, _, note = line.split("\t")
        assert domain == DOMAIN
        verdict, _, session = re.search(r"observer=(\S+)$", note)[1].partition(":")
        kind, _, client_id = session.partition(":")
        groups[keys_of(flags)].append(Row(bytes.fromhex(message), verdict, kind, client_id))
    return groups


VECTORS = {f"{name} {keys}": (keys, rows)
           for name in ("vaydns", "vaydns-compat", "noizdns", "xdns", "xdnstt")
           for keys, rows in read_rows(name).items()}
UNREADABLE = ("malformed", "not-a-query", "other-domain")


def name_before_domain(message):
    text, offset = b"", 12
    while message[offset]:
        text += message[offset + 1 : offset + 1 + message[offset]]
        offset += 1 + message[offset]
    return text[: -len(DOMAIN.replace(".", ""))].lower()


def expected_sessions(keys, rows):
    """The ids that count: of vaydns those of data; of xdns those that a TXT query shows, or two
    different queries of another type; in the others all."""
    names = defaultdict(set)
    shown = set()
    for row in rows:
        if row.verdict != "session":
            continue
        end = wire.question_end(row.message)
        text = row.message[end - 4 : end - 2] == bytes([0, wire.TXT])
        names[row.id].add(name_before_domain(row.message))
        if row.kind == "data" if "vaydns" in keys else text or "xdns" not in keys:
            shown.add(row.id)
    if "xdns" in keys:
        shown |= {client_id for client_id, asked in names.items() if len(asked) > 1}
    return shown


def readable(rows):
    """Verdict → the rows of it, without those that no rule of a format is asked about."""
    of = defaultdict(list)
    for row in rows:
        if row.verdict not in UNREADABLE:
            of[row.verdict].append(row)
    return of


def recorded(metrics):
    """How many queries of each verdict the exporter has counted, of those in readable()."""
    counted = metrics.by("reason", "dnstt_rejected_queries_total")
    queries = metrics.sum("dnstt_queries_total")
    return counted | ({"session": queries} if queries else {})


@pytest.mark.parametrize("keys, rows", VECTORS.values(), ids=VECTORS)
def test_vectors(host, watch, keys, rows):
    """The rows of one verdict after those of another. As each message is counted once, the one
    counter that grew by as many as were sent has counted each of them. Responses to queries of
    sessions count, and no other; nor do they with an RCODE above 0."""
    program = watch(f"{DOMAIN},{keys}")
    unreadable = Counter(row.verdict for row in rows if row.verdict in UNREADABLE)
    ask(host, *(row.message for row in rows if row.verdict == "malformed"))
    host.settle(program, malformed=unreadable["malformed"])

    expected = {}
    for verdict, alike in readable(rows).items():
        ask(host, *(row.message for row in alike))
        expected[verdict] = len(alike)
        wait_for(lambda: recorded(program.metrics()) == expected, 5, f"{expected} and no other")
    asked = [row.message for row in rows if row.verdict == "session"]
    refused = [row.message for row in rows
               if row.verdict in ("qtype", "encoding", "short", "framing", "other-domain")]
    answer(host, *asked, *refused)
    answer(host, *asked, rcode=3)
    ask(host, *(row.message for row in rows if row.verdict in ("other-domain", "not-a-query")))

    ignored = {"not_query": unreadable["not-a-query"], "not_response": len(asked) + len(refused)}
    metrics = host.settle(program, query=len(asked), response=len(asked),
                          rejected=sum(expected.values()) - len(asked),
                          malformed=unreadable["malformed"],
                          other_domain=unreadable["other-domain"],
                          ignored={reason: count for reason, count in ignored.items() if count})
    assert recorded(metrics) == expected
    assert metrics.sum("dnstt_bytes_in_total") == sum(map(len, asked))
    assert metrics.sum("dnstt_bytes_out_total") == sum(len(wire.response(each)) for each in asked)
    shown = len(expected_sessions(keys, rows))
    assert shown > 0
    assert sessions(metrics) == (shown, shown, shown)
    figure(f"{keys}: {len(rows)} messages, each in its counter; {shown} sessions")


def test_probes_of_slipgate(host, watch):
    """Its verify probes have a nonce where a dnstt client has its id; one in 256 passed as a poll
    while more padding counted than any client sends."""
    lines = (ROOT / "tests/data/formats/slipgate-verify.tsv").read_text().splitlines()[1:]
    probes = [bytes.fromhex(line.split("\t")[1]) for line in lines]
    tunnels = {f"{form}.example.com": form for form in ("dnstt", "vaydns", "noizdns", "xdns")}
    program = watch(*(f"{domain},format={form}" for domain, form in tunnels.items()))
    for domain in tunnels:
        ask(host, *(probe.replace(wire.labels(labels_of(DOMAIN)), wire.labels(labels_of(domain)))
                    for probe in probes))
    metrics = host.settle(program, rejected=len(tunnels) * len(probes))
    assert metrics.by("domain", "dnstt_rejected_queries_total", reason="framing") \
        == dict.fromkeys(tunnels, len(probes))


# --- Several formats at a time.

MIXED = {
    "d.example.com": "format=dnstt",
    "v.example.com": "format=vaydns,clientid-size=2,record-type=a",
    "x.example.com": "format=xdns",
    "n.example.com": "format=noizdns",
    "m.example.com": "mtu=500",
    "example.com": "format=opaque",  # and so is what is under it and under none of the others
}
CLIENTS = [b"CLIENT-%d" % number for number in range(1, 8)]


def of_each_kind(client_id, domain):
    """A message of each kind that clients send, under this domain."""
    return {
        "data": wire.query(client_id, domain, KCP),
        "poll": wire.query(client_id, domain),
        "small": wire.query(client_id, domain, size=512),
        "xdns": wire.query(client_id, domain, b"mkcp"),
        "vaydns data": wire.vaydns_query(client_id[-2:], domain, KCP, qtype=wire.A),
        "vaydns poll": wire.vaydns_query(client_id[-2:], domain, qtype=wire.A),
        "vaydns data by TXT": wire.vaydns_query(client_id[-2:], domain, KCP),
        "other type": wire.query(client_id, domain, KCP, qtype=wire.AAAA),
        "bad character": wire.message(wire.labels([b"0189", *labels_of(domain)])),
        "bare domain": wire.message(wire.labels(labels_of(domain))),
    }


OF_DNSTT = {"data": "query", "poll": "query", "small": "edns", "xdns": "framing",
            "vaydns data": "qtype", "vaydns poll": "qtype", "vaydns data by TXT": "framing",
            "other type": "qtype", "bad character": "encoding", "bare domain": "short"}
VERDICTS = {
    "d.example.com": OF_DNSTT,
    "n.example.com": OF_DNSTT,
    "m.example.com": OF_DNSTT | {"small": "query"},
    "x.example.com": OF_DNSTT | {"xdns": "query"},
    "v.example.com": dict.fromkeys(OF_DNSTT, "qtype") | {"vaydns data": "query",
                                                         "vaydns poll": "query"},
    "example.com": dict.fromkeys(OF_DNSTT, "query"),
}


def test_formats_side_by_side(host, watch):
    """The same ids under each domain, in one stream: each is counted by the rules of its own
    domain, and nothing goes to another's."""
    program = watch(*(f"{domain},{keys}" for domain, keys in MIXED.items()))
    chance = random.Random(1)
    queries, octets_in, rejected = Counter(), Counter(), defaultdict(Counter)
    responses, octets_out, unanswered = Counter(), Counter(), 0
    stream = []
    for domain, client_id in itertools.product(MIXED, CLIENTS):
        # As many of each as chance has it, so that no two are mistaken for each other.
        for kind, message in of_each_kind(client_id, domain).items():
            verdict = VERDICTS[domain][kind]
            for _ in range(chance.randrange(1, 4)):
                stream.append((host.inbound, frames.query_frame(message)))
                if verdict == "query":
                    queries[domain] += 1
                    octets_in[domain] += len(message)
                else:
                    rejected[domain][verdict] += 1
            reply = wire.response(message, bytes(chance.randrange(200)))
            for _ in range(chance.randrange(3)):
                stream.append((host.outbound, frames.response_frame(reply)))
                # EDNS is not looked at in a response.
                if verdict in ("query", "edns"):
                    responses[domain] += 1
                    octets_out[domain] += len(reply)
                else:
                    unanswered += 1
    strays = [wire.query(CLIENTS[0], name) for name in ("u.example.com", "deep.below.example.com")]
    for message in strays:
        stream.append((host.inbound, frames.query_frame(message)))
        queries["example.com"] += 1
        octets_in["example.com"] += len(message)
    foreign = [wire.query(CLIENTS[0], name) for name in ("d.example.org", "dexample.com")]
    stream += [(host.inbound, frames.query_frame(message)) for message in foreign]
    chance.shuffle(stream)
    for number, (way, frame) in enumerate(stream):
        way.send(frame)
        if number % 50 == 0:
            time.sleep(0.0025)

    metrics = host.settle(program, query=queries.total(), response=responses.total(),
                          rejected=sum(each.total() for each in rejected.values()),
                          ignored={"not_response": unanswered}, other_domain=len(foreign))
    assert metrics.by("domain", "dnstt_queries_total") == queries
    assert metrics.by("domain", "dnstt_bytes_in_total") == octets_in
    assert metrics.by("domain", "dnstt_responses_total") == responses
    assert metrics.by("domain", "dnstt_bytes_out_total") == octets_out
    for domain in MIXED:
        assert metrics.by("reason", "dnstt_rejected_queries_total", domain=domain) \
            == rejected[domain], domain
    clients = dict.fromkeys(MIXED, len(CLIENTS))
    del clients["example.com"]
    for name in ("dnstt_sessions_total", "dnstt_active_clients", "dnstt_peak_clients",
                 "dnstt_domain_peak_clients"):
        assert metrics.by("domain", name) == clients, name
    figure(f"{len(stream)} packets of {len(MIXED)} tunnels in one stream, each counted in its own")


def test_framing_any_is_for_dnstt_alone(host, watch):
    domains = ("d.example.com", "n.example.com,format=noizdns", "x.example.com,format=xdns",
               "v.example.com,format=vaydns")
    program = watch(*domains, flags=("-dnstt.framing", "any"))
    ask(host, *(wire.message(wire.name(b"CLIENTID" + bytes(20), domain.partition(",")[0]))
                for domain in domains))
    metrics = host.settle(program, query=1, rejected=3)
    assert metrics.by("domain", "dnstt_queries_total") == {"d.example.com": 1}
    assert metrics.sum("dnstt_rejected_queries_total", reason="framing") == 3


# --- What a session is.

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
    assert sessions(metrics) == (0, 0, 0)
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
    wait_for(lambda: sum(recorded(program.metrics()).values()) == len(messages), 5, "all")
    queries = recorded(program.metrics())["session"]
    assert 0 < queries < len(messages) / 50
    metrics = host.settle(program, query=queries, rejected=len(messages) - queries)
    assert sessions(metrics) == (0, 0, 0)


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


def test_two_queries_are_for_dnstt_and_noizdns(host, watch):
    """-sessions.min-queries: the others have rules of their own."""
    late = {"d.example.com": "format=dnstt", "n.example.com": "format=noizdns",
            "m.example.com": "mtu=500"}
    at_once = {"x.example.com": "format=xdns", "v.example.com": "format=vaydns,clientid-size=8"}
    everyone = late | at_once
    program = watch(*(f"{domain},{keys}" for domain, keys in everyone.items()),
                    flags=("-sessions.min-queries", "2"))

    def data(domain, packet):
        write = wire.vaydns_query if domain.startswith("v") else wire.query
        return write(b"CLIENTID", domain, packet)

    for domain in everyone:
        once = data(domain, KCP)
        ask(host, once, once)
    metrics = host.settle(program, query=2 * len(everyone))
    assert metrics.by("domain", "dnstt_sessions_total") == dict.fromkeys(at_once, 1)
    ask(host, *(data(domain, wire.kcp(number=1)) for domain in everyone))
    metrics = host.settle(program, query=3 * len(everyone))
    for name in ("dnstt_sessions_total", "dnstt_active_clients", "dnstt_peak_clients"):
        assert metrics.by("domain", name) == dict.fromkeys(everyone, 1)


def test_windows_and_ids_that_come_back(host, watch):
    """Each domain has its window. An id of less than eight octets that comes back after it is a new
    session; one of eight is the same."""
    program = watch("d.example.com,active-window=1s",
                    "v.example.com,format=vaydns,active-window=1s",
                    "w.example.com,format=vaydns,clientid-size=8,active-window=1s",
                    "x.example.com,format=xdns,active-window=1s", "l.example.com",
                    "k.example.com,format=vaydns")
    asked = [wire.query(b"CLIENTID", "d.example.com", KCP),
             wire.vaydns_query(b"ID", "v.example.com", KCP),
             wire.vaydns_query(b"CLIENTID", "w.example.com", KCP),
             wire.query(b"CLIENTID", "x.example.com", KCP),
             wire.query(b"CLIENTID", "l.example.com", KCP),
             wire.vaydns_query(b"ID", "k.example.com", KCP)]
    lasting = {"l.example.com": 1, "k.example.com": 1}
    everyone = dict.fromkeys([f"{letter}.example.com" for letter in "dvwxlk"], 1)

    def become(active):
        wait_for(lambda: program.metrics().by("domain", "dnstt_active_clients") == active, 4,
                 f"{active} are active")

    ask(host, *asked)
    become(everyone)
    become(lasting)
    ask(host, wire.vaydns_query(b"ID", "v.example.com"))  # a poll: the session has ended
    metrics = host.settle(program, query=7)
    assert metrics.by("domain", "dnstt_active_clients") == lasting
    assert metrics.by("domain", "dnstt_sessions_total") == everyone
    ask(host, *asked)
    become(everyone)
    metrics = host.settle(program, query=13)
    assert metrics.by("domain", "dnstt_sessions_total") == everyone | {"v.example.com": 2}
    assert metrics.by("domain", "dnstt_domain_peak_clients") == everyone


# --- opaque.

def with_opt(message, *records):
    """A query without OPT, with these instead."""
    return message[:10] + struct.pack("!H", len(records)) + message[12:] + b"".join(records)


def test_opaque_takes_any_query(host, watch):
    """With one question under its domain, and its responses whatever they say."""
    program = watch(f"{DOMAIN},format=opaque")
    labels = [b"not-base32", b"\x00\xff", *labels_of(DOMAIN)]
    plain = wire.message(wire.labels(labels), size=None)
    queries = [
        *(wire.message(wire.labels(labels), qtype=each) for each in (1, 2, 16, 28, 64, 255, 65535)),
        *(wire.message(wire.labels(labels), flags=opcode << 11) for opcode in (0, 2, 4, 5, 15)),
        wire.message(wire.labels(labels), qclass=3), plain,
        wire.message(wire.labels(labels[2:])), wire.message(wire.labels(labels), size=0),
        with_opt(plain, wire.opt_record(1232), wire.opt_record(1232)),
        with_opt(plain, wire.opt_record(1232, version=1)),
        plain[:6] + b"\0\1\0\1" + plain[10:], plain + b"trailing",
        wire.query(b"CLIENTID", DOMAIN, KCP), wire.vaydns_query(b"ID", DOMAIN, KCP),
    ]
    ask(host, *queries)
    for rcode in range(16):
        answer(host, plain, queries[0], rcode=rcode)
    two = plain[:4] + b"\0\2" + plain[6:] + plain[12:]
    none = plain[:4] + b"\0\0" + plain[6:12]
    ask(host, two, none, plain[:-1], wire.message(wire.labels([b"example", b"com"])),
        wire.response(plain))
    metrics = host.settle(program, query=len(queries), response=32, malformed=3, other_domain=1,
                          ignored={"not_query": 1})
    assert metrics.sum("dnstt_queries_total") == len(queries)
    assert metrics.sum("dnstt_bytes_in_total") == sum(map(len, queries))
    assert metrics.sum("dnstt_bytes_out_total") \
        == sum(len(wire.response(each, rcode=rcode)) for each in (plain, queries[0])
               for rcode in range(16))
    assert sessions(metrics) == (0, 0, 0)


def test_queries_without_a_session_leave_none(host, watch):
    program = watch(f"{DOMAIN},format=opaque", "d.example.com",
                    flags=("-dnstt.active-window", "1s", "-sessions.max", "1000"))
    ask(host, *(wire.query(b"SE%06d" % number, DOMAIN, KCP) for number in range(2000)))
    metrics = host.settle(program, query=2000)
    assert sessions(metrics) == (0, 0, 0)
    assert metrics.sum("dnstt_domain_peak_clients") == 0
    for name in ("evicted", "refused", "forgotten"):
        assert metrics.sum(f"dnstt_exporter_sessions_{name}_total") == 0
    # They take no room either.
    ask(host, *(wire.query(b"SE%06d" % number, "d.example.com", KCP) for number in range(1000)))
    metrics = host.settle(program, query=3000)
    assert metrics.sum("dnstt_exporter_sessions_evicted_total") == 0
    assert metrics.by("domain", "dnstt_sessions_total") == {"d.example.com": 1000}
    figure("2,000 queries of opaque: 0 sessions, no entry of the table")


# --- EDNS, and what the tunnels say of themselves.

SIZES = (None, 0, 511, 512, 1232)  # in OPT; None: there is none
MTUS = (1, 511, 512, 513, 1232)


def test_mtu_of_each_tunnel(host, watch):
    """What a query allows is 512 octets at least; -dnstt.mtu is for the tunnels without a key, and
    not for xdns."""
    forms = ("dnstt", "noizdns", "vaydns")
    tunnels = {f"{form}-{mtu}.example.com": mtu for form in forms for mtu in MTUS}
    others = {f"{form}.example.com": 513 for form in forms} | {"xdns.example.com": 1232}
    program = watch(*(f"{domain},mtu={mtu},format={domain.partition('-')[0]}"
                      for domain, mtu in tunnels.items()),
                    *(f"{domain},format={domain.partition('.')[0]}" for domain in others),
                    flags=("-dnstt.mtu", "513"))
    served, refused = Counter(), Counter()
    for domain, mtu in (tunnels | others).items():
        vaydns = domain.startswith("vaydns")
        for size in SIZES:
            ask(host, wire.vaydns_query(b"ID", domain, KCP, size=size) if vaydns
                else wire.query(b"CLIENTID", domain, KCP, size=size))
            (served if max(size or 0, 512) >= mtu else refused)[domain] += 1
    metrics = host.settle(program, query=served.total(), rejected=refused.total())
    assert metrics.by("domain", "dnstt_queries_total") == served
    assert metrics.by("domain", "dnstt_rejected_queries_total", reason="edns") == refused
    assert refused == dict.fromkeys(
        [domain for domain, mtu in (tunnels | others).items() if mtu > 512], 4)


TUNNELS = {
    "d.example.com": ("dnstt", "", ""),
    "e.example.com,format=dnstt,mtu=500,active-window=15s": ("dnstt", "", ""),
    "n.example.com,mtu=512,format=noizdns": ("noizdns", "", ""),
    "v.example.com,format=vaydns": ("vaydns", "2", "txt"),
    "w.example.com,record-type=caa,clientid-size=8,format=vaydns": ("vaydns", "8", "caa"),
    "x.example.com,format=xdns": ("xdns", "", "txt"),
    "y.example.com,format=xdns,record-type=any": ("xdns", "", "any"),
    "O.Example.COM.,format=opaque": ("opaque", "", ""),
}


def test_each_tunnel_is_told(host, watch):
    """In the metrics, on the page, and in the log."""
    program = watch(*TUNNELS, flags=("-dnstt.domain", "p.example.com,q.example.com"))
    everyone = {tunnel.partition(",")[0].lower().rstrip("."): labels
                for tunnel, labels in TUNNELS.items()}
    everyone |= dict.fromkeys(("p.example.com", "q.example.com"), ("dnstt", "", ""))
    assert program.metrics().find("dnstt_tunnel_info") == [
        ({"domain": domain, "format": form, "clientid_size": size, "record_type": record_type}, 1)
        for domain, (form, size, record_type) in everyone.items()]
    page = program.request("GET", "/")[2]
    watched = re.search(r'<section id="watched">.*?</section>', page, re.S)[0]
    assert re.findall(r"<tr><th>(.*?)</th><td>(.*?)</td><td>(.*?)</td></tr>", watched) == [
        (domain, labels[0], "0 active") for domain, labels in everyone.items()]
    assert [(re.search(r"domain=(\S+)", line)[1], re.search(r"format=(\S+)", line)[1])
            for line in program.log().splitlines() if "msg=watching" in line] == [
        (domain, labels[0]) for domain, labels in everyone.items()]


RECORD_TYPES = {"txt": 16, "null": 10, "cname": 5, "a": 1, "aaaa": 28, "mx": 15, "ns": 2, "srv": 33,
                "caa": 257}


def test_record_types_of_vaydns(host, watch):
    """A server answers one."""
    program = watch(*(f"{name},format=vaydns,record-type={name}" for name in RECORD_TYPES))
    other = (6, 255, 256)
    types = (*RECORD_TYPES.values(), *other)
    for domain, qtype in RECORD_TYPES.items():
        ask(host, *(wire.vaydns_query(b"ID", domain, KCP, qtype=each)
                    for each in types if each != qtype))
    refused = len(types) - 1
    metrics = host.settle(program, rejected=refused * len(RECORD_TYPES))
    assert metrics.by("domain", "dnstt_rejected_queries_total", reason="qtype") \
        == dict.fromkeys(RECORD_TYPES, refused)
    for domain, qtype in RECORD_TYPES.items():
        ask(host, wire.vaydns_query(b"ID", domain, KCP, qtype=qtype))
    metrics = host.settle(program, query=len(RECORD_TYPES), rejected=refused * len(RECORD_TYPES))
    assert metrics.by("domain", "dnstt_queries_total") == dict.fromkeys(RECORD_TYPES, 1)


def test_32_tunnels(host, watch):
    """Of all formats, one session in each that has them."""
    forms = itertools.cycle(("dnstt", "noizdns", "xdns", "vaydns"))
    tunnels = {f"t{number}.example.com": next(forms) for number in range(32)}
    program = watch(*(f"{domain},format={form}" for domain, form in tunnels.items()))
    ask(host, *(wire.vaydns_query(b"ID", domain, KCP) if form == "vaydns"
                else wire.query(b"CLIENTID", domain, KCP) for domain, form in tunnels.items()))
    metrics = host.settle(program, query=32)
    assert metrics.by("domain", "dnstt_sessions_total") == dict.fromkeys(tunnels, 1)
