"""Clocks that a test sets, in a program of their own (tests/sandbox/clock.c)."""

import os
import pathlib
import struct

from support.program import BUILD

PROGRAM = pathlib.Path(os.environ.get("CLOCK", BUILD / "tests/sandbox/clock")) / "dnstt_exporter"
_PAGE = struct.Struct("=qq")


class Clock:
    """Give `options` to the fixture `start`."""

    def __init__(self, path):
        self.path = path
        self.slept = 0
        self.set()
        path.chmod(0o644)
        self.options = {"program": PROGRAM, "prefix": ("env", f"LISTEN_FDNAMES={path}")}

    def set(self, stepped=0, slept=0):
        """The wall clock is ahead by `stepped`, and the host has slept for `slept` seconds. In place:
        the program has it mapped."""
        self.slept = slept
        with open(self.path, "r+b" if self.path.exists() else "wb") as file:
            file.write(_PAGE.pack(stepped, slept))

    def pass_seconds(self, seconds):
        """So many more go by, for sessions and all else that is counted in time."""
        self.set(slept=self.slept + seconds)
