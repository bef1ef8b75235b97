"""`make install` below DESTDIR: what is there, that it runs from there, and that uninstall ends it."""

import os
import subprocess

from support.program import BUILD, ROOT

INSTALLED = {
    "bin/dnstt_exporter",
    "libexec/dnstt_exporter/exporter",
    "share/bash-completion/completions/dnstt_exporter",
    "share/dnstt-exporter/dashboards/dnstt.json",
    "share/dnstt-exporter/rules/alerts.yml",
    "share/dnstt-exporter/rules/recording.yml",
    "share/man/man8/dnstt_exporter.8",
}


def make(target, folder):
    subprocess.run(["make", "-s", "-C", ROOT, target, f"BUILD={BUILD}", f"DESTDIR={folder}",
                    "PREFIX=/opt/dnstt"], check=True, capture_output=True)


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_install_and_uninstall(tmp_path):
    make("install", tmp_path)
    prefix = tmp_path / "opt/dnstt"
    assert files(prefix) == INSTALLED
    assert {path for path in INSTALLED if os.access(prefix / path, os.X_OK)} == \
        {"bin/dnstt_exporter", "libexec/dnstt_exporter/exporter"}
    version = subprocess.run([prefix / "bin/dnstt_exporter", "-version"], check=True,
                             capture_output=True, text=True).stdout
    assert version.startswith("dnstt_exporter, version ")
    make("uninstall", tmp_path)
    assert files(tmp_path) == set()
