"""Network namespaces that a test makes and removes, and frames sent within them."""

import contextlib
import ctypes
import itertools
import os
import socket
import subprocess
import time

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_SERIAL = itertools.count()

# Frames in one go: Linux queues at most 1,000 for a veth's peer (net.core.netdev_max_backlog).
_BURST = 50


def run(*command):
    """Runs a command that must succeed; returns its standard output."""
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def _set_network(descriptor):
    if _LIBC.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Namespace:
    """A network namespace with loopback up, under a name no other run uses."""

    def __init__(self, role):
        self.name = f"dnstt-{os.getpid()}-{next(_SERIAL)}-{role}"
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def remove(self):
        run("ip", "netns", "del", self.name)

    def ip(self, *arguments):
        return run("ip", "-n", self.name, *arguments)

    def silence_ipv6(self, interface):
        """Stops the kernel's own IPv6 packets (their extension headers let them pass the program's
        filter at any moment). Frames that a test sends are seen all the same."""
        run(*self.command("sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=1"))

    def processes(self):
        """The ids of all processes inside."""
        return run("ip", "netns", "pids", self.name).split()

    def command(self, *arguments):
        """The command line that runs a program inside; its process id stays the same."""
        return ["ip", "netns", "exec", self.name, *map(str, arguments)]

    @contextlib.contextmanager
    def entered(self):
        """Inside, this thread makes its sockets in the namespace, where they then stay."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.name}") as there:
            _set_network(there.fileno())
            try:
                yield
            finally:
                _set_network(home.fileno())


class Injector:
    """Sends whole Ethernet frames out of an interface."""

    def __init__(self, namespace, interface):
        with namespace.entered():
            # Protocol 0: it receives nothing itself.
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.socket.bind((interface, 0))

    def send(self, *frames, rate=20_000):
        """Paced, so that neither the veth's queue nor the program's ring overflows."""
        for start in range(0, len(frames), _BURST):
            burst = frames[start : start + _BURST]
            for frame in burst:
                self.socket.send(frame)
            if start + _BURST < len(frames):
                time.sleep(len(burst) / rate)

    def close(self):
        self.socket.close()
