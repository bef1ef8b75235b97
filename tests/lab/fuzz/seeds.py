#!/usr/bin/python3
"""Writes a target's seeds into a directory: seeds.py TARGET DIRECTORY. They are the recordings, the
vectors and the databases of tests/data, and messages as clients send them."""

import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
FRAMES_PER_RECORDING = 60


def pcap_frames(path):
    """Of an Ethernet pcap, spread over its length."""
    octets = path.read_bytes()
    order = "<" if octets[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    found, at = [], 24
    while at < len(octets):
        length = struct.unpack_from(order + "I", octets, at + 8)[0]
        found.append(octets[at + 16:at + 16 + length])
        at += 16 + length
    return found[::max(1, len(found) // FRAMES_PER_RECORDING)]


def over_ipv4(message):
    udp = struct.pack("!HHHH", 40000, 53, 8 + len(message), 0) + message
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0,
                       bytes([10, 77, 0, 11]), bytes([10, 77, 0, 2])) + udp


def classify():
    for recording in sorted((DATA / "pcap").glob("*.pcap")):
        label = RECORDING_LABELS.get(recording.stem.partition("-")[0], b"t")
        for frame in pcap_frames(recording):
            protocol = 1 if frame[12:14] == b"\x86\xdd" else 0
            # Queries have the server's address 10.77.0.2 or …:2 as destination; either will do.
            for direction in 0, 1:
                yield bytes([protocol, direction, 0]) + relabelled(frame[14:], label)
    for line in (DATA / "vectors.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            yield bytes([0, 0, 0]) + over_ipv4(bytes.fromhex(line.split("\t")[2]))
    for name, label in (*FORMAT_LABELS.items(), *WRONG_LABELS.items()):
        for line in (DATA / "formats" / f"{name}.tsv").read_text().splitlines():
            if line and not line.startswith("#"):
                message = bytes.fromhex(line.split("\t")[1])
                yield bytes([0, 0, 0]) + over_ipv4(relabelled(message, label))


# Of the format's domain in fuzz_classify.c, in place of that of the vectors and the recordings.
FORMAT_LABELS = {"vaydns": b"v", "noizdns": b"n", "xdns": b"x", "xdnstt": b"t", "dnsttex": b"e",
                 "slipstream": b"s"}
# Of another format's domain: what a rejected query proves.
WRONG_LABELS = {"vaydns": b"t", "vaydns-compat": b"v", "dnsttex": b"t", "slipstream": b"t"}
RECORDING_LABELS = {"slip": b"s"}


def relabelled(octets, label):
    return re.sub(rb"(?i)\x01t(?=\x07example\x03com)", b"\x01" + label, octets)


def intake():
    """HELLO, then batches and accounts, all put right: the octets in between are the fuzzer's."""
    right = 1 | 2 | 4 | 8 | 32
    for types in [2], [3], [2, 3], [2, 2, 3, 2, 3]:
        talk = bytes([right]) + struct.pack("<H", 24) + bytes(24)
        for kind in types:
            body = struct.pack("<IHHQ", 0, kind, 3, 0) + bytes(range(96))
            talk += bytes([right | 16]) + struct.pack("<H", len(body)) + body
        yield talk


COMMAND_LINES = [
    "-dnstt.domain t.example.com",
    "--dnstt.domain=T.Example.COM.,a_b.example -dnstt.port 53,5300 --dnstt.port=65535",
    "-dnstt.domain t.example.com -dnstt.mtu 512 -dnstt.active-window 1m30s -dnstt.framing any",
    "-dnstt.tunnel v.example.com,format=vaydns,clientid-size=4,record-type=cname,mtu=500",
    "-dnstt.tunnel x.example.com,record-type=any,format=xdns -dnstt.tunnel o.example,format=opaque",
    "-dnstt.tunnel n.example.com,format=noizdns,active-window=15s -dnstt.tunnel d.example.com",
    "-dnstt.tunnel e.example.com,format=dnsttex -dnstt.tunnel s.example,format=slipstream",
    "-dnstt.tunnel s.example.com,active-window=1m,format=slipstream -dnstt.mtu 512",
    "-dnstt.tunnel e.example.com,format=dnsttex,mtu=500", "-dnstt.tunnel s.b,format=slipstreams",
    "-dnstt.tunnel t.example.com,format=vaydns,record-type=any", "-dnstt.tunnel a.b,mtu=0,",
    "-dnstt.domain t.example.com -capture.interface eth0.100 -capture.ring-size 1GiB",
    "-dnstt.domain t.example.com -geoip.country-database /c.mmdb -geoip.asn-database /a.mmdb",
    "-dnstt.domain t.example.com -sessions.max 1000 -sessions.remember 100000000 -groups.max 1",
    "-dnstt.domain t.example.com -sessions.min-queries 2",
    "-dnstt.domain t.example.com -web.listen-address [::1]:9713 -web.telemetry-path /m",
    "-dnstt.domain t.example.com -web.listen-address localhost:1 -web.systemd-socket",
    "-dnstt.domain t.example.com -web.systemd-socket=false -web.listen-address :9713",
    "-dnstt.domain t.example.com -web.listen-address [::1]:1,unix:/run/a -web.listen-address :2",
    "-dnstt.domain t.example.com -web.max-requests 0 -web.config.file /etc/a/web.yml",
    "-dnstt.domain t.example.com -process.user 65534:65534 -log.level debug -log.format json --",
    "-dnstt.domain t.example.com -log.level warn -help",
    "-version=true -h",
    "---x", "-", "-=1", "-- x", "-dnstt.port", "-dnstt.port 0", "-version=1", "",
]


def flags():
    for line in COMMAND_LINES:
        yield b"".join(word.encode() + b"\0" for word in line.split())


REQUESTS = [
    # As Prometheus 2.42, curl 7.88 and a browser send them.
    "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9713\r\nUser-Agent: Prometheus/2.42.0\r\n"
    "Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
    "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\nAccept-Encoding: gzip\r\n"
    "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
    "GET /-/ready HTTP/1.1\r\nHost: localhost:9713\r\nUser-Agent: curl/7.88.1\r\n"
    "Accept: */*\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [::1]:9713\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
    "Accept: text/html,application/xhtml+xml;q=0.9\r\nAccept-Language: en\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\n\r\n",
    "HEAD /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "GET /-/healthy HTTP/1.0\r\n\r\n",
    "GET /metrics?name[]=dnstt_active_clients&name[]=dnstt_queries_total HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\nAccept: application/openmetrics-text;q=0.4, text/*\r\n"
    "Accept-Encoding: br;q=1, *;q=0.5, identity;q=0\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nHost: LocalHost.:9713\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nHost: 0x7f.1:9713\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nHost: [::ffff:7f00:1]\r\n\r\n",
    # And as nobody should.
    "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nHost: attacker.example\r\n\r\n",
    "POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\r\nbody",
    "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: a\r\n\r\n",
    "GET http://127.0.0.1/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "GET /none?a=%00 HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n\r\n",
    "GET / HTTP/1.1\nHost: localhost\n folded\n\nGET / HTTP/1.1\n\n",
    "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + "x" * 17000 + "\r\n\r\n",
]


def http():
    for number, request in enumerate(REQUESTS):
        for ways in 0 | 4, 1 | 4:
            segment = (0, 0, 7)[number % 3]
            yield bytes([ways | (number & 1) << 1, segment]) + request.encode("latin-1")


def with_record(file, record):
    """The database with a tree of one node, both sides of which lead to this record."""
    metadata = file[file.rindex(b"\xab\xcd\xefMaxMind.com"):]
    head, key, tail = metadata.partition(b"node_count")
    tail = tail[1 + (tail[0] & 31):]
    return (1 + 16).to_bytes(3, "big") * 2 + bytes(16) + record + head + key + b"\xc1\x01" + tail


# Maps whose first value is lists in lists, and with very many pairs.
NESTED = b"\xe2\x41a" + b"\x01\x04" * 20000 + b"\x00\x04\x42cc\x42NL"
WIDE = b"\xfe" + (20000 - 285).to_bytes(2, "big") + b"\x40\xa0" * 19999 + b"\x42cc\x42NL"


def named(*pairs):
    """A record of an ASN and these keys and values."""
    def text(octets):
        head = (bytes([0x40 | len(octets)]) if len(octets) < 29 else
                bytes([0x5d, len(octets) - 29]))
        return head + octets

    def value(given):
        return text(given) if isinstance(given, bytes) else pairs_of(given)

    def pairs_of(given):
        return bytes([0xe0 | len(given)]) + b"".join(
            text(key) + value(inner) for key, inner in given)

    return bytes([0xe0 | len(pairs) + 1]) + text(b"asn") + b"\xa2\xfb\xf0" + b"".join(
        text(key) + value(inner) for key, inner in pairs)


# Names of networks that no writer of databases would let through, and maps as deep as paths go.
NAMED = [
    named((b"as_name", b"\xff\xc0\x80\xed\xa0\x80 \xf4\x90\x80\x80Example")),
    named((b"as_name", b"cut\xe2\x80"), (b"org", b"Example")),
    named((b"name", "\u202eelpmaxE\u2066 \u200b\ufeff\x1b[31m\r\n\0".encode())),
    named((b"org", "a\u061c\x7f\u009f\u2028b".encode()), (b"name", b"")),
    named((b"as_name", b"x" * 63 + "\xe9".encode() * 30), (b"asname", b" \t ")),
    named((b"autonomous_system_organization", b"\"quote\\\n# HELP x </title>{}=,")),
    named((b"as", ((b"organization", ((b"name", b"Deep"), (b"other", ((b"name", b"No"),)))),))),
    named((b"as", ((b"organization", ((b"name", ((b"name", b"No"),)),)),)), (b"name", b"Top")),
]


def database():
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["perl", DATA / "make_databases.pl", directory], check=True,
                       env=dict(os.environ, SOURCE_DATE_EPOCH="1", PERL_HASH_SEED="0"))
        files = [path.read_bytes() for path in sorted(pathlib.Path(directory).iterdir())]
        country = (pathlib.Path(directory) / "country.mmdb").read_bytes()
    files += [with_record(country, record) for record in (NESTED, WIDE, *NAMED)]
    for first, second in zip(files, files[1:] + files[:1]):
        for ways, address in ((2, bytes([10, 77, 1, 9])), (3, bytes([10, 77, 2, 9])),
                              (2, bytes([10, 77, 8, 9])),
                              (0, bytes.fromhex("fd770001")), (1, bytes.fromhex("20010db8"))):
            yield bytes([ways]) + address.ljust(16, b"\0") + struct.pack("<H", len(first)) + \
                first + second


HASH = "$2y$10$2UXri9cIDdgeKjBo4Rlpx.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXq"
WEB_CONFIGS = [
    "", "---\n...\n", "~\n",
    "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n",
    "tls_server_config:\n  cert: |\n    one\n    two\n  key: 'a'\n"
    "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: \"ca.pem\"\n"
    "  client_allowed_sans:\n  - a.example\n  - 192.0.2.1\n  min_version: TLS12\n"
    "  max_version: TLS13\n  prefer_server_cipher_suites: false\n"
    "  curve_preferences: [X25519, CurveP256]\n",
    "http_server_config:\n  http2: true\n  headers:\n    X-Frame-Options: deny\n"
    "    X-Content-Type-Options: nosniff\n    X-XSS-Protection: 1\n"
    "    Strict-Transport-Security: max-age=31536000\n"
    "    Content-Security-Policy: \"default-src 'self'\"\n",
    f"basic_auth_users:\n  alice: {HASH}\n  \"b o b\": '{HASH}'\n"
    "rate_limit: {interval: 1m1s500ms, burst: 20}\n",
    "rate_limit:\n  interval: 1s\n", "tls_server_config: &a {cert: *a}\n", "a: 1\na: 2\n",
    "tls_server_config:\n  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", "- a\n- {b: [c, [d]]}\n",
]


def web_config():
    for text in WEB_CONFIGS:
        yield text.encode()


NAMES = [  # of networks
    "", "Example Networks, Ltd.", "\u00c9t\u00e9 \u2013 r\u00e9seau",
    "\u65e5\u672c\u30cd\u30c3\u30c8\u30ef\u30fc\u30af", "\u05e8\u05e9\u05ea", "e\u0301\u0301\u0301", "\u0301x",
    "\U0001f600 \U0001f1e9\U0001f1ea",
    "\"} 1\nx 2 # {a=\"b\"} 1", "\\\"\\n\\", "</bdi><script>alert('1')&amp;&#60;", "<!-- ]]> <?a?>",
    "\x1b[31mred\x1b[0m", "a\r\nb\tc\0d", "\u202eback\u2066 \u200bmark\ufeff\x85\u2028end\u061c.",
    "{\"a\": [1, null]}", "a=b c=\"d\"", "READY=1\nSTATUS=x", "x" * 63 + " y", "x" * 62 + "\u20ac",
    " " * 1023 + "z", "<" * 64, "\ufffe\U0010ffff\u00ad",
]
WRONG_UTF8 = [b"\xc0\x80", b"a\xe2\x82", b"\xed\xa0\x80b", b"\xf4\x90\x80\x80", b"\xff\xfe a \xc3(",
              b"\xe6\x97\xe6"]


def foreign():
    """Columns, and a name."""
    for number, name in enumerate([name.encode() for name in NAMES] + WRONG_UTF8):
        yield bytes([(0, 1, 2, 5, 20, 66, 200)[number % 7]]) + name
        yield bytes([24]) + name


def status():
    """The layout of fuzz_status.c: flags, the interface, names with their active sessions, further
    sessions, rejected queries, and runs of samples for each span."""
    texts = [name.encode() for name in NAMES] + WRONG_UTF8
    for number in range(0, len(texts), 5):
        flags = (2, 3, 7, 6, 1, 0)[number // 5 % 6]
        interface = (b"eth0", b"\xff\xc2\x9b", "\u00e9\u202e<b>&".encode())[number // 5 % 3]
        seed = bytes([flags | number % 32 << 3])
        if flags & 4:
            seed += bytes([len(interface)]) + interface
        names = texts[number:number + 5]
        seed += bytes([len(names)])
        for rank, name in enumerate(names):
            seed += bytes([min(len(name), 255)]) + name[:255] + struct.pack("<I", 100 >> rank)
        seed += struct.pack("<II", number, 7) + struct.pack("<6Q", *(number << 9 * i for i in range(6)))
        for runs in ((239, 0xffffffff), (1, 5)), ((100, 0xffffffff), (50, 0), (50, 1), (40, 90)), ():
            seed += bytes([len(runs)]) + b"".join(struct.pack("<BI", *run) for run in runs)
        yield seed


TARGETS = {function.__name__: function
           for function in (classify, intake, flags, http, database, web_config,
                            foreign, status)}


def main(target, directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[target]()):
        (directory / f"{number:04}").write_bytes(seed)


main(*sys.argv[1:])
