"""The kernel's word on calls outside a syscall policy, from its audit records: one for each process
that is killed, and one for each call of a policy that logs instead."""

import itertools
import os
import re
import select
import socket
import subprocess
import sys
from typing import NamedTuple

_NETLINK_AUDIT = 9
_READ_LOG = 1  # AUDIT_NLGRP_READLOG: all records, whether or not anybody else takes them
_SO_RCVBUFFORCE = 33  # socket(7); without it net.core.rmem_max cuts the buffer short
_BUFFER = 16 << 20
_SECONDS = 5

# Takes the name it is given, then seccomp's strict mode (prctl(2)), and asks for its parent.
_VIOLATE = ("import ctypes, os, sys; libc = ctypes.CDLL(None); "
            "libc.prctl(15, sys.argv[1].encode()); libc.prctl(22, 1); os.getppid()")
_SERIAL = itertools.count()

# AUDIT_SECCOMP, audit_seccomp() in the kernel.
_RECORD = re.compile(rb'comm="(?P<program>[^"]*)" exe="(?P<path>[^"]*)" sig=(?P<signal>\d+) .*'
                     rb'syscall=(?P<syscall>\d+) ')


class Violation(NamedTuple):
    program: str  # the process's name
    path: str  # of the file it runs
    signal: int  # that killed it, or 0
    syscall: int


class Violations:
    """Every violation on this host since this was made."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_AUDIT)
        # More than fits is an error (ENOBUFS), not silence.
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        self.socket.bind((0, _READ_LOG))

    def close(self):
        self.socket.close()

    def take(self):
        """All since this was made or last asked. Records keep their order: once a violation made on
        purpose has come, none from before it is still to come."""
        mark = f"mark-{os.getpid()}-{next(_SERIAL)}"
        subprocess.run([sys.executable, "-c", _VIOLATE, mark])
        taken = []
        while not taken or taken[-1].program != mark:
            ready, _, _ = select.select([self.socket], [], [], _SECONDS)
            assert ready, "the kernel's audit log does not tell of violations"
            match = _RECORD.search(self.socket.recv(65536))
            if match:
                taken.append(Violation(match["program"].decode(), match["path"].decode(),
                                       int(match["signal"]), int(match["syscall"])))
        return taken[:-1]
