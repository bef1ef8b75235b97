"""The status page, as a person's browser shows it."""

import base64
import hashlib
import os
import re
import signal
import time

import pytest

from support import frames, wire
from support.browser import browser
from support.program import BUILD, wait_for

URL = "http://127.0.0.1:9713/"
DOMAIN = "t.example.com"
# A resolver's address (conftest.RESOLVERS) and how many sessions ask through it.
RESOLVERS = {"10.77.1.9": 3, "10.77.2.9": 2, "fd77:0:0:2::9": 1, "10.66.6.6": 1}


def session(number):
    return b"SESSION%d" % number


@pytest.fixture
def busy(host, start, geoip_flags):
    """The program, after queries of seven sessions and two that were rejected."""
    program = start(*geoip_flags)
    asked = []
    for address, count in RESOLVERS.items():
        asked += [wire.query(session(len(asked) + i), DOMAIN, bytes(40)) for i in range(count)]
        host.inbound.send(*(frames.query_frame(query, source=address) for query in asked[-count:]))
    small = wire.query(session(9), DOMAIN, bytes(40), size=512)
    host.inbound.send(frames.query_frame(small), frames.query_frame(small))
    host.settle(program, query=len(asked), rejected=2)
    return program, asked


@pytest.fixture(scope="module")
def shown(host):
    with browser(host.server) as opened:
        yield opened


def luminance(colour):
    """WCAG 2, relative luminance of a colour such as "rgb(18, 23, 28)"."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
                        for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(shown, selector, ground):
    style = "getComputedStyle(document.querySelector('{}'))"
    text = luminance(shown.evaluate(style.format(selector) + ".color"))
    behind = luminance(shown.evaluate(style.format(ground) + ".backgroundColor"))
    light, dark = max(text, behind), min(text, behind)
    return (light + 0.05) / (dark + 0.05)


def test_it_tells_what_is_going_on(busy, shown):
    shown.show(URL)
    assert shown.text("#clients .figure") == "7"
    assert shown.text("#clients .soft") == (
        "with a query in the last 30 s; 0 of them established: with data, for a minute or longer; "
        "at most 7 active in the last hour")
    assert shown.rows("watched") == {DOMAIN: "7 active"}
    assert shown.text("#watched table") == (
        f"{DOMAIN} 7 active\n"
        "dnstt \u00b7 0 established \u00b7 0 % answered \u00b7 no session has ended")
    assert shown.rows("countries") == {"DE": "3", "FR": "2", "SE": "1", "unknown": "1"}
    assert shown.rows("networks") == {
        "AS64496 Example Network 64496": "3", "AS64497 Example Network 64497": "2",
        "AS65536 Example Network 65536": "1", "unknown": "1"}
    health = shown.rows("health")
    assert health.pop("Sniffer") == "reports"
    assert health.pop("Packets lost") == "none"
    assert health.pop("Count of distinct sessions") == "exact"
    assert health == {"Country database": "built 0 days ago", "ASN database": "built 0 days ago"}
    rejected = {what.partition(":")[0]: count for what, count in shown.rows("rejected").items()}
    assert rejected == {"opcode": "0", "qtype": "0", "edns": "2", "encoding": "0", "short": "0",
                        "framing": "0"}
    # The longest bar is as wide as its cell, one of a third of its value a third as wide.
    widths = shown.evaluate("[...document.querySelectorAll('#countries rect')]"
                            ".map(bar => bar.getBoundingClientRect().width)")
    assert [round(12 * width / widths[0]) for width in widths] == [12, 8, 4, 4]
    # The curve ends at the right edge, and at the top: seven is the most there was.
    curve = shown.evaluate("document.querySelector('#clients .curve').getAttribute('d')")
    assert curve.endswith("0H1200"), curve
    assert shown.complaints() == []
    shown.picture(BUILD / "status.png")
    assert (BUILD / "status.png").stat().st_size > 10_000
    shown.driver.find_element("link text", "metrics").click()
    assert 'dnstt_active_clients{domain="t.example.com"' in shown.text("body")


@pytest.mark.parametrize("dark", [False, True])
def test_any_screen(busy, shown, dark):
    shown.show(URL, width=320, dark=dark)
    assert shown.evaluate("innerWidth") == 320
    assert shown.evaluate("document.documentElement.scrollWidth") <= 320
    for selector in ".figure", "th", ".soft", ".good", "a", "#watched tr.soft td", "#networks small":
        assert contrast(shown, selector, "section") >= 4.5, selector
    ground = luminance(shown.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (ground < 0.2) == dark
    assert shown.complaints() == []
    assert shown.print().startswith(b"%PDF")


def test_nothing_but_itself(busy):
    program, asked = busy
    status, headers, body = program.request("GET", "/status.html")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    style = re.search(r"<style>(.*)</style>", body, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; ")
    assert "unsafe" not in policy
    # No address, session or name of the traffic.
    for word in [*RESOLVERS, frames.CLIENT4]:
        assert word not in body
    for query in asked:
        label = query[13 : 13 + query[12]].decode()
        assert label[:13] not in body.lower()
    assert "SESSION" not in body
    head = program.request("HEAD", "/status.html")
    assert (head[0], head[1]["Content-Length"], head[2]) == (200, str(len(body.encode())), "")


def test_it_tells_each_tunnels_format(host, start, shown):
    """In the order of the command line."""
    program = start("-dnstt.tunnel", "v.example.com,format=vaydns,clientid-size=4",
                    "-dnstt.domain", DOMAIN, "-dnstt.tunnel", "x.example.com,format=xdns",
                    "-dnstt.tunnel", "n.example.com,format=noizdns",
                    "-dnstt.tunnel", "e.example.com,format=dnsttex",
                    "-dnstt.tunnel", "s.example.com,format=slipstream",
                    "-dnstt.tunnel", "o.example.com,format=opaque", domain=None)
    data = [wire.vaydns_query(b"ID%02d" % number, "v.example.com", wire.kcp())
            for number in range(3)]
    data += [wire.slipstream_query(wire.quic_long(wire.QUIC_HANDSHAKE, session(number)),
                                   "s.example.com") for number in range(2)]
    probe = wire.message(wire.hex_name(session(1) + b"\xff" + bytes(6), "e.example.com"))
    opaque = wire.query(session(1), "o.example.com")
    host.inbound.send(*map(frames.query_frame, [*data, probe, opaque]))
    host.settle(program, query=7)
    shown.show(URL)
    rest = "{} \u00b7 0 established \u00b7 {} \u00b7 no session has ended"
    silent, asked = "no queries in 5 min", "0 % answered"
    assert shown.text("#watched table").splitlines() == [
        "v.example.com 3 active", rest.format("vaydns", asked),
        f"{DOMAIN} 0 active", rest.format("dnstt", silent),
        "x.example.com 0 active", rest.format("xdns", silent),
        "n.example.com 0 active", rest.format("noizdns", silent),
        "e.example.com 0 active", rest.format("dnsttex", asked),
        "s.example.com 2 active", rest.format("slipstream", asked),
        "o.example.com 0 active", rest.format("opaque", asked)]
    assert shown.text("#clients .figure") == "5"
    shown.show(URL, width=320)
    assert shown.evaluate("document.documentElement.scrollWidth") <= 320
    assert shown.complaints() == []


def test_how_well_the_tunnel_works(host, start, clock, shown):
    """Who is established, what is answered, and how long sessions last."""
    program = start("-dnstt.active-window", "5m", **clock.options)
    kept, left = [session(number) for number in range(3)], session(3)

    def ask(number, *client_ids, answered):
        queries = [wire.query(client_id, DOMAIN, wire.kcp(number=number)) for client_id in client_ids]
        host.inbound.send(*map(frames.query_frame, queries))
        host.outbound.send(*(frames.response_frame(wire.response(query))
                             for query in queries[:answered]))

    def pass_seconds(seconds):
        """What was counted before is of before: the exporter looks every two seconds."""
        clock.pass_seconds(seconds)
        time.sleep(2.5)

    def wait_for_queries(count):
        wait_for(lambda: program.metrics().sum("dnstt_queries_total") == count, 5, f"{count} queries")

    # Of eight queries six are answered.
    ask(0, *kept, left, answered=3)
    wait_for_queries(4)
    pass_seconds(100)
    ask(1, *kept, left, answered=3)
    wait_for_queries(8)
    wait_for(lambda: program.metrics().sum("dnstt_established_clients") == 4, 3, "established")
    time.sleep(1)  # as long as a page is kept
    shown.show(URL)
    assert shown.text("#clients .figure") == "4"
    assert "; 4 of them established: " in shown.text("#clients")
    assert shown.text("#watched tr.soft") == (
        "dnstt \u00b7 4 established \u00b7 75 % answered \u00b7 no session has ended")

    # Five minutes later only what was answered is recent, and the fourth session has ended.
    pass_seconds(200)
    ask(2, *kept, answered=3)
    wait_for_queries(11)
    pass_seconds(200)
    ask(3, *kept, answered=3)
    wait_for_queries(14)
    wait_for(lambda: program.metrics().sum("dnstt_domain_active_clients") == 3, 3, "one has ended")
    time.sleep(1)
    shown.show(URL)
    # One session of 60 to 300 s: its bucket's middle.
    assert shown.text("#watched table") == (
        f"{DOMAIN} 3 active\n"
        "dnstt \u00b7 3 established \u00b7 100 % answered \u00b7 median session 3 min")
    shown.show(URL, width=320)
    assert shown.evaluate("document.documentElement.scrollWidth") <= 320
    assert shown.complaints() == []


def test_a_silent_sniffer_shows(start):
    program = start()
    os.kill(program.sniffer, signal.SIGSTOP)
    try:
        wait_for(lambda: '<td class="bad">silent</td>' in program.request("GET", "/status.html")[2], 10,
                 "the page tells of the silence")
    finally:
        os.kill(program.sniffer, signal.SIGCONT)
    wait_for(lambda: '<td class="good">reports</td>' in program.request("GET", "/status.html")[2], 5,
             "the page tells that it is over")


def test_two_within_a_second_are_the_same(host, start):
    """Rendered once a second: who asks often costs little."""
    program = start()
    for path in "/", "/status.html", "/status.txt", "/status.json":
        pages = {program.request("GET", path)[2] for _ in range(20)}
        assert len(pages) <= 2


def test_the_past_and_the_totals(busy, shown):
    """The graphs have their values on the left and their times below; what was before the start is
    blank. Totals are those since the start, which the page tells."""
    program, asked = busy
    shown.show(URL)
    assert shown.text("h1") == "dnstt_exporter"
    times = {"clients": ["60 min ago", "30 min", "now"], "day": ["24 h ago", "12 h", "now"],
             "week": ["7 days ago", "3.5 days", "now"]}
    for section, expected in times.items():
        find = f"[...document.querySelectorAll('#{section} {{}}')]"
        assert shown.evaluate(find.format("figcaption span") + ".map(e => e.innerText)") == expected
        assert shown.evaluate(find.format(".values span") + ".map(e => e.innerText)") == ["7", "0"]
        # Each label can be seen, beside the graph and inside its section.
        assert shown.evaluate(f"""(() => {{
            const box = element => element.getBoundingClientRect();
            const section = box(document.querySelector('#{section}'));
            const graph = box(document.querySelector('#{section} svg'));
            const labels = {find.format("figure span")}.map(box);
            const [most, least, ...below] = labels;
            return labels.every(label => label.width > 0 && label.height > 8 &&
                                label.left >= section.left && label.right <= section.right) &&
                [most, least].every(label => label.right <= graph.left) &&
                Math.abs(most.top - graph.top) < 4 && Math.abs(least.bottom - graph.bottom) < 4 &&
                below.every(label => label.top >= graph.bottom - 1) &&
                Math.abs(below[0].left - graph.left) < 2 &&
                Math.abs(below[2].right - graph.right) < 2;
        }})()"""), section
        # One piece, at the right edge: before the start there is nothing.
        curves = shown.evaluate(find.format(".curve") + ".map(e => e.getAttribute('d'))")
        assert len(curves) == 1 and curves[0].endswith("0H1200")
        assert int(curves[0][1:].split(" ")[0]) >= 1180
    assert shown.text("#day p") == shown.text("#week p") == "at most 7 active"
    totals = shown.text("#totals")
    assert "counting since 20" in totals and "a restart begins all values again" in totals
    assert shown.rows("totals") == {DOMAIN: "7 sessions"}
    size = sum(map(len, asked))
    assert size < 1024
    assert f"7 queries, 0 repeated · 0 responses · {size} B in · 0 B out" in totals
    assert shown.complaints() == []


@pytest.mark.parametrize("dark", [False, True])
def test_small_text_on_any_screen(busy, shown, dark):
    """At 320 px, and on a wide one: all text has contrast, and no label of an axis overlaps another."""
    for width in 320, 1400:
        shown.show(URL, width=width, dark=dark)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        for selector in ("#day .soft", "#week .soft", "#totals .soft", "#watched .soft td",
                         "#networks small bdi", "#clients figcaption span", "#day .values span",
                         "#totals td", "h2"):
            assert contrast(shown, selector, "section") >= 4.5, selector
        for selector in "h1", "header .soft", "footer small":
            assert contrast(shown, selector, "body") >= 4.5, selector
        for section in "clients", "day", "week":
            assert shown.evaluate(f"""(() => {{
                const found = [...document.querySelectorAll('#{section} figcaption span')]
                    .map(element => element.getBoundingClientRect());
                return found.every((box, i) => i == 0 || box.left > found[i - 1].right);
            }})()"""), (section, width)
    assert shown.complaints() == []
