"""Debian systems to install the package on."""

import contextlib
from typing import NamedTuple

import pytest

from e2e import package
from e2e.image import Image, image
from e2e.machine import Machine
from e2e.service import Service
from support import debian
from support.host import Host


class System(NamedTuple):
    """A booted machine whose apt can install the package, and its network."""
    host: Host
    image: Image
    machine: Machine


@contextlib.contextmanager
def booted(release, deb):
    host = Host()
    try:
        made = image(release, package.dependencies(deb))
        machine = Machine(made, host.server)
        try:
            package.offer(machine, made, deb)
            yield System(host, made, machine)
        finally:
            machine.remove()
    finally:
        host.close()


@pytest.fixture(scope="session")
def deb():
    return package.built()


@pytest.fixture(scope="session")
def installed(deb):
    """The service on this Debian's release: one machine for all tests that only use it."""
    with booted(debian.codename(), deb) as system:
        package.apt(system.machine, "install", package.NAME)
        yield Service(system.machine, system.host)


@pytest.fixture
def service(installed):
    """The same, stopped, as after a first configuration."""
    installed.reset()
    yield installed
    installed.stop()


@pytest.fixture
def new_system(deb):
    """Boots a machine for one test, of this Debian's release or another."""
    with contextlib.ExitStack() as stack:
        yield lambda release=debian.codename(): stack.enter_context(booted(release, deb))
