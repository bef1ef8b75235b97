"""What differs between the machines that tests/lab/qemu boots."""

from typing import NamedTuple

# What `devices` takes: it reads tests/support.
DEVICES = ("iproute2", "kmod", "libteam-utils", "procps", "python3", "python3-scapy")
# And `suites`.
SUITES = ("binutils", "curl", "libcap2-bin", "libcmocka0", "libmaxmind-db-writer-perl",
          "python3-cryptography", "python3-prometheus-client", "python3-pytest", "python3-yaml")


class Architecture(NamedTuple):
    name: str  # Debian's
    package: str  # the folder, below build/, that the package is built into
    programs: str  # the folder with the programs and tests to run there; empty: no `suites`
    command: tuple  # of a machine with two serial ports, the second one on standard output
    console: str  # the first port, and
    report: str  # the second, as Linux calls them
    seconds: int  # that one boot may take, with all that runs


ARCHITECTURES = {made.name: made for made in (
    Architecture("amd64", "deb", "",
                 ("qemu-system-x86_64", "-cpu", "max", "-serial", "{console}", "-serial", "stdio"),
                 "ttyS0", "ttyS1", 1200),
    # `virt` has one port of its own.
    Architecture("arm64", "deb-arm64", "arm64",
                 ("qemu-system-aarch64", "-machine", "virt", "-cpu", "neoverse-n1",
                  "-serial", "{console}", "-chardev", "stdio,id=report",
                  "-device", "pci-serial,chardev=report"),
                 "ttyAMA0", "ttyS0", 5400),
)}


def packages(architecture):
    """What its root file system holds beside a minimal Debian."""
    return (*DEVICES, *SUITES) if architecture.programs else DEVICES


def kernel(architecture):
    """Debian's kernel for virtual machines."""
    return f"linux-image-cloud-{architecture.name}"
