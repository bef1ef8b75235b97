"""The page of metrics, as the parsers of Prometheus' own client library read it."""

import contextlib
import http.client

from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_PARSERS = {TEXT: text_parser, OPENMETRICS: openmetrics_parser}


def page(program, content_type):
    """One of the two formats, which has to be what is asked for."""
    connection = http.client.HTTPConnection("127.0.0.1", 9713, timeout=5)
    with program.namespace.entered():
        connection.connect()
    with contextlib.closing(connection):
        connection.request("GET", "/metrics", headers={"Accept": content_type})
        reply = connection.getresponse()
        assert (reply.status, reply.getheader("Content-Type")) == (200, content_type)
        return reply.read().decode()


def families(program, content_type):
    """Name → family."""
    parse = _PARSERS[content_type].text_string_to_metric_families
    return {family.name: family for family in parse(page(program, content_type))}
