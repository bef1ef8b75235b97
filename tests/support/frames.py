"""Ethernet frames between the server and whoever asks it, and those of the recordings."""

import socket
import struct

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

# As in the recordings.
SERVER_MAC = "76:2a:4c:15:9a:05"
CLIENT_MAC = "a2:74:92:a0:bb:9b"
SERVER4, SERVER6 = "10.77.0.2", "fd77::2"
CLIENT4, CLIENT6 = "10.77.0.11", "fd77::11"
CLIENT_PORT = 40000


def _network(source, destination):
    layer = IPv6 if ":" in source else IP
    return layer(src=source, dst=destination)


def to_server(layers):
    """A frame whose destination is the server's interface."""
    return bytes(Ether(src=CLIENT_MAC, dst=SERVER_MAC) / layers)


def from_server(layers):
    return bytes(Ether(src=SERVER_MAC, dst=CLIENT_MAC) / layers)


def query_packet(message, source=CLIENT4, port=53):
    """The IP packet, as scapy's layers, that brings a DNS message to the server."""
    server = SERVER6 if ":" in source else SERVER4
    return _network(source, server) / UDP(sport=CLIENT_PORT, dport=port) / message


def response_packet(message, destination=CLIENT4, port=53):
    server = SERVER6 if ":" in destination else SERVER4
    return _network(server, destination) / UDP(sport=port, dport=CLIENT_PORT) / message


def query_frame(message, source=CLIENT4, port=53):
    return to_server(query_packet(message, source, port))


def response_frame(message, destination=CLIENT4, port=53):
    return from_server(response_packet(message, destination, port))


def read_pcap(path):
    """The frames of a recording (pcap, Ethernet, in this machine's byte order)."""
    octets = path.read_bytes()
    magic, link_type = struct.unpack_from("=I16xI", octets)
    assert magic == 0xA1B2C3D4 and link_type == 1, path
    frames, offset = [], 24
    while offset < len(octets):
        captured, length = struct.unpack_from("=8xII", octets, offset)
        assert captured == length, path
        frames.append(octets[offset + 16 : offset + 16 + captured])
        offset += 16 + captured
    return frames


def write_pcap(path, octets_of_frames):
    """The same; its times are 0. Returns the path."""
    parts = [struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for frame in octets_of_frames:
        parts += [struct.pack("=IIII", 0, 0, len(frame), len(frame)), frame]
    path.write_bytes(b"".join(parts))
    return path


def is_from_server(frame):
    """By the source of its IP packet, as recordings have servers of other interfaces."""
    if frame[12:14] == b"\x08\x00":
        return frame[26:30] == socket.inet_pton(socket.AF_INET, SERVER4)
    return frame[22:38] == socket.inet_pton(socket.AF_INET6, SERVER6)


def readdressed(frame):
    """A recorded frame to the server, for the interface that the server has here."""
    return bytes.fromhex(SERVER_MAC.replace(":", "")) + frame[6:]
