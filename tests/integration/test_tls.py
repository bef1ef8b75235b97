"""TLS as the web configuration asks for it: versions, certificates that are rotated under the
running program, and what is asked of clients."""

import contextlib
import ipaddress
import os
import pathlib
import ssl
import struct
import time

import pytest
from cryptography import x509

from support import tls
from support.tls import CLIENT, Pair, put, put_pair, request

AUTHORITY = tls.authority("authority")
OTHER = tls.authority("other authority")
FIRST = tls.server_pair(AUTHORITY)
SECOND = tls.server_pair(AUTHORITY)
REFUSED = (ssl.SSLError, ConnectionError)  # what a client that is refused sees

TLS11, TLS12, TLS13 = (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def only(version, **more):
    return tls.client_context(AUTHORITY, least=version, most=version, **more)


ANY = tls.client_context(AUTHORITY)


@pytest.fixture
def folder():
    with tls.open_folder() as made:
        put_pair(made, FIRST)
        put(made / "ca.pem", AUTHORITY.certificate_text)
        yield made


@pytest.fixture
def serve(start, folder):
    """Starts the program with TLS and these further lines in its tls_server_config."""
    def begin(*lines, **options):
        own = ["cert_file: cert.pem", "key_file: key.pem", *lines]
        text = "tls_server_config:\n" + "".join(f"  {line}\n" for line in own)
        put(folder / "web.yml", text)
        return start("-web.config.file", folder / "web.yml", **options)

    return begin


def refused(program, context):
    """Whether a client gets no reply, while another does."""
    with pytest.raises(REFUSED):
        request(program, context)
    return True


def served_pair(program):
    return request(program, ANY).peer_certificate


def der(pair):
    return pair.certificate.public_bytes(tls.serialization.Encoding.DER)


@pytest.mark.parametrize("lines, good, bad", [
    ((), [TLS12, TLS13], [TLS11]),
    (("min_version: TLS13",), [TLS13], [TLS11, TLS12]),
    (("max_version: TLS12",), [TLS12], [TLS11, TLS13]),
])
def test_versions(serve, lines, good, bad):
    program = serve(*lines)
    for version in good:
        reply = request(program, only(version), "/metrics")
        assert (reply.status, reply.version) == (200, version.name.replace("_", "."))
    for version in bad:
        assert refused(program, only(version))


def test_no_weak_ciphers(serve):
    program = serve()
    for ciphers in "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384":
        context = only(TLS12)
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        assert refused(program, context)
    context = only(TLS12)
    context.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305")
    assert request(program, context).status == 200


def test_curves(serve):
    program = serve("curve_preferences: [CurveP521]")
    assert request(program, only(TLS13, curve="secp521r1")).status == 200
    assert refused(program, only(TLS13, curve="secp384r1"))


def test_a_long_reply(start, folder):
    """More than a record and more than a socket's buffer, to a reader that takes its time."""
    put(folder / "web.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n")
    domains = ",".join(f"{'x' * 60}.{'y' * 60}.{'z' * 60}.{number}.example" for number in range(31))
    program = start("-dnstt.domain", domains, "-web.config.file", folder / "web.yml")
    with contextlib.closing(tls.connect(program)) as plain:
        plain.setsockopt(tls.socket.SOL_SOCKET, tls.socket.SO_RCVBUF, 4096)
        connection = ANY.wrap_socket(plain, server_hostname="localhost")
        connection.sendall(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
        time.sleep(0.3)
        reply = tls.Reply(tls.receive_all(connection))
    assert len(reply.body) > 49152
    assert reply.body.endswith("\n")
    assert reply.body.count("dnstt_peak_clients{") == 32


def test_the_host_check_stays(serve):
    program = serve()
    with contextlib.closing(tls.connect(program)) as plain:
        connection = ANY.wrap_socket(plain, server_hostname="localhost")
        connection.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
        assert tls.Reply(tls.receive_all(connection)).status == 403


def test_plain_text_to_tls(serve):
    program = serve()
    with pytest.raises(ConnectionError):
        request(program)
    assert request(program, ANY).status == 200


def test_tls_to_plain_text(start):
    program = start()
    with pytest.raises(REFUSED):
        request(program, ANY)
    assert request(program).status == 200


def test_http2_is_served_as_1_1(start, folder):
    put(folder / "web.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
                            "http_server_config: {http2: true}\n")
    program = start("-web.config.file", folder / "web.yml")
    context = tls.client_context(AUTHORITY)
    context.set_alpn_protocols(["h2", "http/1.1"])
    assert request(program, context).status == 200


def test_inline(start, folder):
    def block(text):
        return "|\n" + "".join(f"    {line}\n" for line in text.splitlines())

    put(folder / "web.yml", "tls_server_config:\n"
                            f"  cert: {block(FIRST.certificate_text)}"
                            f"  key: {block(FIRST.key_text)}"
                            "  client_auth_type: RequireAndVerifyClientCert\n"
                            f"  client_ca: {block(AUTHORITY.certificate_text)}")
    program = start("-web.config.file", folder / "web.yml")
    assert refused(program, ANY)
    good = tls.client_context(AUTHORITY, Pair("client", AUTHORITY, CLIENT))
    assert request(program, good).status == 200


# --- Clients' certificates.

CLIENTS = {
    "none": None,
    "good": Pair("client", AUTHORITY, CLIENT),
    "other": Pair("client", OTHER, CLIENT),
    "self-signed": Pair("client", None, CLIENT),
    "expired": Pair("client", AUTHORITY, CLIENT, expired=True),
    "server's": Pair("client", AUTHORITY),
}
EVERY = set(CLIENTS)
ADMITTED = {
    "NoClientCert": EVERY,
    "RequestClientCert": EVERY,
    "RequireAnyClientCert": EVERY - {"none"},
    "VerifyClientCertIfGiven": {"none", "good"},
    "RequireAndVerifyClientCert": {"good"},
}


@pytest.mark.parametrize("kind", ADMITTED)
def test_client_certificates(serve, kind):
    lines = [f"client_auth_type: {kind}"]
    if kind != "NoClientCert":
        lines.append("client_ca_file: ca.pem")
    program = serve(*lines)
    for version in TLS12, TLS13:
        for name, pair in CLIENTS.items():
            context = only(version, pair=pair)
            if name in ADMITTED[kind]:
                assert request(program, context).status == 200, (name, version)
            else:
                assert refused(program, context), (name, version)


def test_nobody_is_verified_without_an_authority(serve):
    program = serve("client_auth_type: VerifyClientCertIfGiven")
    assert request(program, ANY).status == 200
    for name in "good", "self-signed":
        assert refused(program, tls.client_context(AUTHORITY, CLIENTS[name]))


NAMES = {
    "dns": [x509.DNSName("scraper.example")],
    "address": [x509.IPAddress(ipaddress.ip_address("192.0.2.7"))],
    "v6": [x509.IPAddress(ipaddress.ip_address("2001:db8::7"))],
    "mail": [x509.RFC822Name("a@b.example")],
    "uri": [x509.UniformResourceIdentifier("spiffe://example/a")],
    "second": [x509.DNSName("other.example"), x509.DNSName("scraper.example")],
}
NO_NAMES = {
    "other": [x509.DNSName("other.example")],
    "longer": [x509.DNSName("scraper.example.com")],
    "shorter": [x509.DNSName("scraper")],
    "bytes": [x509.DNSName("\x02\x07")],
    "nul": [x509.DNSName("scraper.example\0.com")],
    "none": [],
}


def test_allowed_names(serve):
    program = serve("client_auth_type: RequireAndVerifyClientCert", "client_ca_file: ca.pem",
                    "client_allowed_sans: [scraper.example, 192.0.2.7, '2001:db8::7', "
                    "a@b.example, 'spiffe://example/a']")
    for name, names in NAMES.items():
        pair = Pair("client", AUTHORITY, CLIENT, names)
        assert request(program, tls.client_context(AUTHORITY, pair)).status == 200, name
    for name, names in NO_NAMES.items():
        pair = Pair("scraper.example", AUTHORITY, CLIENT, names)
        assert refused(program, tls.client_context(AUTHORITY, pair)), name


# --- Rotation.

def test_replaced_by_rename(serve, folder):
    program = serve()
    assert served_pair(program) == der(FIRST)
    put_pair(folder, SECOND)
    program.reload("loaded a new web configuration")
    assert served_pair(program) == der(SECOND)
    assert request(program, only(TLS12)).peer_certificate == der(SECOND)


def test_links_that_are_swapped(start, folder):
    """As Kubernetes and certbot keep certificates: a link to a folder of each edition."""
    for name, pair in (("first", FIRST), ("second", SECOND)):
        (folder / "archive" / name).mkdir(parents=True)
        put_pair(folder / "archive" / name, pair)
    (folder / "live").mkdir()
    for name in "cert.pem", "key.pem":
        (folder / "live" / name).symlink_to(f"../archive/first/{name}")
    (folder / "etc").mkdir()
    put(folder / "etc/web.yml", "tls_server_config: {cert_file: ../live/cert.pem, "
                                "key_file: ../live/key.pem}\n")
    program = start("-web.config.file", folder / "etc/web.yml")
    assert served_pair(program) == der(FIRST)
    for name in "key.pem", "cert.pem":
        fresh = folder / "live/fresh"
        fresh.symlink_to(f"../archive/second/{name}")
        os.replace(fresh, folder / "live" / name)
    program.reload("loaded a new web configuration")
    assert served_pair(program) == der(SECOND)


def test_a_folder_that_is_a_link(start, folder):
    """As releases are kept: everything in one folder, and a link to the one in use."""
    for name, pair in (("first", FIRST), ("second", SECOND)):
        (folder / name).mkdir()
        put_pair(folder / name, pair)
        put(folder / name / "web.yml", "tls_server_config: {cert_file: cert.pem, "
                                       "key_file: key.pem}\n")
    (folder / "current").symlink_to("first")
    program = start("-web.config.file", f"{folder}/current//web.yml")
    assert served_pair(program) == der(FIRST)
    (folder / "fresh").symlink_to("second")
    os.replace(folder / "fresh", folder / "current")
    program.reload("loaded a new web configuration")
    assert served_pair(program) == der(SECOND)


@pytest.mark.parametrize("damage, reason", [
    ("cert", "has no certificate"), ("key", "does not belong"), ("gone", "does not exist"),
    ("open", "other users can read"), ("other-user", "Permission denied"), ("config", "is unknown"),
    ("plain", "turns TLS on or off"),
])
def test_what_is_of_no_use_is_left_alone(serve, folder, damage, reason):
    program = serve()
    if damage == "cert":
        put(folder / "cert.pem", "-----BEGIN CERTIFICATE-----\n")
    elif damage == "key":
        put(folder / "key.pem", SECOND.key_text)
    elif damage == "gone":
        (folder / "cert.pem").unlink()
    elif damage == "open":
        put(folder / "key.pem", FIRST.key_text, 0o644)
    elif damage == "other-user":
        put(folder / "key.pem", FIRST.key_text, 0o600)
    elif damage == "config":
        put(folder / "web.yml", "tls_config: {}\n")
    else:
        put(folder / "web.yml", "")
    program.reload(reason)
    assert "cannot load the new web configuration" in program.log()
    assert served_pair(program) == der(FIRST)
    assert program.log().count(reason) == 1
    put_pair(folder, SECOND)
    put(folder / "web.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n")
    program.reload("loaded a new web configuration")
    assert served_pair(program) == der(SECOND)


def test_elsewhere_is_refused(serve, folder):
    """Landlock: a folder that was not named at the start cannot be read from."""
    program = serve()
    with tls.open_folder() as elsewhere:
        put_pair(elsewhere, SECOND)
        put(folder / "web.yml", f"tls_server_config: {{cert_file: {elsewhere}/cert.pem, "
                                f"key_file: {elsewhere}/key.pem}}\n")
        program.reload("Permission denied")
        assert served_pair(program) == der(FIRST)


def test_an_open_connection_outlives_a_rotation(serve, folder):
    program = serve()
    with contextlib.closing(tls.connect(program)) as plain:
        connection = ANY.wrap_socket(plain, server_hostname="localhost")
        put_pair(folder, SECOND)
        program.reload("loaded a new web configuration")
        assert served_pair(program) == der(SECOND)
        connection.sendall(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert tls.Reply(tls.receive_all(connection)).status == 200


def test_authorities_follow(serve, folder):
    program = serve("client_auth_type: RequireAndVerifyClientCert", "client_ca_file: ca.pem")
    good, other = (tls.client_context(AUTHORITY, CLIENTS[name]) for name in ("good", "other"))
    assert request(program, good).status == 200
    put(folder / "ca.pem", OTHER.certificate_text)
    program.reload("loaded a new web configuration")
    assert request(program, other).status == 200
    assert refused(program, good)


def test_many_authorities(serve, folder):
    """As many as a system trusts: buffers grow, and no call is asked for that is not there."""
    program = serve("client_auth_type: RequireAndVerifyClientCert", "client_ca_file: ca.pem")
    others = "".join(tls.authority(f"{number} {'x' * 50}").certificate_text for number in range(400))
    put(folder / "ca.pem", others + AUTHORITY.certificate_text)
    program.reload("loaded a new web configuration")
    assert request(program, tls.client_context(AUTHORITY, CLIENTS["good"])).status == 200


# --- Peers of ill will.

def record(kind, payload):
    return struct.pack(">BHH", kind, 0x0301, len(payload)) + payload


HANDSHAKE = 22
LONG_HELLO = b"\x01\x02\x00\x00" + bytes(0x20000)  # 128 KiB of ClientHello


@pytest.mark.parametrize("bytes_sent", [
    b"\0" * 4096,
    b"\xff" * 70000,
    record(HANDSHAKE, b"\x01\xff\xff\xff" + bytes(100)),
    b"".join(record(HANDSHAKE, LONG_HELLO[start:start + 16384])
             for start in range(0, len(LONG_HELLO), 16384)),
    record(21, b"\x02\x28"),
    record(HANDSHAKE, b"") * 100,
    record(HANDSHAKE, b"\x01\x00\x00\x26\x03\x03" + bytes(36)),
], ids=["zeros", "ones", "length", "long", "alert", "empty", "hello"])
def test_handshakes_that_are_none(serve, bytes_sent):
    program = serve()
    with contextlib.closing(tls.connect(program)) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(bytes_sent)
            connection.shutdown(tls.socket.SHUT_WR)
            while connection.recv(65536):
                pass
    assert request(program, ANY).status == 200


def test_a_long_chain(serve):
    """More certificates than a handshake's message may hold here."""
    program = serve("client_auth_type: RequestClientCert")
    chain = [Pair(f"{number}{'x' * 50}", None, CLIENT) for number in range(150)]
    context = tls.client_context(AUTHORITY, CLIENTS["good"], chain)
    assert sum(len(der(pair)) for pair in chain) > 40000
    assert refused(program, context)
    assert request(program, ANY).status == 200


def sleeps(pid):
    """How often a process has gone to sleep by itself."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.rpartition("\nvoluntary_ctxt_switches:")[2].split()[0])


def test_handshakes_that_do_not_go_on(serve):
    """They hold nobody up, and the loop sleeps meanwhile."""
    program = serve()
    with contextlib.ExitStack() as stack:
        for length in range(10):
            connection = stack.enter_context(contextlib.closing(tls.connect(program)))
            connection.sendall(record(HANDSHAKE, b"\x01\x00\x00\x26\x03\x03" + bytes(36))[:length])
        assert request(program, ANY).status == 200
        before = sleeps(program.pid)
        time.sleep(1)
        assert sleeps(program.pid) > before + 10
