"""What must never be written down: addresses, session ids and query names of the traffic."""

import base64
import json

from e2e.service import DOMAIN
from integration.test_recordings import OF_DNSTT, RECORDINGS
from support import frames

# How the addresses begin that recorded traffic comes from, and that of the tests.
ADDRESSES = ("10.77.0.1", "10.77.0.5", "fd77:")
OWN = ("clientid", "earlier1", "later_01", "marker")


def _session_ids():
    """Those of the recordings, and what stands for them in query names. VayDNS's ids, of two bytes,
    are in any text by chance."""
    for path in OF_DNSTT:
        for number in json.loads(path.with_suffix(".json").read_text())["ids"]:
            yield number
            # Twelve characters: the thirteenth depends on what follows the eight bytes too.
            yield base64.b32encode(bytes.fromhex(number)).decode()[:12].lower()
    for number in OWN:
        yield base64.b32encode(number.upper().encode()).decode()[:12].lower()


def assert_tells_nothing(service):
    """Nothing that the machine's journal took since its first boot is of the traffic."""
    service.start()
    for path in RECORDINGS:
        service.host.inbound.send(*frames.read_pcap(path)[:50])
    service.metrics()
    service.stop()
    journal = service.machine.journal("--output=export").lower()
    assert f"domain={DOMAIN}" in journal
    for word in [*ADDRESSES, *OWN, *_session_ids()]:
        assert word not in journal, word
