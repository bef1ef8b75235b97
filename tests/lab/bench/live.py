"""Measurements on real traffic: a sender on one processor, a subject on the other."""

import os
import pathlib
import re
import signal
import statistics
import subprocess
import time
from typing import NamedTuple

import frames
from subjects import (SENDER_PROCESSOR, SETTLE_SECONDS, Go, Ours, Tcpdump, on_processor, running,
                      wakeups)
from support import frames as packets
from support import wire
from support.host import CLIENT_INTERFACE
from support.process import processor_seconds, resident
from support.program import BUILD, wait_for
from support.sender import Sender

SUBJECTS = (Tcpdump, Ours, Go)


class Run(NamedTuple):
    """One subject, watching one sender."""
    sent: int
    seconds: float
    delivered: int
    nanoseconds: dict  # CPU by process

    @property
    def rate(self):
        return self.sent / self.seconds

    @property
    def lost(self):
        return self.sent - self.delivered

    def per_packet(self, *roles):
        return sum(self.nanoseconds[role] for role in roles or self.nanoseconds) / self.delivered


def start_sender(host, path, rate, seconds):
    """`rate` 0 is as fast as it goes."""
    return subprocess.Popen(
        host.client.command(*on_processor(SENDER_PROCESSOR, BUILD / "tests/lab/bench/sender",
                                          CLIENT_INTERFACE, path, rate, seconds)),
        stdout=subprocess.PIPE, text=True)


def finish_sender(process):
    """(frames, seconds)"""
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    count, seconds = output.split()
    return int(count), float(seconds)


class Site(NamedTuple):
    """What the subjects meet."""
    host: object
    queries: pathlib.Path  # a pcap of them
    databases: tuple


def measure(site, subject, rate, seconds):
    with running(subject, site.host, site.databases) as started:
        before = {role: processor_seconds(pid) for role, pid in started.pids.items()}
        sent, took = finish_sender(start_sender(site.host, site.queries, rate, seconds))
        time.sleep(SETTLE_SECONDS)
        spent = {role: (processor_seconds(pid) - before[role]) * 1e9
                 for role, pid in started.pids.items()}
        return Run(sent, took, started.delivered(), spent)


def measure_all(site, rate, seconds):
    """A round: every subject in turn."""
    return {subject: measure(site, subject, rate, seconds) for subject in SUBJECTS}


def rounds_without_loss(site, rate, seconds, count):
    """A round in which a packet was lost is thrown away: what was lost cost nothing."""
    kept = []
    for _ in range(3 * count):
        one = measure_all(site, rate, seconds)
        if all(run.lost == 0 for run in one.values()):
            kept.append(one)
        if len(kept) == count:
            return kept
    raise AssertionError(f"{len(kept)} of {3 * count} rounds were without loss")


def ratio(rounds, subject, base, *roles):
    """The median over rounds of one subject's CPU per packet to another's in the same round."""
    return statistics.median(one[subject].per_packet(*roles) / one[base].per_packet()
                             for one in rounds)


def median_ns(runs, *roles):
    return statistics.median(run.per_packet(*roles) for run in runs)


def lost_while_stopped(site, rate, stopped_seconds):
    """Packets lost when the exporter stands still in the middle of the traffic."""
    with running(Ours, site.host, site.databases) as ours:
        sender = start_sender(site.host, site.queries, rate, 1.0)
        time.sleep(0.4)
        os.kill(ours.pids["exporter"], signal.SIGSTOP)
        time.sleep(stopped_seconds)
        os.kill(ours.pids["exporter"], signal.SIGCONT)
        sent, _ = finish_sender(sender)
        time.sleep(SETTLE_SECONDS)
        return sent - ours.delivered()


def wakeups_a_second(host, path, rate, seconds=12):
    """By process. Without a path nothing is sent."""
    with running(Ours, host) as ours:
        sender = start_sender(host, path, rate, seconds + 2) if path else None
        time.sleep(1)
        before = {role: wakeups(pid) for role, pid in ours.pids.items()}
        begun = time.monotonic()
        time.sleep(seconds)
        spent = time.monotonic() - begun
        counted = {role: (wakeups(pid) - before[role]) / spent for role, pid in ours.pids.items()}
        if sender:
            finish_sender(sender)
    return counted


def latencies(host, count=40):
    """Milliseconds from the first byte of a query on the wire until a scrape shows it."""
    found = []
    frame = packets.query_frame(wire.query(b"CLIENTID", frames.DOMAIN))
    with running(Ours, host) as ours:
        for number in range(1, count + 1):
            time.sleep(0.1 + 0.0037 * (number % 17))  # not in step with any timer
            begun = time.monotonic()
            host.inbound.send(frame)
            while ours.program.metrics().sum("dnstt_queries_total") < number:
                assert time.monotonic() < begun + 5, "a query that no scrape shows"
            found.append((time.monotonic() - begun) * 1000)
    return found


class Memory(NamedTuple):
    """Bytes."""
    exporter: int
    highest: int  # that the exporter ever had
    sniffer_private: int


def _highest(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s*(\d+) kB", status, re.M)[1]) * 1024


def _private(pid):
    """What is this process's alone, without the ring, whose pages are the kernel's."""
    total, ring = 0, False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            ring = "socket:" in line
        elif not ring and re.match(r"Private_(Clean|Dirty):", line):
            total += int(line.split()[1]) * 1024
    return total


def memory(host, path, sessions, limit=1_000_000):
    """After so many sessions, each of them new, of which up to the limit are active."""
    def all_counted():
        metrics = ours.program.metrics()
        return (metrics.sum("dnstt_queries_total") >= sessions
                and metrics.sum("dnstt_active_clients") >= min(sessions, limit))

    with running(Ours, host, None, ("-dnstt.active-window", "5m")) as ours:
        if sessions > 0:
            sender = Sender(host.client, CLIENT_INTERFACE, path, rate=min(80_000, 5 * sessions),
                            seconds=60, newcomers=1000)
            wait_for(all_counted, 60, f"{sessions} sessions")
            sender.end()
        exporter = ours.pids["exporter"]
        return Memory(resident(exporter), _highest(exporter), _private(ours.pids["sniffer"]))
