"""The HTTP endpoint: methods, paths, addresses, and a page that promtool has nothing to say of."""

import subprocess

import pytest

from support import frames, wire


@pytest.fixture
def program(start):
    return start()


def test_metrics_page(program):
    status, headers, body = program.request("GET", "/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'dnstt_active_clients{domain="t.example.com"} 0\n' in body
    for query in "?", "?x=1", "?x=%00&y=%zz&%&=", "?/../x", "??":
        assert program.request("GET", f"/metrics{query}")[0] == 200


def test_head(program):
    status, headers, body = program.request("HEAD", "/metrics")
    assert (status, body) == (200, "")
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"])
def test_other_methods(program, method):
    status, headers, _ = program.request(method, "/metrics")
    assert status == 405
    assert headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", [
    "/nothing", "/metrics/", "/metricsx", "/metric", "/METRICS", "//metrics", "/./metrics",
    "/../metrics", "/metrics/.", "/metrics/..", "/metrics;x", "/metrics#x", "/metrics\\", "/-", "/-/",
    "/-/healthy/", "/-//healthy", "/-/metrics", "/%6detrics", "/%2fmetrics", "/%2e/metrics",
    "/metrics%00", "/metrics%00/x", "/metrics%3fx", "/metrics%20", "/metrics%", "/%2d/ready"])
def test_other_paths(program, path):
    assert program.request("GET", path)[0] == 404
    assert program.request("GET", "/metrics")[0] == 200


def test_telemetry_path(start):
    program = start("-web.telemetry-path", "/figures")
    assert program.request("GET", "/figures")[0] == 200
    assert program.request("GET", "/metrics")[0] == 404


@pytest.mark.parametrize("address, hosts", [
    (":9800", ["127.0.0.1", "::1", frames.SERVER4]),
    ("[::1]:9800", ["::1"]),
    ("127.0.0.9:9800", ["127.0.0.9"]),
    ("localhost:9800", ["127.0.0.1"]),
])
def test_addresses(start, address, hosts):
    program = start("-web.listen-address", address, address=(hosts[0], 9800))
    for host in hosts:
        assert program.request("GET", "/metrics", host=host, port=9800)[0] == 200
    everywhere = {"127.0.0.1", "::1", frames.SERVER4, "127.0.0.9"}
    if not address.startswith(":"):
        for host in everywhere - set(hosts):
            with pytest.raises(ConnectionRefusedError):
                program.request("GET", "/metrics", host=host, port=9800)


def test_promtool_finds_nothing(host, start, geoip_flags):
    program = start(*geoip_flags)
    host.inbound.send(frames.query_frame(wire.query(b"CLIENTID", "t.example.com"), "10.77.1.9"),
                      frames.query_frame(wire.query(b"CLIENTID", "t.example.com", qtype=1)))
    page = host.settle(program, query=1, rejected=1).text
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, text=True,
                             capture_output=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
