"""Tunnels as -dnstt.tunnel names them: the framing of dnstt, opaque ones, EDNS, and what is told of
each. test_tunnel_vectors, _mix and _sessions, and test_slipstream, have the rest."""

import itertools
import re
from collections import Counter

from support import wire
from support.figures import figure
from support.tunnels import DOMAIN, KCP, NO_SESSIONS, answer, ask, labels_of, sessions


def test_framing_any_is_for_dnstt_alone(host, watch):
    domains = ("d.example.com", "n.example.com,format=noizdns", "x.example.com,format=xdns",
               "v.example.com,format=vaydns", "s.example.com,format=slipstream",
               "e.example.com,format=dnsttex")
    program = watch(*domains, flags=("-dnstt.framing", "any"))
    ask(host, *(wire.message(wire.name(bytes([1]) * 28, domain.partition(",")[0]))
                for domain in domains))
    metrics = host.settle(program, query=1, rejected=5)
    assert metrics.by("domain", "dnstt_queries_total") == {"d.example.com": 1}
    assert metrics.sum("dnstt_rejected_queries_total", reason="framing") == 5


# --- opaque.

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
        wire.with_opt(plain, wire.opt_record(1232), wire.opt_record(1232)),
        wire.with_opt(plain, wire.opt_record(1232, version=1)),
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
    assert sessions(metrics) == NO_SESSIONS


def test_queries_without_a_session_leave_none(host, watch):
    program = watch(f"{DOMAIN},format=opaque", "d.example.com",
                    flags=("-dnstt.active-window", "1s", "-sessions.max", "1000"))
    ask(host, *(wire.query(b"SE%06d" % number, DOMAIN, KCP) for number in range(2000)))
    metrics = host.settle(program, query=2000)
    assert sessions(metrics) == NO_SESSIONS
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
    not for xdns. test_no_size_is_too_small has the formats without one."""
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


def test_no_size_is_too_small(host, watch):
    """For dnsttex and Slipstream, whatever -dnstt.mtu is."""
    forms = ("dnsttex", "slipstream")
    program = watch(*(f"{form}.example.com,format={form}" for form in forms),
                    flags=("-dnstt.mtu", "1232"))
    for size in SIZES:
        ask(host, wire.dnsttex_query(b"CLIENTID", "dnsttex.example.com", size=size),
            wire.slipstream_query(wire.quic_short(b"CLIENTID"), "slipstream.example.com",
                                  size=size))
    metrics = host.settle(program, query=2 * len(SIZES))
    assert metrics.by("domain", "dnstt_queries_total") == {
        f"{form}.example.com": len(SIZES) for form in forms}


TUNNELS = {
    "d.example.com": ("dnstt", "", ""),
    "e.example.com,format=dnstt,mtu=500,active-window=15s": ("dnstt", "", ""),
    "n.example.com,mtu=512,format=noizdns": ("noizdns", "", ""),
    "v.example.com,format=vaydns": ("vaydns", "2", "txt"),
    "w.example.com,record-type=caa,clientid-size=8,format=vaydns": ("vaydns", "8", "caa"),
    "x.example.com,format=xdns": ("xdns", "", "txt"),
    "y.example.com,format=xdns,record-type=any": ("xdns", "", "any"),
    "f.example.com,format=dnsttex": ("dnsttex", "", ""),
    "s.example.com,active-window=1h,format=slipstream": ("slipstream", "", ""),
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
    page = program.request("GET", "/status.html")[2]
    watched = re.search(r'<section id="watched">.*?</section>', page, re.S)[0]
    assert re.findall(r"<th>(.*?)</th><td>(.*?)</td></tr>\n<tr.*?><td.*?>(\w+) ", watched) == [
        (domain, "0 active", labels[0]) for domain, labels in everyone.items()]
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


def data_query(form, domain):
    """A query that shows its session."""
    if form == "vaydns":
        return wire.vaydns_query(b"ID", domain, KCP)
    if form == "dnsttex":
        return wire.dnsttex_query(b"CLIENTID", domain, wire.compact_kcp())
    if form == "slipstream":
        return wire.slipstream_query(wire.quic_long(wire.QUIC_HANDSHAKE, b"CLIENTID"), domain)
    return wire.query(b"CLIENTID", domain, KCP)


def test_32_tunnels(host, watch):
    """Of all formats, one session in each that has them."""
    forms = itertools.cycle(("dnstt", "noizdns", "xdns", "vaydns", "dnsttex", "slipstream"))
    tunnels = {f"t{number}.example.com": next(forms) for number in range(32)}
    program = watch(*(f"{domain},format={form}" for domain, form in tunnels.items()))
    ask(host, *(data_query(form, domain) for domain, form in tunnels.items()))
    metrics = host.settle(program, query=32)
    assert metrics.by("domain", "dnstt_sessions_total") == dict.fromkeys(tunnels, 1)
