"""What is measured in turn: the program, tcpdump, and a plain exporter in Go. Each is started in
the server's namespace on a processor of its own, and asked at its end what it saw."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time

from frames import DOMAIN
from support.host import SERVER_INTERFACE
from support.program import BUILD, Program, wait_for

SENDER_PROCESSOR, SUBJECT_PROCESSOR = 0, 1
# libpcap hands over what it has after a second at the latest; the others are faster.
SETTLE_SECONDS = 1.2


def wakeups(pid):
    """How often it has gone on so far after it had gone to wait."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.M)[1])


def on_processor(number, *command):
    """Above what else runs on the machine, so that this disturbs less."""
    return ("nice", "-n", "-20", "taskset", "-c", str(number), *map(str, command))


class Ours:
    """Both processes."""

    def __init__(self, host, databases=None, flags=()):
        if databases:
            flags = ("-geoip.country-database", databases.country,
                     "-geoip.asn-database", databases.asn)
        self.program = Program(host.server, "-dnstt.domain", DOMAIN, *flags,
                               prefix=on_processor(SUBJECT_PROCESSOR)).wait_ready()
        self.pids = {"sniffer": self.program.sniffer, "exporter": self.program.pid}

    def delivered(self):
        """How many packets it judged, once it judged all that the kernel passed."""
        def settled():
            metrics = self.program.metrics()
            received = metrics.sum("dnstt_exporter_packets_received_total")
            return metrics if metrics.sum("dnstt_exporter_packets_total") == received else None

        metrics = wait_for(settled, 5, "a settled account")
        return int(metrics.sum("dnstt_queries_total"))

    def close(self):
        self.program.stop()
        self.program.kill()


class _Command:
    """A single process that says when it watches, and at SIGINT how much it saw."""

    def __init__(self, host, command, ready):
        self.process = subprocess.Popen(
            host.server.command(*on_processor(SUBJECT_PROCESSOR, *command)), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pids = {"process": self.process.pid}
        for line in self.process.stderr:
            if ready in line:
                return
        raise AssertionError(f"{command[0]} ended with status {self.process.wait()}")

    def delivered(self):
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=10)
        return self.read(output, errors)

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate()


class Tcpdump(_Command):
    def __init__(self, host, _=None):
        super().__init__(host, ["tcpdump", "-n", "-Z", "root", "-i", SERVER_INTERFACE,
                                "-w", "/dev/null", "udp", "port", "53"], "listening on")

    @staticmethod
    def read(_, errors):
        return int(re.search(r"^(\d+) packets? captured", errors, re.M)[1])


class Go(_Command):
    """tests/lab/bench/recvfrom.go: a recvfrom for each packet."""

    def __init__(self, host, databases):
        super().__init__(host, [BUILD / "tests/lab/bench/recvfrom", SERVER_INTERFACE, *databases],
                         "ready")

    @staticmethod
    def read(output, _):
        return int(output)


@contextlib.contextmanager
def running(subject, host, *arguments):
    started = subject(host, *arguments)
    try:
        time.sleep(0.1)  # what starting costs is over
        yield started
    finally:
        started.close()


@contextlib.contextmanager
def out_of_the_way():
    """This program's own work, on the sender's processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SENDER_PROCESSOR})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
