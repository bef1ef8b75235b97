"""HTTP byte by byte, for what no client library would send."""

import contextlib
import socket

ADDRESS = ("127.0.0.1", 9713)
GET = b"GET /metrics HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"


def connect(program, address=ADDRESS, source=None):
    """A connection to (host, port), from a source address if one is given, or to a path."""
    if isinstance(address, str):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(5)
        connection.connect(address)
        return connection
    with program.namespace.entered():
        return socket.create_connection(address, timeout=5,
                                        source_address=source and (source, 0))


def rest(connection):
    """All that comes until the connection is closed."""
    answer = b""
    while part := connection.recv(65536):
        answer += part
    return answer


def say(program, data, address=ADDRESS):
    """Sends bytes as they are; returns all that comes until the connection is closed."""
    with contextlib.closing(connect(program, address)) as connection:
        connection.sendall(data)
        return rest(connection)


def status_of(answer):
    return int(answer.split(b" ", 2)[1])


NONE_DROPPED = dict.fromkeys(("limit", "replaced", "timeout", "deadline", "memory"), 0)


def dropped(program):
    """Connections that the program ended, by the reason: each is there, also at 0."""
    return {labels["reason"]: value for labels, value
            in program.metrics().find("dnstt_exporter_http_connections_dropped_total")}
