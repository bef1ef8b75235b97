"""The package as a Debian release builds it: in a root of that release with what the build needs and
its lintian. Each root is made once and kept outside the checkout."""

import fcntl
import hashlib
import re
import shutil
import subprocess

from e2e.image import CACHE, MAKE_SECONDS
from support import debian
from support.program import ROOT

TOOLS = ("build-essential", "debhelper", "dpkg-dev", "lintian")
BUILD_SECONDS = 300


def _build_dependencies():
    """The names in debian/control; debhelper-compat is debhelper's."""
    text = (ROOT / "debian/control").read_text()
    field = re.search(r"^Build-Depends:(.*?)^\S", text, re.MULTILINE | re.DOTALL)[1]
    return [name for name in re.findall(r"^ ([a-z0-9.+-]+)", field, re.MULTILINE)
            if name != "debhelper-compat"]


def root(release):
    """A folder that holds the release, with all that building and linting take."""
    packages = sorted({*TOOLS, *_build_dependencies()})
    sources = debian.sources(release)
    recipe = "\n".join([release, *sources, *packages])
    kept = CACHE / f"build-{release}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"build-{release}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one makes it, others wait
        making = CACHE / f"making-build-{release}"
        if not kept.exists():
            for stale in (*CACHE.glob(f"build-{release}-*"), *CACHE.glob(making.name)):
                shutil.rmtree(stale)
            done = subprocess.run(
                ["mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}", release,
                 str(making), *sources],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=MAKE_SECONDS)
            assert done.returncode == 0, done.stdout
            making.rename(kept)
    return kept


def run(release, work, script):
    """Runs a shell script in the root, with a folder as its one place to write, /tmp/work. Returns
    what it wrote."""
    done = subprocess.run(
        ["bwrap", "--ro-bind", root(release), "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs",
         "/tmp", "--bind", work, "/tmp/work", "--chdir", "/tmp/work", "--unshare-all",
         "--die-with-parent", "--clearenv", "--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin",
         "--setenv", "HOME", "/tmp", "--setenv", "LC_ALL", "C.UTF-8",
         "sh", "-euc", script],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=BUILD_SECONDS)
    assert done.returncode == 0, done.stdout
    return done.stdout


def build(release, work):
    """Builds the package into a folder, from what `make deb` takes. Returns the .deb file."""
    tree = work / "source"
    shutil.copytree(ROOT, tree, symlinks=True,
                    ignore=lambda folder, names: {"build", ".git"} if folder == str(ROOT) else ())
    run(release, work, "cd source && dpkg-buildpackage -b -us -uc")
    (path,) = work.glob("dnstt-exporter_*.deb")
    return path
