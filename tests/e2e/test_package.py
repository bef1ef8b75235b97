"""The package itself."""

import hashlib
import os
import re
import shutil
import subprocess

import pytest

from e2e import package
from support import debian
from support.program import ROOT

UNIT = "dnstt_exporter.service"

# What Ubuntu 22.04 has, the oldest system that has every call: the package asks for no more.
OLDEST = {
    "libc6": "2.35", "libcap2": "1:2.44", "libcrypt1": "1:4.4.27", "libgnutls30": "3.7.3",
    "libmaxminddb0": "1.5.2", "libmicrohttpd12": "0.9.75", "libseccomp2": "2.5.3",
    "libyaml-0-2": "0.2.2", "procps": "2:3.3.17", "zlib1g": "1:1.2.11",
}


@pytest.fixture(scope="module")
def root(deb, tmp_path_factory):
    """What the package installs."""
    folder = tmp_path_factory.mktemp("root")
    package.extract(deb, folder)
    return folder


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_lintian_has_nothing_to_say():
    assert package.lintian() == []


def test_asks_for_no_newer_library_than_it_uses(deb):
    """On a later release than Debian 12 it is for that one, so that only the names are the same."""
    wanted = dict(re.findall(r"([a-z0-9.+-]+)(?: \(>= ([^)]+)\))?(?:, |$)",
                             package.field(deb, "Depends")))
    assert {name.removesuffix("t64") for name in wanted} == OLDEST.keys()
    if debian.codename() == "bookworm":
        assert wanted["libgnutls30"] == "3.7.0"
        for name, version in wanted.items():
            run("dpkg", "--compare-versions", OLDEST[name], "ge", version or "0")


def test_reproducible(deb, tmp_path):
    """Another folder, umask, language, time zone and day give the same bytes."""
    environment = {key: value for key, value in os.environ.items() if key != "MAKEFLAGS"}
    environment.update(BUILD=str(tmp_path / "build"), TZ="Pacific/Kiritimati", LC_ALL="C")
    run("make", "deb", cwd=ROOT, env=environment, umask=0o027)
    (again,) = (tmp_path / "build/deb").glob(f"{package.NAME}_*.deb")
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(deb.read_bytes()).digest()


def exposure(root, threshold):
    """systemd's figure for the unit, which must not be above a tenth of the threshold."""
    said = run("systemd-analyze", "security", "--no-pager", "--offline=true", f"--root={root}",
               f"--threshold={threshold}", UNIT)
    return said


def test_exposure(root):
    exposure(root, 16)


def test_exposure_with_a_socket(root, tmp_path):
    shutil.copytree(root, tmp_path / "root", symlinks=True)
    drop_ins = tmp_path / f"root/etc/systemd/system/{UNIT}.d"
    drop_ins.mkdir(parents=True)
    shutil.copy(root / "usr/share/doc/dnstt-exporter/examples/socket-activation.conf", drop_ins)
    said = exposure(tmp_path / "root", 13)
    # It would lower the figure, and no packet could be captured.
    assert re.search(r"✗ PrivateUsers=", said)


def flags(root):
    """The flags of the program's help."""
    found = set(re.findall(r"^  -([a-z.-]+)", run(root / "usr/bin/dnstt_exporter", "-help"), re.M))
    assert "dnstt.domain" in found
    return found


def test_manual(root, tmp_path):
    page = root / "usr/share/man/man8/dnstt_exporter.8.gz"
    plain = tmp_path / "dnstt_exporter.8"
    plain.write_text(run("gunzip", "--stdout", page))
    run("mandoc", "-T", "lint", "-W", "warning", plain)


def test_monitoring(root):
    """What Grafana and Prometheus are pointed at."""
    data = root / "usr/share/dnstt-exporter"
    installed = [path.relative_to(data) for path in data.rglob("*") if path.is_file()]
    assert sorted(map(str, installed)) == ["dashboards/dnstt.json", "rules/alerts.yml",
                                           "rules/recording.yml"]
    for path in installed:
        assert (data / path).read_bytes() == (ROOT / "monitoring" / path).read_bytes()


def complete(root, *words):
    """What bash offers for the last word."""
    completion = root / "usr/share/bash-completion/completions/dnstt_exporter"
    script = f'''
        . /usr/share/bash-completion/bash_completion
        . {completion}
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${{#COMP_LINE}}
        COMP_LINE="$*"; COMP_POINT=${{#COMP_LINE}}
        _dnstt_exporter "$1" "${{!#}}" "${{@:$#-1:1}}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    '''
    program = root / "usr/bin/dnstt_exporter"
    return set(run("bash", "-c", script, "bash", program, *words).split())


def test_completion(root):
    assert complete(root, "-") == {f"-{name}" for name in flags(root)}
    assert complete(root, "--geo") == {"--geoip.country-database", "--geoip.asn-database"}
    assert complete(root, "-log.level", "") == {"debug", "info", "warn", "error"}
    assert complete(root, "-dnstt.domain", "") == set()
    assert complete(root, "-version", "-log.f") == {"-log.format"}
