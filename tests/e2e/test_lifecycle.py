"""Installing, upgrading, removing."""

import pytest

from e2e import package
from e2e.service import DEFAULTS, DROP_INS, SOCKET, UNIT, Service
from support.program import wait_for


@pytest.fixture
def system(new_system):
    return new_system()


def test_without_a_domain(system):
    """The installation succeeds, enables the service, and shows what is missing."""
    service = Service(system.machine, system.host)
    package.apt(system.machine, "install", package.NAME)
    assert system.machine.run("dpkg-query", "--show", "--showformat=${db:Status-Abbrev}",
                              package.NAME).stdout == "ii "
    assert service.show("UnitFileState") == "enabled"
    assert (service.show("ActiveState"), service.show("NRestarts")) == ("failed", "0")
    assert "-dnstt.domain: missing" in service.systemctl("status", UNIT, check=False).stdout
    assert service.systemctl("is-enabled", SOCKET, check=False).stdout.strip() == "disabled"
    assert service.systemctl("is-active", SOCKET, check=False).stdout.strip() == "inactive"


def test_upgrade(system, deb, tmp_path):
    """It keeps what the administrator wrote, and goes on counting with the new program."""
    service = Service(system.machine, system.host)
    package.offer(system.machine, system.image, deb, package.older(deb, tmp_path))
    package.apt(system.machine, "install", f"{package.NAME}=0.0.1-1")
    service.configure_to_watch("-dnstt.port", "53,5300")
    service.machine.write(f"{DROP_INS}/own.conf", "[Service]\nIPAddressAllow=192.0.2.9\n")
    written = service.machine.path(DEFAULTS).read_text()
    service.systemctl("daemon-reload")
    main = service.start()
    service.assert_counts()

    package.apt(system.machine, "install", package.NAME)

    assert service.machine.run("dpkg-query", "--show", "--showformat=${Version}",
                               package.NAME).stdout == package.field(deb, "Version")
    assert service.machine.path(DEFAULTS).read_text() == written
    assert "192.0.2.9" in service.show("IPAddressAllow")
    service.assert_restarted(main)


def test_upgrade_with_a_socket(system, deb, tmp_path):
    service = Service(system.machine, system.host)
    package.offer(system.machine, system.image, deb, package.older(deb, tmp_path))
    package.apt(system.machine, "install", f"{package.NAME}=0.0.1-1")
    service.configure_to_watch()
    service.add_example("socket-activation.conf")
    service.systemctl("enable", "--now", SOCKET)
    main = service.start()

    package.apt(system.machine, "install", package.NAME)

    service.assert_restarted(main)
    assert service.systemctl("is-active", SOCKET).stdout.strip() == "active"


def files(machine):
    """All that is not the package manager's, the journal's or of this boot."""
    found = machine.run("find", "/", "-xdev", "-not", "-path", "/var/lib/dpkg/*", "-not", "-path",
                        "/var/log/*", "-not", "-path", "/var/cache/*", "-not", "-path", "/tmp/*",
                        "-not", "-path", "/var/tmp/*", "-not", "-path", "/var/lib/apt/*")
    return set(found.stdout.splitlines())


@pytest.mark.parametrize("activated", [False, True], ids=["service", "socket"])
def test_purge_leaves_nothing(system, deb, activated):
    service = Service(system.machine, system.host)
    package.apt(system.machine, "install", *package.dependencies(deb))
    before = files(system.machine)
    package.apt(system.machine, "install", package.NAME)
    service.configure_to_watch()
    if activated:
        service.add_example("socket-activation.conf")
        service.systemctl("enable", "--now", SOCKET)
    service.start()
    assert service.processes()

    package.apt(system.machine, "purge", package.NAME)

    wait_for(lambda: not service.processes(), 5, "the end of the processes")
    loaded = service.systemctl("list-units", "--all", "--plain", "--no-legend", "dnstt*").stdout
    assert "active" not in loaded.replace("inactive", "")
    own = {f"{DROP_INS}/socket-activation.conf", DROP_INS} if activated else set()
    assert files(system.machine) - before == own
