"""Steps of the wall clock, and a host that slept, under the running program: its clocks are a
test's (clock.c), and it knows nothing of that."""

import re
import time

import pytest

from support import frames, wire
from support.figures import figure
from support.program import wait_for

DOMAIN = "t.example.com"
DAY = 24 * 3600
SESSIONS = 20


@pytest.fixture
def program(start, clock, geoip_flags):
    return start("-log.level", "debug", *geoip_flags, **clock.options)


def polls():
    return [frames.query_frame(wire.query(b"CLIENT%02d" % number, DOMAIN))
            for number in range(SESSIONS)]


def figures(metrics):
    return tuple(metrics.sum(name) for name in
                 ("dnstt_active_clients", "dnstt_peak_clients", "dnstt_sessions_total"))


def moments(metrics):
    """Of the start, and of the files that were loaded then, by the wall clock."""
    return {(name, labels.get("database")): value for name, labels, value in metrics.samples
            if name == "process_start_time_seconds" or name.endswith("success_timestamp_seconds")}


def day_of(program):
    """As the replies' Date has it."""
    _, headers, _ = program.request("GET", "/-/healthy")
    return re.search(r", (\d+ \w+ \d+) ", headers["Date"])[1]


def test_the_wall_clock_is_stepped(host, clock, program):
    """By a day, forwards and backwards, all the time: nothing changes but the dates that it tells."""
    asked, days = 0, set()
    started = moments(program.metrics())
    for step in (0, DAY, -DAY, 365 * DAY, -DAY, 0):
        clock.set(stepped=step)
        assert moments(program.metrics()) == pytest.approx(
            {name: value + step for name, value in started.items()}, abs=1)
        host.inbound.send(*polls())
        asked += SESSIONS
        assert figures(host.settle(program, query=asked)) == (SESSIONS, SESSIONS, SESSIONS)
        assert program.request("GET", "/-/ready")[0] == 200
        days.add(day_of(program))
    assert len(days) == 4
    figure(f"the wall clock stepped to {len(days)} days: {asked} queries of {SESSIONS} sessions, all "
           "counted, none twice")
    assert "silent" not in program.log()
    assert "level=error" not in program.log()


def test_a_clock_that_is_set_after_the_start(start, clock, geoip_flags):
    """From 1970, as on a host without a battery: the start and the loads are shown where they
    belong, and do not move by a millisecond after that."""
    boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    lost = int(time.time() - boot)
    clock.set(stepped=-lost)
    program = start(*geoip_flags, **clock.options)
    before = moments(program.metrics())
    assert len(before) == 3
    assert all(abs(value - boot) < 60 for value in before.values())
    clock.set(stepped=0)
    after = moments(program.metrics())
    assert after == pytest.approx({name: value + lost for name, value in before.items()}, abs=3)
    assert abs(after["process_start_time_seconds", None] - time.time()) < 60
    for step in (1, -1, 0) * 20:  # no more than a clock that is put right, or a leap second
        clock.set(stepped=step)
        assert moments(program.metrics()) == after
    clock.set(stepped=3600, slept=3600)  # a host that slept has both clocks go on
    assert moments(program.metrics()) == after


def test_the_host_slept(host, clock, program):
    """Longer than the window: the sessions have expired, and those that come back are not new."""
    host.inbound.send(*polls())
    assert figures(host.settle(program, query=SESSIONS)) == (SESSIONS, SESSIONS, SESSIONS)
    clock.set(slept=3600)
    woke = time.monotonic()
    wait_for(lambda: figures(program.metrics()) == (0, SESSIONS, SESSIONS), 3, "expiry")
    figure(f"after an hour's sleep {SESSIONS} sessions had expired within "
           f"{time.monotonic() - woke:.1f} s")
    host.inbound.send(*polls())
    assert figures(host.settle(program, query=2 * SESSIONS)) == (SESSIONS, SESSIONS, SESSIONS)
    wait_for(lambda: program.request("GET", "/-/ready")[0] == 200, 3, "ready again")
