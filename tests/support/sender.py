"""Frames by the ten thousand a second, sent by a program of their own (tests/lab/soak/sender.c)."""

import contextlib
import os
import pathlib
import subprocess

from support.program import BUILD

SENDER = pathlib.Path(os.environ.get("SENDER", BUILD / "tests/lab/soak/sender"))


class Sender:
    """Sends the frames of a pcap file out of an interface. `sessions` at a time, of which
    `newcomers` change with every thousand frames; with 1 and 1000 each poll is of a session of its
    own."""

    def __init__(self, namespace, interface, path, *, rate, seconds, sessions=1, newcomers=0,
                 seed=1):
        self.process = subprocess.Popen(
            namespace.command(SENDER, interface, path, rate, seconds, sessions, newcomers, seed),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def running(self):
        return self.process.poll() is None

    def end(self):
        """How many frames it sent."""
        self.process.terminate()
        return self.wait()

    def wait(self):
        output, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        return int(output)

    def close(self):
        self.kill()

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate()
