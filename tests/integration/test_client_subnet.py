"""A part of a client's address that a resolver may send with its queries (EDNS Client Subnet, RFC
7871) changes nothing but their length, and is nowhere to be seen: docs/privacy.md."""

import re

from support import wire
from support.observer import FRANCE, GERMANY
from support.tunnels import DOMAIN

SUBNETS = {"10.77.3.0": 24, "203.0.113.77": 32, "2001:db8:aa:bb00::": 56}  # the first has a place
# The octets as text, in any notation that comes to mind.
TRACES = re.compile(r"10\.77\.3|203\.0\.113|cb0071|2001:d?b8|20010db8|64498|Rare Net", re.I)


def pairs():
    """Queries that count and that are rejected: without the option, and with it."""
    names = [wire.name(wire.payload(b"CLIENT-%d" % number, wire.kcp(number=number)), DOMAIN)
             for number in range(3)]
    names.append(wire.labels([b"ns", *DOMAIN.encode().split(b".")]))
    for size in 4096, 512:
        for name, (address, prefix) in zip(names, [*SUBNETS.items(), ("10.77.3.9", 24)]):
            bare = wire.message(name, size=None)
            yield (wire.with_opt(bare, wire.opt_record(size)),
                   wire.with_opt(bare, wire.opt_record(
                       size, options=wire.client_subnet(address, prefix))))


def lines_of(observer, messages):
    """What is shown once these were asked: (metric, labels) → value."""
    for address in GERMANY, FRANCE:
        observer.ask(address, *messages)
    observer.answer(GERMANY, wire.response(messages[0]))
    observer.program.markers = 0
    observer.host.settle(observer.program, query=observer.markers + 6, rejected=10, response=1)
    shown = observer.see()
    return {(name, tuple(labels.items())): value for name, labels, value in shown.samples
            if not re.match(r"process_|dnstt_exporter_(sniffer|http|packets|geoip_last)", name)}


def test_a_subnet_changes_nothing(observe):
    plain, told = zip(*pairs())
    pages, traces = [], []
    for messages in plain, told:
        observer = observe()
        pages.append(lines_of(observer, messages))
        traces += [(form, TRACES.findall(text)) for form, text in observer.everything().items()]
        observer.program.stop()
    without, with_them = pages
    bytes_in = {key for key in without if "bytes_in" in key[0]}
    different = {key for key in without.keys() | with_them.keys()
                 if without.get(key) != with_them.get(key)}
    assert different <= bytes_in
    # The bytes of messages are those on the wire.
    longer = sum(len(message) for message in told[:3]) - sum(len(message) for message in plain[:3])
    key = "dnstt_domain_bytes_in_total", (("domain", DOMAIN),)
    assert with_them[key] - without[key] == 2 * longer > 0
    assert {found for _, marks in traces for found in marks} == set()
