#!/usr/bin/python3
"""Reads what the exporter's writers made of a foreign text, for the fuzz target that starts it: each
output by a parser of its own, none of which is ours where there is another. Ends with status 1 and
says why at the first one that does not give the text back.

    oracle.py foreign|status      for fuzz_foreign.c, for fuzz_status.c

Standard input: the fields of a question, each with its length in four octets, again and again.
Standard output: an octet for each question that found everything right.
"""

import html.parser
import json
import re
import signal
import sys
import unicodedata

import prometheus_client.openmetrics.parser
import prometheus_client.parser

TEXT_MAX, READ_MAX = 64, 1024  # exporter/text/foreign_text.h
# And what Python puts for octets that are not UTF-8.
INVISIBLE = re.compile("[\0- \x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\udc80-\udcff]+")
BIDIRECTIONAL = frozenset("LRE RLE LRO RLO PDF LRI RLI FSI PDI BN B S".split())
SOFT_HYPHEN = "\xad"
# Shown as nothing, or as a hyphen, without an effect on what is beside them.
BOUNDARY_NEUTRAL = frozenset([SOFT_HYPHEN, "\u180e", *map(chr, range(0x1bca0, 0x1bca4)),
                              *map(chr, range(0x1d173, 0x1d17b)), *map(chr, range(0xe0000, 0xe1000))])


def check(right, *what):
    if not right:
        sys.exit(f"oracle.py: {' '.join(map(ascii, what))}")


# --- The cleaned text.

def check_cleaned(raw, cleaned):
    text = cleaned.decode()
    whole = INVISIBLE.sub(" ", raw[:READ_MAX].decode(errors="surrogateescape")).strip(" ")
    check(text == whole.encode()[:TEXT_MAX].decode(errors="ignore").rstrip(" "), "cleaned", raw, text)
    # What must not be in it, by Unicode's data in place of our list.
    check(len(cleaned) <= TEXT_MAX, "too long", text)
    check("  " not in text and text == text.strip(" "), "spaces", text)
    for character in text:
        check(unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), "control", text)
        check(unicodedata.bidirectional(character) not in BIDIRECTIONAL or
              character in BOUNDARY_NEUTRAL, "bidi", text)
        check(character not in "\u061c\u200b\u200c\u200d\u200e\u200f\ufeff", "mark", text)
    return text


# --- The outputs.

def label(parser, page):
    families = list(parser.text_string_to_metric_families(page))
    check(len(families) == 1 and len(families[0].samples) == 1, "samples", page, families)
    sample = families[0].samples[0]
    check(sample.name == "x_info" and sample.value == 1 and list(sample.labels) == ["organization"],
          "sample", page, sample)
    return sample.labels["organization"]


def check_metrics(text, written):
    page = f'# TYPE x info\nx_info{{organization="{written.decode()}"}} 1\n# EOF\n'
    check(label(prometheus_client.openmetrics.parser, page) == text, "OpenMetrics", text, page)
    page = f'# TYPE x_info gauge\nx_info{{organization="{written.decode()}"}} 1\n'
    check(label(prometheus_client.parser, page) == text, "Prometheus text", text, page)


class Events(html.parser.HTMLParser):
    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))

    def handle_endtag(self, tag):
        self.found.append(("end", tag))

    def handle_data(self, data):
        self.found.append(data)

    def other(self, data):
        self.found.append((data,))

    handle_comment = handle_decl = handle_pi = unknown_decl = other


def check_html(text, written):
    found = Events(f"<th>{written.decode()}</th>").found
    data = [text] if text else []
    check(found == [("th", []), ("bdi", []), *data, ("end", "bdi"), ("end", "th")], "HTML", text, written,
          found)


def check_json(text, written):
    check(json.loads(written) == text, "JSON", text, written)
    check(not re.search(rb"[\x00-\x1f\x7f<>&']", written), "JSON in HTML", text, written)


# --- A terminal.

def width(text):
    """The least and the most columns: nobody knows those of a character that is not assigned."""
    least = most = 0
    for character in text:
        category = unicodedata.category(character)
        joined = category in ("Mn", "Me", "Cf") and character != SOFT_HYPHEN or \
            0x1160 <= ord(character) <= 0x11ff
        wide = unicodedata.east_asian_width(character) in "WF"
        if category == "Cn":
            least, most = least + 1, most + 2
        elif not joined:
            least, most = least + 1 + wide, most + 1 + wide
    return least, most


def first_fitting(text, columns):
    """The longest text that begins this one and surely has so many columns at most."""
    kept = 0
    while kept < len(text) and width(text[:kept + 1])[1] <= columns:
        kept += 1
    return kept


def check_terminal(text, columns, written, ellipsis, what):
    shown = written.decode()
    check(all(octet >= 0x20 and octet != 0x7f for octet in written), what, "control", text, shown)
    least, most = width(shown)
    check(least <= columns <= most, what, "columns", columns, text, shown)
    if shown.rstrip(" ") == text and width(text)[0] <= columns:
        return
    check(width(text)[1] > columns, what, "cut, and would fit", columns, text, shown)
    if columns < len(ellipsis):
        check(shown == ellipsis[:columns], what, "no room", columns, text, shown)
        return
    kept, mark, rest = shown.rpartition(ellipsis)
    check(mark and not rest.strip(" ") and text.startswith(kept), what, "cut", columns, text, shown)
    check(len(kept) >= first_fitting(text, columns - len(ellipsis)), what, "cut too early", columns,
          text, shown)


def check_terminals(text, columns, utf8, ascii_):
    without = text
    while without and width(without[0])[1] == 0:
        without = without[1:]
    check_terminal(without, columns, utf8, "\u2026", "terminal")
    check(ascii_.isascii(), "terminal", text, ascii_)
    check_terminal(re.sub(r"[^\0-\x7f]", "?", text), columns, ascii_, "...", "ASCII terminal")


# --- The log and the service manager.

LOGFMT = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^ "=\\]+))(?: |$)')


def check_log(text, logfmt, line):
    check(logfmt.endswith(b"\n") and logfmt.count(b"\n") == 1, "lines", text, logfmt)
    rest, fields = logfmt.decode()[:-1], []
    while rest:
        found = LOGFMT.match(rest)
        check(found, "logfmt", text, logfmt)
        value = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
        fields.append((found[1], value))
        rest = rest[found.end():]
    expected = [("level", "info"), ("msg", "a name"), ("name", text), ("after", "it")]
    check(fields[1:] == expected and fields[0][0] == "time", "logfmt", text, logfmt)
    check(line.endswith(b"}\n") and line.count(b"\n") == 1, "lines", text, line)
    check(list(json.loads(line).items())[1:] == expected, "JSON of the log", text, line)


def check_notification(text, state):
    # sd_notify(3): assignments, one on each line.
    check([line.split("=", 1) for line in state.decode().split("\n")] == [["STATUS", f"a name: {text}"]],
          "sd_notify", text, state)


def fields():
    while length := sys.stdin.buffer.read(4):
        octets = sys.stdin.buffer.read(int.from_bytes(length, "little"))
        check(len(length) == 4 and len(octets) == int.from_bytes(length, "little"), "cut off")
        yield octets


def check_foreign(raw, found):
    text = check_cleaned(raw, next(found))
    check_metrics(text, next(found))
    check_html(text, next(found))
    check_json(text, next(found))
    check_terminals(text, next(found)[0], next(found), next(found))
    check_log(text, next(found), next(found))
    check_notification(text, next(found))


# --- The status page.

NOTHING = 2**32 - 1  # exporter/counts/history.h
COLUMNS, NAME_COLUMNS = 80, 38  # exporter/status/page_text.c; where a name begins is below
NAME_AT = 40
ESCAPES = re.compile(rb"\x1b\[(?:1|32|1;31|0)m")
TAGS = frozenset("html head meta title style body header h1 p a main section h2 figure div span svg "
                 "path figcaption table tr th td small bdi rect footer".split())
WITHOUT_END = frozenset(("meta", "path", "rect"))
SPANS = "hour", "day", "week"


def cleaned(raw):
    whole = INVISIBLE.sub(" ", raw[:READ_MAX].decode(errors="surrogateescape")).strip(" ")
    return whole.encode()[:TEXT_MAX].decode(errors="ignore").rstrip(" ")


def numbers(octets, size):
    return [int.from_bytes(octets[at:at + size], "little") for at in range(0, len(octets), size)]


class Elements(html.parser.HTMLParser):
    """The page's elements, each known and closed, and the text of each bdi."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.names = [], []
        self.feed(page)
        self.close()
        check(not self.open, "HTML", "not closed", self.open)

    def handle_starttag(self, tag, attrs):
        check(tag in TAGS, "HTML", "element", tag, attrs)
        check(not any(key.startswith("on") or key in ("style", "src") for key, _ in attrs), "HTML",
              "attributes", tag, attrs)
        if tag == "bdi":
            self.names.append("")
        if tag not in WITHOUT_END:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        check(tag in ("path", "rect"), "HTML", "element", tag, attrs)
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        check(self.open and self.open.pop() == tag, "HTML", "end", tag)

    def handle_data(self, data):
        if self.open and self.open[-1] == "bdi":
            self.names[-1] += data

    def other(self, data):
        check(False, "HTML", data)

    handle_comment = handle_pi = unknown_decl = other


def check_status_html(interface, names, page):
    check(not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", page), "HTML", "control")
    found = Elements(page.decode()).names
    expected = ([] if interface is None else [interface]) + [name for name in names if name]
    check(found == expected, "HTML names", found, expected)


def check_status_json(interface, names, actives, spans, rejected, networks_shown, page):
    check(not re.search(rb"[\x00-\x1f\x7f<>&']", page[:-1]) and page.endswith(b"}\n"), "JSON", page)
    found = json.loads(page)
    check(found["interface"] == interface, "JSON interface", found["interface"], interface)
    check(("networks" in found) == networks_shown, "JSON keys", list(found))
    if networks_shown:
        rows = found["networks"]["top"]
        check([row.get("organization", "") for row in rows] == names, "JSON names", rows, names)
        check([row["active"] for row in rows] == actives, "JSON active", rows, actives)
    check(list(found["rejected_queries"].values()) == rejected, "JSON rejected", found, rejected)
    for span, samples in zip(SPANS, spans):
        shown = [NOTHING if sample is None else sample for sample in found["history"][span]["active"]]
        check(shown == samples, "JSON history", span, shown, samples)
        peak = max([sample for sample in samples if sample != NOTHING], default=0)
        check(found["clients"][f"peak_{span}"] == peak, "JSON peak", span, found["clients"], peak)


def check_status_text(names, text, ascii_):
    check(text.endswith("\n"), "text", "end", text[-80:])
    check(text.isascii() or not ascii_, "text", "ASCII")
    lines = text[:-1].split("\n")
    for line in lines:
        check(all(" " <= character and not "\x7f" <= character <= "\x9f" for character in line),
              "text", "control", line)
        check(width(line)[0] <= COLUMNS and not line.endswith(" "), "text", "line", line)
    for number, name in enumerate(names):
        (line,) = [line for line in lines if line.startswith(f"AS{number + 1} ")]
        check_status_name(name, line[NAME_AT:], ascii_)


def check_status_name(name, shown, ascii_):
    while name and not ascii_ and width(name[0])[1] == 0:
        name = name[1:]
    expected = re.sub(r"[^\0-\x7f]", "?", name) if ascii_ else name
    mark = "..." if ascii_ else "\u2026"
    # A name that is cut before a space, or that is too long.
    check(shown == expected.rstrip(" ") and width(shown)[0] <= NAME_COLUMNS or
          shown.endswith(mark) and expected.startswith(shown[:-len(mark)]) and
          width(expected)[1] > NAME_COLUMNS, "text name", shown, expected)


def check_status(flags, found):
    countries_shown, networks_shown, one_interface = (bool(flags[0] & bit) for bit in (1, 2, 4))
    interface = cleaned(next(found)) if one_interface else None
    names = [cleaned(next(found)) for _ in range(flags[1])]
    actives = numbers(next(found), 4)
    rejected = numbers(next(found), 8)
    spans = [numbers(next(found), 4) for _ in SPANS]
    shown = names if networks_shown else []
    check_status_html(interface, shown, next(found))
    check_status_json(interface, names, actives, spans, rejected, networks_shown, next(found))
    for ascii_ in False, True:
        text = next(found)
        check_status_text(shown, text.decode(), ascii_)
        check(("Countries of" in text.decode()) == countries_shown, "text", "countries")
        check(ESCAPES.sub(b"", next(found)) == text, "colour", text)


QUESTIONS = {"foreign": check_foreign, "status": check_status}


def main(questions):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the fuzzer's: at its end there is no more to read
    found = fields()
    for first in found:
        QUESTIONS[questions](first, found)
        sys.stdout.buffer.write(b"1")
        sys.stdout.buffer.flush()


try:
    main(*sys.argv[1:])
except ConnectionResetError:
    sys.exit("oracle.py: the fuzzer is gone")
