"""Recordings of real traffic, by the format of the tunnel."""

from support.program import ROOT

RECORDINGS = sorted((ROOT / "tests/data/pcap").glob("*.pcap"))
OF_VAYDNS = [path for path in RECORDINGS if path.stem.startswith("vay-")]
OF_SLIPSTREAM = [path for path in RECORDINGS if path.stem.startswith("slip-")]
OF_DNSTT = [path for path in RECORDINGS if path not in OF_VAYDNS + OF_SLIPSTREAM]
