"""The same source, built on Debian 13."""

import pytest

from e2e import builder, package
from e2e.service import SOCKET, UNIT, Service


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def built(work):
    return builder.build("trixie", work)


def files(deb, folder):
    """Of the package, with the folder of units as all releases name it in the end."""
    package.extract(deb, folder)
    return {str(path.relative_to(folder)).replace("usr/lib/systemd/", "lib/systemd/")
            for path in folder.rglob("*") if path.is_file()}


def test_lintian_has_nothing_to_say(built, work):
    said = builder.run("trixie", work, " ".join(package.LINTIAN) + " *.changes")
    assert package.objections(said) == []


def test_the_same_files(built, deb, tmp_path):
    """Units among them, which each debhelper puts where its own release has them."""
    there = files(built, tmp_path / "there")
    assert "lib/systemd/system/dnstt_exporter.service" in there
    assert "lib/systemd/system/dnstt_exporter.socket" in there
    assert there == files(deb, tmp_path / "here")


def test_installs_and_counts(built, new_system):
    """What debhelper adds to the scripts is that of its release too."""
    system = new_system("trixie")
    package.offer(system.machine, system.image, built)
    package.apt(system.machine, "install", package.NAME)
    service = Service(system.machine, system.host)
    for unit, state in ((UNIT, "enabled"), (SOCKET, "disabled")):
        assert service.systemctl("is-enabled", unit, check=False).stdout.strip() == state
    service.reset()
    service.start()
    service.assert_counts()
    package.apt(system.machine, "purge", package.NAME)
    assert service.systemctl("is-enabled", UNIT, check=False).stdout.strip() != "enabled"
