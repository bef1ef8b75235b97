"""The same package on Debian 13."""

from e2e import package
from e2e.service import Service
from integration.test_recordings import RECORDINGS


def test_starts_and_counts(new_system):
    system = new_system("trixie")
    service = Service(system.machine, system.host)
    package.apt(system.machine, "install", package.NAME)
    service.reset()
    service.start()
    assert service.is_active()
    service.assert_counts_recording(next(path for path in RECORDINGS if path.stem == "3c-unbound"))
    service.reset()
    # Its libc looks at files by another system call than that of Debian 12.
    service.assert_reloads(("reload", "dnstt_exporter"))
    service.reset()
    service.add_example("socket-activation.conf")
    service.start()
    service.assert_counts()
