"""What grows with sessions and with groups: tests/lab/bench/scale, several times in turn."""

import statistics
import subprocess

from support.program import BUILD

ROUNDS = 5
FEW_SESSIONS, MANY_SESSIONS = 1_000, 1_000_000
# Where memory for each is looked at: on the way, and at the default limits.
MEMORY_SESSIONS = (100_000, 420_000, 1_000_000)
LONGEST = ("growth_ns", "hold_ns", "http_hold_ns", "page_hold_ns")  # of all runs: they are to stay below something


def run(what, count, *arguments):
    """Name → value, as the program prints them."""
    done = subprocess.run([BUILD / "tests/lab/bench/scale", what, str(count), *arguments], check=True,
                          capture_output=True, text=True)
    return {name: float(value) for name, value in
            (line.split() for line in done.stdout.splitlines())}


def _together(runs):
    return {name: (max if name in LONGEST else statistics.median)(one[name] for one in runs)
            for name in runs[0]}


def repeated(*arguments):
    """The median of each value, or the largest of LONGEST."""
    return _together([run(*arguments) for _ in range(3)])


def sessions(databases):
    """Values at few sessions, at many, each as of `repeated`, and the median of the rounds' ratios
    of the time for a record."""
    rounds = [(run("sessions", FEW_SESSIONS, *databases),
               run("sessions", MANY_SESSIONS, *databases)) for _ in range(ROUNDS)]
    ratio = statistics.median(many["record_ns"] / few["record_ns"] for few, many in rounds)
    return *map(_together, zip(*rounds)), ratio


def memory(databases):
    """Values at each of MEMORY_SESSIONS."""
    return {count: run("sessions", count, *databases) for count in MEMORY_SESSIONS}
