"""What holds the run with logging policies (logged.py): a violation there is seen, and counts."""

import ctypes
import signal

import pytest

import logged
from attack import DONE, PROGRAMS, attacking
from test_attacks import no_new_code
from violations import Violations

SECCOMP = ctypes.CDLL("libseccomp.so.2")

# Where nothing is killed, the kernel's own second wall may still be there.
EXECUTABLE = no_new_code().get("no-new-code", DONE)

# The sniffer may not open a socket, the exporter may not make memory executable.
ATTACKS = [("sniffer", "open a packet socket", "socket", "EPERM"),
           ("exporter", "make executable", "mprotect", EXECUTABLE)]


@pytest.fixture
def violations():
    made = Violations()
    yield made
    made.close()


@pytest.mark.parametrize("attacker, attack, call, outcome", ATTACKS)
@pytest.mark.parametrize("kind", ["attack", "attack-logged"])
def test_a_violation_is_seen(host, violations, attacker, attack, call, outcome, kind):
    """Whether the process is killed for it, or goes on."""
    with attacking(host.server, attacker, attack, kind=kind) as running:
        assert running.outcome() == (outcome if kind == "attack-logged" else "SIGSYS")
        path = PROGRAMS / kind / ("dnstt_exporter" if attacker == "sniffer" else "exporter")
    (seen,) = [one for one in violations.take() if one.path == str(path)]
    assert seen.program == f"dnstt_{attacker}"
    assert seen.signal == (0 if kind == "attack-logged" else signal.SIGSYS)
    assert seen.syscall == SECCOMP.seccomp_syscall_resolve_name(call.encode())


def test_none_is_seen_of_a_good_program(host, violations):
    with attacking(host.server, "", "", kind="attack-logged") as running:
        running.program.wait_ready()
        assert running.program.stop() == 0
    assert [one for one in violations.take() if "attack-logged" in one.path] == []


@pytest.mark.parametrize("attack, passed, status", [
    ("", True, 0),
    ("make executable", True, 1),
    ("", False, 1),
])
def test_the_run_counts_them(host, monkeypatch, attack, passed, status):
    """With a program in place of its own that may attack, and one test."""

    def run_test(_):
        with attacking(host.server, "exporter", attack, kind="attack-logged") as running:
            running.program.wait_ready()
            if attack:
                assert running.outcome() == EXECUTABLE
        return 0 if passed else 1

    monkeypatch.setenv("BUILD", "")
    monkeypatch.setattr(logged, "PROGRAMS", PROGRAMS / "attack-logged")
    monkeypatch.setattr(logged.pytest, "main", run_test)
    assert logged.main([]) == status
