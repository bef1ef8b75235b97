"""Root file systems of clean Debian releases, each made once and kept outside the checkout."""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
from typing import NamedTuple

from e2e import emulation
from support import debian

CACHE = pathlib.Path(os.environ.get("E2E_CACHE", "/var/cache/dnstt_exporter_e2e"))
MAKE_SECONDS = 1800  # ten minutes where programs are emulated

# What a minimal Debian needs to boot. The package's dependencies are not among them: they come as
# any package's do, from a repository.
BOOTS = ("systemd", "systemd-sysv")


class Image(NamedTuple):
    tar: pathlib.Path  # the root file system
    packages: pathlib.Path  # a folder of .deb files: what it takes to install the package


class Recipe(NamedTuple):
    release: str
    architecture: str
    sources: tuple
    inside: tuple  # packages of the root file system
    dependencies: tuple  # packages beside it

    def name(self):
        """Of those of one name, only the latest is kept."""
        plain = (BOOTS, debian.architecture())
        return self.release if (self.inside, self.architecture) == plain else (
            f"machine-{self.architecture}-{self.release}")

    def digest(self):
        text = "\n".join(map(str, [*self, pathlib.Path(__file__).read_text()]))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _make(recipe, folder):
    packages = folder / "packages"
    packages.mkdir()
    download = ('export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"; apt-get clean && apt-get --yes '
                f"--download-only --no-install-recommends install {' '.join(recipe.dependencies)}")
    done = subprocess.run(
        ["mmdebstrap", "--variant=minbase", f"--architectures={recipe.architecture}",
         f"--include={','.join(recipe.inside)}",
         f"--customize-hook={download}",
         f"--customize-hook=copy-out /var/cache/apt/archives {packages}",
         recipe.release, str(folder / "root.tar"), *recipe.sources],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=MAKE_SECONDS)
    assert done.returncode == 0, done.stdout


def image(release, dependencies, more=(), architecture=None):
    """The image of a release, with `more` packages in it, and beside it the packages of these names
    with all that they depend on. By default it is for the architecture of this machine."""
    recipe = Recipe(release, architecture or debian.architecture(), tuple(debian.sources(release)),
                    (*BOOTS, *more), tuple(dependencies))
    kept = CACHE / f"{recipe.name()}-{recipe.digest()}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{recipe.name()}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one makes it, others wait
        if not kept.exists():
            for stale in CACHE.glob(f"{recipe.name()}-*"):
                shutil.rmtree(stale)
            emulation.prepare(recipe.architecture)
            with tempfile.TemporaryDirectory(prefix="making-", dir=CACHE) as making:
                folder = pathlib.Path(making) / "image"
                folder.mkdir()
                _make(recipe, folder)
                folder.rename(kept)
    return Image(kept / "root.tar", kept / "packages" / "archives")
