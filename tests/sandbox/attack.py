"""Starts the programs that attack themselves, and tells what came of it."""

import contextlib
import errno
import pathlib
import shutil
import signal
import struct
import tempfile

from support.program import BUILD, Program, wait_for

PROGRAMS = BUILD / "tests" / "sandbox"
DONE = "done"  # the outcome of an attack that succeeded

# struct attack_page of attack.h.
_PAGE = struct.Struct("=16s32s128s128s128si2i4x2Qiii4x")
_BEGUN, _RETURNED = 1, 2
_ATTACK_SECONDS = 5


def _upwards(flags, directory):
    """From the folder of the last flag's file, if any, which may be read; else from one that each
    user may enter, as not every checkout is."""
    folder = pathlib.Path(flags[-1]).parent if flags else directory
    return bytes(folder / "/".join([".."] * 10) / "etc/passwd")


class Attack:
    """One attacker: the program, started with these defences removed, and its page."""

    def __init__(self, directory, namespace, attacker, attack, removed, interface, kind, flags):
        self.attacker = attacker
        self.page = directory / "page"
        self.page.write_bytes(_PAGE.pack(
            attacker.encode(), attack.encode(), "".join(f"{name} " for name in removed).encode(),
            _upwards(flags, directory), bytes(directory / "written"), interface,
            0, 0, 0, 0, 0, 0, 0))
        self.page.chmod(0o666)
        self.program = Program(namespace, "-dnstt.domain", "t.example.com", "-capture.interface",
                               "server0", *flags, program=PROGRAMS / kind / "dnstt_exporter",
                               prefix=("env", f"LISTEN_FDNAMES={self.page}"))

    def _state(self):
        *_, state, result = _PAGE.unpack(self.page.read_bytes())
        return state, result

    def _returned(self):
        state, result = self._state()
        if state != _RETURNED:
            return None
        return DONE if result == 0 else errno.errorcode[-result]

    def _ended(self):
        """The outcome of an attack that its process did not return from."""
        status = self.program.process.poll()
        if status is None:
            return None
        if self._state()[0] == _RETURNED:
            return self._returned()
        assert self._state()[0] == _BEGUN, f"status {status}:\n{self.program.log()}"
        if self.attacker == "exporter":
            return signal.Signals(-status).name if status < 0 else DONE
        assert status == 1, self.program.log()
        killed = self.program.log().partition("killed by ")[2]
        return killed.split(":")[0].split('"')[0] if killed else DONE

    def outcome(self):
        """The name of what refused it (an error, or the signal that killed the process), or DONE,
        also for a process that became another program."""
        return wait_for(lambda: self._returned() or self._ended(), _ATTACK_SECONDS,
                        "an outcome of the attack")


@contextlib.contextmanager
def attacking(namespace, attacker, attack, removed=(), interface=0, kind="attack", flags=()):
    # Open to the user that a process has become.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="dnstt-attack-"))
    directory.chmod(0o777)
    try:
        running = Attack(directory, namespace, attacker, attack, removed, interface, kind, flags)
        try:
            yield running
        finally:
            running.program.kill()
    finally:
        shutil.rmtree(directory)
