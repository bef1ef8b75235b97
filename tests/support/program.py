"""The program under test: started, asked for its metrics, and ended whatever happens."""

import contextlib
import http.client
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from support.http import connect

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
PROGRAM = BUILD / "dnstt_exporter"

# Starting and ending take a few hundredths of a second; these only bound a failing test, however
# busy the machine is.
START_SECONDS = 60
END_SECONDS = 60

_SAMPLE = re.compile(r'^(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def wait_for(condition, seconds, what):
    """Polls until the condition gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def alive(pid):
    """Whether a process still runs; one that only waits to be reaped does not."""
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def children(pid):
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.parent.name))
    return found


def request(namespace, method, path, host, port):
    """One HTTP request; returns (status, headers, body as text)."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    with namespace.entered():
        connection.connect()
    with contextlib.closing(connection):
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read().decode()


class Metrics:
    """One scrape."""

    def __init__(self, text):
        self.text = text
        self.samples = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                match = _SAMPLE.match(line)
                assert match, f"no sample: {line!r}"
                labels = dict(_LABEL.findall(match["labels"] or ""))
                self.samples.append((match["name"], labels, float(match["value"])))

    def find(self, name, **labels):
        """Every (labels, value) of a metric that has these labels."""
        return [(had, value) for metric, had, value in self.samples
                if metric == name and labels.items() <= had.items()]

    def sum(self, name, **labels):
        return sum(value for _, value in self.find(name, **labels))

    def by(self, label, name, **labels):
        """Label value → sum, without zeros."""
        sums = {}
        for had, value in self.find(name, **labels):
            sums[had[label]] = sums.get(had[label], 0) + value
        return {key: value for key, value in sums.items() if value}


class Program:
    """A running exporter: both its processes."""

    def __init__(self, namespace, *flags, program=PROGRAM, prefix=()):
        self.namespace = namespace
        self.markers = 0  # foreign queries sent by account.settle
        self.sniffer = None  # its process id, once ready
        self.sniffer_handle = None  # and a pidfd, which never means another process
        self.stderr = tempfile.NamedTemporaryFile("a", prefix="dnstt-log-")
        self.process = subprocess.Popen(namespace.command(*prefix, program, *flags),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=self.stderr)

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return pathlib.Path(self.stderr.name).read_text()

    def request(self, method, path, host="127.0.0.1", port=9713):
        return request(self.namespace, method, path, host, port)

    def metrics(self):
        status, _, body = self.request("GET", "/metrics")
        assert status == 200, body
        return Metrics(body)

    def reload(self, text):
        """Asks for a reload and waits for its line in the log."""
        before = self.log().count(text)
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.log().count(text) > before, 5, f"{text!r} in the log")

    def wait_ready(self, address=("127.0.0.1", 9713)):
        """Address: (host, port), or the path of a unix socket."""
        def accepts():
            assert self.process.poll() is None, f"ended at start:\n{self.log()}"
            with contextlib.suppress(ConnectionError, FileNotFoundError):
                return connect(self, address)

        wait_for(accepts, START_SECONDS, "ready to answer").close()
        # Passed sockets accept before there is anybody to answer.
        (self.sniffer,) = wait_for(lambda: children(self.pid), START_SECONDS, "the sniffer")
        self.sniffer_handle = os.pidfd_open(self.sniffer)
        return self

    def wait_end(self, seconds=END_SECONDS):
        """Its exit status, once neither process is left."""
        status = self.process.wait(seconds)
        if self.sniffer:
            wait_for(lambda: not alive(self.sniffer), END_SECONDS, "the sniffer's end")
        return status

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.wait_end()

    def kill(self):
        """The last resort of a failed test, and the end of the bookkeeping for any."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.sniffer_handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.sniffer_handle, signal.SIGKILL)
            os.close(self.sniffer_handle)
        self.stderr.close()


@contextlib.contextmanager
def copied(mode=0o755, layout="flat"):
    """A directory of its own that holds a copy of both programs: beside each other, or installed.
    Yields the path of dnstt_exporter."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="dnstt-copy-"))
    try:
        program = directory / "dnstt_exporter"
        exporter = directory / "exporter"
        if layout == "installed":
            program = directory / "bin" / "dnstt_exporter"
            exporter = directory / "libexec" / "dnstt_exporter" / "exporter"
        for path, source in ((program, PROGRAM), (exporter, BUILD / "exporter")):
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, path)
        directory.chmod(mode)
        yield program
    finally:
        shutil.rmtree(directory)
