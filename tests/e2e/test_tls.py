"""TLS with client certificates, set up as the package's example says."""

import pytest

from e2e.service import UNIT
from e2e.written import assert_tells_nothing
from integration.test_tls import der
from support.program import wait_for
from support.tls import CLIENT, Pair, authority, client_context, request, server_pair

FOLDER = "/etc/dnstt_exporter"
GROUP = "dnstt_exporter_web"
CONFIG = """tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: scrapers.crt
"""


class Certified:
    """A service that serves TLS; its namespace is the server's."""

    def __init__(self, service):
        self.service = service
        self.namespace = service.host.server
        self.issuer = authority("issuer")
        self.scraper = client_context(self.issuer, Pair("scraper", self.issuer, CLIENT))
        self.pair = None
        service.machine.run("groupadd", "--system", "--force", GROUP)
        service.machine.run("install", "--directory", "--group", GROUP, "--mode", "0750", FOLDER)
        self.put("web.yml", CONFIG)
        self.put("scrapers.crt", self.issuer.certificate_text)
        self.renew()
        service.add_example("web-config.conf")

    def put(self, name, text):
        """As an administrator who has read the example."""
        self.service.machine.write(f"{FOLDER}/.{name}", text)
        for command in (("chgrp", GROUP), ("chmod", "0640")):
            self.service.machine.run(*command, f"{FOLDER}/.{name}")
        self.service.machine.run("mv", f"{FOLDER}/.{name}", f"{FOLDER}/{name}")

    def renew(self):
        self.pair = server_pair(self.issuer)
        self.put("server.key", self.pair.key_text)
        self.put("server.crt", self.pair.certificate_text)

    def serves(self, pair):
        """Whether it shows this certificate to who has one of their own."""
        reply = request(self, self.scraper, "/metrics")
        assert reply.status == 200
        return reply.peer_certificate == der(pair)


@pytest.fixture
def certified(service):
    yield Certified(service)
    service.stop()
    service.machine.run("rm", "-r", FOLDER)


def test_scrapes_and_renewal(service, certified):
    main = service.start()
    service.ask()
    first = certified.pair
    assert certified.serves(first)
    certified.renew()
    service.systemctl("reload", UNIT)
    wait_for(lambda: certified.serves(certified.pair), 5, "the new certificate")
    assert service.main() == main


def test_strangers(service, certified):
    service.start()
    with pytest.raises(OSError):
        request(certified, client_context(certified.issuer), "/metrics")
    with pytest.raises(OSError):
        request(certified, None, "/metrics")


def test_a_key_that_everybody_may_read(service, certified):
    """It is said how to mend it."""
    service.machine.run("chmod", "0644", f"{FOLDER}/server.key")
    service.systemctl("start", UNIT, check=False)
    wait_for(lambda: service.show("Result") == "exit-code", 5, "the end")
    assert "chmod o-rw" in service.said()


def test_journal(service):
    assert_tells_nothing(service)
