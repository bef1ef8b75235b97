"""Bad input ends the program within a second, with one clear line and nothing left running."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

from support.program import PROGRAM, copied, wait_for

DOMAIN = ("-dnstt.domain", "t.example.com")
UNPRIVILEGED = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")


def run(host, *flags, program=PROGRAM, prefix=()):
    """Runs to the end. Returns (status, lines on standard error, standard output)."""
    began = time.monotonic()
    done = subprocess.run(host.server.command(*prefix, program, *flags), capture_output=True,
                          text=True, timeout=10, stdin=subprocess.DEVNULL)
    wait_for(lambda: not host.server.processes(), 1, "nothing is left running")
    assert time.monotonic() - began < 5, done.stderr
    return done.returncode, done.stderr.splitlines(), done.stdout


def assert_refused(host, status, *flags, words, **options):
    """One line that holds these words: flag, value and remedy."""
    ended, lines, output = run(host, *flags, **options)
    assert (ended, output) == (status, ""), lines
    assert len(lines) == 1, lines
    for word in words:
        assert word in lines[0]


LABEL_64 = "x" * 64 + ".example.com"
TOO_LONG = ".".join(["x" * 60] * 4)

WRONG = {
    "unknown-flag": (DOMAIN + ("-nonsense",), ["-nonsense", "-help"]),
    "no-domain": ((), ["-dnstt.domain", "give the domain", "-dnstt.tunnel"]),
    "no-value": (DOMAIN + ("-dnstt.port",), ["-dnstt.port", "value"]),
    "not-a-flag": (DOMAIN + ("stray",), ["stray", "-help"]),
    "domain-empty-label": (("-dnstt.domain", "a..b"), ["-dnstt.domain", "a..b", "give"]),
    "domain-space": (("-dnstt.domain", "a b"), ["-dnstt.domain", "a b", "give"]),
    "domain-root": (("-dnstt.domain", "."), ["-dnstt.domain", "give"]),
    "domain-empty": (("-dnstt.domain", ""), ["-dnstt.domain", "give"]),
    "domain-long-label": (("-dnstt.domain", LABEL_64), ["-dnstt.domain", "xxx", "at most 63"]),
    "domain-long": (("-dnstt.domain", TOO_LONG), ["-dnstt.domain", "xxx", "at most"]),
    "domain-twice": (DOMAIN + ("-dnstt.domain", "T.Example.COM."),
                     ["-dnstt.domain", "T.Example.COM.", "once"]),
    "domain-twice-by-comma": (("-dnstt.domain", "a.b,c.d,a.b"), ["-dnstt.domain", "a.b", "once"]),
    "domain-with-keys": (("-dnstt.domain", "t.example.com,format=vaydns"),
                         ["-dnstt.domain", "format=vaydns", "not a domain"]),
    "domains-33": (("-dnstt.domain", ",".join(f"d{n}.example" for n in range(33))),
                   ["-dnstt.domain", "d32.example", "at most 32"]),
    "port-0": (DOMAIN + ("-dnstt.port", "0"), ["-dnstt.port", "0", "1 to 65535"]),
    "port-70000": (DOMAIN + ("-dnstt.port=70000",), ["-dnstt.port", "70000", "1 to 65535"]),
    "port-text": (DOMAIN + ("-dnstt.port", "53x"), ["-dnstt.port", "53x", "1 to 65535"]),
    "mtu-0": (DOMAIN + ("-dnstt.mtu", "0"), ["-dnstt.mtu", "0", "1 to 65535"]),
    "mtu-65536": (DOMAIN + ("-dnstt.mtu", "65536"), ["-dnstt.mtu", "65536", "1 to 65535"]),
    "window": (DOMAIN + ("-dnstt.active-window", "0s"), ["-dnstt.active-window", "0s", "1s to 1h"]),
    "framing": (DOMAIN + ("-dnstt.framing", "loose"), ["-dnstt.framing", "loose", "strict or any"]),
    "interface-name": (DOMAIN + ("-capture.interface", "a/b"),
                       ["-capture.interface", "a/b", "ip link"]),
    "address": (DOMAIN + ("-web.listen-address", "9713"),
                ["-web.listen-address", "9713", "127.0.0.1:9713"]),
    "address-port": (DOMAIN + ("-web.listen-address", ":70000"),
                     ["-web.listen-address", ":70000", "127.0.0.1:9713"]),
    "address-path": (DOMAIN + ("-web.listen-address", "unix:run/x"),
                     ["-web.listen-address", "unix:run/x", "absolute path"]),
    "address-twice": (DOMAIN + ("-web.listen-address=:80", "-web.listen-address=:80"),
                      ["-web.listen-address", ":80", "once"]),
    "address-and-socket": (DOMAIN + ("-web.listen-address", ":9713", "-web.systemd-socket"),
                           ["-web.systemd-socket", ".socket unit", "-web.listen-address"]),
    "max-requests": (DOMAIN + ("-web.max-requests", "many"),
                     ["-web.max-requests", "many", "1 to 1000"]),
    "path": (DOMAIN + ("-web.telemetry-path", "metrics"),
             ["-web.telemetry-path", "metrics", "/metrics"]),
    "user": (DOMAIN + ("-process.user", "root"), ["-process.user", "root", "uid"]),
    "log-level": (DOMAIN + ("-log.level", "loud"), ["-log.level", "loud", "debug"]),
    "log-format": (DOMAIN + ("-log.format", "xml"), ["-log.format", "xml", "json"]),
    "unprintable": (DOMAIN + ("-dnstt.port", "5\x1b[31m3\n"), ["-dnstt.port", "5?[31m3?"]),
}


@pytest.mark.parametrize("flags, words", WRONG.values(), ids=WRONG)
def test_wrong_command_line(host, flags, words):
    assert_refused(host, 2, *flags, words=words)


FORMATS = "dnstt, vaydns, noizdns, xdns, dnsttex, slipstream or opaque"
KEYS = "format, clientid-size, record-type, mtu or active-window"
VAYDNS_TYPES = "txt, null, cname, a, aaaa, mx, ns, srv or caa"
XDNS_TYPES = "txt, a, aaaa or any"

# What follows the domain → the part that is wrong, and what may stand there.
WRONG_KEYS = {
    "format=vaydnss": ("format=vaydnss", FORMATS),
    "format=masterdns": ("format=masterdns", FORMATS),
    "format=dnsttEx": ("format=dnsttEx", FORMATS),
    "format=slipstream2": ("format=slipstream2", FORMATS),
    "format=Dnstt": ("format=Dnstt", FORMATS),
    "format=": ("format=", FORMATS),
    "format": ("format", "key=value"),
    "": ("t.example.com", "key=value"),
    ",mtu=500": ("t.example.com,,mtu=500", "key=value"),
    "mtu=500,": ("t.example.com,mtu=500,", "key=value"),
    "size=2": ("size=2", KEYS),
    "Format=dnstt": ("Format=dnstt", KEYS),
    " mtu=500": (" mtu=500", KEYS),
    "mtu=0": ("mtu=0", "1 to 65535"),
    "mtu=65536": ("mtu=65536", "1 to 65535"),
    "mtu=512 ": ("mtu=512 ", "1 to 65535"),
    "mtu=500,mtu=500": ("mtu=500", "each key once"),
    "format=xdns,format=dnstt": ("format=dnstt", "each key once"),
    "active-window=0s": ("active-window=0s", "1s to 1h"),
    "active-window=61m": ("active-window=61m", "1s to 1h"),
    "active-window=15": ("active-window=15", "1s to 1h"),
    "format=vaydns,clientid-size=0": ("clientid-size=0", "1 to 8"),
    "clientid-size=9,format=vaydns": ("clientid-size=9", "1 to 8"),
    "format=vaydns,clientid-size=two": ("clientid-size=two", "1 to 8"),
    "format=vaydns,record-type=any": ("record-type=any", VAYDNS_TYPES),
    "format=vaydns,record-type=TXT": ("record-type=TXT", VAYDNS_TYPES),
    "format=xdns,record-type=mx": ("record-type=mx", XDNS_TYPES),
    "clientid-size=2": ("clientid-size=2", "format, mtu or active-window"),
    "record-type=txt,format=dnstt": ("record-type=txt", "format, mtu or active-window"),
    "format=noizdns,clientid-size=8": ("clientid-size=8", "format, mtu or active-window"),
    "format=noizdns,record-type=txt": ("record-type=txt", "format, mtu or active-window"),
    "format=xdns,clientid-size=8": ("clientid-size=8", "format, record-type or active-window"),
    "format=xdns,mtu=1232": ("mtu=1232", "format, record-type or active-window"),
    **{f"format={form},{part}": (part, f"not a key of {form}; give format or active-window")
       for form in ("dnsttex", "slipstream")
       for part in ("clientid-size=8", "record-type=txt", "mtu=1232")},
    "mtu=1232,format=slipstream": ("mtu=1232", "format or active-window"),
    "format=dnsttex,active-window=2h": ("active-window=2h", "1s to 1h"),
    "format=slipstream,active-window=": ("active-window=", "1s to 1h"),
    "format=slipstream,format=dnsttex": ("format=dnsttex", "each key once"),
    "format=opaque,mtu=1232": ("mtu=1232", "format alone"),
    "format=opaque,clientid-size=2": ("clientid-size=2", "format alone"),
    "format=opaque,record-type=txt": ("record-type=txt", "format alone"),
    "format=opaque,active-window=15s": ("active-window=15s", "format alone"),
    "mtu=" + "0" * 80 + "1": ("mtu=000", "key=value"),
    "mtu=5\x1b[31m": ("mtu=5?[31m", "1 to 65535"),
}


@pytest.mark.parametrize("keys, words", WRONG_KEYS.items(), ids=WRONG_KEYS)
def test_wrong_key_of_a_tunnel(host, keys, words):
    part, remedy = words
    assert_refused(host, 2, "-dnstt.tunnel", f"t.example.com,{keys}",
                   words=[f"-dnstt.tunnel {part}", remedy])


def tunnels(count):
    return [part for n in range(count) for part in ("-dnstt.tunnel", f"t{n}.example,format=xdns")]


TUNNEL = ("-dnstt.tunnel", "t.example.com,format=vaydns")

WRONG_TUNNELS = {
    "no-domain": (("-dnstt.tunnel", "format=vaydns"), ["-dnstt.tunnel", "format=vaydns", "give"]),
    "empty": (("-dnstt.tunnel", ""), ["-dnstt.tunnel", "give"]),
    "empty-domain": (("-dnstt.tunnel", ",format=xdns"), ["-dnstt.tunnel", "give"]),
    "long-label": (("-dnstt.tunnel", LABEL_64), ["-dnstt.tunnel", "xxx", "at most 63"]),
    "long": (("-dnstt.tunnel", TOO_LONG + ",mtu=500"), ["-dnstt.tunnel", "xxx", "at most"]),
    "very-long": (("-dnstt.tunnel", "x" * 300), ["-dnstt.tunnel", "xxx", "at most"]),
    "no-value": (("-dnstt.tunnel",), ["-dnstt.tunnel", "value"]),
    "twice": (TUNNEL + ("-dnstt.tunnel", "T.Example.COM.,format=xdns"),
              ["-dnstt.tunnel", "T.Example.COM.", "once"]),
    "twice-domain-first": (DOMAIN + TUNNEL, ["-dnstt.tunnel", "t.example.com", "once"]),
    "twice-tunnel-first": (TUNNEL + DOMAIN, ["-dnstt.domain", "t.example.com", "once"]),
    "33": (tunnels(33), ["-dnstt.tunnel", "t32.example", "at most 32"]),
    "32-and-a-domain": ((*tunnels(32), *DOMAIN), ["-dnstt.domain", "t.example.com", "at most 32"]),
    "31-and-two-domains": ((*tunnels(31), "-dnstt.domain", "a.example,b.example"),
                           ["-dnstt.domain", "b.example", "at most 32"]),
    "32-domains-and-one": (("-dnstt.domain", ",".join(f"d{n}.example" for n in range(32)), *TUNNEL),
                           ["-dnstt.tunnel", "t.example.com", "at most 32"]),
    "framing": (TUNNEL + ("-dnstt.framing", "any"),
                ["-dnstt.framing any", "dnstt tunnels alone", "leave the flag out"]),
    "framing-noizdns": (("-dnstt.tunnel", "t.example.com,format=noizdns", "-dnstt.framing=any"),
                        ["-dnstt.framing any", "dnstt tunnels alone", "leave the flag out"]),
    "framing-dnsttex-slipstream": (("-dnstt.tunnel", "e.example.com,format=dnsttex",
                                    "-dnstt.tunnel", "s.example.com,format=slipstream",
                                    "-dnstt.framing=any"),
                                   ["-dnstt.framing any", "dnstt tunnels alone"]),
    "framing-of-most": ((*tunnels(32), "-dnstt.framing", "any"),
                        ["-dnstt.framing any", "dnstt tunnels alone"]),
}


@pytest.mark.parametrize("flags, words", WRONG_TUNNELS.values(), ids=WRONG_TUNNELS)
def test_wrong_tunnels(host, flags, words):
    assert_refused(host, 2, *flags, words=words)


def test_missing_interface(host):
    assert_refused(host, 1, *DOMAIN, "-capture.interface", "missing0",
                   words=["-capture.interface", "missing0", "ip link"])


def test_missing_user(host):
    assert_refused(host, 1, *DOMAIN, "-process.user", "no-such-user",
                   words=["-process.user", "no-such-user", "exists"])


def test_address_in_use(host):
    with host.server.entered():
        taken = socket.create_server(("127.0.0.1", 9999))
    with taken:
        assert_refused(host, 1, *DOMAIN, "-web.listen-address", "127.0.0.1:9999",
                       words=["-web.listen-address", "127.0.0.1:9999", "in use", "free address"])


def test_address_of_another_host(host):
    assert_refused(host, 1, *DOMAIN, "-web.listen-address", "192.0.2.1:9713",
                   words=["-web.listen-address", "192.0.2.1:9713", "free address"])


def test_no_permission_to_capture(host):
    with copied() as program:
        assert_refused(host, 1, *DOMAIN, program=program, prefix=UNPRIVILEGED,
                       words=["CAP_NET_RAW", "root"])


@contextlib.contextmanager
def altered(databases, alter):
    """The path of a copy of the country database that was altered."""
    with tempfile.TemporaryDirectory(prefix="dnstt-mmdb-") as directory:
        os.chmod(directory, 0o755)
        path = pathlib.Path(directory) / "altered.mmdb"
        shutil.copy(databases / "country.mmdb", path)
        alter(path)
        yield path


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def forbid(path):
    path.chmod(0o600)


def forbid_folder(path):
    path.parent.chmod(0o700)


def make_folder(path):
    path.unlink()
    path.mkdir()


FAULTY = {
    "missing": (pathlib.Path.unlink, ["does not exist"]),
    "truncated": (truncate, ["MaxMind DB"]),
    "empty": (lambda path: os.truncate(path, 0), ["MaxMind DB"]),
    "text": (lambda path: path.write_text("country,asn\n" * 100), ["MaxMind DB"]),
    "folder": (make_folder, ["MaxMind DB"]),
    "unreadable": (forbid, ["65534", "ermission", "give this user read access"]),
    "folder-unreadable": (forbid_folder, ["65534", "ermission", "give this user read access"]),
}


@pytest.mark.parametrize("flag", ["-geoip.country-database", "-geoip.asn-database"])
@pytest.mark.parametrize("alter, words", FAULTY.values(), ids=FAULTY)
def test_faulty_database(host, databases, flag, alter, words):
    with altered(databases, alter) as path:
        assert_refused(host, 1, *DOMAIN, flag, path, words=[flag, str(path), *words])


@pytest.mark.parametrize("flag, kind", [("-geoip.country-database", "asn"),
                                        ("-geoip.asn-database", "country")])
def test_database_of_another_kind(host, databases, flag, kind):
    path = databases / f"{kind}.mmdb"
    assert_refused(host, 1, *DOMAIN, flag, path, words=[flag, str(path), "right kind"])


def test_help_and_version(host):
    for flag in ("-help", "--help", "-h"):
        status, errors, output = run(host, flag)
        assert (status, errors) == (0, [])
        told = " ".join(output.split())
        for named in ("-dnstt.domain", "-dnstt.tunnel", f"format={FORMATS}",
                      "-dnstt.active-window", "30s", "127.0.0.1:9713", "-version"):
            assert named in told
    status, errors, output = run(host, "-version")
    assert (status, errors) == (0, [])
    assert output.startswith("dnstt_exporter, version ")


def test_exporter_missing(host):
    with copied() as program:
        (program.parent / "exporter").unlink()
        assert_refused(host, 1, *DOMAIN, program=program, words=["exporter", "install"])


def test_exporter_by_hand(host):
    with copied() as program:
        assert_refused(host, 2, *DOMAIN, program=program.parent / "exporter",
                       words=["by hand", "dnstt_exporter"])


def test_too_few_descriptors(host):
    assert_refused(host, 1, *DOMAIN, prefix=("prlimit", "--nofile=64:64"),
                   words=["descriptors", "LimitNOFILE", "128"])


SCARCE = ("prlimit", f"--as={64 << 20}")


# Flag → a limit, bytes of its tables, and what else it takes: the table that is copied into the
# last of them, or the copies of the gauges.
TABLES = {"-sessions.max": (20_000_000, 400_000_000, 377_000_000),
          "-sessions.remember": (40_000_000, 376_000_000, 173_000_000),
          "-groups.max": (1_000_000, 128_000_000, 32_000_000)}
WITHOUT_TABLES = 20_000_000  # bytes of addresses: the program, its libraries, replies


@pytest.mark.parametrize("flag", TABLES)
def test_too_little_memory_for_the_tables(host, start, flag):
    """There is room for the tables alone. With the flag at its default, by which the error tells to
    lower it, the same is enough."""
    limit, tables, beside = TABLES[flag]
    scarce = ("prlimit", f"--as={WITHOUT_TABLES + tables + beside // 2}")
    flags = [part for name in TABLES for part in (name, limit if name == flag else 1000)]
    assert_refused(host, 1, *DOMAIN, *flags, prefix=scarce,
                   words=["not enough memory; lower", flag, "Cannot allocate memory"])
    start(prefix=scarce)


def test_too_little_memory_for_the_ring(host):
    """The sniffer says why, and the exporter that it has ended."""
    status, lines, _ = run(host, *DOMAIN, "-capture.ring-size", "128MiB", "-sessions.max", "1000",
                           "-sessions.remember", "1000", prefix=SCARCE)
    assert status == 1
    assert "give a smaller -capture.ring-size" in lines[0]
    assert "Cannot allocate memory" in lines[0]


def test_old_name_of_a_flag(start):
    """It works, and one line names both names."""
    program = start("-series.max", "7")
    lines = [line for line in program.log().splitlines() if "-series.max" in line]
    assert len(lines) == 1 and "level=warn" in lines[0] and "new=-groups.max" in lines[0], lines
