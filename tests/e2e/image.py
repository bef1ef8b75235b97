"""Root file systems of clean Debian releases, each made once and kept outside the checkout."""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
from typing import NamedTuple

from support import debian

CACHE = pathlib.Path(os.environ.get("E2E_CACHE", "/var/cache/dnstt_exporter_e2e"))
MAKE_SECONDS = 600

# What a minimal Debian needs to boot. The package's dependencies are not among them: they come as
# any package's do, from a repository.
BOOTS = ("systemd", "systemd-sysv")


class Image(NamedTuple):
    tar: pathlib.Path  # the root file system
    packages: pathlib.Path  # a folder of .deb files: what it takes to install the package


def _make(release, sources, dependencies, folder):
    packages = folder / "packages"
    packages.mkdir()
    download = ('export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"; apt-get clean && apt-get --yes '
                f"--download-only --no-install-recommends install {' '.join(dependencies)}")
    done = subprocess.run(
        ["mmdebstrap", "--variant=minbase", f"--include={','.join(BOOTS)}",
         f"--customize-hook={download}",
         f"--customize-hook=copy-out /var/cache/apt/archives {packages}",
         release, str(folder / "root.tar"), *sources],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=MAKE_SECONDS)
    assert done.returncode == 0, done.stdout


def image(release, dependencies, more=()):
    """The image of a release, and its packages of these names with all that they depend on. One
    with more packages than those of the program is kept beside the release's other one."""
    sources = debian.sources(release)
    dependencies = [*dependencies, *more]
    name = f"more-{release}" if more else release
    recipe = "\n".join([release, *sources, *BOOTS, *dependencies,
                        pathlib.Path(__file__).read_text()])
    kept = CACHE / f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one makes it, others wait
        if not kept.exists():
            for stale in CACHE.glob(f"{name}-*"):
                shutil.rmtree(stale)
            with tempfile.TemporaryDirectory(prefix="making-", dir=CACHE) as making:
                folder = pathlib.Path(making) / "image"
                folder.mkdir()
                _make(release, sources, dependencies, folder)
                folder.rename(kept)
    return Image(kept / "root.tar", kept / "packages" / "archives")
