"""docs/deploy.md, read as an administrator does: its commands on a booted Debian, and below DESTDIR
where they build from source."""

import os
import shutil
import subprocess

import pytest

from e2e import package
from e2e.service import Service
from support.document import BUILD_NAME, commands
from support.program import ROOT

CLONE = "/root/clone"


@pytest.fixture
def system(new_system):
    return new_system("bookworm")


def read(machine, name):
    """What a reader at the top of the clone types."""
    return machine.run("sh", "-ec", f"cd {CLONE}\n{commands(name)}").stdout


def build(name, folder):
    environment = {key: value for key, value in os.environ.items() if key != "MAKEFLAGS"}
    subprocess.run(["sh", "-ec", commands(name)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
                   env=dict(environment, DESTDIR=str(folder)))


def test_debian_package_and_systemd(system, deb):
    machine = system.machine
    service = Service(machine, system.host)
    folder = machine.path(f"{CLONE}/{BUILD_NAME}/deb")
    folder.mkdir(parents=True)
    shutil.copy(deb, folder)
    read(machine, "deb-install")
    said = read(machine, "deb-configure")
    assert "tunnel t.example.com: dnstt" in said and "\nok\n" in said
    assert "active (running)" in said
    service.assert_counts()

    # Of the package its dependencies are left.
    package.apt(machine, "purge", package.NAME)
    assert not machine.path("/usr/bin/dnstt_exporter").exists()
    service.markers = 0
    build("systemd-install", machine.root)
    shutil.copytree(ROOT / "systemd", machine.path(f"{CLONE}/systemd"))
    read(machine, "systemd-enable")
    assert service.show("UnitFileState") == "enabled"
    service.assert_counts()


def test_from_source(tmp_path):
    build("source", tmp_path)
    said = subprocess.run([tmp_path / "usr/local/bin/dnstt_exporter", "-version"], check=True,
                          capture_output=True, text=True).stdout
    assert said.startswith("dnstt_exporter, version ")
