#!/usr/bin/python3
"""Reads what the exporter's writers made of a foreign text, for fuzz_foreign.c, which starts it: each
output by a parser of its own, none of which is ours where there is another. Ends with status 1 and
says why at the first one that does not give the text back.

Standard input: the fields of main(), each with its length in four octets, again and again. Standard
output: an octet for each question that found everything right.
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


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the fuzzer's: at its end there is no more to read
    found = fields()
    for raw in found:
        text = check_cleaned(raw, next(found))
        check_metrics(text, next(found))
        check_html(text, next(found))
        check_json(text, next(found))
        check_terminals(text, next(found)[0], next(found), next(found))
        check_log(text, next(found), next(found))
        check_notification(text, next(found))
        sys.stdout.buffer.write(b"1")
        sys.stdout.buffer.flush()


try:
    main()
except ConnectionResetError:
    sys.exit("oracle.py: the fuzzer is gone")
