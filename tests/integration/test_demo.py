"""The demo shows traffic, and leaves nothing behind."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile

import pytest

from demo.demo import TUNNELS, Session
from support.program import BUILD, ROOT, wait_for

REPORT = re.compile(r"(\d+\.\d) queries/s +(\d+) sessions so far +(\d+) active "
                    r"\(dnstt (\d+), vaydns (\d+)\):((?: [A-Z]{2} \d+)+)")
SECONDS = 4.5
SESSIONS_PER_SECOND = 10  # that come while there are few


@contextlib.contextmanager
def demo(host, *arguments):
    """Runs it in the server's namespace, in a process group of its own, as a shell starts a job in
    the background: with SIGINT ignored. Its temporary files go to an empty folder, which the
    unprivileged exporter can reach."""
    with tempfile.TemporaryDirectory(prefix="dnstt-demo-test-") as folder:
        os.chmod(folder, 0o755)
        command = host.server.command("env", "--ignore-signal=INT", ROOT / "tests/demo/demo.py",
                                      *arguments)
        process = subprocess.Popen(command,
                                   env=dict(os.environ, TMPDIR=folder, BUILD=BUILD),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, start_new_session=True)
        try:
            yield process
            wait_for(lambda: not host.server.processes(), 1, "nothing is left running")
            assert list(pathlib.Path(folder).iterdir()) == []
        finally:
            left = host.server.processes()
            for pid in left:
                os.kill(int(pid), signal.SIGKILL)
            process.communicate()
        assert left == []


def test_it_shows_figures(host):
    """Sessions of both tunnels, each once: none ends as early as this. They come in turn, two of
    dnstt's and one of VayDNS's, and count from the query with which they begin."""
    with demo(host, "--seconds", SECONDS) as process:
        output, _ = process.communicate(timeout=20)
        assert process.returncode == 0, output
    assert "Metrics: http://127.0.0.1:9713/metrics\n" in output
    reports = REPORT.findall(output)
    assert len(reports) == 2, output
    for rate, *counts, countries in reports:
        sessions, active, dnstt, vaydns = map(int, counts)
        assert float(rate) > 0
        assert sessions == active == dnstt + vaydns == sum(map(int, countries.split()[1::2]))
        assert sessions <= SECONDS * SESSIONS_PER_SECOND
        assert vaydns > 0 and 0 <= dnstt - 2 * vaydns <= 2
    assert int(reports[1][1]) > int(reports[0][1])


class Late:
    """A server that the first query reaches later than it waits."""

    def __init__(self, server):
        self.server = server
        self.waited = False

    def __getattr__(self, name):
        return getattr(self.server, name)

    def recvfrom(self, size):
        if not self.waited:
            self.waited = True
            raise TimeoutError
        return self.server.recvfrom(size)


def test_a_late_query_ends_nothing(host):
    """It is answered with the next one, so that this one does not come late as well."""
    with host.server.entered(), contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        server.bind(("127.0.0.1", 0))
        server.settimeout(1)
        late = Late(server)
        sessions = [Session(0, tunnel) for tunnel in TUNNELS]
        for session in sessions:
            stack.callback(session.close)
            session.exchange(late)
        assert late.waited
        server.setblocking(False)
        with pytest.raises(BlockingIOError):  # none waits
            server.recvfrom(4096)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_when_told(host, number):
    with demo(host) as process:
        # As Ctrl-C does: the whole group is told.
        line = process.stdout.readline()
        while "Ctrl-C ends" not in line:
            assert line, process.wait(5)
            line = process.stdout.readline()
        os.killpg(process.pid, number)
        output, _ = process.communicate(timeout=5)
        assert (process.returncode, output) == (0, "")
