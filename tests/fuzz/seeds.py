#!/usr/bin/python3
"""Writes seed corpora from the recordings and the vectors: seeds.py DIRECTORY."""

import pathlib
import struct
import sys

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
FRAMES_PER_RECORDING = 60


def frames(path):
    """Of an Ethernet pcap, spread over its length."""
    octets = path.read_bytes()
    order = "<" if octets[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    found, at = [], 24
    while at < len(octets):
        length = struct.unpack_from(order + "I", octets, at + 8)[0]
        found.append(octets[at + 16:at + 16 + length])
        at += 16 + length
    return found[::max(1, len(found) // FRAMES_PER_RECORDING)]


def over_ipv4(message):
    udp = struct.pack("!HHHH", 40000, 53, 8 + len(message), 0) + message
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0,
                       bytes([10, 77, 0, 11]), bytes([10, 77, 0, 2])) + udp


def main():
    directory = pathlib.Path(sys.argv[1])
    for target in "judge", "intake":
        (directory / target).mkdir(parents=True, exist_ok=True)
    seeds = []
    for recording in sorted((DATA / "pcap").glob("*.pcap")):
        for frame in frames(recording):
            protocol = 1 if frame[12:14] == b"\x86\xdd" else 0
            # Queries have the server's address 10.77.0.2 or …:2 as destination; either will do.
            for direction in 0, 1:
                seeds.append(bytes([protocol, direction, 0]) + frame[14:])
    for line in (DATA / "vectors.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            seeds.append(bytes([0, 0, 0]) + over_ipv4(bytes.fromhex(line.split("\t")[2])))
    for number, seed in enumerate(seeds):
        (directory / "judge" / f"{number:04}").write_bytes(seed)
    # HELLO, then batches and accounts, all put right: the octets in between are the fuzzer's.
    right = 1 | 2 | 4 | 8 | 32
    for number, types in enumerate(([2], [3], [2, 3], [2, 2, 3, 2, 3])):
        talk = bytes([right]) + struct.pack("<H", 24) + bytes(24)
        for kind in types:
            body = struct.pack("<IHHQ", 0, kind, 3, 0) + bytes(range(96))
            talk += bytes([right | 16]) + struct.pack("<H", len(body)) + body
        (directory / "intake" / f"{number}").write_bytes(talk)


main()
