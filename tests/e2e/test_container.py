"""The image under a real engine, by the commands of docs/deploy.md."""

import calendar
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import tempfile
import time

import pytest
import yaml

from e2e.engine import Container, Engine
from integration.test_processes import CAPABILITIES, status
from support import account, databases, frames, wire
from support.document import commands
from support.host import Host
from support.program import ROOT, request, wait_for

DOMAIN = "t.example.com"
NAME = "dnstt-exporter"
START = commands("docker-run")
NOBODY = "65534"

# For an image of Prometheus: its program, what that loads, and a folder for its data. How it is
# started is as in the image that it stands for.
FILES_OF_PROMETHEUS = ("/usr/bin/prometheus", "/lib/x86_64-linux-gnu/libc.so.6",
                       "/lib64/ld-linux-x86-64.so.2")
ENTRYPOINT = 'ENTRYPOINT ["/usr/bin/prometheus"]'
ARGUMENTS = ('CMD ["--config.file=/etc/prometheus/prometheus.yml", '
             '"--storage.tsdb.path=/prometheus"]')


@pytest.fixture(scope="module")
def host():
    made = Host()
    yield made
    made.close()


@pytest.fixture(scope="module")
def engine(host):
    made = Engine(host.server)
    try:
        made.shell(commands("docker-load"))
        yield made
    finally:
        made.remove()


@pytest.fixture
def run(engine):
    """Runs commands that start the container of this name, which ends with the test."""
    def begin(text):
        started = engine.shell(text)
        assert started.stderr == "", started.stderr  # no limit that the engine cannot keep
        return Container(engine, NAME).wait_ready()

    yield begin
    engine.remove_containers()


def changed(text, *replacements):
    """A command of the document, with something else in it."""
    for old, new in replacements:
        assert text.count(old) == 1, (old, text)
        text = text.replace(old, new)
    return text


def assert_counts(host, container):
    host.inbound.send(frames.query_frame(wire.query(b"CLIENTID", DOMAIN)))
    return account.settle(container, host.inbound.send, query=1)


def root_is_read_only(pid):
    lines = pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    (options,) = [mount[5] for mount in map(str.split, lines) if mount[4] == "/"]
    return "ro" in options.split(",")


def test_as_the_document_says(host, engine, run):
    """No uid 0, no capability, nothing to write to; it counts, and ends at once."""
    container = run(START)
    assert "level=warn" not in container.log() and "level=error" not in container.log()
    pids = container.processes()
    assert len(pids) == 2
    for pid in pids:
        now = status(pid)
        assert set(now["Uid"].split() + now["Gid"].split()) == {NOBODY}
        assert [int(now[held], 16) for held in (*CAPABILITIES, "CapBnd")] == [0] * 5
        assert (now["NoNewPrivs"], now["Seccomp"]) == ("1", "2")
        assert root_is_read_only(pid)
    assert_counts(host, container)
    engine.shell(commands("docker-health"))
    usage = "docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' " + NAME
    assert engine.shell(usage).stdout.split()[1:] == ["/", "256MiB", "2"]

    begun = time.time()
    engine.shell(f"docker stop {NAME}")
    state = container.state()
    finished, _ = state["FinishedAt"].split(".")  # in UTC, by whole seconds here
    assert calendar.timegm(time.strptime(finished, "%Y-%m-%dT%H:%M:%S")) - begun < 1
    assert state["ExitCode"] == 0
    assert container.log().count("level=error") == 0


def test_stop_and_start(engine, run):
    container = run(START)
    begun = container.state()["StartedAt"]
    engine.shell(commands("docker-stop"))
    container.wait_ready()
    assert container.state()["StartedAt"] != begun


def test_small_limits(host, run):
    """Two processes and what an ordinary server's tables take."""
    container = run(changed(START, ("256m", "64m"), ("limit 16", "limit 3")))
    assert_counts(host, container)


def test_net_raw_alone(host, run):
    container = run(changed(START, ("--cap-add setuid --cap-add setgid", ""),
                            ("--cap-add setpcap", "")))
    for pid in container.processes():
        now = status(pid)
        assert set(now["Uid"].split()) == {"0"}
        assert [int(now[held], 16) for held in CAPABILITIES] == [0] * len(CAPABILITIES)
    assert "running as uid 0 without capabilities" in container.log()
    assert_counts(host, container)


@pytest.mark.parametrize("old, new", [("--cap-add net_raw", ""), ("--read-only", "--user 65534")])
def test_without_net_raw(engine, old, new):
    """One line says what to do. An engine gives other users than root no capability."""
    refused = engine.shell(changed(START, ("--detach", "--rm"), ("--restart unless-stopped", ""),
                                   (old, new)), check=False)
    (line,) = [line for line in refused.stderr.splitlines() if line.startswith("time=")]
    assert refused.returncode == 1
    assert "cannot capture packets; run as root or grant CAP_NET_RAW" in line


def test_databases_in_a_volume(host, run, engine, tmp_path):
    """A replaced one is taken in at SIGHUP."""
    tmp_path.chmod(0o755)

    def put(country):
        """By renaming, as whatever brings new databases does."""
        databases.write(tmp_path, [{"network": f"{frames.CLIENT4}/32", "country": country,
                                    "asn": 64496}])
        (tmp_path / "country.mmdb").rename(tmp_path / "GeoLite2-Country.mmdb")

    put("DE")
    container = run(changed(commands("docker-databases"),
                            ("--volume /var/lib/GeoIP:", f"--volume {tmp_path}:")))
    metrics = assert_counts(host, container)
    assert metrics.by("country", "dnstt_queries_total") == {"DE": 1}
    put("FR")
    engine.shell(commands("docker-reload"))
    wait_for(lambda: "loaded a new database" in container.log(), 5, "the new database")
    host.inbound.send(frames.query_frame(wire.query(b"CLIENT-2", DOMAIN)))
    metrics = account.settle(container, host.inbound.send, query=2)
    assert metrics.by("country", "dnstt_queries_total") == {"DE": 1, "FR": 1}


def test_the_image_s_health_check(engine, run):
    """The engine's own verdict follows the service."""
    often = "--detach --health-interval 1s --health-retries 1"
    container = run(changed(START, ("--detach", often)))

    def health():
        return container.state()["Health"]["Status"]

    wait_for(lambda: health() == "healthy", 10, "a healthy container")
    main = container.state()["Pid"]
    os.kill(main, signal.SIGSTOP)
    try:
        wait_for(lambda: health() == "unhealthy", 15, "an unhealthy container")
    finally:
        os.kill(main, signal.SIGCONT)
    wait_for(lambda: health() == "healthy", 10, "a healthy container again")


@pytest.fixture(scope="module")
def prometheus(engine):
    """The image that the compose file names, with this host's Prometheus in it."""
    services = yaml.safe_load((ROOT / "container/compose.yml").read_text())["services"]
    name = services["prometheus"]["image"]
    with tempfile.TemporaryDirectory(prefix="dnstt-prometheus-", dir="/var/tmp") as folder:
        for path in FILES_OF_PROMETHEUS:
            copy = pathlib.Path(folder, path.lstrip("/"))
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        engine.shell(f"tar -C {folder} -c . | docker import --change '{ENTRYPOINT}' "
                     f"--change '{ARGUMENTS}' - {name}")
    yield name
    engine.remove_containers()
    engine.shell(f"docker rmi {name}")


@pytest.fixture
def compose(engine, tmp_path, prometheus):
    """The commands of the document in a copy of what they read, where Prometheus asks often."""
    shutil.copytree(ROOT / "container", tmp_path / "container")
    shutil.copytree(ROOT / "monitoring/rules", tmp_path / "monitoring/rules")
    settings = tmp_path / "container/prometheus.yml"
    settings.write_text(changed(settings.read_text(), ("15s", "1s")))
    yield lambda text: engine.shell(
        f"cd {tmp_path}\n{changed(text, ('docker compose', 'docker-compose'))}")
    engine.shell(f"cd {tmp_path}\ndocker-compose --file container/compose.yml down --volumes "
                 "--timeout 0")


def test_beside_prometheus(host, engine, compose):
    """Prometheus, in the compose file's bridge network, reaches the exporter on the host's."""
    def ask(path):
        with contextlib.suppress(ConnectionError, http.client.HTTPException):
            code, _, body = request(host.server, "GET", f"/api/v1/{path}", "127.0.0.1", 9090)
            return json.loads(body)["data"] if code == 200 else None

    def queries():
        found = ask("query?query=dnstt_queries_total")
        return [sample["value"][1] for sample in found["result"]] if found else []

    compose(commands("compose"))
    container = Container(engine, NAME).wait_ready()
    for pid in container.processes():
        assert set(status(pid)["Uid"].split()) == {NOBODY}
    host.inbound.send(frames.query_frame(wire.query(b"CLIENTID", DOMAIN)))
    wait_for(lambda: queries() == ["1"], 30, "the query in Prometheus")
    assert {group["name"] for group in ask("rules")["groups"]} == {"dnstt_alerts", "dnstt_domains"}
