"""Who reaches the metrics: a Prometheus elsewhere, and nobody else."""

import contextlib
import socket
import time

import pytest

from e2e.service import ADDRESS, SOCKET, UNIT
from e2e.written import assert_tells_nothing
from support import frames
from support.program import request, wait_for
from support.prometheus import prometheus

PROMETHEUS = "10.77.0.200"
STRANGER = "10.77.0.201"
REMOTE = (frames.SERVER4, 9713)
# A connection that nobody refuses and nobody answers.
DENIED_SECONDS = 1


@pytest.fixture
def outside(service):
    """The client's namespace, with Prometheus's address and a stranger's."""
    client = service.host.client
    for address in (PROMETHEUS, STRANGER):
        client.ip("address", "add", f"{address}/24", "dev", "client0")
    yield client
    for address in (STRANGER, PROMETHEUS):
        client.ip("address", "del", f"{address}/24", "dev", "client0")


def reaches(namespace, address, source):
    with namespace.entered():
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with contextlib.closing(made):
        made.settimeout(DENIED_SECONDS)
        made.bind((source, 0))
        try:
            made.connect(address)
        except TimeoutError:
            return False
        return True


def test_loopback_alone_by_default(service, outside):
    service.start()
    assert request(service.host.server, "GET", "/metrics", *ADDRESS)[0] == 200
    with pytest.raises(ConnectionRefusedError):
        reaches(outside, REMOTE, PROMETHEUS)


def allow_prometheus(service):
    service.add_example("remote-prometheus.conf",
                        [("192.0.2.1:9713", f"{REMOTE[0]}:{REMOTE[1]}"), ("192.0.2.2", PROMETHEUS)])


def test_remote_prometheus(service, outside, tmp_path):
    allow_prometheus(service)
    service.start()
    service.ask()
    with prometheus(outside, tmp_path, {"dnstt": ["{}:{}".format(*REMOTE)]}) as server:
        def queries():
            return [value for _, value in server.evaluate("dnstt_queries_total")]

        wait_for(lambda: queries() == [1], 5, "the query")


def test_stranger_is_denied(service, outside):
    allow_prometheus(service)
    service.start()
    assert reaches(outside, REMOTE, PROMETHEUS)
    assert not reaches(outside, REMOTE, STRANGER)


def activate(service):
    service.add_example("socket-activation.conf")
    service.systemctl("start", SOCKET)


def test_socket_activation(service):
    activate(service)
    service.start()
    service.assert_counts()
    assert not {"AF_INET", "AF_INET6"} & set(service.show("RestrictAddressFamilies").split())


def test_socket_starts_the_service(service):
    activate(service)
    assert not service.is_active()
    service.metrics()
    assert service.is_active()


def test_socket_outlives_the_service(service):
    """The socket is the manager's: the service serves on it again after a restart."""
    activate(service)
    main = service.start()
    service.systemctl("restart", UNIT)
    service.metrics()
    service.assert_restarted(main)


def test_socket_denies_strangers(service, outside):
    service.machine.write(f"/etc/systemd/system/{SOCKET}.d/remote.conf",
                          f"[Socket]\nListenStream={REMOTE[0]}:{REMOTE[1]}\n"
                          f"IPAddressAllow={PROMETHEUS}\n")
    try:
        activate(service)
        service.start()
        assert reaches(outside, REMOTE, PROMETHEUS)
        assert not reaches(outside, REMOTE, STRANGER)
    finally:
        service.stop()
        service.machine.path(f"/etc/systemd/system/{SOCKET}.d/remote.conf").unlink()
        service.systemctl("daemon-reload")


def test_socket_and_a_wrong_option(service):
    """A scrape that no start can answer is turned away: it does not start the service for ever."""
    def starts():
        return service.machine.journal("--unit", UNIT).count("not a port")

    before = starts()
    service.configure_to_watch("-dnstt.port", "seventy")
    activate(service)
    with pytest.raises(OSError):
        request(service.host.server, "GET", "/metrics", *ADDRESS)
    time.sleep(3)  # more than RestartSec
    assert starts() == before + 1
    assert service.systemctl("is-active", SOCKET).stdout.strip() == "active"


def test_journal(service):
    assert_tells_nothing(service)
