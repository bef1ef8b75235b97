"""A Debian system booted under systemd-nspawn, with systemd as its first process."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from support.program import children, wait_for

BOOT_SECONDS = 30
COMMAND_SECONDS = 60
POWEROFF_SECONDS = 15

# Beside what systemd-nspawn allows by itself: IPAddressDeny= is a BPF program, and what follows are
# the exporter's own restrictions. A host has them all.
SYSTEM_CALLS = "bpf landlock_create_ruleset landlock_add_rule landlock_restrict_self"


def _cgroups():
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(where)
    raise AssertionError("no cgroup2 file system is mounted")


class Cgroup:
    """One of our own, so that the machine's systemd finds nobody else in it."""

    def __init__(self, name):
        self.path = _cgroups() / name
        self.path.mkdir()

    def remove(self):
        """With everything that runs in it."""
        (self.path / "cgroup.kill").write_text("1")
        wait_for(lambda: "populated 0" in (self.path / "cgroup.events").read_text(), 5,
                 f"the end of {self.path}")
        folders = [path for path in self.path.rglob("*") if path.is_dir()]
        for folder in sorted(folders, reverse=True):
            folder.rmdir()
        self.path.rmdir()


class Machine:
    """Boots at once; stop() and boot() turn it off and on again. Its network is a namespace that
    exists already, so that traffic can be sent in."""

    def __init__(self, image, namespace):
        self.namespace = namespace
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dnstt-machine-", dir="/var/tmp"))
        self.root = self.folder / "root"
        self.cgroup = None
        self.process = None
        self.first = []  # its first process, as this host numbers it
        try:
            self.root.mkdir()
            subprocess.run(["tar", "-x", "--numeric-owner", "-C", self.root, "-f", image.tar,
                            "--exclude=./dev/*"], check=True)
            self.boot()
        except BaseException:
            self.remove()
            raise

    def boot(self):
        self.cgroup = Cgroup(f"{self.folder.name}.scope")
        with open(self.folder / "console", "a") as console:
            self.process = subprocess.Popen(
                ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', self.cgroup.path,
                 "setpriv", "--pdeathsig", "TERM",  # turned off, however the tests end
                 "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit",
                 "--console=pipe", f"--system-call-filter={SYSTEM_CALLS}",
                 f"--machine={self.namespace.name}",
                 f"--network-namespace-path=/run/netns/{self.namespace.name}",
                 "--directory", self.root],
                env=dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1"),
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)

        def running():
            assert self.process.poll() is None, self.console()
            self.first = children(self.process.pid)
            return self.first and self.run("systemctl", "is-system-running",
                                           check=False).stdout.strip() in ("running", "degraded")

        wait_for(running, BOOT_SECONDS, "boot")

    def console(self):
        return (self.folder / "console").read_text(errors="replace")

    def run(self, *command, check=True):
        """Runs a command inside, as root. Returns the completed process, its output as text."""
        done = subprocess.run(
            ["nsenter", "--target", str(self.first[0]), "--all", "env", "-i", "LC_ALL=C.UTF-8",
             "DEBIAN_FRONTEND=noninteractive",
             "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
             *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=COMMAND_SECONDS)
        assert not check or done.returncode == 0, (
            f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def path(self, inside):
        """Where a file of the machine stands on this host."""
        return self.root / inside.lstrip("/")

    def write(self, inside, text):
        self.path(inside).parent.mkdir(parents=True, exist_ok=True)
        self.path(inside).write_text(text)

    def journal(self, *arguments):
        return self.run("journalctl", "--no-pager", "--quiet", *arguments).stdout

    def stop(self):
        """Turns it off, in order if that is possible."""
        if self.process is not None and self.process.poll() is None:
            try:
                self.run("systemctl", "poweroff", check=False)
                self.process.wait(POWEROFF_SECONDS)
            except (subprocess.TimeoutExpired, IndexError):
                self.process.kill()
                self.process.wait()
        if self.cgroup is not None:
            self.cgroup.remove()
            self.cgroup = None

    def remove(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder)
