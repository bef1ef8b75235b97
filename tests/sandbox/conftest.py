"""The network, the databases and the programs of the integration tests."""

from integration.conftest import databases, geoip_flags, host, start

__all__ = ["databases", "geoip_flags", "host", "start"]
