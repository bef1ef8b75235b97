#!/usr/bin/python3
"""Runs tests, given as pytest takes them, with programs whose policies log what they would kill
for. Ends with another status than 0 when a test fails, or when one of these programs has made a
call that its policy does not know."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / os.environ.get("BUILD", "build") / "tests" / "sandbox" / "logged"
sys.path.append(str(ROOT / "tests"))

import pytest  # noqa: E402

from sandbox.violations import Violations  # noqa: E402


def is_of_this_run(violation):
    """Copies that a test makes of the programs have folders of their own."""
    return violation.path.startswith(f"{PROGRAMS}/") or "/dnstt-copy-" in violation.path


def main(arguments):
    os.environ["SENDER"] = str(PROGRAMS.parents[1] / "lab/soak/sender")  # for tests/support/sender.py
    os.environ["CLOCK"] = str(PROGRAMS.parent / "clock")  # for tests/support/clock.py
    os.environ["BUILD"] = str(PROGRAMS)  # for tests/support/program.py
    os.environ.setdefault("CONNECTS", "20000")  # for test_http_faults.py: no other call comes with more
    violations = Violations()
    status = pytest.main(["-q", *arguments])
    found = [violation for violation in violations.take() if is_of_this_run(violation)]
    for violation in found:
        print(f"outside the policy: {violation}")
    return int(status) or len(found) > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
