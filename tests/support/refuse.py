#!/usr/bin/python3
"""Runs a command where some calls fail, as under an older kernel or a container engine:

refuse.py CALL[:FIRST ARGUMENT]=ERROR… -- COMMAND…
"""

import ctypes
import errno
import os
import sys

ALLOW = 0x7FFF0000  # SCMP_ACT_ALLOW, seccomp.h
ERRNO = 0x00050000  # SCMP_ACT_ERRNO(0)
NO_NEW_PRIVILEGES = 3  # SCMP_FLTATR_CTL_NNP
EQUAL = 4  # SCMP_CMP_EQ


class Condition(ctypes.Structure):
    """struct scmp_arg_cmp."""
    _fields_ = [("argument", ctypes.c_uint), ("comparison", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def load(refusals):
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    filter_ = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(ALLOW)))
    library.seccomp_attr_set(filter_, NO_NEW_PRIVILEGES, ctypes.c_uint32(0))
    for refusal in refusals:
        call, _, name = refusal.partition("=")
        call, _, argument = call.partition(":")
        conditions = [Condition(0, EQUAL, int(argument), 0)] if argument else []
        number = library.seccomp_syscall_resolve_name(call.encode())
        assert number >= 0, call
        action = ctypes.c_uint32(ERRNO | getattr(errno, name))
        assert library.seccomp_rule_add_array(
            filter_, action, number, len(conditions),
            (Condition * len(conditions))(*conditions)) == 0, refusal
    assert library.seccomp_load(filter_) == 0


def main(arguments):
    end = arguments.index("--")
    load(arguments[:end])
    os.execvp(arguments[end + 1], arguments[end + 1:])


if __name__ == "__main__":
    main(sys.argv[1:])
