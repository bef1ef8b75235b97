"""What the Makefile asks of the compiler: only what it has, and nothing before it is installed."""

import pathlib
import subprocess

import pytest

from support.program import ROOT

# A compiler that knows these options of control flow, and this level of FORTIFY_SOURCE.
COMPILER = """#!/bin/sh
case " $* " in
*' -dM '*) echo '#define __USE_FORTIFY_LEVEL {level}' ;;
{knows}) exit 0 ;;
*) exit 1 ;;
esac
"""


def commands(compiler):
    """What make would run to build the programs: commands that compile."""
    done = subprocess.run(["make", "--dry-run", "V=1", "BUILD=nowhere", f"CC={compiler}", "all"],
                          cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return [line for line in done.stdout.splitlines() if " -c -o " in line]


@pytest.mark.parametrize("knows, level, wanted", [
    ("*' -fcf-protection '*", 3, ["-fcf-protection", "-D_FORTIFY_SOURCE=3"]),
    ("*' -mbranch-protection=standard '*", 3,
     ["-mbranch-protection=standard", "-D_FORTIFY_SOURCE=3"]),
    ("nothing", 2, ["-D_FORTIFY_SOURCE=2"]),
], ids=["x86-64", "arm64", "neither-and-old"])
def test_flags_that_it_has(tmp_path, knows, level, wanted):
    compiler = tmp_path / "cc"
    compiler.write_text(COMPILER.format(knows=knows, level=level))
    compiler.chmod(0o755)
    compiling = commands(compiler)
    assert compiling
    for command in compiling:
        chosen = [word for word in command.split()
                  if word.startswith(("-fcf-", "-mbranch-", "-D_FORTIFY"))]
        assert chosen == wanted


def test_nothing_is_asked_of_a_missing_compiler(tmp_path):
    """`make run` installs it, and what a newcomer reads first is apt, not an error."""
    for name in ("sh", "echo", "find", "sort", "git"):
        (tmp_path / name).symlink_to(pathlib.Path("/usr/bin") / name)
    done = subprocess.run(["/usr/bin/make", "--silent", "packages"], cwd=ROOT,
                          env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
