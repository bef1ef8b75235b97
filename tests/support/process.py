"""What the kernel tells of a process: memory, descriptors, processor time."""

import os
import pathlib
import re


def resident(pid):
    """Bytes in memory."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s*(\d+) kB", status, re.M)[1]) * 1024


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def processor_seconds(pid):
    """User and system time, from the scheduler's own count, in nanoseconds."""
    return sum(int(path.read_text().split()[0])
               for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def memory_limit(sessions_max=1_000_000, remember=1_000_000, groups_max=10_000):
    """Bytes that the tables may take, as the README has it."""
    tables = 40 * sessions_max + 9.5 * remember + 260 * groups_max
    return tables + (2 + 2) * 1024 * 1024  # the latest queries, and the ends of the tables
