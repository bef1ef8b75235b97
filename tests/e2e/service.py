"""The installed service, as an administrator handles it."""

import json
import pathlib
import tempfile

from integration.test_recordings import ignored, replay
from support import frames, wire
from support.account import settle
from support.namespace import run
from support.program import ROOT, Metrics, request, wait_for

UNIT = "dnstt_exporter.service"
SOCKET = "dnstt_exporter.socket"
DROP_INS = f"/etc/systemd/system/{UNIT}.d"
DEFAULTS = "/etc/default/dnstt_exporter"
EXAMPLES = "/usr/share/doc/dnstt-exporter/examples"
DOMAIN = "t.example.com"
ADDRESS = ("127.0.0.1", 9713)

RESTART_SECONDS = 5  # from harm to counting again


class Service:
    def __init__(self, machine, host):
        self.machine = machine
        self.host = host
        self.markers = 0  # foreign queries sent by account.settle

    # --- Configuration.

    def configure(self, *options):
        self.machine.write(DEFAULTS, f'OPTIONS="{" ".join(map(str, options))}"\n')

    def configure_to_watch(self, *options):
        """With all that can be logged."""
        self.configure("-dnstt.domain", DOMAIN, "-log.level", "debug", *options)

    def add_example(self, name, replacements=()):
        """Puts a drop-in of the package in place, with an administrator's own values."""
        text = self.machine.path(f"{EXAMPLES}/{name}").read_text()
        for old, new in replacements:
            assert old in text, (name, old)
            text = text.replace(old, new)
        self.machine.write(f"{DROP_INS}/{name}", text)
        self.systemctl("daemon-reload")

    def reset(self):
        self.stop()
        for drop_in in self.machine.path(DROP_INS).glob("*"):
            drop_in.unlink()
        self.systemctl("daemon-reload")
        self.configure_to_watch()

    # --- Commands.

    def systemctl(self, *arguments, check=True):
        return self.machine.run("systemctl", *arguments, check=check)

    def start(self):
        self.markers = 0
        self.systemctl("start", UNIT)
        return self.main()

    def stop(self):
        self.systemctl("stop", SOCKET, UNIT)
        self.systemctl("reset-failed", UNIT, SOCKET, check=False)

    def show(self, name):
        return self.systemctl("show", "--value", "--property", name, UNIT).stdout.strip()

    def is_active(self):
        return self.show("ActiveState") == "active"

    def main(self):
        return int(self.show("MainPID"))

    def said(self):
        """What the latest start of the program wrote."""
        return self.machine.journal("--output=cat",
                                    f"_SYSTEMD_INVOCATION_ID={self.show('InvocationID')}")

    # --- What runs: the exporter's process, as support.program.Program shows it.

    @property
    def namespace(self):
        return self.host.server

    @property
    def pid(self):
        """As this host numbers it."""
        return self.processes()["dnstt_exporter"]

    def log(self):
        return self.said()

    def processes(self):
        """Name → process id, as this host numbers it, of all that the service consists of."""
        path = self.machine.cgroup.path / "payload/system.slice" / UNIT / "cgroup.procs"
        if not path.exists():
            return {}
        return {pathlib.Path(f"/proc/{pid}/comm").read_text().strip(): int(pid)
                for pid in path.read_text().split()}

    def metrics(self):
        status, _, body = request(self.host.server, "GET", "/metrics", *ADDRESS)
        assert status == 200, body
        return Metrics(body)

    def settle(self, **expected):
        return settle(self, self.host.inbound.send, **expected)

    def ask(self, client_id=b"CLIENTID", **options):
        """One query of a session."""
        self.host.inbound.send(frames.query_frame(wire.query(client_id, DOMAIN), **options))

    def assert_counts(self):
        """Since its latest start it has counted nothing, and now it counts."""
        self.ask()
        metrics = self.settle(query=1)
        assert metrics.sum("dnstt_active_clients") == 1

    def assert_counts_recording(self, path):
        """The same, and what it counts of a recording is the truth. Returns the metrics."""
        truth = json.loads(path.with_suffix(".json").read_text())
        counters, clients = truth["counters"], truth["distinct_client_ids"]
        replay(self.host, path)
        metrics = self.settle(query=counters["q_tunnel"], response=counters["tunnel_out"],
                              rejected=counters.get("q_non_txt", 0), ignored=ignored(counters))
        assert metrics.sum("dnstt_sessions_total") == clients
        assert metrics.sum("dnstt_active_clients") == clients
        assert metrics.sum("dnstt_bytes_in_total") == counters["tunnel_in_bytes"]
        assert metrics.sum("dnstt_bytes_out_total") == counters["tunnel_out_bytes"]
        return metrics

    def assert_restarted(self, main, seconds=RESTART_SECONDS):
        """A main process other than this one runs, in time, and counts."""
        wait_for(lambda: self.main() not in (0, main) and self.is_active(), seconds, "restart")
        self.markers = 0
        self.assert_counts()

    def put_database(self, country):
        """A country database in which every resolver of the tests is in one country."""
        folder = self.machine.path("/var/lib/GeoIP")
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as name:
            made = pathlib.Path(name)
            (made / "spec.json").write_text(json.dumps(
                [{"network": "10.77.0.0/16", "country": country, "asn": 64496}]))
            run("perl", str(ROOT / "tests/data/make_databases.pl"), name, f"{name}/spec.json")
            run("mv", f"{name}/country.mmdb", str(folder))

    def assert_reloads(self, way):
        """By these words to systemctl a database that was replaced is taken in."""
        def queries():
            return self.metrics().by("country", "dnstt_queries_total")

        def moved():
            self.ask(b"LATER_01")
            return queries().get("FR")

        self.put_database("DE")
        self.configure_to_watch("-geoip.country-database", "/var/lib/GeoIP/country.mmdb")
        main = self.start()
        self.ask(b"EARLIER1")
        wait_for(lambda: queries() == {"DE": 1}, 2, "a query from DE")
        self.put_database("FR")
        self.systemctl(*way)
        wait_for(moved, 5, "a query from FR")
        assert queries()["DE"] >= 1
        assert (self.main(), self.is_active()) == (main, True)
