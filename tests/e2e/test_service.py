"""The package's service on Debian 12: what it is, what it may, and what it counts."""

import json
import pathlib
import time

import pytest

from e2e.service import DOMAIN, UNIT
from e2e.written import assert_tells_nothing
from integration.test_processes import CAPABILITIES, status
from integration.test_recordings import RECORDINGS
from support.namespace import run
from support.program import ROOT, wait_for

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


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
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
    (reason,) = [line for line in service.said().splitlines() if "seventy" in line]
    assert "-dnstt.port" in reason
    assert reason in service.systemctl("status", UNIT, check=False).stdout


@pytest.mark.parametrize("way", [("reload", UNIT), ("kill", "--signal=HUP", UNIT)],
                         ids=["systemctl-reload", "SIGHUP"])
def test_reload(service, way, tmp_path):
    """A database that was replaced takes effect, and nothing else changes."""
    folder = service.machine.path("/var/lib/GeoIP")
    folder.mkdir(exist_ok=True)

    def put_database(country):
        specification = tmp_path / "spec.json"
        specification.write_text(json.dumps([{"network": "10.77.0.0/16", "country": country,
                                              "asn": 64496}]))
        run("perl", str(ROOT / "tests/data/make_databases.pl"), str(tmp_path), str(specification))
        (tmp_path / "country.mmdb").chmod(0o644)
        run("mv", str(tmp_path / "country.mmdb"), str(folder))

    def queries():
        return service.metrics().by("country", "dnstt_queries_total")

    put_database("DE")
    service.configure_to_watch("-geoip.country-database", "/var/lib/GeoIP/country.mmdb")
    main = service.start()
    service.ask(b"EARLIER1")
    wait_for(lambda: queries() == {"DE": 1}, 2, "a query from DE")
    put_database("FR")
    service.systemctl(*way)

    def moved():
        service.ask(b"LATER_01")
        return queries().get("FR")

    wait_for(moved, 5, "a query from FR")
    assert queries()["DE"] >= 1
    assert (service.main(), service.is_active()) == (main, True)


def test_counts_from_boot(service):
    """Enabled by the installation: nobody starts it."""
    service.machine.stop()
    service.machine.boot()
    wait_for(service.is_active, 5, "active after the boot")
    service.markers = 0
    service.assert_counts()


def test_journal(service):
    assert_tells_nothing(service)
