"""The same package on Debian 13."""

import pytest

from e2e import package
from e2e.service import Service
from integration.test_recordings import RECORDINGS
from support.crowd import Watch, assert_refused_without_memory


@pytest.fixture
def service(new_system):
    system = new_system("trixie")
    package.apt(system.machine, "install", package.NAME)
    service = Service(system.machine, system.host)
    service.reset()
    service.start()
    return service


def test_starts_and_counts(service):
    assert service.is_active()
    service.assert_counts_recording(next(path for path in RECORDINGS if path.stem == "3c-unbound"))
    service.reset()
    # Its libc looks at files by another system call than that of Debian 12.
    service.assert_reloads(("reload", "dnstt_exporter"))
    service.reset()
    service.add_example("socket-activation.conf")
    service.start()
    service.assert_counts()


def test_out_of_memory(service):
    """Its libmicrohttpd, a later one, makes a connection's memory at another time."""
    version = service.machine.run("dpkg-query", "--show", "--showformat=${Version}",
                                  "libmicrohttpd12t64").stdout
    assert int(version.split(".")[0]) >= 1, version
    assert_refused_without_memory(service, Watch(service))
