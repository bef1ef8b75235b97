#!/usr/bin/python3
"""Holds SECURITY.md's syscall tables to those that the programs load.

write_tables.py PRINT_POLICIES         ends with status 1 where they differ
write_tables.py PRINT_POLICIES --write puts the present ones there
"""

import pathlib
import re
import subprocess
import sys

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "SECURITY.md"


def with_table(text, program, policy):
    table = subprocess.run([program, policy], check=True, capture_output=True, text=True).stdout
    section = re.compile(rf"(<!-- {policy} policy:[^\n]*-->\n)(?:\n\|.*?\n(?=\n|\Z))?", re.S)
    replaced, count = section.subn(lambda match: f"{match[1]}\n{table}", text)
    if count != 1:
        sys.exit(f"SECURITY.md has {count} places for the table of the {policy}")
    return replaced


def main():
    before = DOCUMENT.read_text()
    after = before
    for policy in "sniffer", "exporter", "web":
        after = with_table(after, sys.argv[1], policy)
    if "--write" in sys.argv:
        DOCUMENT.write_text(after)
    elif after != before:
        sys.exit("SECURITY.md's syscall tables are not the programs'; make security-tables")


main()
