"""The wire formats of dnstt, VayDNS, dnsttEx and Slipstream, as their clients and servers write
them: queries and their responses.

A query's name is base32 (RFC 4648, no padding) of a payload, cut into labels, then the domain.
dnstt's payload: ClientID, then 0xE0+n and n octets of padding, then nothing (a poll) or one octet
of length and one KCP packet of that length. VayDNS's: ClientID, then four random octets (a poll) or
one octet of length and one KCP packet of that length. dnsttEx's, in the alphabet with extended hex:
ClientID, a hint of the response's size, then a mark and six octets (a poll) or one octet of length
and one packet with a header of its own. Slipstream's: a QUIC packet.
"""

import base64
import ipaddress
import os
import struct

A, TXT, AAAA, OPT = 1, 16, 28, 41
CLASS_IN = 1
CLIENT_SUBNET = 8
FLAG_RECURSION_DESIRED = 0x0100
FLAG_RESPONSE = 0x8400  # QR and AA
LABEL_MAX = 63

POLL_PADDING = 8
DATA_PADDING = 3
VAYDNS_POLL = 4
DNSTTEX_HINT = 0xFD
DNSTTEX_POLL = 0x00
DNSTTEX_PROBE = 0xFF
DNSTTEX_NOISE = 6
QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE, QUIC_RETRY = range(4)

KCP_PUSH, KCP_ACK, KCP_ASK, KCP_TELL = 81, 82, 83, 84


def payload(client_id, packet=b"", padding=None):
    """The octets that a client sends: a poll, or one KCP packet (24 to 223 octets)."""
    if padding is None:
        padding = os.urandom(DATA_PADDING if packet else POLL_PADDING)
    framed = bytes([len(packet)]) + packet if packet else b""
    return client_id + bytes([0xE0 + len(padding)]) + padding + framed


def kcp(data=b"", *, conversation=0x01020304, command=KCP_PUSH, number=0):
    """A KCP packet of one segment."""
    return struct.pack("<IBBHIIII", conversation, command, 0, 128, 0, number, 0, len(data)) + data


def vaydns_payload(client_id, packet=b""):
    """The octets that a VayDNS client sends: a poll, or one KCP packet (24 to 255 octets)."""
    if packet:
        return client_id + bytes([len(packet)]) + packet
    return client_id + os.urandom(VAYDNS_POLL)


def compact_kcp(data=b"", *, conversation=0x0102, number=0):
    """A packet of dnsttEx's KCP of one segment."""
    return struct.pack("<HBBHHHH", conversation, 0, 128, 0, number, 0, len(data)) + data


def dnsttex_payload(client_id, packet=b"", *, hint=1232):
    """The octets that a dnsttEx client sends: a poll, or one packet (12 to 223 octets). `hint` None
    is of a client before there were hints."""
    hinted = b"" if hint is None else bytes([DNSTTEX_HINT]) + struct.pack("!H", hint)
    frame = bytes([len(packet)]) + packet if packet else \
        bytes([DNSTTEX_POLL]) + os.urandom(DNSTTEX_NOISE)
    return client_id + hinted + frame


def quic_long(kind, destination, *, source=b"CLIENTID", version=1, protected=bytes(24)):
    """A QUIC packet with a long header."""
    return (bytes([0xC0 | kind << 4]) + struct.pack("!I", version) + bytes([len(destination)])
            + destination + bytes([len(source)]) + source + protected)


def quic_short(path_id, protected=None):
    """A QUIC packet with a short header."""
    return b"\x40" + path_id + (os.urandom(31) if protected is None else protected)


def labels(text):
    """A name on the wire, from labels as octets, the root's included."""
    return b"".join(bytes([len(label)]) + label for label in text) + b"\0"


def name(octets, domain, encode=base64.b32encode):
    """The query name that carries these octets under a domain."""
    text = encode(octets).rstrip(b"=").lower()
    chunks = [text[start : start + LABEL_MAX] for start in range(0, len(text), LABEL_MAX)]
    return labels(chunks + domain.encode().split(b"."))


def hex_name(octets, domain):
    """The same in dnsttEx's alphabet. Python 3.11 has it under this name."""
    return name(octets, domain, base64.b32hexencode)


def mixed_case(wire_name, random):
    """0x20: each letter of a name in a random case. Length octets are below any letter's code."""
    return bytes(o ^ 0x20 if chr(o).isalpha() and random.random() < 0.5 else o for o in wire_name)


def opt_record(size, version=0, options=b""):
    """An OPT record (RFC 6891) that offers `size` octets for the response."""
    return struct.pack("!BHHBBHH", 0, OPT, size, 0, version, 0, len(options)) + options


def client_subnet(address, prefix):
    """The option (RFC 7871) with which a resolver tells a part of its client's address."""
    network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    octets = network.network_address.packed[:(prefix + 7) // 8]
    family = 1 if network.version == 4 else 2
    return struct.pack("!HHHBB", CLIENT_SUBNET, 4 + len(octets), family, prefix, 0) + octets


def message(
    wire_name, *, qtype=TXT, qclass=CLASS_IN, flags=FLAG_RECURSION_DESIRED, size=4096, id=0
):
    """A query for a name; `size` None leaves the OPT record out."""
    additional = b"" if size is None else opt_record(size)
    header = struct.pack("!6H", id, flags, 1, 0, 0, 1 if additional else 0)
    return header + wire_name + struct.pack("!HH", qtype, qclass) + additional


def with_opt(query_message, *records):
    """A query without OPT, with these instead."""
    count = struct.pack("!H", len(records))
    return query_message[:10] + count + query_message[12:] + b"".join(records)


def query(client_id, domain, packet=b"", *, padding=None, **options):
    """A query as a dnstt client sends it. Options are those of message()."""
    return message(name(payload(client_id, packet, padding), domain), **options)


def vaydns_query(client_id, domain, packet=b"", **options):
    """A query as a VayDNS client sends it. Options are those of message()."""
    return message(name(vaydns_payload(client_id, packet), domain), **options)


def dnsttex_query(client_id, domain, packet=b"", *, hint=1232, **options):
    """A query as a dnsttEx client sends it. Options are those of message()."""
    return message(hex_name(dnsttex_payload(client_id, packet, hint=hint), domain), **options)


def slipstream_query(packet, domain, **options):
    """A query as a Slipstream client sends it. Options are those of message()."""
    return message(name(packet, domain), **options)


def question_end(query_message):
    """The offset just past the one question."""
    end = 12
    while query_message[end]:
        end += 1 + query_message[end]
    return end + 5


def response(query_message, data=b"", *, rcode=0):
    """The server's answer: the question echoed, and data as one TXT record's strings."""
    question = query_message[12 : question_end(query_message)]
    chunks = [data[start : start + 255] for start in range(0, len(data), 255)] or [b""]
    text = b"".join(bytes([len(chunk)]) + chunk for chunk in chunks)
    answer = struct.pack("!HHHIH", 0xC00C, TXT, CLASS_IN, 60, len(text)) + text
    answered = 1 if rcode == 0 else 0
    header = query_message[:2] + struct.pack("!5H", FLAG_RESPONSE | rcode, 1, answered, 0, 1)
    return header + question + (answer if answered else b"") + opt_record(4096)
