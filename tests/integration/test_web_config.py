"""What a web configuration asks besides TLS: passwords, headers, a limit on requests; and files that
are wrong, at the start and later."""

import base64
import subprocess

import pytest

from support import tls
from support.program import PROGRAM, Metrics, wait_for
from support.tls import put, request

# alice: secret, bob: p:ä. Of cost 10, as htpasswd makes them, so that unknown ones cost time.
ALICE = "$2y$10$NnYo4wFSOiMrATMQL9vtA.8fJZ8WDfYyUpb3WkN7lc6jnAAjAcqZS"
BOB = "$2b$10$WgPySm8ElpQ.X.7thJ4dTezR3Rg3XFkqNNKD1J32XMjGv2VfFe9nG"
USERS = f"basic_auth_users:\n  alice: {ALICE}\n  bob: {BOB}\n"
PATHS = ["/metrics", "/", "/-/healthy", "/-/ready", "/nowhere"]


@pytest.fixture
def folder():
    with tls.open_folder() as made:
        yield made


@pytest.fixture
def serve(start, folder):
    def begin(text, *flags):
        put(folder / "web.yml", text)
        return start("-web.config.file", folder / "web.yml", *flags)

    return begin


def basic(text):
    return f"Authorization: Basic {base64.b64encode(text.encode()).decode()}"


def ask(program, user=None, path="/-/healthy", method="GET"):
    """The status that a user gets; waits where too many were checked."""
    def reply():
        got = request(program, None, path, method, [basic(user)] if user else [])
        return got if got.status != 429 else None

    return wait_for(reply, 5, "a reply that is not 429")


def test_every_path_is_protected(serve):
    program = serve(USERS)
    for path in PATHS:
        for method in "GET", "HEAD":
            reply = request(program, None, path, method)
            assert reply.status == 401
            assert reply.headers["www-authenticate"].startswith("Basic realm=")
            assert "dnstt" not in reply.body
    for path in PATHS[:-1]:
        assert ask(program, "alice:secret", path).status == 200
    assert ask(program, "alice:secret", "/nowhere").status == 404
    assert "dnstt_exporter_build_info" in ask(program, "bob:p:ä", "/metrics").body


def test_who_is_refused(serve):
    program = serve(USERS)
    for user in "alice:Secret", "alice:", "carol:secret", "bob:secret", ":", "secret", "alice":
        assert ask(program, user).status == 401, user
    for field in "Authorization: Bearer abc", "Authorization: Basic %", "Authorization: Basic":
        assert request(program, None, headers=[field]).status == 401, field
    long = "Authorization: Basic " + "A" * 5000
    assert request(program, None, headers=[long]).status == 401


def test_checks_are_limited_and_successes_kept(serve):
    program = serve(USERS)
    assert ask(program, "alice:secret").status == 200
    statuses = []
    for number in range(40):
        statuses.append(request(program, headers=[basic(f"mallory:{number}")]))
        assert request(program, headers=[basic("alice:secret")]).status == 200
    later = [reply for reply in statuses if reply.status == 429]
    assert {reply.status for reply in statuses} == {401, 429}
    assert later
    assert {reply.headers["retry-after"] for reply in later} == {"1"}
    counted = Metrics(ask(program, "alice:secret", "/metrics").body)
    assert counted.sum("dnstt_exporter_http_requests_total", code="429") == len(later)


def test_users_follow_the_file(serve, folder):
    program = serve(USERS)
    assert ask(program, "alice:secret").status == 200
    put(folder / "web.yml", f"basic_auth_users: {{alice: {BOB}}}\n")
    program.reload("loaded a new web configuration")
    assert ask(program, "alice:secret").status == 401
    assert ask(program, "alice:p:ä").status == 200
    put(folder / "web.yml", "")
    program.reload("no longer requires a password")
    assert request(program).status == 401


def test_passwords_over_tls(start, folder):
    authority = tls.authority("authority")
    tls.put_pair(folder, tls.server_pair(authority))
    put(folder / "web.yml",
        "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n" + USERS)
    program = start("-web.config.file", folder / "web.yml")
    context = tls.client_context(authority)
    assert request(program, context).status == 401
    assert request(program, context, headers=[basic("alice:secret")]).status == 200


HEADERS = {
    "X-Frame-Options": "deny",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Content-Security-Policy": "default-src 'none'",
}


def headers_text(headers):
    return "http_server_config:\n  headers:\n" + "".join(
        f'    {name}: "{value}"\n' for name, value in headers.items())


def test_headers(serve, folder):
    program = serve(headers_text(HEADERS) + USERS)
    replies = [request(program), ask(program, "alice:secret", "/metrics"),
               ask(program, "alice:secret", "/nowhere"), request(program, method="POST"),
               request(program, headers=["Content-Length: 0"])]
    assert [reply.status for reply in replies] == [401, 200, 404, 405, 400]
    for reply in replies:
        for name, value in HEADERS.items():
            assert reply.headers[name.lower()] == value, (reply.status, name)
    page = ask(program, "alice:secret", "/")
    assert page.headers["x-frame-options"] == "deny"
    assert page.headers["content-security-policy"] != HEADERS["Content-Security-Policy"]
    put(folder / "web.yml", headers_text({"X-Frame-Options": "sameorigin"}) + USERS)
    program.reload("loaded a new web configuration")
    reply = request(program)
    assert reply.headers["x-frame-options"] == "sameorigin"
    assert "x-xss-protection" not in reply.headers


def test_rate_limit(serve, folder):
    program = serve(headers_text(HEADERS) + "rate_limit: {interval: 1h, burst: 3}\n")
    replies = [request(program, path=path) for path in ("/metrics", "/", "/-/healthy", "/-/ready")]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert replies[-1].headers["x-frame-options"] == "deny"
    put(folder / "web.yml", "rate_limit: {interval: 0, burst: 0}\n")
    program.reload("loaded a new web configuration")
    assert all(request(program).status == 200 for _ in range(10))


def test_a_wrong_replacement_is_told(serve, folder):
    program = serve(headers_text(HEADERS))
    name = "dnstt_exporter_web_config_last_reload_successful"
    assert program.metrics().sum(name) == 1
    assert program.metrics().sum(
        "dnstt_exporter_web_config_last_reload_success_timestamp_seconds") > 1e9
    put(folder / "web.yml", "rate_limit:\n  brust: 1\n")
    program.reload("cannot load the new web configuration")
    line = program.log().splitlines()[-1]
    for word in ("-web.config.file", "web.yml", "line=2", "key=rate_limit.brust", "is unknown"):
        assert word in line
    assert program.metrics().sum(name) == 0
    assert request(program).headers["x-frame-options"] == "deny"
    put(folder / "web.yml", "")
    program.reload("loaded a new web configuration")
    assert program.metrics().sum(name) == 1


def test_without_the_flag_there_is_no_metric(start):
    assert not start().metrics().find("dnstt_exporter_web_config_last_reload_successful")


def test_long_values_under_the_policy(serve, folder):
    """Buffers grow as far as a file lets them, and libyaml asks for no call that is not there."""
    program = serve("")
    for text in ("[" * 32000, "{" * 32000, "a: " * 10000, "? " * 16000, "- " * 16000,
                 f"rate_limit: {'x' * 32000}", f"{'x' * 32000}: y", '"' + "\\P" * 15000 + '"',
                 f"tls_server_config:\n  cert: |\n{('    ' + 'a' * 60) * 480}"):
        put(folder / "web.yml", text)
        program.reload("cannot load the new web configuration")
    assert request(program).status == 200


# --- At the start.

def run(host, config, *flags, prefix=()):
    done = subprocess.run(host.server.command(*prefix, PROGRAM, "-dnstt.domain", "t.example.com",
                                              "-web.config.file", config, *flags),
                          capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
    wait_for(lambda: not host.server.processes(), 1, "nothing is left running")
    lines = [line for line in done.stderr.splitlines() if "level=error" in line]
    assert len(lines) == 1, done.stderr
    return done.returncode, lines[0]


WRONG = {
    "unknown": ("tls_config:\n  cert_file: a\n", ["line=1", "key=tls_config", "leave it out"]),
    "misspelt": ("tls_server_config:\n\n  cert_filse: a\n",
                 ["line=3", "key=tls_server_config.cert_filse", "misspelling"]),
    "not-supported": ("tls_server_config:\n  cert_file: a\n  key_file: b\n  cipher_suites:\n"
                      "  - TLS_AES_128_GCM_SHA256\n",
                      ["line=5", "tls_server_config.cipher_suites", "not supported"]),
    "old-tls": ("tls_server_config:\n  cert_file: a\n  key_file: b\n  min_version: TLS10\n",
                ["line=4", "min_version", "give TLS12 or TLS13"]),
    "hash": ("basic_auth_users:\n  john: doe\n", ["line=2", "john", "htpasswd"]),
    "cost": ("basic_auth_users:\n  bob: "
             "$2y$18$4VeFDzXIoPHKnKTU3O3GH.N.vZu06CVqczYZ8WvfzrddFU6tGqjR.\n",
             ["line=2", "bob", "4 to 12"]),
    "header": ("http_server_config:\n  headers:\n    Server: x\n", ["line=3", "cannot be set"]),
    "yaml": ("a: b: c\n", ["line=1", "mapping values"]),
    "large": ("#" * 40000, ["too large"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_at_the_start(host, folder, name):
    text, words = WRONG[name]
    status, line = run(host, put(folder / "web.yml", text))
    assert status == 2
    for word in ("-web.config.file", "web.yml", *words):
        assert word in line


def test_files_that_the_system_refuses(host, folder):
    web = folder / "web.yml"
    assert "does not exist" in refused(host, web)
    put(web, USERS, 0o644)
    assert "chmod o-rw" in refused(host, web)
    put(web, USERS, 0o600)
    line = refused(host, web)
    assert "Permission denied" in line and "give this user read access" in line and "user=" in line
    tls.put_pair(folder, tls.Pair("localhost"))
    put(web, "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n")
    (folder / "key.pem").chmod(0o644)
    line = refused(host, web)
    assert "key.pem" in line and "chmod o-rw" in line
    (folder / "key.pem").unlink()
    assert "key.pem" in refused(host, web)


def refused(host, web):
    status, line = run(host, web)
    assert status == 1
    assert "-web.config.file" in line
    return line
