"""The status page in each of its forms, as curl, wget, a browser and a program get it: text, HTML and
JSON."""

import base64
import json
import re
import socket
import subprocess
import tempfile
import time
import pathlib

import jsonschema
import pytest

from support import frames, tls, wire
from support.browser import browser
from support.figures import figure
from support.http import say, status_of
from support.namespace import run
from support.process import descriptors, resident
from support.program import ROOT, wait_for

URL = "http://127.0.0.1:9713"
DOMAIN = "t.example.com"
HTML, TEXT, JSON = "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/json"
NAMED = {"/status.html": HTML, "/status.txt": TEXT, "/status.json": JSON}
ALL_FORMS = ["/status.html", "/status.json", "/status.txt", "/status.txt?ascii",
             "/status.txt?color", "/status.txt?ascii&color"]
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
# ECMA-48, 8.3.117: bold, red and green, and the end of them. All that ?color may add.
ESCAPES = re.compile("\x1b\\[(?:1|32|1;31|0)m")
COLUMNS = 80
SECOND = 1.1  # each form is rendered once a second

SCHEMA = json.loads((ROOT / "docs/status.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def get(program, path="/", accept=None, method="GET", headers=()):
    fields = [] if accept is None else [f"Accept: {accept}"]
    return tls.request(program, None, path, method, [*fields, *headers])


def fresh(program, path):
    """A form that was rendered after the call."""
    time.sleep(SECOND)
    return get(program, path).body


def status(program):
    page = json.loads(fresh(program, "/status.json"))
    VALIDATOR.validate(page)
    return page


def assert_text(body, ascii=False):
    """What any terminal of 80 columns shows as it is. A wide character counts for two."""
    assert body.endswith("\n")
    for line in body[:-1].split("\n"):
        assert all(" " <= character and not "\x7f" <= character <= "\x9f" for character in line), line
        assert line == line.rstrip(" ")
        wide = sum("\u2e80" <= character <= "\uffef" or character > "\uffff" for character in line)
        assert len(line) + wide <= COLUMNS, line
    assert body.isascii() or not ascii


# --- Who gets which form.

def test_curl_and_wget_get_text(host, start):
    start()
    for command in (["curl", "-sS", "--noproxy", "*", URL],
                    ["curl", "-sS", "--noproxy", "*", "localhost:9713"],
                    ["wget", "-q", "--no-proxy", "-O", "-", URL]):
        done = subprocess.run(host.server.command(*command), capture_output=True, text=True,
                              timeout=20)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("dnstt_exporter ")
        assert f"\n{DOMAIN} " in done.stdout
        assert_text(done.stdout)


def test_a_browser_gets_html(host, start):
    start()
    with browser(host.server) as shown:
        for path, kind in {"/": "text/html", "/status.html": "text/html",
                           "/status.txt": "text/plain", "/status.json": "application/json"}.items():
            shown.show(URL + path)
            assert shown.evaluate("document.contentType") == kind
            assert DOMAIN in shown.text("body")
        assert shown.complaints() == []


@pytest.mark.parametrize("accept, kind", [
    (None, TEXT), ("*/*", TEXT), ("text/*", TEXT), ("text/plain", TEXT), ("image/png", TEXT),
    (FIREFOX, HTML), ("text/html", HTML), ("text/html;q=0.5,*/*", TEXT), ("text/html;q=0", TEXT),
    ("application/json", JSON), ("application/json, text/plain, */*", JSON),
    ("text/plain, application/json", TEXT), ("application/json;q=0.9, text/html", HTML)])
def test_accept(start, accept, kind):
    program = start()
    for path in "/", "/?", "/?x=1":
        reply = get(program, path, accept)
        assert (reply.status, reply.headers["content-type"]) == (200, kind)


def test_several_accept_fields(start):
    program = start()
    reply = get(program, headers=["Accept: */*;q=0.5", "accept: application/json"])
    assert reply.headers["content-type"] == JSON


def test_by_name(start):
    """Whatever the request accepts."""
    program = start()
    for path, kind in NAMED.items():
        for accept in None, "*/*", FIREFOX, "application/json", "text/plain", "image/png":
            reply = get(program, path, accept)
            assert (reply.status, reply.headers["content-type"]) == (200, kind)
    for path in ("/status", "/status.", "/status.txt/", "/status.TXT", "/status.htm", "//status.txt",
                 "/status.json.gz", "/status%2etxt", "/status.txt%00", "/status.xml", "/./status.txt"):
        assert get(program, path).status == 404, path


def test_header_fields(start):
    program = start()
    for path in ALL_FORMS + ["/"]:
        reply = get(program, path)
        fields = dict(reply.headers)
        assert fields.pop("content-type") == NAMED.get(path.partition("?")[0], TEXT)
        assert fields.pop("content-length") == str(len(reply.body.encode()))
        assert fields.pop("content-security-policy").startswith("default-src 'none'; ")
        fields.pop("date")
        assert fields == {"vary": "Accept", "cache-control": "no-store", "connection": "close",
                          "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


def test_head(start):
    program = start()
    for path in ALL_FORMS + ["/"]:
        wait_for(lambda: time.time() % 1 < 0.5, 2, "the first half of a second")
        reply, head = get(program, path), get(program, path, method="HEAD")
        assert (head.status, head.body) == (200, "")
        assert head.headers.keys() == reply.headers.keys()
        assert head.headers["content-type"] == reply.headers["content-type"]
        assert abs(int(head.headers["content-length"]) - len(reply.body.encode())) < 100


# --- The text form.

def test_ascii_and_color(start):
    program = start()
    plain = fresh(program, "/status.txt")
    assert not plain.isascii()
    assert_text(plain)
    for query in "?ascii", "?ascii=", "?ascii=1", "?x&ascii", "?ascii&ascii":
        assert_text(get(program, f"/{query}").body, ascii=True)
        assert_text(get(program, f"/status.txt{query}").body, ascii=True)
    for query in "?color", "?color=", "?color=always", "?x=1&color":
        colored = get(program, f"/{query}").body
        assert colored.count("\x1b[1m") >= 4 and "\x1b[32mok" in colored
        assert_text(ESCAPES.sub("", colored))
        assert not ESCAPES.sub("", colored).isascii()
    for query in "?ascii&color", "?color&ascii":
        colored = get(program, f"/{query}").body
        assert "\x1b[" in colored
        assert_text(ESCAPES.sub("", colored), ascii=True)
    for query in "?colour", "?ASCII", "?asciix", "?x=ascii", "?=color", "?", "?xcolor=ascii":
        body = get(program, f"/{query}").body
        assert_text(body)
        assert not body.isascii()


def test_only_text_takes_wishes(start):
    program = start()
    for path in "/status.html?color&ascii", "/status.json?color&ascii":
        reply = get(program, path)
        assert reply.headers["content-type"] == NAMED[path.partition("?")[0]]
        assert "\x1b" not in reply.body
    assert get(program, "/?color", FIREFOX).headers["content-type"] == HTML


# --- The same rules for each form.

@pytest.mark.parametrize("path", ["/", *NAMED])
def test_rules_of_requests(start, path):
    program = start()
    begin = f"GET {path} HTTP/1.1\r\n".encode()
    for name, expected in ((b"localhost", 200), (b"127.0.0.1:9713", 200), (b"[::1]", 200),
                           (b"attacker.example", 403), (b"127.0.0.1.evil.example", 403)):
        answer = say(program, begin + b"Host: " + name + b"\r\n\r\n")
        assert status_of(answer) == expected, name
        assert (b"Tunnels" in answer) == (expected == 200 and path in ("/", "/status.txt"))
    assert status_of(say(program, begin + b"Host: localhost\r\nContent-Length: 1\r\n\r\nx")) == 400
    for method in "POST", "PUT", "DELETE", "OPTIONS", "BREW":
        reply = get(program, path, method=method)
        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


@pytest.fixture
def serve(start):
    """Starts the program with this web configuration."""
    with tls.open_folder() as folder:
        def begin(text):
            return start("-web.config.file", tls.put(folder / "web.yml", text))

        yield begin


def test_password(serve):
    # alice: secret
    program = serve("basic_auth_users:\n  alice: "
                    "$2y$10$NnYo4wFSOiMrATMQL9vtA.8fJZ8WDfYyUpb3WkN7lc6jnAAjAcqZS\n")
    right = "Authorization: Basic " + base64.b64encode(b"alice:secret").decode()
    for path in "/", *ALL_FORMS:
        for accept in None, FIREFOX, JSON:
            reply = get(program, path, accept)
            assert reply.status == 401 and DOMAIN not in reply.body
        reply = get(program, path, headers=[right])
        assert reply.status == 200 and DOMAIN in reply.body


def test_rate_limit(serve):
    program = serve("rate_limit: {interval: 1h, burst: 4}\n")
    paths = ["/", *NAMED, "/", *NAMED]
    assert [get(program, path).status for path in paths] == 4 * [200] + 4 * [429]


def test_fields_of_the_web_configuration(serve):
    program = serve('http_server_config:\n  headers:\n    X-Frame-Options: "deny"\n')
    for path in "/", *NAMED:
        assert get(program, path).headers["x-frame-options"] == "deny"


@pytest.mark.parametrize("path", NAMED)
def test_metrics_at_one_of_the_paths(start, path):
    """A configuration from before there were forms goes on to work."""
    program = start("-web.telemetry-path", path)
    reply = get(program, path)
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "\ndnstt_domain_active_clients{" in reply.body
    for other in NAMED.keys() - {path}:
        assert get(program, other).headers["content-type"] == NAMED[other]
    assert f'href=".{path}"' in get(program, "/", FIREFOX).body
    assert get(program, "/").body.startswith("dnstt_exporter ")
    assert get(program, "/metrics").status == 404


# --- The schema, and the values.

def test_the_schema_sees_what_is_wrong(start, geoip_flags):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    right = status(start(*geoip_flags))
    for change in (lambda page: page.update(version=2), lambda page: page.pop("time"),
                   lambda page: page.update(more=1),
                   lambda page: page["domains"][0].update(active=-1),
                   lambda page: page["domains"][0].update(address="10.77.1.9"),
                   lambda page: page["domains"].clear(),
                   lambda page: page["history"]["day"]["active"].pop(),
                   lambda page: page["history"].pop("week"),
                   lambda page: page["countries"]["top"].append({"country": "de", "active": 1}),
                   lambda page: page["checks"][0].update(good=1),
                   lambda page: page["clients"].update(active="1")):
        wrong = json.loads(json.dumps(right))
        change(wrong)
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(wrong)


def test_keys_go_by_the_set_up(host, start, databases):
    country = ("-geoip.country-database", databases / "country.mmdb")
    asn = ("-geoip.asn-database", databases / "asn.mmdb")
    for flags, keys in (((), set()), (country, {"countries"}), (asn, {"networks"}),
                        (country + asn, {"countries", "networks"}),
                        (("-privacy.round", "5"), {"privacy"})):
        program = start(*flags, "-capture.interface", host.interface, "-dnstt.port", "53",
                        "-dnstt.port", "5353")
        page = status(program)
        assert page.keys() & {"countries", "networks", "privacy"} == keys
        assert {check["check"] for check in page["checks"]} == {
            "sniffer", "packets_lost", "distinct_sessions",
            *(("country_database",) if "countries" in keys else ()),
            *(("asn_database",) if "networks" in keys else ())}
        assert all(check["good"] for check in page["checks"])
        assert (page["ports"], page["interface"]) == ([53, 5353], host.interface)
        assert f"\nWatching UDP port 53, 5353 on {host.interface}\n" in get(program).body
        program.stop()


def by_domain(metrics, name):
    return {labels["domain"]: value for labels, value in metrics.find(name)}


# Key of a domain in the JSON form, and the metric; summed over its groups.
METRICS_OF_DOMAINS = {
    "active": "dnstt_active_clients",
    "established": "dnstt_established_clients",
    "peak": "dnstt_domain_peak_clients",
    "sessions": "dnstt_sessions_total",
    "queries": "dnstt_queries_total",
    "repeated_queries": "dnstt_repeated_queries_total",
    "responses": "dnstt_responses_total",
    "bytes_in": "dnstt_bytes_in_total",
    "bytes_out": "dnstt_bytes_out_total",
    "ended_sessions": "dnstt_session_duration_seconds_count",
}
SESSIONS = {"10.77.1.9": 3, "10.77.2.9": 2, "10.77.9.9": 4}
TUNNELS = {DOMAIN: "dnstt", "v.example.com": "vaydns", "s.example.com": "slipstream",
           "o.example.com": "opaque"}


@pytest.fixture
def busy(host, start, geoip_flags):
    """The program after sessions of several tunnels, repeated and rejected queries, responses. Those
    of vaydns have ended. Returns what was asked, too."""
    program = start(*geoip_flags, "-dnstt.domain", DOMAIN, "-dnstt.tunnel",
                    "v.example.com,format=vaydns,clientid-size=8,active-window=1s", "-dnstt.tunnel",
                    "s.example.com,format=slipstream", "-dnstt.tunnel",
                    "o.example.com,format=opaque", domain=None)
    asked = []
    for address, count in SESSIONS.items():
        for number in range(count):
            client = b"%s%02d" % (address[-6:].encode(), number)
            queries = [wire.query(client, DOMAIN, bytes(40)),
                       wire.vaydns_query(client, "v.example.com", wire.kcp(b"x" * number)),
                       wire.slipstream_query(wire.quic_long(wire.QUIC_HANDSHAKE, client),
                                             "s.example.com"),
                       wire.query(client, "o.example.com")]
            host.inbound.send(*(frames.query_frame(query, source=address) for query in queries))
            host.outbound.send(frames.response_frame(wire.response(queries[0], bytes(100)),
                                                     destination=address))
            asked += queries
    host.inbound.send(frames.query_frame(asked[0], source="10.77.1.9"))
    small = wire.query(b"REJECTED", DOMAIN, bytes(40), size=512)
    host.inbound.send(*3 * [frames.query_frame(small)],
                      frames.query_frame(wire.query(b"REJECTED", DOMAIN, qtype=1)))
    host.settle(program, query=len(asked) + 1, response=sum(SESSIONS.values()), rejected=4)
    wait_for(lambda: program.metrics().sum("dnstt_session_duration_seconds_count") == 9, 20,
             "the sessions of vaydns have ended")
    return program, [*asked, small]


def test_values_are_those_of_the_metrics(busy):
    program, _ = busy
    page, metrics = status(program), program.metrics()
    assert abs(page["time"] - time.time()) < 5
    assert abs(page["started"] - metrics.sum("process_start_time_seconds")) < 2
    assert [domain["domain"] for domain in page["domains"]] == list(TUNNELS)
    assert {domain["domain"]: domain["format"] for domain in page["domains"]} == TUNNELS
    for domain in page["domains"]:
        for key, name in METRICS_OF_DOMAINS.items():
            assert domain[key] == metrics.sum(name, domain=domain["domain"]), (key, domain)
        assert (domain["recent_queries"], domain["recent_responses"]) == \
            (domain["queries"], domain["responses"])
    first, vaydns, slipstream, opaque = page["domains"]
    assert (first["sessions"], first["queries"], first["repeated_queries"]) == (9, 10, 1)
    assert (vaydns["ended_sessions"], vaydns["active"], slipstream["active"]) == (9, 0, 9)
    assert [domain["active_window_seconds"] for domain in page["domains"]] == [30, 1, 30, 30]
    assert 0 <= vaydns["median_session_seconds"] <= 10
    assert first["median_session_seconds"] is opaque["median_session_seconds"] is None
    active = metrics.sum("dnstt_active_clients")
    assert page["clients"]["active"] == active == 18
    assert page["clients"]["established"] == metrics.sum("dnstt_established_clients")
    assert {reason: count for reason, count in page["rejected_queries"].items() if count} == \
        metrics.by("reason", "dnstt_rejected_queries_total") == {"edns": 3, "qtype": 1}
    for key, label, unknown in (("countries", "country", "ZZ"), ("networks", "asn", "0")):
        shown = {str(row[{"country": "country", "asn": "asn"}[label]] or unknown): row["active"]
                 for row in page[key]["top"]}
        assert shown == metrics.by(label, "dnstt_active_clients")
        assert list(shown.values()) == sorted(shown.values(), reverse=True)
        assert (page[key]["all_others"], page[key]["other"]) == (0, 0)
    names = {labels["asn"]: labels["organization"] for labels, _ in metrics.find("dnstt_asn_info")}
    assert {str(row["asn"]): row["organization"] for row in page["networks"]["top"]
            if "organization" in row} == names


def test_the_past(busy):
    """What was before the start is null, and what is known is not."""
    program, _ = busy
    page = status(program)
    up = page["time"] - page["started"]
    for span, seconds in (("hour", 15), ("day", 360), ("week", 2520)):
        history = page["history"][span]
        samples = history["active"]
        assert (history["sample_seconds"], len(samples)) == (seconds, 240)
        known = [sample for sample in samples if sample is not None]
        assert 1 <= len(known) <= up // seconds + 2
        assert samples[:240 - len(known)] == (240 - len(known)) * [None]
        assert max(known) == page["clients"][f"peak_{span}"]
        assert 18 <= max(known) <= 27
        assert samples[-1] is not None


def rows(text, heading):
    """Of a part of the text form."""
    part = re.search(rf"^{heading}.*\n((?:.+\n)*)", text, re.M)[1]
    return [line.split() for line in part.splitlines()]


def test_text_shows_the_same(busy):
    program, _ = busy
    page, text = status(program), get(program, "/status.txt?ascii").body
    tunnels = {row[0]: row[1:4] for row in rows(text, "Tunnels")}
    assert tunnels == {domain["domain"]: [domain["format"], str(domain["active"]),
                                          str(domain["established"])] for domain in page["domains"]}
    totals = {row[0]: row[1:5] for row in rows(text, "Since the start")}
    assert totals == {domain["domain"]: [str(domain[key]) for key in
                                         ("sessions", "queries", "repeated_queries", "responses")]
                      for domain in page["domains"]}
    clients = page["clients"]
    assert f"\n{clients['active']} now, {clients['established']} of them established\n" in text
    assert f"\npeak of the last hour {clients['peak_hour']}, day {clients['peak_day']}, " \
        f"week {clients['peak_week']}\n" in text
    for heading, key, name in (("Countries", "countries", lambda row: row["country"]),
                               ("Networks", "networks", lambda row: row["asn"] and f"AS{row['asn']}")):
        assert [row[:2] for row in rows(text, heading)] == \
            [[name(row) or "unknown", str(row["active"])] for row in page[key]["top"]]
    assert re.search(r"^AS64496 +6 #+ +Example Network 64496$", text, re.M)
    assert {row[0]: row[1] for row in rows(text, "Rejected") if len(row) > 1 and row[1].isdigit()} == \
        {reason: str(count) for reason, count in page["rejected_queries"].items()}
    health = [line for line in text.splitlines() if line.startswith(("ok  ", "BAD "))]
    assert [line.partition(": ")[2] for line in health] == [check["text"] for check in page["checks"]]
    assert all(line.startswith("ok  ") for line in health)


def test_nothing_of_the_traffic(busy):
    """No address of a resolver, no session id and no name that was asked for, in any form."""
    program, asked = busy
    time.sleep(SECOND)
    for path in ALL_FORMS:
        body = get(program, path).body.lower()
        assert DOMAIN in body
        for word in [*SESSIONS, frames.CLIENT4, frames.SERVER4, "rejected00", "reject\x00"]:
            assert word not in body, (path, word)
        for query in asked:
            label = query[13 : 13 + query[12]].decode().lower()
            assert label[:13] not in body, path
        for address, count in SESSIONS.items():
            for number in range(count):
                client = address[-6:].encode() + b"%02d" % number
                for shown in (client.decode(), client.hex(), base64.b64encode(client).decode()):
                    assert shown.lower() not in body, path


# --- Names of a database.

HOSTILE = [
    "</bdi></small><script>alert(1)</script>", "\x1b[31mred\x1b[0m\r\nX-Injected: 1",
    "\u202eback\u2066wards \u200b\ufeff", "\"}\\ ],\n{\"a\":1", "x" * 100, "\u65e5\u672c\u8a9e" * 7,
    "e\u0301\u0301 \U0001f600", "&lt;b&gt;&amp;", "\x9b31m \x85\x00\x7f end", " \t ",
]
# What a foreign text has a space for: exporter/text/foreign_text.h.
HIDDEN = re.compile("[\0- \x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")


def cleaned(name):
    return HIDDEN.sub(" ", name).strip(" ").encode()[:64].decode(errors="ignore").rstrip(" ")


@pytest.fixture
def hostile(host, start):
    """The program with active sessions in the networks of HOSTILE, one more in each than in the next.
    Returns ASN to the name that is shown, too."""
    with tempfile.TemporaryDirectory(prefix="dnstt-mmdb-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        places = [{"network": f"10.77.{number}.0/24", "country": "DE", "asn": 64496 + number,
                   "organization": text} for number, text in enumerate(HOSTILE)]
        (folder / "spec.json").write_text(json.dumps(places))
        run("perl", str(ROOT / "tests/data/make_databases.pl"), name, f"{name}/spec.json")
        program = start("-geoip.asn-database", folder / "asn.mmdb")
        sent = 0
        for number in range(len(HOSTILE)):
            for _ in range(len(HOSTILE) - number):
                host.inbound.send(frames.query_frame(wire.query(b"%08d" % sent, DOMAIN),
                                                     f"10.77.{number}.9"))
                sent += 1
        host.settle(program, query=sent)
        time.sleep(SECOND)
        yield program, {64496 + number: cleaned(text) for number, text in enumerate(HOSTILE)}


def test_hostile_names_in_json(hostile):
    program, names = hostile
    page = status(program)
    assert [row["asn"] for row in page["networks"]["top"]] == list(names)
    assert {row["asn"]: row.get("organization", "") for row in page["networks"]["top"]} == names
    assert not re.search("[<>&'\x00-\x09\x0b-\x1f\x7f-\x9f]", get(program, "/status.json").body)


def test_hostile_names_in_text(hostile):
    program, names = hostile
    for path in "/status.txt", "/status.txt?ascii", "/status.txt?color", "/status.txt?ascii&color":
        text = ESCAPES.sub("", get(program, path).body) if "color" in path else \
            get(program, path).body
        ascii = "ascii" in path
        assert_text(text, ascii)
        for asn, name in names.items():
            (line,) = [line for line in text.splitlines() if line.startswith(f"AS{asn} ")]
            shown = line[40:]
            expected = re.sub(r"[^\0-\x7f]", "?", name) if ascii else name
            mark = "..." if ascii else "\u2026"
            assert shown == expected or \
                shown.endswith(mark) and expected.startswith(shown[:-len(mark)]), line
            assert shown or not name
    # A name of 64 is cut to the line.
    assert f"\nAS64500 {'6':>10} " in get(program, "/status.txt?ascii").body


def test_hostile_names_in_html(hostile, host):
    program, names = hostile
    with browser(host.server) as shown:
        shown.show(f"{URL}/")
        found = shown.evaluate("[...document.querySelectorAll('#networks th')]"
                               ".map(cell => cell.textContent)")
        assert found == [f"AS{asn} {name}" if name else f"AS{asn}" for asn, name in names.items()]
        assert shown.evaluate("document.scripts.length") == 0
        assert shown.evaluate("[...document.querySelectorAll('#networks *')]"
                              ".map(element => element.localName)"
                              ".filter(name => !['h2','table','tbody','tr','th','td','small','bdi',"
                              "'svg','rect'].includes(name))") == []
        assert shown.complaints() == []
    body = get(program, "/status.html").body
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", body)


# --- For as long as anybody looks at it.

ASKED = 2000  # each form
GROWTH = 512 * 1024


def test_asked_for_very_often(busy):
    """As by `watch -n2 curl localhost:9713` for an hour, in a few seconds: neither memory nor
    descriptors grow, and after it the page still shows what it did."""
    program, _ = busy

    def ask(times):
        for _ in range(times):
            for path in ALL_FORMS:
                answer = say(program, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                assert answer.startswith(b"HTTP/1.1 200 ")

    ask(100)
    time.sleep(SECOND)
    ask(1)
    time.sleep(SECOND)  # a reply's reader may be done before its connection is closed
    pids = program.pid, program.sniffer
    before = [(resident(pid), descriptors(pid)) for pid in pids]
    began = time.monotonic()
    ask(ASKED)
    took = time.monotonic() - began
    wait_for(lambda: all(descriptors(pid) <= many for pid, (_, many) in zip(pids, before)), 5,
             "all is closed")
    growth = sum(resident(pid) - memory for pid, (memory, _) in zip(pids, before))
    assert growth <= GROWTH
    assert "level=error" not in program.log()
    assert len(status(program)["domains"]) == len(TUNNELS)
    figure(f"status page: {ASKED * len(ALL_FORMS)} requests in {took:.1f} s, of each form {ASKED}; "
           f"memory grew by {growth // 1024} KiB")


def test_readers_that_never_read(start):
    """A form that is replaced while it is sent is sent to its end."""
    program = start()
    waiting = []
    for path in ALL_FORMS:
        with program.namespace.entered():
            connection = socket.create_connection(("127.0.0.1", 9713), timeout=5)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        waiting.append(connection)
    for path in ALL_FORMS:
        fresh(program, path)
    for connection in waiting:
        with connection:
            answer = b""
            while part := connection.recv(1000):
                answer += part
            head, _, body = answer.partition(b"\r\n\r\n")
            assert int(re.search(rb"Content-Length: (\d+)", head)[1]) == len(body) > 500
