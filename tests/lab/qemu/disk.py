"""The disk of a machine of tests/lab/qemu: a Debian whose apt can install the package, and the checks."""

import pathlib
import shlex
import shutil
import subprocess
import uuid

from architectures import kernel, packages
from e2e import package
from e2e.image import image
from e2e.service import DEFAULTS, DOMAIN
from support import wire

TESTS = pathlib.Path(__file__).resolve().parents[2]
RELEASE = "bookworm"
SIZE = "3G"  # where nothing is written it takes nothing
# The checks are given the command that installs the package.
UNIT = """[Unit]
After=dnstt_exporter.service
[Service]
ExecStart=/checks/tests/lab/qemu/checks {install}
StandardOutput=file:/dev/{report}
StandardError=journal+console
"""


def _add_kernel(root, folder, made):
    """Its modules, and its image beside the disk: it is unpacked and never installed."""
    (deb,) = made.packages.glob("linux-image-[0-9]*.deb")
    package.extract(deb, folder / "kernel")
    (modules,) = (folder / "kernel/lib/modules").iterdir()
    shutil.copytree(modules, root / "usr/lib/modules" / modules.name)
    subprocess.run(["depmod", "--basedir", root, modules.name], check=True)
    (linux,) = (folder / "kernel/boot").glob("vmlinuz-*")
    return linux


def _add_checks(root, architecture):
    shutil.copytree(TESTS, root / "checks/tests",
                    ignore=shutil.ignore_patterns("__pycache__", "corpus"))
    (root / "checks/query").write_bytes(wire.query(b"CLIENTID", DOMAIN))
    if architecture.programs:
        shutil.copytree(package.BUILD / architecture.programs, root / "checks/build",
                        ignore=shutil.ignore_patterns("objects", "*.a"))
    unit = root / "etc/systemd/system/checks.service"
    unit.write_text(UNIT.format(install=shlex.join([*package.APT, "install", package.NAME]),
                                report=architecture.report))
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / unit.name).symlink_to(f"../{unit.name}")


def make(folder, architecture):
    """Makes the disk in this folder. Returns its path, and the path of the kernel to boot."""
    deb = package.built(package.BUILD / architecture.package)
    made = image(RELEASE, (*package.dependencies(deb), kernel(architecture)),
                 packages(architecture), architecture.name)
    root = folder / "root"
    root.mkdir()
    subprocess.run(["tar", "-x", "--numeric-owner", "-C", root, "-f", made.tar, "--exclude=./dev/*"],
                   check=True)
    package.put_repository(root, made, deb)
    linux = _add_kernel(root, folder, made)
    # As an administrator who configures it before it is installed.
    (root / DEFAULTS.lstrip("/")).write_text(f'OPTIONS="-dnstt.domain {DOMAIN}"\n')
    (root / "etc/machine-id").write_text(f"{uuid.uuid4().hex}\n")  # or systemd asks on the console
    _add_checks(root, architecture)
    disk = folder / "disk"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", root, disk, SIZE],
                   check=True)
    shutil.rmtree(root)
    return disk, linux
