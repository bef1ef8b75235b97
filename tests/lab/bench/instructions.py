#!/usr/bin/python3
"""Instructions that each stage of a packet's way takes, counted by callgrind.

Run by itself it compares them with instructions.json and speaks TAP: under the compiler and libc
that these were counted with, more than 3 % above is a failure. `--write` writes the file anew: the
commit that does so says why.
"""

import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import frames  # noqa: E402

COMMITTED = HERE / "instructions.json"
ALLOWED_GROWTH = 1.03
REPEATS = (4, 24)
FRAMES = 64


class Stage(NamedTuple):
    arguments: list
    function: str  # with what it calls it is the stage; the program around it is not counted


class Databases(NamedTuple):
    country: pathlib.Path
    asn: pathlib.Path


def make_databases(directory):
    """Three places for the resolvers of the bench."""
    spec = directory / "places.json"
    spec.write_text(json.dumps([
        {"network": f"10.77.{1 + place}.0/24", "country": country, "asn": 64496 + place}
        for place, country in enumerate(("DE", "FR", "SE"))]))
    subprocess.run(["perl", ROOT / "tests/data/make_databases.pl", directory, spec], check=True)
    return Databases(directory / "country.mmdb", directory / "asn.mmdb")


def stages(directory):
    """Name → stage. Makes the files that they read."""
    made = {}
    for size in frames.SHAPES:
        path = frames.write(directory / f"{size}.pcap", frames.queries(size, FRAMES, FRAMES))
        made[f"frame to record, {size} bytes"] = Stage(["frames", "", path], "classify_frame")
    for name, make in (("vaydns", frames.vaydns), ("dnsttex", frames.dnsttex),
                       ("slipstream", frames.slipstream)):
        path = frames.write(directory / f"{name}.pcap", make(FRAMES, FRAMES))
        made[f"frame to record, {name}, {frames.OTHER_FRAME} bytes"] = Stage(
            ["frames", f"format={name}", path], "classify_frame")
        # As dnstt's: what it proves is found. Slipstream's short headers prove nothing.
        made[f"frame to record, {name} as dnstt, {frames.OTHER_FRAME} bytes"] = Stage(
            ["rejected", path], "classify_frame")
    path = frames.write(directory / "rejected.pcap", frames.rejected(FRAMES))
    made[f"frame to record, rejected, {min(frames.SHAPES)} bytes"] = Stage(["rejected", path],
                                                                          "classify_frame")
    databases = make_databases(directory)
    made["query record to counts"] = Stage(["records", *databases], "intake_take")
    made["response record to counts"] = Stage(["responses", *databases], "intake_take")
    made["counts to line"] = Stage(["lines"], "exposition_*")
    return made


def run_once(program, stage, repeats, directory):
    """Instructions, and how many frames, records or lines they were for."""
    output = directory / "callgrind.out"
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--toggle-collect={stage.function}",
         f"--callgrind-out-file={output}", program, *stage.arguments, str(repeats)],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(re.search(r"^totals: (\d+)", output.read_text(), re.M)[1]), int(done.stdout)


def count(build):
    """Name → instructions for one frame, record or line."""
    program = ROOT / build / "tests/lab/bench/stages"
    counts = {}
    with tempfile.TemporaryDirectory(prefix="dnstt-bench-") as name:
        directory = pathlib.Path(name)
        for title, stage in stages(directory).items():
            (few, few_units), (many, many_units) = (
                run_once(program, stage, repeats, directory) for repeats in REPEATS)
            counts[title] = round((many - few) / (many_units - few_units), 1)
    return counts


def conditions(build):
    """What the counts depend on besides the source."""
    program = ROOT / build / "tests/lab/bench/stages"
    built = subprocess.run([program, "build"], check=True, capture_output=True, text=True).stdout
    return f"{built.strip()}, {platform.machine()}"


def compare(build):
    committed = json.loads(COMMITTED.read_text())
    here = conditions(build)
    same = here == committed["conditions"]
    counts = count(build)
    failed = 0
    for number, (title, counted) in enumerate(counts.items(), 1):
        limit = committed["counts"][title] * ALLOWED_GROWTH
        failed += (wrong := same and counted > limit)
        print(f"{'not ' if wrong else ''}ok {number} - {title}: {counted} instructions, "
              f"{committed['counts'][title]} committed")
    if not same:
        print(f"# only shown: counted with {here}, committed with {committed['conditions']}")
    print(f"1..{len(counts)}")
    return 1 if failed else 0


def main():
    build = os.environ.get("BUILD", "build")
    if sys.argv[1:] == ["--write"]:
        figures = {"conditions": conditions(build), "counts": count(build)}
        COMMITTED.write_text(json.dumps(figures, indent=4) + "\n")
        return 0
    return compare(build)


if __name__ == "__main__":
    sys.exit(main())
