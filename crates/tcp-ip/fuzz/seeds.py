#!/usr/bin/env python3
"""Writes the seeds: small, right inputs for each fuzzer, from the cases of tests/hostile.

    python3 crates/tcp-ip/fuzz/seeds.py
"""
import pathlib
import struct

HERE = pathlib.Path(__file__).parent
CASES = HERE.parent / "tests/hostile/cases.txt"


def write(target, name, octets):
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(octets)


def pcap(packets):
    head = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    return head + b"".join(struct.pack("<IIII", 1, 2, len(p), len(p)) + p for p in packets)


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng(packets):
    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack("<HHIHHI", 101, 0, 0, 9, 1, 9))
    return section + interface + b"".join(
        block(6, struct.pack("<IIIII", 0, 0, 5, len(p), len(p)) + p) for p in packets)


def ipv6(following, payload):
    head = struct.pack(">IHBB", 0x6AB12345, len(payload), following, 64)
    return head + bytes(15) + b"\1" + bytes(15) + b"\2" + payload


def fragment(offset, more, data):
    word = offset | (0x2000 if more else 0)
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(data), 7, word, 64, 17, 0,
                       bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])) + data


def main():
    packets, name = {}, ""
    for line in CASES.read_text().splitlines():
        if line.startswith("["):
            name = line[1:line.index("]")]
        elif line.startswith("packet "):
            packets.setdefault(name, bytes.fromhex(line[7:].replace(" ", "")))
    options = bytes.fromhex("020405b40402080a0000000100000002010303070101050a0000000100000002")
    syn = struct.pack(">HHIIBBHHH", 40000, 80, 7, 0, 0xD0, 2, 64000, 0, 0) + options
    for name, packet in packets.items():
        write("ipv4", name, packet)
        write("tcp" if packet[9] == 6 else "udp", name, packet[20:])
    write("tcp", "syn", syn)
    chain = bytes.fromhex("2b00010400000000" "2c00040000000000" "3a00000000000007")
    echo = bytes.fromhex("8000000000010002") + b"ping"
    write("ipv6", "chain", ipv6(0, chain + echo))
    write("ipv6", "fragment", ipv6(44, bytes.fromhex("1100000900000007") + bytes(16)))
    write("icmp", "echo", b"\x08\0\0\0\0\1\0\2ping")
    write("icmp", "unreachable", b"\x03\3\0\0\0\0\0\0" + packets["ip-ok-udp"])
    write("icmp", "too-big-v6", b"\x02\0\0\0\0\0\5\0" + ipv6(6, syn))
    pieces = [fragment(0, True, bytes(16)), fragment(2, True, bytes(16)), fragment(4, False, b"end")]
    write("reassemble", "in-order", b"".join(bytes([len(p)]) + p for p in pieces))
    write("reassemble", "backwards", b"".join(bytes([len(p)]) + p for p in reversed(pieces)))
    some = [packets["ip-ok-udp"], packets["seq-wrap"]]
    write("savefile", "pcap", pcap(some))
    write("savefile", "pcapng", pcapng(some))
    for number, frame in [(0, b"\2\0\0\0"), (1, bytes(12) + b"\x81\0\0\7\x08\0"), (2, b""),
                          (4, bytes(14) + b"\x08\0"), (6, b"\x08\0" + bytes(18))]:
        write("dissect", f"link-{number}", bytes([number]) + frame + packets["data-straddles-left"])


main()
