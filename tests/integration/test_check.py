"""-check: says what would be watched and served, changes nothing, and ends with 0, 1 or 2."""

import contextlib
import os
import pathlib
import pwd
import re
import subprocess
import tempfile

import pytest

from support import frames, tls
from support.check import CHECK, DOMAIN, bad, check, good
from support.host import SERVER_INTERFACE, Host
from support.program import PROGRAM, ROOT, copied
from support.tls import put

NOBODY = pwd.getpwnam("nobody")
UNPRIVILEGED = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
TYPE = b"GeoLite2-Country"


@pytest.fixture
def folder():
    """One that the exporter may write to."""
    with tempfile.TemporaryDirectory(prefix="dnstt-check-") as name:
        path = pathlib.Path(name)
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        path.chmod(0o755)
        yield path


@pytest.fixture
def web_folder():
    with tls.open_folder() as made:
        yield made


def test_all_that_is_right(host, databases, geoip_flags, web_folder, folder):
    tls.put_pair(web_folder, tls.Pair("localhost"))
    web = put(web_folder / "web.yml",
              "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n")
    lines = good(host, *geoip_flags, "-dnstt.tunnel", "v.example.com,format=vaydns,mtu=500",
                 "-dnstt.tunnel", "o.example.com,format=opaque", "-dnstt.port", "53,5300",
                 "-web.config.file", web, "-web.listen-address",
                 f"127.0.0.1:9713,[::1]:9713,{frames.SERVER4}:9713,unix:{folder}/socket")
    built = r"built \d{4}-\d\d-\d\d, less than a day ago"
    expected = [
        "interface lo: watched",
        f"interface {SERVER_INTERFACE}: watched",
        "packet socket: may be opened",
        "port 53: watched",
        "port 5300: watched",
        f"tunnel {DOMAIN}: dnstt, mtu 1232, active window 30s",
        "tunnel v.example.com: vaydns, clientid-size 2, record-type txt, mtu 500, active window 30s",
        "tunnel o.example.com: opaque, no sessions",
        "user 65534:65534: opens files and listens",
        re.compile(rf"country database {databases}/country.mmdb: GeoLite2-Country, {built}"),
        re.compile(rf"asn database {databases}/asn.mmdb: GeoLite2-ASN, {built}"),
        f"web configuration {web}: TLS",
        f"web configuration file {web_folder}/cert.pem: readable",
        f"web configuration file {web_folder}/key.pem: readable",
        "listen 127.0.0.1:9713: free",
        "listen [::1]:9713: free",
        f"listen {frames.SERVER4}:9713: free",
        f"listen unix:{folder}/socket: free",
        "ok",
    ]
    assert len(lines) == len(expected), lines
    for line, wanted in zip(lines, expected):
        assert wanted.fullmatch(line) if isinstance(wanted, re.Pattern) else line == wanted
    assert not list(folder.iterdir())


def test_the_least(host):
    lines = good(host)
    for line in ("country database: none", "asn database: none",
                 "web configuration: none, so no TLS and no password"):
        assert line in lines


def test_one_interface(host):
    host.server.ip("link", "add", "down0", "type", "veth", "peer", "name", "down1")
    try:
        assert "interface down0: watched, down now" in good(host)
        lines = good(host, "-capture.interface", "down0")
        assert [line for line in lines if line.startswith("interface ")] == [
            "interface down0: watched, down now"]
    finally:
        host.server.ip("link", "del", "down0")


def test_what_is_left_out():
    with contextlib.closing(Host(bridge="bridge0")) as bridged:
        lines = good(bridged)
    assert "interface bridge0: watched" in lines
    assert f"interface {SERVER_INTERFACE}: left out, its packets are shown by its bridge" in lines


def test_names_of_interfaces_are_cleaned(host):
    """A user who may make an interface chooses its name."""
    host.server.ip("link", "add", "a\x1b[31m\x9b", "type", "veth", "peer",
                   "name", "down1")
    try:
        assert any(re.fullmatch(r"interface a\?\[31m\?+: watched, down now", line)
                   for line in good(host))
    finally:
        host.server.ip("link", "del", "a\x1b[31m\x9b")


# --- What is wrong: status 2 if no further try can mend it, else 1.

@pytest.mark.parametrize("flags", [("-nonsense",), ("-dnstt.port", "0"), ("-check=yes",),
                                   ("-process.user", "root")])
def test_wrong_command_line(host, flags):
    status, lines, (error,) = check(host, *flags)
    assert (status, lines) == (2, [])
    assert error.startswith(f"dnstt_exporter: {flags[0].split('=')[0]}")


def test_wrong_web_configuration(host, web_folder):
    web = put(web_folder / "web.yml", "tls_config:\n  cert_file: a\n")
    lines, error = bad(host, 2, "-web.config.file", web)
    assert f"web configuration {web}: refused" in lines
    assert "cannot use the web configuration" in error and "line=1" in error


def test_unreadable_web_configuration(host, web_folder):
    web = put(web_folder / "web.yml", "basic_auth_users: {}\n", 0o600)
    lines, error = bad(host, 1, "-web.config.file", web)
    assert f"web configuration {web}: refused" in lines
    assert "cannot read the web configuration" in error and "user=65534:65534" in error


def test_missing_database(host, folder):
    lines, error = bad(host, 1, "-geoip.asn-database", folder / "asn.mmdb")
    assert f"asn database {folder}/asn.mmdb: refused" in lines
    assert "does not exist" in error


def test_database_of_root_alone(host, databases, folder):
    """It is opened once privileges are gone, so root's rights do not hide what the service meets."""
    path = folder / "country.mmdb"
    path.write_bytes((databases / "country.mmdb").read_bytes())
    path.chmod(0o600)
    os.chown(path, 0, 0)
    _, error = bad(host, 1, "-geoip.country-database", path)
    assert "give this user read access" in error and "user=65534:65534" in error


def test_database_of_another_kind(host, databases):
    _, error = bad(host, 1, "-geoip.country-database", databases / "asn.mmdb")
    assert "cannot use the database" in error and "keys_looked_for" in error


def test_missing_interface(host):
    lines, error = bad(host, 1, "-capture.interface", "missing0")
    assert "interface missing0: refused" in lines
    assert "-capture.interface" in error and "ip link" in error


def test_no_permission_to_capture(host):
    with copied() as program:
        lines, error = bad(host, 1, program=program, prefix=UNPRIVILEGED)
    assert "packet socket: refused" in lines
    assert "CAP_NET_RAW" in error


def test_too_little_memory(host):
    lines, error = bad(host, 1, "-sessions.max", "100000000", prefix=("prlimit", "--as=500000000"))
    assert "memory for the tables: refused" in lines
    assert "lower -sessions.max" in error


@pytest.mark.parametrize("addresses, why", [
    ("192.0.2.1:9713", "Cannot assign requested address"),
    ("127.0.0.1:80", "Permission denied"),
    ("127.0.0.1:9713,:9713", "Address already in use"),
])
def test_address_that_cannot_be_had(host, addresses, why):
    """As the start itself says it."""
    last = addresses.split(",")[-1]
    lines, error = bad(host, 1, "-web.listen-address", addresses)
    assert f"listen {last}: refused" in lines
    assert f"value={last} " in error and why in error
    begun = subprocess.run(host.server.command(PROGRAM, *CHECK[1:], "-web.listen-address",
                                               addresses), capture_output=True, text=True,
                           timeout=10, stdin=subprocess.DEVNULL)
    assert begun.returncode == 1
    assert begun.stderr.splitlines()[-1].partition("msg=")[2] == error.partition("msg=")[2]


def test_paths_that_cannot_be_had(host, folder):
    path = folder / "socket"
    path.touch()
    assert "not a socket" in bad(host, 1, "-web.listen-address", f"unix:{path}")[1]
    path.unlink()
    folder.chmod(0o555)
    assert "can write to" in bad(host, 1, "-web.listen-address", f"unix:{path}")[1]


def test_all_errors_at_once(host, folder):
    """The worst of them is the status."""
    status, lines, errors = check(host, "-capture.interface", "missing0", "-geoip.country-database",
                                  folder / "none.mmdb", "-web.config.file",
                                  put(folder / "web.yml", "a: b: c\n"), "-web.listen-address",
                                  "192.0.2.1:9713")
    assert (status, len(errors), lines[-1]) == (2, 4, "not ok: see the errors")
    assert sum(line.endswith(": refused") for line in lines) == 4


def test_nobody_reads_it(host):
    with open("/dev/full", "w") as full:
        done = subprocess.run(host.server.command(PROGRAM, *CHECK), stdout=full, timeout=10,
                              stderr=subprocess.PIPE)
    assert done.returncode == 1


DEFAULTS = "/etc/default/dnstt_exporter"
MEND = "correct what the errors name"


@pytest.mark.parametrize("text, words, mend", [
    ('OPTIONS=""', [], False),
    ('OPTIONS="-dnstt.domain t.example.com \\\n    -dnstt.port 5300"', ["port 5300: watched", "ok"],
     False),
    ('OPTIONS="-nonsense *"', ["-nonsense: unknown flag"], True),
    ('OPTIONS="-dnstt.domain a.example -capture.interface none0"',
     ["interface none0: refused", "level=error"], True),
    ('OPTIONS="open', [], True),
])
def test_installation_shows_it(host, folder, text, words, mend):
    """And never fails for it."""
    (folder / "default").write_text(text + "\n")
    script = folder / "postinst"
    script.write_text((ROOT / "debian/dnstt-exporter.postinst").read_text()
                      .replace(DEFAULTS, str(folder / "default")))
    done = subprocess.run(host.server.command("sh", script, "configure"), capture_output=True,
                          text=True, timeout=60,
                          env=dict(os.environ, PATH=f"{PROGRAM.parent}:{os.environ['PATH']}"))
    assert done.returncode == 0
    for word in words:
        assert word in done.stdout
    assert (MEND in done.stdout) == mend
    assert bool(done.stdout) == bool(words or mend)


# --- Text that others wrote.

HOSTILE = {
    "control": (b"a\x1b[31m\n\x00ok\x7f\x07ed", "a [31m"),
    "lines": (b"x\nok\nlisten y:\r", "x ok listen y:"),
    "direction": (b"\xe2\x80\xaeabc\xc2\x9b\xff\xfe def", "abc def"),
    "others": (b"L\xc3\xa4nder\xe4\xb8\xad%s%n\\\"", 'L?nder?%s%n\\"'),
    "nothing": (b"\x01" * 16, "no type"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_type_of_a_database(host, databases, folder, name):
    written, shown = HOSTILE[name]
    data = (databases / "country.mmdb").read_bytes()
    assert TYPE in data and len(written) <= len(TYPE)
    path = folder / "hostile.mmdb"
    path.write_bytes(data.replace(TYPE, written.ljust(len(TYPE), b" ")))
    path.chmod(0o644)
    lines = good(host, "-geoip.country-database", path)
    (line,) = [line for line in lines if line.startswith("country database")]
    assert line.startswith(f"country database {path}: {shown}, built ")


def test_hostile_paths(host, folder):
    path = folder / "a\x1b[31m\nok\u202e.mmdb"
    lines, _ = bad(host, 1, "-geoip.country-database", path)
    assert f"country database {folder}/a?[31m?ok???.mmdb: refused" in lines
