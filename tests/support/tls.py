"""Certificates of a test's own, and clients that speak TLS."""

import contextlib
import datetime
import ipaddress
import os
import shutil
import socket
import ssl
import tempfile
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH

_HOUR = datetime.timedelta(hours=1)
_NOBODY_GROUP = 65534


class Pair:
    """A certificate and its private key."""

    def __init__(self, name, issuer=None, usage=SERVER, names=(), expired=False, authority=False):
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.private = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        signer = issuer or self
        builder = (x509.CertificateBuilder().subject_name(self.name).issuer_name(signer.name)
                   .public_key(self.private.public_key())
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now - 3 * _HOUR)
                   .not_valid_after(now - _HOUR if expired else now + _HOUR)
                   .add_extension(x509.BasicConstraints(authority, None), critical=True))
        if not authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self.certificate = builder.sign(signer.private, hashes.SHA256())

    @property
    def certificate_text(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_text(self):
        return self.private.private_bytes(serialization.Encoding.PEM,
                                          serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()).decode()


def server_pair(issuer):
    return Pair("localhost", issuer, SERVER,
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])


def authority(name):
    return Pair(name, authority=True)


def put(path, text, mode=0o640):
    """Replaces a file that the unprivileged user, by its group, may read."""
    fresh = path.with_name(path.name + ".fresh")
    fresh.write_text(text)
    os.chown(fresh, 0, _NOBODY_GROUP)
    fresh.chmod(mode)
    os.replace(fresh, path)
    return path


def put_pair(folder, pair):
    put(folder / "key.pem", pair.key_text)
    put(folder / "cert.pem", pair.certificate_text)


@contextlib.contextmanager
def open_folder():
    """A folder that every user may search, as pytest's own may not be."""
    name = tempfile.mkdtemp(prefix="dnstt-web-")
    try:
        pathlib.Path(name).chmod(0o755)
        yield pathlib.Path(name)
    finally:
        shutil.rmtree(name)


def client_context(trusted, pair=None, chain=(), least=None, most=None, curve=None):
    """What a client trusts, shows and speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")  # so that what is refused is refused by the server
    context.minimum_version = least or ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = most or ssl.TLSVersion.MAXIMUM_SUPPORTED
    context.load_verify_locations(cadata=trusted.certificate_text)
    if curve:
        context.set_ecdh_curve(curve)
    if pair:
        with open_folder() as folder:
            certificates = [pair.certificate_text, *(each.certificate_text for each in chain)]
            put(folder / "pair.pem", "".join([*certificates, pair.key_text]))
            context.load_cert_chain(folder / "pair.pem")
    return context


class Reply:
    def __init__(self, data, peer_certificate=None, version=None):
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split(" ", 2)[1])
        self.headers = {key.lower(): value for key, _, value in
                        (line.partition(": ") for line in lines[1:])}
        self.body = body.decode()
        self.peer_certificate = peer_certificate  # DER
        self.version = version


def connect(program, address=("127.0.0.1", 9713)):
    with program.namespace.entered():
        return socket.create_connection(address, timeout=5)


def receive_all(connection):
    answer = b""
    while part := connection.recv(65536):
        answer += part
    return answer


def request(program, context=None, path="/-/healthy", method="GET", headers=()):
    """One request by HTTP/1.0, over TLS with a context. Raises an OSError, such as ssl.SSLError,
    when there is no reply."""
    lines = [f"{method} {path} HTTP/1.0", "Host: localhost", *headers, "", ""]
    with contextlib.closing(connect(program)) as plain:
        connection = plain
        if context:
            connection = context.wrap_socket(plain, server_hostname="localhost")
        connection.sendall("\r\n".join(lines).encode())
        answer = receive_all(connection)
        if not answer:
            raise ConnectionError("closed without a reply")
        if not context:
            return Reply(answer)
        return Reply(answer, connection.getpeercert(binary_form=True), connection.version())
