"""Checks (-check) that run to their end."""

import os
import subprocess

from support.program import PROGRAM

DOMAIN = "t.example.com"
CHECK = ("-check", "-dnstt.domain", DOMAIN)


def check(host, *flags, prefix=(), program=PROGRAM, environment=None):
    """Runs it to the end. Returns (status, lines, lines on standard error)."""
    done = subprocess.run(host.server.command(*prefix, program, *CHECK, *flags),
                          capture_output=True, timeout=10, stdin=subprocess.DEVNULL,
                          env=dict(os.environ, **(environment or {})))
    assert all(0x20 <= byte < 0x7f or byte == 0x0a for byte in done.stdout), done.stdout
    return done.returncode, done.stdout.decode().splitlines(), done.stderr.decode().splitlines()


def good(host, *flags, **options):
    """The lines of one that ends with 0."""
    status, lines, errors = check(host, *flags, **options)
    assert (status, errors, lines[-1]) == (0, [], "ok"), (lines, errors)
    return lines


def bad(host, wanted, *flags, **options):
    """Its lines, and the one error."""
    status, lines, errors = check(host, *flags, **options)
    assert (status, lines[-1]) == (wanted, "not ok: see the errors"), (lines, errors)
    (error,) = errors
    return lines, error
