"""The example of docs/privacy.md for publishing a few sums, run with nginx and Prometheus: what an
outsider gets, and what not."""

import contextlib
import http.client
import pathlib
import re
import shlex
import subprocess
import tempfile
import time

import pytest

from support import wire
from support.http import say, status_of
from support.namespace import run
from support.program import ROOT, Metrics, wait_for
from support.prometheus import prometheus
from support.tunnels import DOMAIN, ask

PORT = 8080
NOW = {"dnstt_domain_active_clients", "dnstt_domain_sessions_total"}
HOURLY = {"dnstt_public:active_clients:max1h", "dnstt_public:active_clients_by_country:max1h"}
CLIENTS = 33  # shown as 40
ADDRESS = ("127.0.0.1", PORT)


def block(language):
    """The document's one block in a language."""
    text = (ROOT / "docs/privacy.md").read_text()
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
    return found


def exporter_flags():
    """Those that are about privacy; domain and databases are the test's."""
    (options,) = re.findall(r'^OPTIONS="(.*)"$', block("sh").replace("\\\n", ""), re.M)
    words = shlex.split(options)
    named = dict(zip(words[::2], words[1::2]))
    assert named.pop("-dnstt.domain") == DOMAIN
    assert {named.pop(f"-geoip.{which}-database")[-5:] for which in ("country", "asn")} == {".mmdb"}
    assert set(named) == {"-privacy.min-clients", "-privacy.round"}
    return [part for pair in named.items() for part in pair]


@contextlib.contextmanager
def nginx(namespace, kept="1m"):
    """The document's server, which keeps answers for so long."""
    with tempfile.TemporaryDirectory(prefix="dnstt-nginx-") as name:
        site = block("nginx")
        for written, ours in (("/var/cache/nginx", name), ("200 1m;", f"200 {kept};")):
            assert site.count(written) == 1
            site = site.replace(written, ours)
        temporary = "".join(f"{kind}_temp_path {name}/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        pathlib.Path(name, "nginx.conf").write_text(
            f"daemon off;\nuser root;\npid {name}/pid;\nerror_log {name}/log;\nevents {{}}\n"
            f"http {{\n{temporary}{site}}}\n")
        process = subprocess.Popen(
            namespace.command("nginx", "-p", name, "-c", f"{name}/nginx.conf", "-e", f"{name}/log"),
            stdin=subprocess.DEVNULL)

        def listens():
            assert process.poll() is None, pathlib.Path(name, "log").read_text()
            with contextlib.suppress(ConnectionError), namespace.entered():
                connection = http.client.HTTPConnection(*ADDRESS, timeout=5)
                connection.connect()
                return connection

        try:
            wait_for(listens, 10, "nginx").close()
            yield
        finally:
            process.terminate()
            process.wait(10)


def asked(namespace, target, method="GET", **fields):
    """(status, page) of a request with these header fields."""
    connection = http.client.HTTPConnection(*ADDRESS, timeout=5)
    with namespace.entered():
        connection.connect()
    with contextlib.closing(connection):
        connection.request(method, target, headers={
            name.replace("_", "-"): value for name, value in fields.items()})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()


def names(page):
    return {line.split("{")[0] for line in page.splitlines() if line and line[0] != "#"}


@pytest.fixture
def published(host, start, observed_databases):
    """A program with the document's flags, and clients in a place that is shown."""
    program = start(*observed_databases, *exporter_flags(), domain=DOMAIN)
    ask(host, *(wire.query(b"C%07d" % number, DOMAIN) for number in range(CLIENTS)),
        source="10.77.1.9")
    wait_for(lambda: program.metrics().sum("dnstt_active_clients", country="DE") == 40, 10,
             "the place is open")
    return program


def test_the_sums_are_served(host, published, tmp_path):
    """Those of the present, and what the rules make of them for the last hour."""
    rules = tmp_path / "rules.yml"
    rules.write_text(block("yaml"))
    run("promtool", "check", "rules", str(rules))
    with prometheus(host.server, tmp_path, {"dnstt": ["127.0.0.1:9713"]}, [rules]) as server, \
            nginx(host.server, "1s"):
        wait_for(lambda: all(server.evaluate(name) for name in HOURLY), 15, "the rules")
        status, page = asked(host.server, "/now")
        assert status == 200 and names(page) == NOW
        assert Metrics(page).find("dnstt_domain_active_clients") == [({"domain": DOMAIN}, 40)]

        def hourly():
            status, page = asked(host.server, "/hourly")
            return status == 200 and names(page) == HOURLY and page

        page = wait_for(hourly, 10, "those of the hour")
        values = dict(re.findall(r'^(\S+?)\{.*\} (\d+) \d+$', page, re.M))
        assert values == dict.fromkeys(HOURLY, "40")
        assert 'country="DE"' in page and "other" not in page


REFUSED = ["/", "/metrics", "/metrics?name[]=dnstt_active_clients", "/now/", "/now/metrics", "/NOW",
           "/now?name[]=dnstt_active_clients", "/now?x", "/now?&name[]=process_cpu_seconds_total",
           "/hourly?match[]=up", "/now/../metrics", "/now%2f..%2fmetrics", "/now%3Fname[]=x",
           "/federate", "/api/v1/query?query=up", "/status.json", "/status.html", "/-/healthy"]


def test_nothing_else_is_served(host, published):
    with nginx(host.server):
        for target in REFUSED:
            assert asked(host.server, target)[0] == 404, target
        # The document's 403, and not an answer of the exporter.
        for method in "POST", "PUT", "DELETE", "OPTIONS", "PATCH":
            for path in "/now", "/hourly":
                assert asked(host.server, path, method)[0] == 403, (method, path)
        head, page = asked(host.server, "/now", "HEAD")
        assert (head, page) == (200, "")
        # Not by a request that is written by hand, either: an absolute URI, another host, a body.
        host_line = b"Host: 127.0.0.1:9713\r\nConnection: close\r\n"
        for line, status in (
                (b"GET http://127.0.0.1:9713/metrics HTTP/1.1\r\n", 404),
                (b"GET /now#/metrics HTTP/1.1\r\n", 200),
                (b"GET /now HTTP/1.1\r\nX-Original-URL: /metrics\r\nContent-Length: 0\r\n", 200)):
            answer = say(published, line + host_line + b"\r\n", ADDRESS)
            assert status_of(answer) == status, line
            assert b"\ndnstt_active_clients" not in answer and b"\nprocess_" not in answer


def test_an_answer_is_kept(host, published):
    """However it is asked for, more requests learn no more. Once it is old there is a new one."""
    ways = [{}, {"Accept": "application/openmetrics-text"}, {"Accept_Encoding": "gzip"},
            {"Cache_Control": "no-cache", "Pragma": "no-cache"}, {"Cookie": "a=b"},
            {"Authorization": "Basic YTpi"}, {"Accept": "text/html", "Host": "example.org"}]

    def pages():
        answers = [asked(host.server, "/now", **fields) for fields in ways]
        assert {status for status, _ in answers} == {200}
        return {page for _, page in answers}

    def scrapes():
        return published.metrics().sum("dnstt_exporter_http_requests_total", code="200")

    with nginx(host.server):
        before = scrapes()
        first = pages()
        # One of nginx, and the one that told of those before.
        assert scrapes() == before + 2
        ask(host, *(wire.query(b"N%07d" % number, DOMAIN) for number in range(20)),
            source="10.77.1.9")
        wait_for(lambda: published.metrics().sum("dnstt_domain_active_clients") == 60, 10, "more")
        before = scrapes()
        assert pages() == first and len(first) == 1
        assert scrapes() == before + 1
    with nginx(host.server, "1s"):
        (first,) = pages()
        assert Metrics(first).sum("dnstt_domain_active_clients") == 60
        ask(host, *(wire.query(b"M%07d" % number, DOMAIN) for number in range(20)),
            source="10.77.1.9")
        wait_for(lambda: published.metrics().sum("dnstt_domain_active_clients") == 80, 10, "more")
        time.sleep(1)

        def fresh():
            return Metrics(asked(host.server, "/now")[1]).sum("dnstt_domain_active_clients") == 80

        wait_for(fresh, 5, "a new answer")
