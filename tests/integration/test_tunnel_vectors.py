"""The vectors of each tunnel format, past the running program: each message in the one counter that
an independent decoder, and a reading of the rules beside it, say."""

import re
from collections import Counter, defaultdict
from typing import NamedTuple

import pytest

from support import wire
from support.figures import figure
from support.program import ROOT, wait_for
from support.tunnels import DOMAIN, NO_SESSIONS, answer, ask, counted, labels_of, sessions

WITHOUT_SESSION = ("initial", "probe")


class Row(NamedTuple):
    message: bytes
    verdict: str  # "query", or what it is instead
    kind: str     # of a query: "data", "poll", "handshake", "path"; "initial", "probe": no session
    id: str


def keys_of(flags):
    """The keys for a server that was started as the third column says."""
    first, *rest = flags.split()
    if first in ("dnsttex", "slipstream"):
        return f"format={first}"
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


def judged(observed):
    """Verdict, kind and id, by the word or words of a note."""
    word, *session = observed.split(":")
    if word == "session":
        return "query", *session
    return ("query", word, "") if word in WITHOUT_SESSION else (word, "", "")


def read_rows(name):
    """Keys → the rows of a file; their domain is t.example.com."""
    groups = defaultdict(list)
    for line in (ROOT / f"tests/data/formats/{name}.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        _, message, flags, domain, _, _, note = line.split("\t")
        assert domain == DOMAIN
        observed = re.search(r"observer=(\S+)$", note)[1]
        groups[keys_of(flags)].append(Row(bytes.fromhex(message), *judged(observed)))
    return groups


FILES = ("vaydns", "vaydns-compat", "noizdns", "xdns", "xdnstt", "slipstream", "dnsttex")
VECTORS = {f"{name} {keys}": (keys, rows) for name in FILES
           for keys, rows in read_rows(name).items()}
UNREADABLE = ("malformed", "not-a-query", "other-domain")


def name_before_domain(message):
    text, offset = b"", 12
    while message[offset]:
        text += message[offset + 1 : offset + 1 + message[offset]]
        offset += 1 + message[offset]
    return text[: -len(DOMAIN.replace(".", ""))].lower()


def shows_at_once(keys, row):
    """Whether one such query is enough."""
    if "vaydns" in keys or "dnsttex" in keys:
        return row.kind == "data"
    if "slipstream" in keys:
        return row.kind == "handshake"
    end = wire.question_end(row.message)
    return "xdns" not in keys or row.message[end - 4 : end - 2] == bytes([0, wire.TXT])


def expected_sessions(keys, rows):
    """The ids that count: those that one query shows, or two different ones. Of VayDNS its data
    alone does."""
    names = defaultdict(set)
    shown = set()
    for row in rows:
        if row.id:
            names[row.id].add(name_before_domain(row.message))
            if shows_at_once(keys, row):
                shown.add(row.id)
    if "vaydns" not in keys:
        shown |= {client_id for client_id, asked in names.items() if len(asked) > 1}
    return shown


def readable(rows):
    """Verdict → the rows of it, without those that no rule of a format is asked about."""
    of = defaultdict(list)
    for row in rows:
        if row.verdict not in UNREADABLE:
            of[row.verdict].append(row)
    return of


@pytest.mark.parametrize("keys, rows", VECTORS.values(), ids=VECTORS)
def test_vectors(host, watch, keys, rows):
    """The rows of one verdict after those of another. As each message is counted once, the one
    counter that grew by as many as were sent has counted each of them. Responses to queries count,
    and no other; nor do they with an RCODE above 0, but for 3 of Slipstream."""
    program = watch(f"{DOMAIN},{keys}")
    unreadable = Counter(row.verdict for row in rows if row.verdict in UNREADABLE)
    ask(host, *(row.message for row in rows if row.verdict == "malformed"))
    host.settle(program, malformed=unreadable["malformed"])

    expected = {}
    for verdict, alike in readable(rows).items():
        ask(host, *(row.message for row in alike))
        expected[verdict] = len(alike)
        wait_for(lambda: counted(program.metrics()) == expected, 5, f"{expected} and no other")
    asked = [row.message for row in rows if row.verdict == "query"]
    refused = [row.message for row in rows
               if row.verdict in ("qtype", "encoding", "short", "framing", "other-domain")]
    answer(host, *asked, *refused)
    answer(host, *asked, rcode=3)
    ask(host, *(row.message for row in rows if row.verdict in ("other-domain", "not-a-query")))

    answers = [wire.response(each, rcode=rcode) for each in asked
               for rcode in ((0, 3) if "slipstream" in keys else (0,))]
    unanswered = 2 * len(asked) + len(refused) - len(answers)
    ignored = {"not_query": unreadable["not-a-query"], "not_response": unanswered}
    metrics = host.settle(program, query=len(asked), response=len(answers),
                          rejected=sum(expected.values()) - len(asked),
                          malformed=unreadable["malformed"],
                          other_domain=unreadable["other-domain"],
                          ignored={reason: count for reason, count in ignored.items() if count})
    assert counted(metrics) == expected
    assert metrics.sum("dnstt_bytes_in_total") == sum(map(len, asked))
    assert metrics.sum("dnstt_bytes_out_total") == sum(map(len, answers))
    shown = len(expected_sessions(keys, rows))
    assert shown > 0
    assert sessions(metrics) == (shown, shown, shown)
    figure(f"{keys}: {len(rows)} messages, each in its counter; {shown} sessions")


def read_probes():
    """(message, format → verdict) of each."""
    for line in (ROOT / "tests/data/formats/slipgate-verify.tsv").read_text().splitlines()[1:]:
        fields = line.split("\t")
        message = bytes.fromhex(fields[1])
        yield message, {form: verdict.partition(":")[0] for form, verdict
                        in re.findall(r"(\w+)=(\S+)", fields[6])}


def test_probes_of_slipgate(host, watch):
    """Its verify probes have a nonce where a dnstt client has its id; one in 256 passed as a poll
    while more padding counted than any client sends. Some have a short header's first octet, and
    are queries of Slipstream, each of another path: no sessions."""
    forms = ("dnstt", "vaydns", "noizdns", "xdns", "slipstream")
    program = watch(*(f"{form}.example.com,format={form}" for form in forms))
    expected = {form: Counter() for form in forms}
    for message, verdicts in read_probes():
        assert verdicts.keys() == set(forms)
        for form, verdict in verdicts.items():
            ask(host, message.replace(wire.labels(labels_of(DOMAIN)),
                                      wire.labels([form.encode(), b"example", b"com"])))
            expected[form]["query" if verdict == "session" else verdict] += 1
    queries = expected["slipstream"]["query"]
    assert queries > 0
    metrics = host.settle(program, query=queries, rejected=sum(
        each.total() for each in expected.values()) - queries)
    for form in forms:
        assert counted(metrics, domain=f"{form}.example.com") == expected[form], form
    assert sessions(metrics) == NO_SESSIONS
