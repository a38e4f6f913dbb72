#!/usr/bin/env python3
"""Chapter 2's TCP against the kernel's, over a TUN device in a network namespace of its own.

    cargo build --release -p tcp-ip
    python3 tests/interop/tun.py             # 100 MB with curl, 5 % loss, tshark's checksums …
    python3 tests/interop/tun.py --quick     # the same on a tenth of the data
    cargo build --release -p bench --bin smoltcp-tun
    python3 tests/interop/tun.py --compare   # only the speed, beside smoltcp's, by turns

It runs itself again in a new namespace (`unshare -n`, or `unshare -rn` without root), so that nothing
of the machine's network is touched. It uses Python's standard library, curl, ip, and tshark where
it is there (in CI it must be). Every step is bounded in time, says what it measured, and the exit
code is 1 if one of them failed.
"""

import argparse
import contextlib
import hashlib
import http.server
import os
import random
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from steps import Failed, Skipped, check, run

STEP_SECONDS = 180
MB = 1_000_000
HERE = os.path.dirname(os.path.abspath(__file__))
KERNEL, OURS = "10.77.0.1", "10.77.0.2"
KERNEL6, OURS6 = "fd00:77::1", "fd00:77::2"
BAD = ["--loss", "5%", "--reorder", "5%", "--duplicate", "5%", "--delay", "1ms"]


class Stack:
    """A running serve-tun, and its device."""

    def __init__(self, options, *arguments, address=f"{OURS}/24", kernel=KERNEL):
        command = [options.program, "serve-tun", "--device", "tun0", "--address", address,
                   "--kernel", kernel, *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        self.line = self.process.stdout.readline() if ready else ""
        if not self.line.startswith("listening on "):
            self.process.kill()
            raise Failed(f"serve-tun printed {self.line!r}, {self.process.stderr.read()!r}")

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def finish(self, within=60):
        """Waits until it ends by itself; gives what it said."""
        _, said = self.process.communicate(timeout=within)
        check(self.process.returncode == 0, f"exit code {self.process.returncode}: {said}")
        return said

    def stop(self):
        """SIGTERM; gives what it said."""
        self.process.send_signal(signal.SIGTERM)
        return self.finish(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()


def digest(path):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            sha.update(piece)
    return sha.hexdigest()


def inet_sum(octets):
    octets += bytes(len(octets) % 2)
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo_request(sequence, data):
    head = struct.pack(">BBHHH", 8, 0, 0, os.getpid() & 0xFFFF, sequence)
    return head[:2] + struct.pack(">H", inet_sum(head + data)) + head[4:] + data


class Steps:
    def __init__(self, options):
        self.options = options
        self.share = 10 if options.quick else 1
        self.random = random.Random(options.seed)
        self.folder = tempfile.mkdtemp(prefix="tun-")
        self.file = os.path.join(self.folder, "hundred")
        self.small = os.path.join(self.folder, "twenty")
        for path, size in ((self.file, 100 * MB), (self.small, 20 * MB)):
            with open(path, "wb") as file:
                for _ in range(size // MB // self.share):
                    file.write(self.random.randbytes(MB))

    def path(self, name):
        return os.path.join(self.folder, name)

    def same(self, name, original):
        check(digest(self.path(name)) == digest(original), f"{name} is not {original}")
        return os.path.getsize(original)

    def stack(self, *arguments, **more):
        return Stack(self.options, *arguments, **more)

    def curl(self, url, *arguments, within=120):
        command = ["curl", "--silent", "--show-error", "--globoff", "--max-time", str(within),
                   *arguments, url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=within + 10)
        check(done.returncode == 0, f"curl: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    @contextlib.contextmanager
    def http_server(self, host=KERNEL):
        """Python's own, in this process."""
        folder = self.folder

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=folder)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        with Server((host, 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield server.server_address[1]
            server.shutdown()

    def down(self, original, *arguments):
        """curl fetches a file; says how fast."""
        with self.stack("--http", self.folder, *arguments) as stack:
            began = time.monotonic()
            self.curl(f"http://{OURS}/{os.path.basename(original)}", "-o", self.path("got"))
            took, cpu = time.monotonic() - began, stack.cpu()
            octets = self.same("got", original)
            said = stack.stop()
        return f"{octets / MB:.0f} MB in {took:.2f} s, {cpu:.2f} s of our CPU; {cable(said)}"

    def up(self, original, *arguments):
        """Our stack fetches a file; says how fast."""
        # The device, and with it the kernel's address, must be there before the server is.
        with device(), self.http_server() as port:
            url = f"http://{KERNEL}:{port}/{os.path.basename(original)}"
            began = time.monotonic()
            with self.stack("--fetch", url, "--output", self.path("got"), *arguments) as stack:
                said = stack.finish(within=150)
            took = time.monotonic() - began
        octets = self.same("got", original)
        return f"{octets / MB:.0f} MB in {took:.2f} s; {cable(said)}"

    def ping(self):
        """pings of any size are answered, in fragments where they must"""
        with self.stack() as stack, socket.socket(
                socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            raw.settimeout(5)
            sizes = [0, 1, 56, 1472, 1473, 4000, 20_000]
            for sequence, size in enumerate(sizes):
                data = self.random.randbytes(size)
                raw.sendto(echo_request(sequence, data), (OURS, 0))
                packet, _ = raw.recvfrom(65_535)
                want = struct.pack(">HH", os.getpid() & 0xFFFF, sequence) + data
                check(packet[20:22] == b"\0\0" and packet[24:] == want, f"ping of {size}")
            if shutil.which("ping"):
                done = subprocess.run(["ping", "-q", "-c", "5", "-i", "0.2", "-s", "4000", OURS],
                                      capture_output=True, text=True, timeout=20)
                check(" 0% packet loss" in done.stdout, done.stdout)
            stack.stop()
        return f"{len(sizes)} sizes up to {max(sizes)} octets" + (
            ", and ping(8)" if shutil.which("ping") else "")

    def curl_fetches(self):
        """curl fetches a file from our stack, byte by byte the same"""
        return self.down(self.file)

    def we_fetch(self):
        """our stack fetches it from Python's http.server"""
        return self.up(self.file)

    def curl_fetches_badly(self):
        """curl fetches with 5 % loss, 5 % reordering and 5 % duplication"""
        return self.down(self.small, *BAD)

    def we_fetch_badly(self):
        """our stack fetches over the same cable"""
        return self.up(self.small, *BAD)

    def corrupted(self):
        """with 2 % of the packets changed on the way, nothing that was changed gets through"""
        return self.down(self.small, "--corrupt", "2%", "--delay", "1ms")

    def slow_cable(self):
        """a cable of 8 Mbit/s with a short queue is used, and not flooded"""
        small = self.path("two")
        with open(small, "wb") as file:
            file.write(self.random.randbytes(2 * MB))
        return self.down(small, "--rate", "8Mbit", "--queue", "32KB", "--delay", "10ms")

    def echo(self):
        """ten megabytes go both ways at once, cut anywhere, and end with our FIN"""
        total = 10 * MB // self.share
        data = self.random.randbytes(total)
        with self.stack("--echo", "7") as stack:
            got = bytearray()
            with socket.create_connection((OURS, 7), timeout=20) as stream:
                def send():
                    at, cuts = 0, random.Random(self.options.seed)
                    while at < total:
                        piece = data[at:at + cuts.choice([1, 100, 1460, 9000, 100_000])]
                        stream.sendall(piece)
                        at += len(piece)
                    stream.shutdown(socket.SHUT_WR)

                sender = threading.Thread(target=send)
                sender.start()
                while piece := stream.recv(1 << 16):
                    got += piece
                sender.join(20)
            check(bytes(got) == data, f"{len(got)} of {total} octets, or not the same")
            stack.stop()
        return f"{total / MB:.0f} MB"

    def slow_reader(self):
        """a reader who does not read for two seconds closes the window, and loses nothing"""
        with self.stack("--http", self.folder) as stack, socket.socket() as stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            stream.settimeout(20)
            stream.connect((OURS, 80))
            stream.sendall(b"GET /twenty HTTP/1.0\r\n\r\n")
            time.sleep(2)
            sha, octets, head = hashlib.sha256(), 0, b""
            while piece := stream.recv(1 << 16):
                if b"\r\n\r\n" not in head:
                    head += piece
                    piece = head.partition(b"\r\n\r\n")[2]
                octets += len(piece)
                sha.update(piece)
            stream.close()
            check(sha.hexdigest() == digest(self.small), f"{octets} octets, or not the same")
            stack.stop()
        return f"{octets / MB:.0f} MB through a window that was zero"

    def slow_writer(self):
        """who sends and does not read meets our closed window, and then gets everything"""
        total = 20 * MB
        data = self.random.randbytes(MB)
        with self.stack("--echo", "7") as stack, socket.create_connection((OURS, 7)) as stream:
            stream.setblocking(False)
            sent, quiet = 0, time.monotonic()
            while time.monotonic() - quiet < 1.0:
                try:
                    sent += stream.send(data[sent % MB:])
                    quiet = time.monotonic()
                except BlockingIOError:
                    time.sleep(0.01)
                check(sent < 5 * total, "our window never closes")
            stream.settimeout(20)
            got = 0
            threading.Timer(0.1, stream.shutdown, [socket.SHUT_WR]).start()
            while piece := stream.recv(1 << 16):
                want = data[got % MB:got % MB + len(piece)]
                check(piece[:len(want)] == want, f"octet {got} and on")
                got += len(piece)
            stream.close()
            check(got == sent, f"{got} of {sent} octets")
            stack.stop()
        return f"closed after {sent / MB:.1f} MB"

    def refusals(self):
        """closed ports refuse at once: TCP with a reset, UDP with ICMP"""
        with self.stack("--echo", "7") as stack:
            began = time.monotonic()
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection((OURS, 81), timeout=5)
                raise Failed("port 81 is open")
            with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
                datagrams.settimeout(5)
                datagrams.connect((OURS, 9))
                datagrams.send(b"hello")
                with contextlib.suppress(ConnectionRefusedError):
                    datagrams.recv(1)
                    raise Failed("UDP port 9 answers")
            took = time.monotonic() - began
            stack.stop()
        check(took < 2, f"{took:.2f} s")
        return f"{took * 1000:.0f} ms"

    def many(self):
        """two hundred connections at once, each with its own data"""
        with self.stack("--echo", "7") as stack:
            streams = [socket.create_connection((OURS, 7), timeout=20) for _ in range(200)]
            for number, stream in enumerate(streams):
                stream.sendall(b"%d " % number * 1000)
                stream.shutdown(socket.SHUT_WR)
            for number, stream in enumerate(streams):
                got = b"".join(iter(lambda stream=stream: stream.recv(1 << 16), b""))
                check(got == b"%d " % number * 1000, f"connection {number}: {got[:20]}")
                stream.close()
            stack.stop()
        return "200 connections"

    def ipv6(self):
        """all of it over IPv6"""
        if not os.path.exists("/proc/net/if_inet6"):
            raise Skipped("the kernel has no IPv6")
        with self.stack("--http", self.folder, address=f"{OURS6}/64", kernel=KERNEL6) as stack:
            self.curl(f"http://[{OURS6}]/twenty", "-o", self.path("got"))
            octets = self.same("got", self.small)
            stack.stop()
        return f"{octets / MB:.0f} MB"

    def stops(self):
        """SIGTERM in the middle of a transfer: what is in flight is finished"""
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.path("got"))
        with self.stack("--http", self.folder) as stack:
            command = ["curl", "-sS", "-m", "60", "--limit-rate", "10M", "-o", self.path("got"),
                       f"http://{OURS}/twenty"]
            with subprocess.Popen(command) as curl:
                deadline = time.monotonic() + 10
                while not os.path.exists(self.path("got")) or not os.path.getsize(self.path("got")):
                    check(time.monotonic() < deadline, "nothing comes")
                    time.sleep(0.01)
                stack.stop()
                check(curl.wait(20) == 0, f"curl: exit {curl.returncode}")
            octets = self.same("got", self.small)
        return f"{octets / MB:.0f} MB"

    def tshark(self):
        """tshark, with checksums verified, finds nothing malformed in all of that"""
        if not shutil.which("tshark"):
            raise Skipped("there is no tshark")
        pcap = self.path("wire.pcap")
        with self.stack("--http", self.folder, "--echo", "7", "--pcap", pcap) as stack:
            with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
                raw.settimeout(5)
                for sequence, size in enumerate((0, 56, 4001)):
                    raw.sendto(echo_request(sequence, bytes(size)), (OURS, 0))
                    raw.recvfrom(65_535)
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection((OURS, 81), timeout=5)
            with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
                datagrams.sendto(b"hello", (OURS, 9))
            self.curl(f"http://{OURS}/twenty", "-o", self.path("got"))
            self.curl(f"http://{OURS}/none", "-o", self.path("got"))
            with socket.create_connection((OURS, 7), timeout=5) as stream:
                stream.sendall(b"reset me")
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stack.stop()
        packets = dissected(pcap)
        check(len(packets) > 1000, f"only {len(packets)} packets")
        for protocol in ("ip", "tcp"):
            verified = sum(packet[f"{protocol}.checksum.status"] == "1" for packet in packets)
            check(verified > 1000, f"tshark verified {verified} checksums of {protocol}")
        return f"{len(packets)} packets; inspect and tshark read the same: {self.inspect(pcap, packets)}"

    def inspect(self, pcap, packets):
        """Holds what inspect says of each TCP segment against tshark."""
        ours = lines([self.options.program, "inspect", "--summary", pcap])
        check(len(ours) == len(packets) + 1, f"{len(ours)} lines, {len(packets)} packets")
        names = [("SYN", 2), ("FIN", 1), ("RST", 4), ("PSH", 8), ("ACK", 16)]
        segments = 0
        for mine, packet in zip(ours, packets):
            check("WRONG" not in mine, mine)
            if packet["tcp.flags"]:
                ends = f"{packet['ip.src']} → {packet['ip.dst']}  TCP "
                flags = " ".join(n for n, bit in names if int(packet["tcp.flags"], 16) & bit)
                want = (f"{ends}{packet['tcp.srcport']} → {packet['tcp.dstport']}  {flags}  "
                        f"seq {packet['tcp.seq_raw']} ack {packet['tcp.ack_raw']}, "
                        f"{packet['tcp.len']} octets")
                check(mine.endswith(want), f"{mine!r}, but tshark: {want!r}")
                segments += 1
        return f"{segments} segments"

    def kernels_capture(self):
        """what the kernel itself captures on the device is as right, and inspect explains it"""
        if not shutil.which("tshark"):
            raise Skipped("there is no tshark")
        pcap = self.path("kernel.pcapng")
        with self.stack("--http", self.folder) as stack:
            capture = subprocess.Popen(["tshark", "-q", "-i", "tun0", "-w", pcap, "-a", "duration:60"],
                                       stderr=subprocess.PIPE, text=True)
            try:
                deadline = time.monotonic() + 20
                while not os.path.exists(pcap) or not os.path.getsize(pcap):
                    check(time.monotonic() < deadline and capture.poll() is None, "no capture")
                    time.sleep(0.05)
                self.curl(f"http://{OURS}/twenty", "-o", self.path("got"))
                time.sleep(1)
            finally:
                capture.send_signal(signal.SIGINT)
                capture.communicate(timeout=20)
            stack.stop()
        dissected(pcap)
        last = lines([self.options.program, "inspect", "--summary", pcap])[-1]
        check("believe" not in last and int(last.split()[0]) > 1000, last)
        return last


def compare(steps):
    """goodput for each second of CPU over TUN, beside smoltcp's, by turns"""
    smol = os.path.join(os.path.dirname(steps.options.program), "smoltcp-tun")
    if not os.path.exists(smol):
        raise Skipped(f"{smol} is not there: cargo build --release -p bench --bin smoltcp-tun")
    megabytes = os.path.getsize(steps.file) / MB
    with device(), steps.http_server() as port:
        ours = [steps.options.program, "serve-tun", "--device", "tun0"]
        theirs = [smol, "tun0", f"{OURS}/24"]
        where = f"{KERNEL}:{port}"
        programs = {
            "sends": ([*ours, "--http", steps.folder], [*theirs, "serve", "80", steps.file]),
            "receives": ([*ours, "--fetch", f"http://{where}/hundred", "--output", "/dev/null"],
                         [*theirs, "fetch", where, "/hundred"]),
        }
        said = []
        for what, pair in programs.items():
            goodput = ([], [])
            for _ in range(7):
                for command, figures in zip(pair, goodput):
                    figures.append(megabytes / one_transfer(steps, command, what == "sends"))
            us, them = (sorted(figures)[len(figures) // 2] for figures in goodput)
            said.append(f"{what}: ours {us:.0f}, smoltcp {them:.0f} MB for a second of CPU "
                        f"({us / them:.2f} times)")
            # Nine tenths of what is measured is the kernel's half of the work, in ticks of 10 ms: two runs
            # of one program differ by a tenth.
            check(us >= 0.85 * them, said[-1])
        return "; ".join(said)


def one_transfer(steps, command, serves):
    """Seconds of CPU of one transfer of the large file."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        if not serves:
            check(process.wait(60) == 0, f"{command[0]}: exit {process.returncode}")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        check(select.select([process.stdout], [], [], 20)[0], "nobody listens")
        steps.curl(f"http://{OURS}/hundred", "-o", "/dev/null")
        with open(f"/proc/{process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def device():
    """A device that stands before serve-tun does, which attaches to it."""
    for command in ("tuntap add dev tun0 mode tun", f"addr add {KERNEL}/24 dev tun0",
                    "link set tun0 up"):
        subprocess.run(["ip", *command.split()], check=True)
    try:
        yield
    finally:
        subprocess.run(["ip", "link", "del", "tun0"], check=True)


def dissected(pcap):
    """Each packet as tshark sees it. None is malformed, and no checksum is wrong."""
    names = ["ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.len",
             "tcp.flags", "tcp.checksum"]
    wrong = ["_ws.malformed", "tcp.option.len.invalid", "ip.bogus_header_length",
             "tcp.bogus_header_length"]
    sums = [f"{protocol}.checksum.status" for protocol in ("ip", "tcp", "udp", "icmp")]
    fields = [*names, *wrong, *sums]
    command = ["tshark", "-r", pcap, "-n", "-oip.defragment:FALSE", "-otcp.desegment_tcp_streams:FALSE",
               *[f"-o{protocol}.check_checksum:TRUE" for protocol in ("ip", "tcp", "udp")],
               # Of an error, the first: not what is quoted.
               "-Tfields", "-Eoccurrence=f", *[f"-e{field}" for field in fields]]
    packets = [dict(zip(fields, line.split("\t"))) for line in lines(command)]
    for number, packet in enumerate(packets, 1):
        # The kernel writes 0xffff where ones' complement gives its other zero, which tshark takes for
        # a mistake (RFC 1624 §3 has both).
        zero = packet["tcp.checksum"] == "0xffff" and packet["ip.src"] == KERNEL
        bad = [field for field in sums if packet[field] == "0" and not (field[:3] == "tcp" and zero)]
        bad += [field for field in wrong if packet[field]]
        check(not bad, f"packet {number}: {bad}: {packet}")
    return packets


def lines(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=150)
    check(done.returncode == 0, f"{' '.join(command[:6])} …: {done.stderr.strip()}")
    return done.stdout.splitlines()


def cable(said):
    """The last lines of serve-tun: what it did to packets."""
    start = said.find("stopped: ")
    return " · ".join(said[start + len("stopped: "):].split("\n")).strip(" ·")


def main():
    release = os.path.normpath(os.path.join(HERE, "..", "..", "target", "release", "tcp-ip"))
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--program", default=release, help="the binary, if not that of target/release")
    options.add_argument("--quick", action="store_true", help="a tenth of the data")
    options.add_argument("--compare", action="store_true", help="only the speed, beside smoltcp's")
    options.add_argument("--only", metavar="STEP", action="append", help="these steps")
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = options.parse_args()
    if not os.path.exists(options.program):
        sys.exit(f"{options.program} is not there: cargo build --release -p tcp-ip")
    if not options.inside:
        unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
        os.execvp("unshare", [*unshare, sys.executable, __file__, "--inside", *sys.argv[1:]])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(f"seed {options.seed}")
    steps = Steps(options)
    names = ["ping", "curl_fetches", "we_fetch", "curl_fetches_badly", "we_fetch_badly", "corrupted",
             "slow_cable", "echo", "slow_reader", "slow_writer", "refusals", "many", "ipv6", "stops",
             "tshark", "kernels_capture"]
    try:
        if options.compare:
            def beside():
                return compare(steps)
            beside.__doc__ = compare.__doc__
            results = [run(beside, STEP_SECONDS)]
        else:
            results = [run(getattr(steps, name), STEP_SECONDS) for name in options.only or names]
    finally:
        shutil.rmtree(steps.folder, ignore_errors=True)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
