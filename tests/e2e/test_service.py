"""The package's service on Debian 12: what it is, what it may, and what it counts."""

import pathlib
import time

import pytest

from e2e.service import DOMAIN, UNIT
from e2e.written import assert_tells_nothing
from integration.test_processes import CAPABILITIES, status
from integration.test_recordings import OF_DNSTT
from support.program import wait_for

START_SECONDS = 2
NET_RAW = 1 << 13
# systemd's range for dynamic users.
DYNAMIC = range(61184, 65520)


def test_starts_in_time(service):
    began = time.monotonic()
    service.start()
    assert time.monotonic() - began < START_SECONDS
    assert service.is_active()
    service.assert_counts()


def test_processes(service):
    service.start()
    processes = service.processes()
    assert sorted(processes) == ["dnstt_exporter", "dnstt_sniffer"]
    for name, pid in processes.items():
        now = status(pid)
        (user,) = set(now["Uid"].split())
        assert int(user) in DYNAMIC, name
        assert set(now["Gid"].split()) == {user}, name
        assert set(now["Groups"].split()) <= {user}, name
        assert [int(now[held], 16) for held in CAPABILITIES] == [0] * len(CAPABILITIES), name
        assert int(now["CapBnd"], 16) & ~NET_RAW == 0, name
        assert (now["NoNewPrivs"], now["Seccomp"]) == ("1", "2"), name


def test_files(service):
    """As its mount namespace shows them, to a root that has all capabilities."""
    service.start()
    root = pathlib.Path(f"/proc/{service.processes()['dnstt_exporter']}/root")
    for folder in ("etc", "usr", "var/lib", "var/tmp", "tmp", "run", "dev", "dev/shm",
                   "dev/mqueue"):
        with pytest.raises(OSError):
            (root / folder / "written").touch()
            pytest.fail(f"{folder} can be written to")
    assert list((root / "home").glob("*")) == list((root / "root").glob(".*")) == []
    assert not (root / "proc/meminfo").exists()


@pytest.mark.parametrize("path", OF_DNSTT, ids=lambda path: path.stem)
def test_recorded_traffic(service, path):
    service.start()
    service.assert_counts_recording(path)


def test_status_text(service):
    service.start()
    service.assert_counts()
    wanted = f"watching {DOMAIN} on all interfaces, 1 active"
    wait_for(lambda: service.show("StatusText") == wanted, 5, wanted)


def test_wrong_option(service):
    service.configure_to_watch("-dnstt.port", "seventy")
    assert service.systemctl("start", UNIT, check=False).returncode != 0
    time.sleep(5)  # more than RestartSec
    assert service.show("ActiveState") == "failed"
    assert (service.show("ExecMainStatus"), service.show("NRestarts")) == ("2", "0")
    # By unit: of a process that ends at once the journal may miss which start it was of.
    journal = service.machine.journal("--output=cat", f"--unit={UNIT}").splitlines()
    (reason,) = {line for line in journal if "seventy" in line}
    assert "-dnstt.port" in reason
    assert reason in service.systemctl("status", UNIT, check=False).stdout


@pytest.mark.parametrize("way", [("reload", UNIT), ("kill", "--signal=HUP", UNIT)],
                         ids=["systemctl-reload", "SIGHUP"])
def test_reload(service, way):
    """A database that was replaced takes effect, and nothing else changes."""
    service.assert_reloads(way)


def test_counts_from_boot(service):
    """Enabled by the installation: nobody starts it."""
    service.machine.stop()
    service.machine.boot()
    wait_for(service.is_active, 5, "active after the boot")
    service.markers = 0
    service.assert_counts()


def test_journal(service):
    assert_tells_nothing(service)
