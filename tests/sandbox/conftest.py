"""The network, the databases and the programs of the integration tests."""

from integration.conftest import clock, databases, geoip_flags, host, start

__all__ = ["clock", "databases", "geoip_flags", "host", "start"]
