#!/usr/bin/env python3
"""Chapter 4's name server and resolver, and the programs that people use.

    cargo build --release -p protocols
    python3 tests/interop/dns.py [--program target/release/protocols]

dig, kdig, host and dnspython ask our server; `lookup` asks Knot and NSD; and for one zone file, ours and theirs
answer the same to some two hundred questions: response code, AA, and each section as a set.
"""

import argparse
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from steps import Failed, Skipped, check, run

ROOT = Path(__file__).resolve().parents[2]
ZONE = r"""$ORIGIN example.org.
$TTL 3600
@       SOA ns1 hostmaster.mail ( 2026112201 2h 15m 14d 5m )
        NS  ns1
        NS  ns.elsewhere.example.
        MX  10 mail
        MX  20 mail.elsewhere.example.
        TXT "v=spf1 -all" "second string"
        CAA 0 issue "ca.example.net"
        A   192.0.2.10
ns1     A   192.0.2.53
        AAAA 2001:db8::53
mail    A   192.0.2.25
        AAAA 2001:db8::25
WwW     300 A 192.0.2.1
www     300 A 192.0.2.2
alias   CNAME www
alias2  CNAME alias
out     CNAME www.elsewhere.example.
gone    CNAME nosuch
nodata  CNAME txt
deep    CNAME host.sub
towild  CNAME x.wild
txt     TXT "a \"quoted\" ; string" \065\066
a.b.ent A   192.0.2.3
*.wild  TXT "any"
*.wild  MX  10 mail
x.deep.wild A 192.0.2.4
*.wc    CNAME www
sub     NS  ns.sub
sub     NS  ns1
sub     NS  ns.elsewhere.example.
ns.sub  A   192.0.2.54
sub2    NS  ns.sub
_sip._tcp SRV 0 5 5060 mail
_sip._tcp SRV 1 5 5060 mail.elsewhere.example.
new     TYPE65280 \# 4 0A000001
many    TXT "the first of many"
"""
ZONE += "".join(f"many TXT \"{n:0200}\"\n" for n in range(12))
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28,
         "SRV": 33, "CAA": 257, "TYPE65280": 65280}
NAMES = """@ ns1 mail www WWW alias ALIAS2 out gone nodata deep towild txt ent b.ent a.b.ent x.a.b.ent
wild x.wild y.x.wild *.wild deep.wild x.deep.wild y.deep.wild x.wc wc sub x.sub ns.sub a.b.sub sub2 x.sub2 _tcp _sip._tcp
new many nosuch x.nosuch x.www""".split()
ARGUMENTS = None


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skipped(f"{program} is not installed")


def called(*words, code=0):
    done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    check(done.returncode == code, f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Served:
    """A server on loopback, while the `with` lasts."""

    def __init__(self, command, port=None):
        self.command, self.port = command, port

    def __enter__(self):
        pipe = subprocess.PIPE if self.port is None else subprocess.DEVNULL
        self.child = subprocess.Popen(self.command, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        if self.port is None:
            line = self.child.stdout.readline()
            check(line.startswith("listening on "), f"it says {line!r}")
            self.port = int(line.rsplit(":", 1)[1])
        else:
            wait_for(self.port)
        return self

    def __exit__(self, *_):
        self.child.terminate()
        try:
            code = self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise Failed(f"{self.command[0]} did not stop") from None
        if self.command[0] == str(ARGUMENTS.program):
            check(code == 0, f"our server ended with {code}")


def wait_for(port):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            exchange(port, query("example.org.", 6), timeout=0.3)
            return
        except OSError:
            time.sleep(0.05)
    raise Failed(f"nobody answers on port {port}")


def ours(folder):
    zone = folder / "example.org.zone"
    zone.write_text(ZONE)
    return Served([str(ARGUMENTS.program), "dns", "--zone", str(zone)])


def free_port():
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        stream.bind(("127.0.0.1", 0))
        datagram.bind(stream.getsockname())
        return stream.getsockname()[1]


def knot(folder):
    needs("knotd")
    port = free_port()
    (folder / "zone").write_text(ZONE)
    (folder / "knot.conf").write_text(f"""
server:
    listen: 127.0.0.1@{port}
    rundir: "{folder}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{folder}"
zone:
  - domain: example.org
    file: "{folder}/zone"
""")
    return Served([shutil.which("knotd"), "-c", str(folder / "knot.conf")], port)


def nsd(folder):
    needs("nsd")
    port = free_port()
    (folder / "zone").write_text(ZONE)
    (folder / "nsd.conf").write_text(f"""
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/pid"
  xfrdfile: "{folder}/xfrd"
  zonelistfile: "{folder}/list"
  database: ""
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: example.org
  zonefile: zone
""")
    return Served([shutil.which("nsd"), "-d", "-c", str(folder / "nsd.conf")], port)


# --- Messages: a reading of our own ---------------------------------------------------------------

def query(name, rtype, edns=True):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    octets = struct.pack(">6H", random.getrandbits(16), 0, 1, 0, 0, int(edns))
    octets += b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    octets += struct.pack(">2H", rtype, 1)
    return octets + (b"\0\0\x29\x04\xd0" + bytes(6) if edns else b"")


def exchange(port, octets, tcp=False, timeout=5):
    kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
    with socket.socket(type=kind) as one:
        one.settimeout(timeout)
        one.connect(("127.0.0.1", port))
        if not tcp:
            one.send(octets)
            return one.recv(65_535)
        one.sendall(struct.pack(">H", len(octets)) + octets)
        file = one.makefile("rb")
        (length,) = struct.unpack(">H", file.read(2))
        return file.read(length)


def name_at(octets, at):
    labels, end = [], None
    while octets[at]:
        if octets[at] >= 0xC0:
            end = end or at + 2
            at = struct.unpack(">H", octets[at:at + 2])[0] & 0x3FFF
            continue
        labels.append(octets[at + 1:at + 1 + octets[at]].lower())
        at += 1 + octets[at]
    return b".".join(labels), end or at + 1


def read(octets):
    """Response code, AA, TC, and the three sections as sets, OPT left out."""
    _, flags, questions, *counts = struct.unpack(">6H", octets[:12])
    at = 12
    for _ in range(questions):
        at = name_at(octets, at)[1] + 4
    sections = []
    for count in counts:
        section = set()
        for _ in range(count):
            name, at = name_at(octets, at)
            rtype, rclass, ttl, length = struct.unpack(">2HIH", octets[at:at + 10])
            at += 10
            data, inside = octets[at:at + length], []
            if rtype in (2, 5, 6, 12, 15):
                begin = at + 2 if rtype == 15 else at
                inside.append(octets[at:begin])
                while len(inside) < (3 if rtype == 6 else 2):
                    target, begin = name_at(octets, begin)
                    inside.append(target)
                data = (*inside, octets[begin:at + length])
            at += length
            if rtype != 41:
                section.add((name, rtype, rclass, ttl, data))
        sections.append(section)
    check(at == len(octets), "octets behind the last record")
    return flags & 0xF, bool(flags & 0x400), bool(flags & 0x200), sections


def questions():
    common = ["A", "AAAA", "MX", "TXT", "NS", "CNAME"]
    for name in NAMES:
        extra = {"@": ["SOA", "CAA", "SRV"], "_sip._tcp": ["SRV"], "new": ["TYPE65280"]}.get(name, [])
        for rtype in common + extra:
            yield ("example.org." if name == "@" else f"{name}.example.org."), rtype


# --- Steps --------------------------------------------------------------------------------------------

def same_as_knot():
    """the same answers as Knot: code, AA, and all three sections"""
    return compare(knot, lambda sections: sections)


def same_as_nsd():
    """the same answers as NSD: code, AA, the answers, and who denies or knows more"""
    # NSD names the zone's servers beside an answer as well.
    return compare(nsd, lambda sections: sections[:1] if sections[0] else sections[:2])


def compare(peer, judged):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        with ours(Path(one)) as us, peer(Path(other)) as them:
            count, differ = 0, []
            for name, rtype in questions():
                for tcp in (False, True):
                    asked = query(name, TYPES[rtype])
                    left, right = (read(exchange(s.port, asked, tcp)) for s in (us, them))
                    count += 1
                    # What fits in part is each server's own affair; that it does not fit is none.
                    sections = lambda said: [] if said[2] else judged(said[3])  # noqa: E731
                    if left[:3] != right[:3] or sections(left) != sections(right):
                        differ.append(f"{name} {rtype}{' over TCP' if tcp else ''}\n  ours   {left}\n  theirs {right}")
            check(not differ, f"{len(differ)} of {count} answers differ:\n" + "\n".join(differ[:5]))
            return f"{count} answers are the same"


def dig():
    """dig: over UDP, over TCP, truncated and then over TCP, +norec, a batch of queries on one connection"""
    needs("dig")
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder)) as us:
        at = ["dig", "@127.0.0.1", "-p", str(us.port), "+time=5", "+tries=1"]
        check(called(*at, "+short", "www.example.org").split() == ["192.0.2.1", "192.0.2.2"], "addresses")
        check("status: NXDOMAIN" in called(*at, "+tcp", "nosuch.example.org"), "NXDOMAIN over TCP")
        many = called(*at, "many.example.org", "TXT")
        check("Truncated, retrying in TCP mode" in many and "ANSWER: 13" in many, "TC, and then TCP")
        kept = called(*at, "+tcp", "+keepopen", "www.example.org", "mail.example.org", "@127.0.0.1", "x.wild.example.org", "TXT")
        check(kept.count("status: NOERROR") == 3, "three on one connection")
        check("status: BADVERS" in called(*at, "+edns=1", "+noednsnegotiation", "www.example.org"), "BADVERS")
        check("status: NOTIMP" in called(*at, "+opcode=15", "+norec", "www.example.org"), "NOTIMP")
        check("status: REFUSED" in called(*at, "example.com"), "REFUSED")
        check("Transfer failed" in called(*at, "example.org", "AXFR", "+onesoa"), "no transfer")
    return "eight ways to ask"


def kdig():
    """kdig: a name with each type, with padding, NSID and a cookie that we do not know"""
    needs("kdig")
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder)) as us:
        at = ["kdig", "@127.0.0.1", "-p", str(us.port), "+time=5", "+retry=0"]
        said = called(*at, "+padding=64", "+nsid", "+cookie", "+dnssec", "www.example.org")
        check("status: NOERROR" in said and "192.0.2.2" in said, said)
        check("NXDOMAIN" in called(*at, "+tcp", "nosuch.example.org"), "NXDOMAIN")
        check("any" in called(*at, "+short", "y.x.wild.example.org", "TXT"), "a wildcard")
    return "options that nobody knows are ignored"


def host():
    """host: addresses and mail of a domain"""
    needs("host")
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder)) as us:
        said = called("host", "-p", str(us.port), "example.org", "127.0.0.1")
        check("has address 192.0.2.10" in said and "mail is handled by 10 mail.example.org" in said, said)
        called("host", "-p", str(us.port), "nosuch.example.org", "127.0.0.1", code=1)
    return "what it prints is right"


def dnspython():
    """dnspython: resolves through our server, over UDP and TCP"""
    script = """
import dns.resolver, sys
one = dns.resolver.Resolver(configure=False)
one.nameservers, one.port = ["127.0.0.1"], int(sys.argv[1])
for tcp in (False, True):
    found = one.resolve("alias2.example.org", "A", tcp=tcp)
    assert sorted(r.address for r in found) == ["192.0.2.1", "192.0.2.2"], list(found)
    assert str(found.canonical_name).lower() == "www.example.org.", found.canonical_name
    assert len(one.resolve("many.example.org", "TXT", tcp=tcp)) == 13
    for name, error in (("nosuch", dns.resolver.NXDOMAIN), ("txt", dns.resolver.NoAnswer)):
        try:
            one.resolve(name + ".example.org", "A", tcp=tcp)
            raise SystemExit("an answer for " + name)
        except error:
            pass
"""
    python = next((p for p in ("python3", "/usr/bin/python3")
                   if subprocess.run([p, "-c", "import dns.resolver"], capture_output=True).returncode == 0), None)
    if python is None:
        raise Skipped("python3-dnspython is not installed")
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder)) as us:
        called(python, "-c", script, str(us.port))
    return "answers, aliases, none and no such name"


def lookup(peer):
    with tempfile.TemporaryDirectory() as folder, peer(Path(folder)) as them:
        at = [str(ARGUMENTS.program), "lookup", "--server", f"127.0.0.1:{them.port}", "--no-recursion"]
        check(called(*at, "alias.example.org").splitlines() == [
            "alias.example.org. 3600 IN CNAME www.example.org.",
            "www.example.org. 300 IN A 192.0.2.1",
            "www.example.org. 300 IN A 192.0.2.2"], "an alias and its addresses")
        check(len(called(*at, "many.example.org", "TXT").splitlines()) == 13, "TC, and then TCP")
        check("\\# 4 0A000001" in called(*at, "new.example.org", "TYPE65280"), "a type that nobody knows")
        for name, code in (("nosuch.example.org", 3), ("txt.example.org", 4), ("example.com", 6)):
            called(*at, name, code=code)
    return "records, TCP, and three kinds of none"


def lookup_knot():
    """lookup asks Knot"""
    return lookup(knot)


def lookup_nsd():
    """lookup asks NSD"""
    return lookup(nsd)


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/protocols")
    ARGUMENTS = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    steps = [same_as_knot, same_as_nsd, dig, kdig, host, dnspython, lookup_knot, lookup_nsd]
    results = [run(step, 30) for step in steps]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
