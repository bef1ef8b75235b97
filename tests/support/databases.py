"""GeoIP databases of a test's own."""

import contextlib
import json
import pathlib
import tempfile

from support.namespace import run
from support.program import ROOT


def write(folder, places):
    """country.mmdb and asn.mmdb of these places, as make_databases.pl takes them."""
    specification = folder / "spec.json"
    specification.write_text(json.dumps(places))
    run("perl", str(ROOT / "tests/data/make_databases.pl"), str(folder), str(specification))


def flags(folder):
    return ("-geoip.country-database", folder / "country.mmdb",
            "-geoip.asn-database", folder / "asn.mmdb")


@contextlib.contextmanager
def written(places):
    """A directory, open to every user, with both."""
    with tempfile.TemporaryDirectory(prefix="dnstt-mmdb-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        write(folder, places)
        yield folder
