"""The commands of docs/deploy.md, so that what a reader types is what the tests run."""

import os
import re

from support.program import ROOT

DEPLOY = ROOT / "docs/deploy.md"
BUILD_NAME = os.environ.get("BUILD", "build")
_BLOCK = re.compile(r"^<!-- run: ([\w-]+) -->\n```sh\n(.*?)^```$", re.M | re.S)


def commands(name):
    """Those of one block, as text for a shell at the top of the clone."""
    (found,) = [text for block, text in _BLOCK.findall(DEPLOY.read_text()) if block == name]
    return found.replace("build/", f"{BUILD_NAME}/")
