"""CBMC of Debian 13, since Debian 12 has none: unpacked once, as root, below build/. It runs in a
sandbox that sees nothing of the machine but the checkout, and can change nothing of that."""

import fcntl
import functools
import hashlib
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from support import debian  # noqa: E402

CACHE = pathlib.Path(__file__).resolve().parents[3] / "build" / "proof"
RELEASE = "trixie"
PACKAGES = ("cbmc", "dash", "gcc", "libc6-dev", "libmaxminddb-dev")
MAKE_SECONDS = 600


def _unpack(folder, apt_sources):
    done = subprocess.run(
        ["mmdebstrap", "--variant=extract", f"--include={','.join(PACKAGES)}", RELEASE,
         str(folder), *apt_sources],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=MAKE_SECONDS)
    if done.returncode != 0:
        sys.exit(f"mmdebstrap ended with status {done.returncode}; it has to be run as root:\n"
                 f"{done.stdout}")


@functools.cache
def root():
    """The folder that holds Debian 13's /usr with PACKAGES."""
    apt_sources = debian.sources(RELEASE)
    recipe = "\n".join([RELEASE, *apt_sources, *PACKAGES])
    kept = CACHE / f"{RELEASE}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one makes it, others wait
        if not kept.exists():
            for stale in (*CACHE.glob(f"{RELEASE}-*"), *CACHE.glob("making")):
                shutil.rmtree(stale)
            _unpack(CACHE / "making", apt_sources)
            (CACHE / "making").rename(kept)
    return kept


def command_in_root(checkout, work, overlay):
    """What comes before a command that runs in `work`, with the checkout as /tmp/sources and a folder
    of files that take precedence as /tmp/overlay."""
    links = [word for name in ("bin", "lib", "lib64")
             for word in ("--symlink", f"usr/{name}", f"/{name}")]
    return ["bwrap", "--ro-bind", str(root() / "usr"), "/usr", *links, "--tmpfs", "/tmp",
            "--dev", "/dev", "--proc", "/proc",
            "--ro-bind", str(checkout), "/tmp/sources", "--ro-bind", str(overlay), "/tmp/overlay",
            "--bind", str(work), "/tmp/work", "--chdir", "/tmp/work",
            "--unshare-all", "--die-with-parent", "--"]
