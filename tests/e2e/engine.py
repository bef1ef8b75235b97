"""A container engine of the tests' own: docker's daemon in a test's network namespace, on a socket
and with folders that end with it."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from support.program import ROOT, Metrics, children, request, wait_for

START_SECONDS = 30
COMMAND_SECONDS = 60


class Engine:
    """What it runs with --network host is in that namespace. It takes no network of the host, and
    sets no rule in a firewall."""

    def __init__(self, namespace):
        self.namespace = namespace
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dnstt-engine-", dir="/var/tmp"))
        self.cgroup = self.folder.name
        self.address = f"unix://{self.folder}/socket"
        log = open(self.folder / "log", "w")
        # Mounts in a namespace of their own end with it; so does the daemon with the tests.
        self.process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{namespace.name}", "unshare", "--mount",
             "setpriv", "--pdeathsig", "TERM",
             "dockerd", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
             "--bridge=none", "--storage-driver=overlay2", f"--data-root={self.folder}/data",
             f"--exec-root={self.folder}/exec", f"--pidfile={self.folder}/pid",
             "--exec-opt=native.cgroupdriver=cgroupfs", f"--cgroup-parent=/{self.cgroup}",
             f"--host={self.address}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        log.close()

        def answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            return self.shell("docker version", check=False).returncode == 0

        try:
            wait_for(answers, START_SECONDS, "the engine")
        except BaseException:
            self.remove()
            raise

    def shell(self, text, check=True):
        """Runs commands as a reader types them at the top of the clone."""
        done = subprocess.run(
            ["sh", "-ec", text], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=COMMAND_SECONDS,
            env=dict(os.environ, DOCKER_HOST=self.address, PATH=f"/usr/bin:{os.environ['PATH']}"))
        assert not check or done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done

    def inspect(self, name):
        return json.loads(self.shell(f"docker inspect {name}").stdout)[0]

    def remove_containers(self):
        self.shell("docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes")

    def remove(self):
        if self.process.poll() is None:
            self.remove_containers()
            self.process.terminate()
        self.process.wait(START_SECONDS)
        shutil.rmtree(self.folder)
        # A group below each hierarchy, or one below the only one.
        for group in pathlib.Path("/sys/fs/cgroup").glob(f"**/{self.cgroup}"):
            with contextlib.suppress(FileNotFoundError):
                group.rmdir()


class Container:
    """A running container of the exporter, with what account.settle asks of a program."""

    def __init__(self, engine, name):
        self.engine = engine
        self.name = name
        self.markers = 0  # foreign queries sent by account.settle

    def state(self):
        return self.engine.inspect(self.name)["State"]

    def wait_ready(self):
        def answers():
            state = self.state()
            assert state["Status"] in ("created", "running"), (state, self.log())
            with contextlib.suppress(ConnectionError):
                return self.request("/-/ready")[0] == 200

        wait_for(answers, START_SECONDS, "the exporter")
        return self

    def request(self, path):
        return request(self.engine.namespace, "GET", path, "127.0.0.1", 9713)

    def metrics(self):
        return Metrics(self.request("/metrics")[2])

    def log(self):
        return self.engine.shell(f"docker logs {self.name}", check=False).stderr

    def processes(self):
        """The exporter and the sniffer, as this host numbers them."""
        main = self.state()["Pid"]
        return [main, *children(main)]
