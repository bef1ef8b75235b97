"""A compromised sniffer that sends what it must not, by the one call that it has for it: the exporter
ends, with what was wrong in the log, and so does the sniffer."""

import time

import pytest

from attack import DONE, attacking
from support.figures import figure

CAUSES = {
    "forge a type": "a message has an unknown or unexpected type",
    "forge a count": "a message has the wrong length",
    "forge a sequence": "a message is missing or came twice",
    "forge a record": "a record has a value outside its range",
    "forge a hello": "a message has an unknown or unexpected type",
    "forge an account": "the counters disagree with the records received",
    "send noise": "a message has the wrong magic number",
}


SECONDS = []  # from each forged message to the end


@pytest.fixture(scope="module", autouse=True)
def shown():
    yield
    figure(f"{len(SECONDS)} kinds of forged messages: both processes ended with the cause, within "
           f"{max(SECONDS, default=0):.2f} s")


@pytest.mark.parametrize("attack", CAUSES)
def test_a_forged_message_ends_both(host, attack):
    with attacking(host.server, "sniffer", attack) as running:
        assert running.outcome() == DONE
        begin = time.monotonic()
        assert running.program.wait_end() == 1
        (line,) = [line for line in running.program.log().splitlines() if "level=error" in line]
        assert "the sniffer sent an invalid message" in line
        assert CAUSES[attack] in line
        assert not host.server.processes()
        SECONDS.append(time.monotonic() - begin)
