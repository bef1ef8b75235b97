"""tests/run itself: what it counts, and that nothing goes wrong in silence."""

import importlib.machinery
import importlib.util
import stat
import sys

import pytest

from support.program import ROOT


@pytest.fixture
def run(monkeypatch):
    loader = importlib.machinery.SourceFileLoader("run", str(ROOT / "tests/run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run", loader))
    loader.exec_module(module)
    return module


def program(path, *lines):
    path.write_text("\n".join(("#!/bin/sh",) + lines) + "\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def reports(tests, failures=0, errors=0, skipped=0):
    return (f'echo \'<testsuites><testsuite tests="{tests}" failures="{failures}" '
            f'errors="{errors}" skipped="{skipped}"/></testsuites>\' > "$CMOCKA_XML_FILE"')


CASES = {
    "passes": ([reports(3)], (3, 0, 0)),
    "mixed": ([reports(7, failures=1, errors=2, skipped=1), "exit 1"], (3, 3, 1)),
    "crash": (["kill -SEGV $$"], (0, 1, 0)),
    "crash-at-the-end": ([reports(3), "kill -SEGV $$"], (3, 1, 0)),
    "leak": ([reports(3), "exit 99"], (3, 1, 0)),
    "no-report": (["exit 0"], (0, 1, 0)),
    "empty-report": ([reports(0)], (0, 1, 0)),
    "cut-report": (['echo "<testsuites><testsuite" > "$CMOCKA_XML_FILE"'], (0, 1, 0)),
    "tap": (["echo ok 1 - one", "echo not ok 2 - two", "echo ok 3", "echo 1..3", "exit 1"],
            (2, 1, 0)),
    "tap-unexplained": (["echo 1..1", "echo ok 1", "exit 1"], (1, 1, 0)),
    "tap-cut": (["echo 1..2", "echo ok 1"], (0, 1, 0)),
    "tap-without-plan": (["echo ok 1"], (0, 1, 0)),
    "tap-empty": (["echo 1..0"], (0, 1, 0)),
    "too-slow": ([reports(3), "exec sleep 60"], (3, 1, 0)),
}


@pytest.mark.parametrize("lines, expected", CASES.values(), ids=CASES)
def test_counts(run, tmp_path, capsys, lines, expected):
    command = [program(tmp_path / "test_fake", *lines)]
    suite = run.Suite("fake", ["-v"], lambda: [command], 1)
    assert run.run_suite(suite) == expected
    assert (command[0] in capsys.readouterr().out) == (expected[1] > 0)


@pytest.mark.parametrize("commands, last, status", [
    ([[reports(2)], [reports(3, skipped=1)]], "4 passed, 0 failed, 1 skipped", 0),
    ([[reports(2)], ["exit 1"]], "2 passed, 1 failed, 0 skipped", 1),
    ([], "0 passed, 1 failed, 0 skipped", 1),
])
def test_last_line_and_status(run, tmp_path, monkeypatch, capsys, commands, last, status):
    programs = [[program(tmp_path / f"test_{n}", *lines)] for n, lines in enumerate(commands)]
    monkeypatch.setattr(run, "SUITES", [run.Suite("fake", ["-v"], lambda: programs, 10)])
    assert run.main([]) == status
    assert capsys.readouterr().out.splitlines()[-1] == last


def test_figures_are_shown(run, tmp_path, capsys):
    """Of tests that pass, and whose other output is not."""
    command = program(tmp_path / "test_fake", "echo chatter", 'echo "# 7 apples" >>"$FIGURES"',
                      reports(1))
    run.run_suite(run.Suite("fake", ["-v"], lambda: [[command]], 10))
    assert capsys.readouterr().out == "# 7 apples\n"


def test_a_build_that_fails(run, capsys):
    suite = run.Suite("fake", ["no-such-target"], lambda: [[sys.executable]], 10)
    assert run.run_suite(suite) == (0, 1, 0)
    assert "no-such-target" in capsys.readouterr().out


def test_an_unknown_suite(run):
    with pytest.raises(SystemExit):
        run.main(["no-such-suite"])
