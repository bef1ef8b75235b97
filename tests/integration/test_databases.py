"""Databases that are replaced under the running program: what is good is taken in, what is not is
left alone, and the labels follow."""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import tempfile
import time

import pytest

from support import frames, wire
from support.figures import figure
from support.namespace import run
from support.program import ROOT, Program, wait_for

RESOLVER = "10.77.1.9"


def write(directory, country, asn=64500):
    """A country database and an ASN database in which every resolver is in one place."""
    directory.mkdir(mode=0o755, exist_ok=True)
    specification = directory / "spec.json"
    specification.write_text(json.dumps([{"network": "10.77.0.0/16", "country": country, "asn": asn}]))
    run("perl", str(ROOT / "tests/data/make_databases.pl"), str(directory), str(specification))
    return directory / "country.mmdb"


@pytest.fixture
def folder():
    """Readable to the unprivileged user, as pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="dnstt-mmdb-") as name:
        pathlib.Path(name).chmod(0o755)
        yield pathlib.Path(name)


@pytest.fixture
def country_seen(host):
    def seen(program):
        """The country that a query is counted under now."""
        before = {labels["country"]: value for labels, value
                  in program.metrics().find("dnstt_queries_total")}
        host.inbound.send(frames.query_frame(wire.query(os.urandom(8), "t.example.com"), RESOLVER))

        def counted():
            for labels, value in program.metrics().find("dnstt_queries_total"):
                if value > before.get(labels["country"], 0):
                    return labels["country"]
            return None

        return wait_for(counted, 2, "a query counted")

    return seen


@pytest.fixture
def layouts(folder):
    """A file of each layout that is read, and some that are of no use."""
    run("perl", str(ROOT / "tests/data/make_databases.pl"), str(folder))
    return folder


@pytest.mark.parametrize("country, asn", [
    ("ipinfo-lite", "ipinfo-lite"), ("country-geo.country_code", "asn-as.asn"),
    ("country-", "asn-traits.autonomous_system_number"), ("country-cc", "asn-"),
    ("country-location.country_code", "asn-text"),
])
def test_layouts(host, start, layouts, country, asn):
    """Of several makers: country and ASN become labels."""
    program = start("-geoip.country-database", str(layouts / f"{country}.mmdb"),
                    "-geoip.asn-database", str(layouts / f"{asn}.mmdb"))
    host.inbound.send(frames.query_frame(wire.query(os.urandom(8), "t.example.com"), RESOLVER))
    wait_for(lambda: program.metrics().find("dnstt_queries_total", country="DE", asn="64496"), 2,
             "DE and 64496")


def refusal(host, flag, database):
    """The log of a start that is refused."""
    program = Program(host.server, "-dnstt.domain", "t.example.com", flag, str(database))
    try:
        assert program.wait_end() == 1
        return program.log()
    finally:
        program.kill()


def wanted_by(log):
    return re.search('keys_looked_for="(.*)"', log)[1].split(", ")


def test_the_keys_of_a_file_of_no_use_are_named(host, layouts):
    log = refusal(host, "-geoip.asn-database", layouts / "location-country.mmdb")
    assert 'error="has no ASNs" keys_looked_for=' in log
    assert log.rstrip().endswith(" keys_in_file=country_code")
    assert wanted_by(log)[:2] == ["autonomous_system_number", "asn"]
    log = refusal(host, "-geoip.country-database", layouts / "asn-asn.asn.mmdb")
    assert "asn.asn" in log.split("keys_in_file=")[1]
    log = refusal(host, "-geoip.country-database", layouts / "empty.mmdb")
    assert "keys_" not in log


def test_hostile_keys_reach_no_terminal(host, layouts):
    """Each byte that is not printable ASCII is gone, whatever the file says."""
    log = refusal(host, "-geoip.country-database", layouts / "hostile-keys.mmdb")
    assert "red?[31m" in log and ".back" in log
    assert all(" " <= letter <= "~" or letter == "\n" for letter in log)


def test_a_reload_names_the_keys_too(start, folder):
    database = write(folder, "DE")
    program = start("-geoip.country-database", str(database))
    os.replace(folder / "asn.mmdb", database)
    reload(program, 'error="has no countries" keys_looked_for="country.iso_code, ')
    assert ' keys_in_file="autonomous_system_number, ' in program.log()


def reload(program, text):
    """Asks for a reload and waits for its line in the log."""
    before = program.log().count(text)
    os.kill(program.pid, signal.SIGHUP)
    wait_for(lambda: program.log().count(text) > before, 5, f"{text!r} in the log")


def test_replaced_by_rename(start, folder, country_seen):
    database = write(folder, "DE")
    program = start("-geoip.country-database", str(database))
    assert country_seen(program) == "DE"
    other = write(folder / "new", "FR")
    os.utime(other, (1, 1))  # backdated, as some updaters do
    os.replace(other, database)
    reload(program, "loaded a new database")
    assert country_seen(program) == "FR"


@pytest.mark.parametrize("damage", ["truncate", "empty", "garbage", "remove", "folder"])
def test_what_is_of_no_use_is_left_alone(start, folder, country_seen, damage):
    database = write(folder, "DE")
    program = start("-geoip.country-database", str(database))
    if damage == "truncate":
        os.truncate(database, 300)
    elif damage == "empty":
        os.truncate(database, 0)
    elif damage == "garbage":
        database.write_bytes(os.urandom(database.stat().st_size))
    else:
        database.unlink()
        if damage == "folder":
            database.mkdir()
    reload(program, "cannot load the new database")
    assert country_seen(program) == "DE"


def test_another_kind_is_left_alone(start, folder, country_seen):
    database = write(folder, "DE")
    program = start("-geoip.country-database", str(database))
    shutil.copy(folder / "asn.mmdb", folder / "swap")
    os.replace(folder / "swap", database)
    reload(program, "has no countries")
    assert country_seen(program) == "DE"


def link_to(link, target):
    fresh = link.with_name("fresh")
    fresh.symlink_to(target)
    os.replace(fresh, link)


def test_a_link_to_a_sibling(start, folder, country_seen):
    """As of updaters that keep a folder for each edition and swap a link."""
    first, second = write(folder / "2026-01", "DE"), write(folder / "2026-02", "FR")
    (folder / "etc").mkdir(mode=0o755)
    link = folder / "etc/country.mmdb"
    link.symlink_to(first)
    program = start("-geoip.country-database", str(link))
    assert country_seen(program) == "DE"
    link_to(link, second)
    reload(program, "loaded a new database")
    assert country_seen(program) == "FR"


def test_a_link_to_elsewhere_is_refused(start, folder, country_seen):
    """Landlock: a folder that was not named at the start cannot be read from."""
    named = write(folder / "named", "DE")
    elsewhere = write(folder / "elsewhere", "FR")
    program = start("-geoip.country-database", str(named))
    link_to(named, elsewhere)
    reload(program, "Permission denied")
    assert country_seen(program) == "DE"
    named.unlink()
    shutil.copy(elsewhere, named)
    reload(program, "loaded a new database")
    assert country_seen(program) == "FR"


def test_a_folder_that_is_replaced(start, folder, country_seen):
    """Landlock again: the log says what it takes."""
    named = write(folder / "named", "DE")
    program = start("-geoip.country-database", str(named))
    (folder / "named").rename(folder / "before")
    write(folder / "named", "FR")
    reload(program, "its folder was replaced, restart")
    assert country_seen(program) == "DE"
    assert program.metrics().sum("dnstt_exporter_geoip_last_reload_successful") == 0
    shutil.rmtree(folder / "named")
    (folder / "before").rename(folder / "named")
    reload(program, "loaded a new database")
    assert program.metrics().sum("dnstt_exporter_geoip_last_reload_successful") == 1


def test_no_room_for_a_copy(host, folder):
    """A limit on the size of files holds for those in memory too, and ends nobody by a signal."""
    country = write(folder, "DE")
    # Full after the first 64 KiB, so that the next byte is one too many. The log is a file as well.
    data, mark, description = country.read_bytes().rpartition(b"\xab\xcd\xefMaxMind.com")
    country.write_bytes(data + bytes(1 << 16) + mark + description)
    limit = 1 << 16
    program = Program(host.server, "-dnstt.domain", "t.example.com", "-geoip.country-database",
                      str(country), prefix=("prlimit", f"--fsize={limit}:{limit}"))
    try:
        assert program.wait_end() == 1
        assert f'file={country} error="does not fit into memory"' in program.log()
    finally:
        program.kill()


SWAPPED_SECONDS = 4


def test_swapped_and_cut_all_the_time(start, folder, country_seen):
    """While it reads: by rename, in place, by half a file, by another kind, by nothing. It answers
    throughout, and takes in the good one that comes last."""
    database = write(folder, "DE")
    good = [database.read_bytes(), write(folder / "other", "FR").read_bytes()]
    others = [b"", good[0][:300], (folder / "asn.mmdb").read_bytes(), bytes(2_000_000)]
    seed = int(os.environ.get("SEED", 8))
    dice = random.Random(seed)
    program = start("-geoip.country-database", str(database))
    swaps, end = 0, time.monotonic() + SWAPPED_SECONDS
    while time.monotonic() < end:
        content = dice.choice(good + others)
        if dice.random() < 0.5:
            (folder / "swap").write_bytes(content)
            os.replace(folder / "swap", database)
        else:
            database.write_bytes(content)
        os.kill(program.pid, signal.SIGHUP)
        swaps += 1
        if swaps % 50 == 0:
            assert program.request("GET", "/metrics")[0] == 200
    (folder / "swap").write_bytes(good[1])
    os.replace(folder / "swap", database)
    os.kill(program.pid, signal.SIGHUP)
    wait_for(lambda: country_seen(program) == "FR", 5, "the last one taken in")
    looks = program.log().count("cannot load the new database") + program.log().count("loaded a new")
    assert 1 <= looks <= SWAPPED_SECONDS + 3
    figure(f"databases: {swaps} swaps in {SWAPPED_SECONDS} s (seed {seed}), {looks} looked at")


def test_many_requests_are_one(start, folder):
    """10,000 SIGHUPs: at most one look a second, and the program goes on."""
    database = write(folder, "DE")
    program = start("-geoip.country-database", str(database))
    os.truncate(database, 300)
    began = time.monotonic()
    for _ in range(10000):
        os.kill(program.pid, signal.SIGHUP)
    took = time.monotonic() - began
    reload(program, "cannot load the new database")
    looks = program.log().count("cannot load the new database")
    assert looks <= took + 3
    figure(f"10,000 SIGHUPs in {took:.2f} s: {looks} looks at the databases")
    assert program.request("GET", "/metrics")[0] == 200


def test_figures_of_a_database(host, start, folder):
    """When it was built and read, whether the last look found it of use, and what was looked up."""
    database = write(folder, "DE")
    program = start("-geoip.country-database", str(database))
    began = time.time()

    def figures():
        metrics = program.metrics()
        found = {}
        for name, labels, value in metrics.samples:
            if name.startswith("dnstt_exporter_geoip_"):
                assert labels == {"database": "country"}
                found[name.removeprefix("dnstt_exporter_geoip_")] = value
        return found

    def ask(*sources):
        before = program.metrics().sum("dnstt_queries_total")
        host.inbound.send(*(frames.query_frame(wire.query(os.urandom(8), "t.example.com"), source)
                            for source in sources))
        wait_for(lambda: program.metrics().sum("dnstt_queries_total") == before + len(sources), 2,
                 "queries counted")

    first = figures()
    assert set(first) == {"build_timestamp_seconds", "last_reload_successful",
                          "last_reload_success_timestamp_seconds", "lookups_total",
                          "lookups_unmatched_total"}
    assert began - 60 < first["build_timestamp_seconds"] <= time.time()
    assert abs(first["last_reload_success_timestamp_seconds"] - began) < 10
    assert (first["last_reload_successful"], first["lookups_total"]) == (1, 0)

    ask(RESOLVER, RESOLVER, "10.99.1.9", "10.99.1.9", "10.99.1.8")
    assert (figures()["lookups_total"], figures()["lookups_unmatched_total"]) == (3, 2)

    content = database.read_bytes()
    os.truncate(database, 300)
    reload(program, "cannot load the new database")
    kept = figures()
    assert kept["last_reload_successful"] == 0
    assert kept["last_reload_success_timestamp_seconds"] \
        == first["last_reload_success_timestamp_seconds"]
    time.sleep(1.1)  # the next success is in another second
    database.write_bytes(content)
    reload(program, "loaded a new database")
    again = figures()
    assert again["last_reload_successful"] == 1
    assert again["last_reload_success_timestamp_seconds"] \
        > first["last_reload_success_timestamp_seconds"]
    ask(RESOLVER)  # the cache was emptied
    assert (figures()["lookups_total"], figures()["lookups_unmatched_total"]) == (4, 2)
