"""Clocks that a test sets, in a program of their own (tests/sandbox/clock.c)."""

import os
import pathlib
import struct
import time

from support.program import BUILD

PROGRAM = pathlib.Path(os.environ.get("CLOCK", BUILD / "tests/sandbox/clock")) / "dnstt_exporter"
LOOK = 15  # seconds between two looks for hints (exporter/hints/watch.h)
_PAGE = struct.Struct("=qq")


class Clock:
    """Give `options` to the fixture `start`."""

    def __init__(self, path):
        self.path = path
        self.stepped = self.slept = 0
        self.set()
        path.chmod(0o644)
        self.options = {"program": PROGRAM, "prefix": ("env", f"LISTEN_FDNAMES={path}")}

    def set(self, stepped=0, slept=0):
        """The wall clock is ahead by `stepped`, and the host has slept for `slept` seconds. In place:
        the program has it mapped."""
        self.stepped, self.slept = stepped, slept
        with open(self.path, "r+b" if self.path.exists() else "wb") as file:
            file.write(_PAGE.pack(stepped, slept))

    def pass_seconds(self, seconds):
        """So many more go by, for sessions and all else that is counted in time."""
        self.set(self.stepped, self.slept + seconds)

    def align(self):
        """The time of the next look has just come, so that no other comes by itself for a while."""
        now = int(time.clock_gettime(time.CLOCK_BOOTTIME)) + self.slept
        self.pass_seconds(LOOK - now % LOOK)

    def look(self, program, count=1):
        """So many looks go by, each noticed: the second request is answered in a later turn than the
        first, and so after the timers of that."""
        for _ in range(count):
            self.align()
            for _ in range(2):
                assert program.request("GET", "/-/healthy")[0] == 200
