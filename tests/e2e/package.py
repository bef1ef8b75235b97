"""The Debian package under test, and the repositories that it is installed from."""

import os
import re
import shutil
import subprocess

from support.program import ROOT

NAME = "dnstt-exporter"
BUILD = ROOT / os.environ.get("BUILD", "build")
FOLDER = BUILD / "deb"
LINTIAN = ("lintian", "--allow-root", "--display-info", "--pedantic", "--display-experimental")
REPOSITORY = "/srv/repository"  # inside a machine

# As an administrator who keeps the configuration. No machine here is to outlive a power failure, so
# nothing waits for a disk.
APT = ("apt-get", "--yes", "--no-install-recommends", "--option=Dpkg::Options::=--force-confold",
       "--option=Dpkg::Options::=--force-unsafe-io")


def built(folder=FOLDER):
    """The package that `make deb` left, or another target in its folder."""
    (path,) = folder.glob(f"{NAME}_*.deb")
    return path


def objections(said):
    """The lines of lintian but for one tag of Debian 12's, of which 13's refuses an override: there
    is no script for another init, since systemd is what confines the service."""
    return [line for line in said.splitlines() if not line.startswith(
        f"I: {NAME}: package-supports-alternative-init-but-no-init.d-script ")]


def lintian(folder=FOLDER):
    """What lintian objects to in the package in this folder."""
    (changes,) = folder.glob("*.changes")
    return objections(subprocess.run([*LINTIAN, changes], stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, check=True).stdout)


def field(path, name):
    return subprocess.run(["dpkg-deb", "--field", path, name], check=True, capture_output=True,
                          text=True).stdout.strip()


def dependencies(path):
    """The names in its Depends."""
    return re.findall(r"(?:^|, )([a-z0-9.+-]+)", field(path, "Depends"))


def extract(path, folder):
    subprocess.run(["dpkg-deb", "--extract", path, folder], check=True)


def older(path, folder):
    """The same package under an earlier version, whose default configuration was another."""
    tree = folder / "older"
    subprocess.run(["dpkg-deb", "--raw-extract", path, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*", "Version: 0.0.1-1", control.read_text(),
                              flags=re.MULTILINE))
    defaults = tree / "etc/default/dnstt_exporter"
    defaults.write_text("# of an earlier version\n" + defaults.read_text())
    result = folder / f"{NAME}_0.0.1-1.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, result], check=True,
                   stdout=subprocess.DEVNULL)
    return result


def put_repository(root, image, *packages):
    """Makes these packages, and what they depend on, all that the apt of this root can install."""
    folder = root / REPOSITORY.lstrip("/")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in [*packages, *image.packages.glob("*.deb")]:
        shutil.copy(path, folder)
    index = subprocess.run(["dpkg-scanpackages", "--multiversion", "."], cwd=folder, check=True,
                           capture_output=True, text=True).stdout
    (folder / "Packages").write_text(index)
    for listed in (root / "etc/apt").glob("sources.list*"):
        shutil.rmtree(listed) if listed.is_dir() else listed.unlink()
    (root / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file:{REPOSITORY} ./\n")


def offer(machine, image, *packages):
    put_repository(machine.root, image, *packages)
    machine.run("apt-get", "update")


def apt(machine, *arguments):
    """Installs or removes."""
    machine.run(*APT, *arguments)
