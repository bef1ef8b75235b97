"""A real Prometheus over places that open and close, with both privacy flags: no counter falls."""

import random
import time

from support import wire
from support.figures import figure
from support.observer import MIN_CLIENTS, MIN_FLAGS, ROUND_FLAGS, by_place, client_id
from support.prometheus import prometheus
from support.tunnels import DOMAIN, answer, ask

SECONDS, TURNS = 8, 28
PHASE = 7  # turns
WINDOW = 1  # seconds
RESOLVERS = ("10.77.1.9", "10.77.2.9", "10.77.3.9", "10.99.0.9")
ASNS = ("64496", "64497", "64498", "0")


class Switches:
    """How often each place was seen to open or close."""

    def __init__(self):
        self.open, self.count = {}, dict.fromkeys(ASNS, 0)

    def look(self, program):
        now = {asn: value > 0 for (_, asn), value in
               by_place(program.metrics(), "dnstt_active_clients").items()}
        for asn in ASNS:
            self.count[asn] += now.get(asn, False) != self.open.get(asn, False)
        self.open = now


def random_traffic(host, program, seed):
    """Each place has many clients and few in turn; some stay, some come from another place, and
    some ask only once. Until each has opened and closed. Returns how many clients there were."""
    rng = random.Random(seed)
    switches = Switches()
    clients = {address: [] for address in RESOLVERS}
    made = 0
    for turn in range(4 * TURNS):
        moved = clients[rng.choice(RESOLVERS)][:rng.randrange(3)]
        for number, address in enumerate(RESOLVERS):
            many = (turn + 2 * number) // PHASE % 2 == 0
            if rng.random() < 0.3 or (turn + 2 * number) % PHASE == 0:
                count = rng.randint(MIN_CLIENTS, 3 * MIN_CLIENTS) if many else rng.randrange(3)
                stay = clients[address][:count // 2] + (moved if many else [])
                clients[address] = stay + list(range(made, made + count - count // 2))
                made += count - count // 2
            queries = [wire.query(client_id(number), DOMAIN, wire.kcp(number=rng.randrange(3)))
                       for number in clients[address]]
            ask(host, *queries, *[wire.query(b"REJECTED", DOMAIN, size=512)] * rng.randrange(3),
                source=address)
            answer(host, *queries[:3])
        time.sleep(SECONDS / TURNS)
        switches.look(program)
        if turn >= TURNS and min(switches.count.values()) >= 3:
            break
    assert min(switches.count.values()) >= 3, switches.count
    return made


def counters_of(metadata):
    """The names of all series that may not fall."""
    ends = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
    return {name + end for name, (entry, *_) in metadata.items()
            for end in ends.get(entry["type"], [])}


def falls(values):
    return any(later < sooner for sooner, later in zip(values, values[1:]))


def test_no_counter_falls(host, start, observed_databases, tmp_path):
    seed = random.randrange(1 << 32)
    figure(f"seed {seed}")
    program = start(*observed_databases, *MIN_FLAGS, *ROUND_FLAGS,
                    "-dnstt.active-window", f"{WINDOW}s")
    with prometheus(host.server, tmp_path, {"dnstt": ["127.0.0.1:9713"]}) as server:
        sessions = random_traffic(host, program, seed)
        names = counters_of(server.ask("metadata"))
        assert len(names) > 20
        series = server.ask("query", query=f'{{__name__=~"{"|".join(names)}"}}[5m]')["result"]
        assert {one["metric"]["__name__"] for one in series} >= names - {
            "dnstt_rejected_queries_total"}
        falling = [one for one in series
                   if falls([float(value) for _, value in one["values"]])]
        assert falling == []
        for name in names:
            wrong = server.evaluate(f"resets({name}[5m]) > 0 or rate({name}[5m]) < 0")
            assert wrong == [], name
        scrapes = max(len(one["values"]) for one in series)
        # It saw places open and close.
        changes = {labels["asn"]: value for labels, value in server.evaluate(
            f'changes((dnstt_active_clients{{domain="{DOMAIN}"}} > bool 0)[5m:1s])')}
        figure(f"{sessions} sessions, {scrapes} scrapes, places opened or closed {changes}")
        assert sum(changes[asn] for asn in ASNS) >= len(ASNS)
        sums = server.evaluate("sum by (domain) (dnstt_active_clients)")
        assert sums and all(value >= 0 for _, value in sums)
