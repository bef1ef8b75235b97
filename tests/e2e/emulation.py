"""Programs of another architecture on this machine: qemu's user emulation (qemu-user-static)."""

import pathlib
import subprocess

from support import debian

BINFMT = pathlib.Path("/proc/sys/fs/binfmt_misc")

# The kernel's Documentation/admin-guide/binfmt-misc.rst: a name, what such a program begins with and
# which bits of it matter (an ELF of 64 bits for that machine, executable or shared), what runs it.
# F: opened now, so that it is found from within another root.
RULES = {
    "arm64": (r":qemu-aarch64:M::"
              r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:"
              r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:"
              r"/usr/bin/qemu-aarch64-static:F"),
}


def prepare(architecture):
    """Has the kernel run programs of this architecture, as the package's own set-up does where
    systemd runs. It stays so."""
    if architecture == debian.architecture():
        return
    if not (BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT], check=True)
    rule = RULES[architecture]
    if not (BINFMT / rule.split(":")[1]).exists():
        (BINFMT / "register").write_text(rule)
