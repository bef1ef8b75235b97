"""Kernels that lack a call, and container engines that refuse one: it runs where that is safe, and
ends with one line that says what is missing and since when it exists where it is not."""

import sys

import pytest

from support import check, frames, wire
from support.program import ROOT, Program

ACTION_AVAILABLE = "seccomp:2"  # SECCOMP_GET_ACTION_AVAIL, linux/seccomp.h
LANDLOCK = "landlock_create_ruleset"
WHAT = 'level=error msg="this system cannot confine the programs" error="'
MISSING = " or later is needed, and a container engine that knows it"
REFUSED = (" is refused, as by a container engine's seccomp profile; allow it there, or use a newer "
           "engine")

ENDS = [
    ("close_range=ENOSYS", "close_range(2) is missing; Linux 5.9" + MISSING),
    ("close_range=EPERM", "close_range(2)" + REFUSED),
    # Before 4.14 seccomp(2) did not know the question, before 3.17 there was none.
    *((f"{ACTION_AVAILABLE}={error}", "seccomp(2) that kills a process is missing; Linux 4.14 with "
       "CONFIG_SECCOMP_FILTER" + MISSING) for error in ("EINVAL", "ENOSYS", "EOPNOTSUPP")),
    (f"{ACTION_AVAILABLE}=EPERM", "seccomp(2) that kills a process" + REFUSED),
]
RUNS = [
    ("ENOSYS", "this kernel's Landlock is missing or old (files: Linux 5.13, network: 6.7); the "
               "syscall policy still holds"),
    ("EOPNOTSUPP", "this kernel's Landlock is missing or old"),  # turned off at the boot
    ("EPERM", "Landlock is refused, as by a container engine's seccomp profile; the syscall policy "
              "still holds"),
]


def under(*refusals):
    return (sys.executable, ROOT / "tests/support/refuse.py", *refusals, "--")


@pytest.mark.parametrize("refusal, why", ENDS, ids=[refusal for refusal, _ in ENDS])
def test_it_says_what_is_missing(host, refusal, why):
    program = Program(host.server, "-dnstt.domain", "t.example.com", prefix=under(refusal))
    try:
        assert program.wait_end() == 1
        (line,) = program.log().splitlines()
        assert line.endswith(f'{WHAT}{why}"'), line
    finally:
        program.kill()


def test_a_check_says_it_too(host):
    status, _, (line,) = check.check(host, prefix=under("close_range=ENOSYS"))
    assert status == 1 and "Linux 5.9" in line


@pytest.mark.parametrize("error, why", RUNS, ids=[error for error, _ in RUNS])
def test_it_runs_without_landlock(host, start, error, why):
    program = start(prefix=under(f"{LANDLOCK}={error}"))
    (line,) = [line for line in program.log().splitlines() if "level=warn" in line]
    assert why in line and line.endswith('files="not confined" network="not confined"'), line
    host.inbound.send(frames.query_frame(wire.query(b"CLIENTID", "t.example.com")))
    host.settle(program, query=1)


def test_a_kernel_with_everything(host, start):
    """The tool itself changes nothing."""
    assert "level=error" not in start(prefix=under()).log()
