"""Debian releases and architectures: the machine's own, which a package built here is for, and
others."""

import pathlib
import subprocess


def architecture():
    """The machine's own, by Debian's name."""
    return subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True,
                          text=True).stdout.strip()


def codename():
    lines = pathlib.Path("/etc/os-release").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)["VERSION_CODENAME"]


def sources(release):
    """The machine's own apt sources of Debian, as those of a release."""
    done = subprocess.run(["apt-get", "indextargets", "--format",
                           "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Identifier: Packages"],
                          check=True, capture_output=True, text=True)
    here = codename()
    lines = []
    for line in done.stdout.splitlines():
        address, suite, component = line.split()
        if suite == here or suite.startswith(f"{here}-"):
            lines.append(f"deb {address} {release}{suite[len(here):]} {component}")
    assert lines, f"no apt source of {here} on this machine"
    return sorted(set(lines))
