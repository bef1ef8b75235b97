"""The tests' own codec of the wire formats, held to real traffic and to the vectors."""

import base64
import binascii
import contextlib
import json
import random
from collections import Counter

import pytest

from support import frames, wire
from support.program import ROOT
from support.recordings import OF_DNSTT, OF_SLIPSTREAM, OF_VAYDNS

DATA = ROOT / "tests/data"


def messages(path):
    """(from the server, DNS message) of each whole UDP datagram of a recording."""
    for frame in frames.read_pcap(path):
        ipv4 = frame[12:14] == b"\x08\x00"
        if ipv4 and frame[20:22] not in (b"\0\0", b"\x40\0"):
            continue  # a fragment
        header = (frame[14] & 15) * 4 if ipv4 else 40
        yield frames.is_from_server(frame), frame[14 + header + 8 :]


def text_under(message, domain):
    """The characters of a query name before a domain."""
    labels, offset = [], 12
    while message[offset]:
        labels.append(message[offset + 1 : offset + 1 + message[offset]])
        offset += 1 + message[offset]
    under = len(domain.split("."))
    assert b".".join(labels[-under:]).lower() == domain.encode()
    return b"".join(labels[:-under])


def carried(message, domain):
    """The octets that a query name carries under a domain."""
    text = text_under(message, domain)
    return base64.b32decode(text + b"=" * (-len(text) % 8), casefold=True)


@pytest.mark.parametrize("path", OF_DNSTT, ids=lambda path: path.stem)
def test_recorded_traffic_is_written_again(path):
    """Taken apart and put together, each real query and response comes out as it was."""
    truth = json.loads(path.with_suffix(".json").read_text())
    clients, asked, answered = set(), 0, 0
    for from_server, message in messages(path):
        end = wire.question_end(message)
        if message[end - 4 : end - 2] != bytes([0, wire.TXT]):
            continue
        sent = int.from_bytes(message[:2], "big")
        if not from_server:
            asked += 1
            octets = carried(message, "t.example.com")
            client_id, padding = octets[:8], octets[9 : 9 + octets[8] - 0xE0]
            packet = octets[9 + len(padding) + 1 :]
            size = int.from_bytes(message[end + 3 : end + 5], "big")
            flags = int.from_bytes(message[2:4], "big")
            again = wire.query(client_id, "t.example.com", packet, padding=padding, id=sent,
                               flags=flags, size=size)
            # A resolver mixes case and sets flags of its own in OPT.
            written = end + 5
            assert again[12:end].lower() == message[12:end].lower()
            assert again[:12] == message[:12] and again[end:written] == message[end:written]
            clients.add(client_id.hex())
        elif message[3] & 15 == 0:
            answered += 1
            question = wire.message(message[12 : end - 4], id=sent)
            size = int.from_bytes(message[end + 10 : end + 12], "big")
            text = message[end + 12 : end + 12 + size]
            data = b"".join(text[at + 1 : at + 1 + text[at]] for at in range(0, len(text), 256))
            assert wire.response(question, data) == message
    counters = truth["counters"]
    assert clients == set(truth["ids"])
    assert asked == counters["q_tunnel"]
    assert answered == counters["tunnel_out"] - counters.get("ip_fragments", 0) / 2


def rewritten(octets, truth):
    """The octets of a payload taken apart and written again, and of which kind they are."""
    if truth["format"] == "dnstt":
        client_id, padding = octets[:8], octets[9 : 9 + octets[8] - 0xE0]
        packet = octets[9 + len(padding) + 1 :]
        return wire.payload(client_id, packet, padding), "data" if packet else "poll"
    client_id, rest = octets[: truth["id_octets"]], octets[truth["id_octets"] :]
    if len(rest) == wire.VAYDNS_POLL:
        return octets, "poll"
    return wire.vaydns_payload(client_id, rest[1:]), "data"


@pytest.mark.parametrize("path", OF_VAYDNS, ids=lambda path: path.stem)
def test_recorded_vaydns_is_written_again(path):
    """The name of each query of its clients; the ends of names that a resolver asked for by the
    same type are not written so."""
    truth = json.loads(path.with_suffix(".json").read_text())
    kinds = Counter()
    for from_server, message in messages(path):
        end = wire.question_end(message)
        if from_server or int.from_bytes(message[end - 4 : end - 2], "big") not in truth["qtypes"]:
            continue
        kind = "framing"
        with contextlib.suppress(binascii.Error):
            octets, form = rewritten(carried(message, "t.example.com"), truth)
            if wire.name(octets, "t.example.com") == message[12 : end - 4].lower():
                kind = form
        kinds[kind] += 1
    assert kinds == Counter(truth["kinds"], framing=truth.get("rejected_framing", 0))


def with_protected_bits(octets, again, mask):
    """What was written again, with the bits of the first octet that are protected."""
    return bytes([again[0] | octets[0] & mask]) + again[1:]


def quic_written_again(octets):
    """A QUIC packet taken apart and written again, and of which kind it is."""
    if octets[0] & 0x80 == 0:
        return with_protected_bits(octets, wire.quic_short(octets[1:9], octets[9:]), 0x3F), "path"
    end = 6 + octets[5]
    source = octets[end + 1 : end + 1 + octets[end]]
    kind = octets[0] >> 4 & 3
    again = wire.quic_long(kind, octets[6:end], source=source,
                           protected=octets[end + 1 + len(source) :])
    name = {wire.QUIC_INITIAL: "initial", wire.QUIC_HANDSHAKE: "handshake"}[kind]
    return with_protected_bits(octets, again, 0x0F), name


@pytest.mark.parametrize("path", OF_SLIPSTREAM, ids=lambda path: path.stem)
def test_recorded_slipstream_is_written_again(path):
    """The characters of each name of its clients; they cut labels elsewhere."""
    truth = json.loads(path.with_suffix(".json").read_text())
    kinds = Counter()
    for from_server, message in messages(path):
        end = wire.question_end(message)
        if from_server or message[end - 4 : end - 2] != bytes([0, wire.TXT]):
            continue
        octets = carried(message, "t.example.com")
        again, kind = quic_written_again(octets)
        written = wire.slipstream_query(again, "t.example.com")
        assert text_under(written, "t.example.com") == text_under(message, "t.example.com").lower()
        kinds[kind] += 1
    assert kinds == Counter(truth["kinds"])


def test_dnsttex_vectors_are_written_again():
    """Those that its clients wrote. Of polls the noise is put back."""
    kinds = Counter()
    for line in (DATA / "formats/dnsttex.tsv").read_text().splitlines():
        name, message = line.split("\t")[:2]
        if not name.startswith(("data-one", "poll-0", "poll-1", "old-single")):
            continue
        message = bytes.fromhex(message)
        text = text_under(message, "t.example.com")
        octets = base64.b32hexdecode(text + b"=" * (-len(text) % 8), casefold=True)
        client_id, hinted = octets[:8], octets[8] == wire.DNSTTEX_HINT
        hint = int.from_bytes(octets[9:11], "big") if hinted else None
        frame = octets[11:] if hinted else octets[8:]
        again = wire.dnsttex_query(client_id, "t.example.com", frame[1:] if frame[0] else b"",
                                   hint=hint)
        written = text_under(again, "t.example.com")
        same = len(written) if frame[0] else len(written) - 10
        assert written[:same] == text[:same].lower() and len(written) == len(text)
        kinds[name.partition("-")[0]] += 1
    assert kinds == {"data": 5, "poll": 2, "old": 1}


def vectors():
    rows = (line.split("\t") for line in (DATA / "vectors.tsv").read_text().splitlines()
            if not line.startswith("#"))
    return {name: bytes.fromhex(message) for name, _, message in rows}


def test_vectors_are_written_again():
    client_id = bytes.fromhex("0011223344556677")
    poll = dict(padding=bytes(range(0xA0, 0xA8)), id=0x1234)
    domain = "tunnel.example.com"
    known = vectors()
    assert wire.query(client_id, domain, **poll) == known["01_poll28"]
    assert wire.query(client_id, domain, size=1232, **poll) == known["30_opt1232"]
    assert wire.query(client_id, domain, size=None, **poll) == known["28_noopt"]
    assert wire.query(client_id, domain, qtype=1, **poll) == known["24_fullA"]
    assert wire.query(client_id, domain, qclass=3, **poll) == known["25_classCH"]


def test_mixed_case_changes_case_alone():
    plain = wire.name(wire.payload(b"CLIENTID", bytes(180)), "t.example.com")
    mixed = wire.mixed_case(plain, random.Random(1))
    assert mixed != plain
    assert mixed.lower() == plain
