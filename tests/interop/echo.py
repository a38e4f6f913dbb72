#!/usr/bin/env python3
"""The proofs of the echo servers that need many connections, much data, or another language.

    cargo build --release -p sockets
    python3 tests/interop/echo.py                    # 1 GiB, 1,000 connections, EMFILE, drain …
    python3 tests/interop/echo.py --quick            # the same on a hundredth of the data
    python3 tests/interop/echo.py --compare          # and the speed beside socat and a plain server
    python3 tests/interop/echo.py --shell event-loop # chapter 3's echo under one of its shells

It uses Python's standard library alone, and nc and socat where they are there (in CI, where the
variable CI is set, they must be). Every step is bounded in time, says what it measured, and the exit
code is 1 if one of them failed.
"""

import argparse
import contextlib
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

STEP_SECONDS = 300
MIB = 1 << 20
HERE = os.path.dirname(os.path.abspath(__file__))


class Data:
    """Octets without an end, in which no stretch repeats near: a random block of a size that
    divides no buffer, over and over. Any stretch of it can be compared without holding it all."""

    def __init__(self, seed):
        self.size = 2 * MIB + 4099
        block = random.Random(seed).randbytes(self.size)
        self.twice = memoryview(block + block)

    def at(self, offset, count):
        start = offset % self.size
        return self.twice[start:start + min(count, self.size)]

    def compare(self, offset, octets):
        """Fails where `octets` are not those from `offset` on."""
        done = 0
        while done < len(octets):
            want = self.at(offset + done, len(octets) - done)
            got = octets[done:done + len(want)]
            if want != got:
                first = next(i for i, (a, b) in enumerate(zip(want, got)) if a != b)
                raise Failed(f"octet {offset + done + first} is {got[first]:#04x}, "
                             f"not {want[first]:#04x}")
            done += len(want)


class Server:
    """A running program of chapter 1, or another that prints `listening on <address>`."""

    def __init__(self, command, nofile=None, stderr=subprocess.DEVNULL):
        def limit():
            if nofile:
                resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))

        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=stderr, preexec_fn=limit)
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        line = self.process.stdout.readline().decode() if ready else ""
        check(line.startswith("listening on "), f"{command[0]} printed {line!r}")
        where = line[len("listening on "):].strip()
        host, _, port = where.rpartition(":")
        self.address = port if host == "unix" else (host.strip("[]"), int(port))

    def connect(self, timeout=30):
        if isinstance(self.address, str):
            stream = socket.socket(socket.AF_UNIX)
            stream.settimeout(timeout)
            stream.connect(self.address)
            return stream
        stream = socket.create_connection(self.address, timeout=timeout)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return stream

    def cpu(self):
        """Seconds of processor that it and its children have used."""
        ticks = 0
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError):
                    with open(f"/proc/{name}/stat") as file:
                        fields = file.read().rpartition(")")[2].split()
                    if self.process.pid in (int(name), int(fields[1])):
                        ticks += sum(int(field) for field in fields[11:15])
        return ticks / os.sysconf("SC_CLK_TCK")

    def status(self, field):
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        return 0

    def terminate(self, within=30):
        """SIGTERM; gives the seconds until it ended, which must be in order."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(within)
        check(code == 0, f"exit code {code} after SIGTERM")
        return time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()


def reset(stream):
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def transfer(server, data, total, sizes, compare=True):
    """Sends `total` octets in pieces of `sizes()`, half-closes, compares the echo (or only counts it,
    for comparing takes this program longer than echoing takes the server). Gives seconds."""
    stream = server.connect(timeout=60)
    errors = []

    def send():
        try:
            sent = 0
            while sent < total:
                piece = data.at(sent, min(sizes(), total - sent))
                stream.sendall(piece)
                sent += len(piece)
            stream.shutdown(socket.SHUT_WR)
        except OSError as error:
            errors.append(error)

    began = time.monotonic()
    sender = threading.Thread(target=send)
    sender.start()
    got, buffer = 0, memoryview(bytearray(MIB))
    while True:
        count = stream.recv_into(buffer)
        if count == 0:
            break
        if compare:
            data.compare(got, buffer[:count])
        got += count
    sender.join(60)
    took = time.monotonic() - began
    stream.close()
    check(not errors, f"sending: {errors}")
    check(got == total, f"{got} of {total} octets came back")
    return took


def through(server, data, total, command):
    """The same through another program: its standard input and output."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send():
        with contextlib.suppress(BrokenPipeError):
            sent = 0
            while sent < total:
                piece = data.at(sent, min(MIB, total - sent))
                process.stdin.write(piece)
                sent += len(piece)
            process.stdin.close()

    began = time.monotonic()
    sender = threading.Thread(target=send)
    sender.start()
    try:
        got = 0
        while chunk := process.stdout.read1(MIB):
            data.compare(got, memoryview(chunk))
            got += len(chunk)
        sender.join(60)
        process.wait(60)
        check(got == total, f"{got} of {total} octets came back")
        return time.monotonic() - began
    finally:
        process.kill()
        process.wait()
        sender.join(10)


def needs(program):
    if shutil.which(program) is None:
        raise Skipped(f"{program} is not installed")


def speed(octets, seconds, cpu):
    return (f"{octets / MIB:,.0f} MiB in {seconds:.2f} s, {octets / MIB / 1024 / seconds:.2f} GiB/s; "
            f"the server's processor: {cpu:.2f} s")


class Steps:
    def __init__(self, options):
        self.program = options.program
        self.echo = [options.program, "tcp-echo"]
        if options.shell:
            self.echo = [options.program, "echo", "--model", *options.shell.split()]
        self.threads = options.shell in (None, "threads")
        self.total = 8 * MIB + 17 if options.quick else 1024 * MIB
        self.crowd = 100 if options.quick else 1000
        self.quick = options.quick
        self.data = Data(options.seed)
        self.random = random.Random(options.seed)

    def tcp(self, *more, **how):
        return Server([*self.echo, *more], **how)

    def python_client(self):
        """All octets return to a Python client, cut in every way, after a half-close."""
        def cut():
            return self.random.choice((1, 2, 1000, 1460, 65_536, 200_000, MIB, MIB, MIB))
        with self.tcp() as server:
            took = transfer(server, self.data, self.total, cut)
            return speed(self.total, took, server.cpu())

    def one_size(self):
        """In writes of 256 KiB, the echo only counted: the speed."""
        with self.tcp() as server:
            took = transfer(server, self.data, self.total, lambda: 256 * 1024, compare=False)
            return speed(self.total, took, server.cpu())

    def netcat(self):
        """All octets return to nc."""
        needs("nc")
        with self.tcp() as server:
            host, port = server.address
            took = through(server, self.data, self.total, ["nc", "-N", host, str(port)])
            return speed(self.total, took, server.cpu())

    def socat(self):
        """All octets return to socat."""
        needs("socat")
        with self.tcp() as server:
            host, port = server.address
            command = ["socat", "-b", "65536", "-t", "60", "-", f"TCP4:{host}:{port}"]
            took = through(server, self.data, self.total, command)
            return speed(self.total, took, server.cpu())

    def crowd_at_once(self):
        """Many connections at once, each served while all others stand open."""
        # The usual soft limit of file descriptors, for the server; more for ourselves.
        with self.tcp(nofile=1024) as server:
            began = time.monotonic()
            streams = [server.connect() for _ in range(self.crowd)]
            for turn in range(3):
                for number, stream in enumerate(streams):
                    stream.sendall(b"%d for %d" % (turn, number))
                for number, stream in reversed(list(enumerate(streams))):
                    want = b"%d for %d" % (turn, number)
                    got = stream.recv(len(want), socket.MSG_WAITALL)
                    check(got == want, f"connection {number} got {got!r}")
            took = time.monotonic() - began
            threads, memory = server.status("Threads"), server.status("VmRSS")
            if self.threads:
                check(threads > self.crowd, f"{threads} threads serve {self.crowd}")
            else:
                check(threads < 10, f"{threads} threads in an event loop's process")
            for stream in streams:
                stream.shutdown(socket.SHUT_WR)
            for stream in streams:
                check(stream.recv(1) == b"", "no end after the half-close")
                stream.close()
            return f"{self.crowd} connections, 3 rounds in {took:.2f} s; {memory / 1024:.1f} MiB resident"

    def bad_company(self):
        """Peers that reset, stall, flood, or come and go do not delay another."""
        with self.tcp() as server:
            idle = [server.connect() for _ in range(20)]
            flooders = []
            for _ in range(20):
                stream = server.connect()
                stream.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        stream.send(bytes(MIB))
                flooders.append(stream)
            stop = threading.Event()

            def come_and_go():
                while not stop.is_set():
                    with contextlib.suppress(OSError):
                        stream = server.connect()
                        stream.send(b"and gone")
                        (reset if self.random.random() < 0.5 else socket.socket.close)(stream)

            rude = threading.Thread(target=come_and_go)
            rude.start()
            waits = []
            with contextlib.closing(server.connect()) as good:
                until = time.monotonic() + (0.5 if self.quick else 5)
                while time.monotonic() < until:
                    began = time.monotonic()
                    good.sendall(b"is it my turn?")
                    check(good.recv(14, socket.MSG_WAITALL) == b"is it my turn?", "a wrong echo")
                    waits.append(time.monotonic() - began)
            stop.set()
            rude.join(30)
            memory = server.status("VmRSS")
            for stream in idle + flooders:
                stream.close()
            waits.sort()
            check(waits[-1] < 2, f"one waited for {waits[-1]:.2f} s")
            return (f"{len(waits):,} turns beside 20 silent, 20 flooding and a stream of resets: "
                    f"median {waits[len(waits) // 2] * 1e6:.0f} µs, longest {waits[-1] * 1e3:.1f} ms; "
                    f"{memory / 1024:.1f} MiB resident")

    def no_descriptors(self):
        """Without file descriptors the server waits, idle, and serves those who waited."""
        with self.tcp(nofile=40) as server:
            streams = [server.connect() for _ in range(60)]
            served, waiting = [], []
            for stream in streams:
                stream.settimeout(2 if not waiting else 0.05)
                stream.sendall(b"me!")
                try:
                    (served if stream.recv(3) == b"me!" else waiting).append(stream)
                except TimeoutError:
                    waiting.append(stream)
            check(20 <= len(served) < 40, f"{len(served)} served with 40 descriptors")
            before = server.cpu()
            time.sleep(1 if self.quick else 3)
            spent = server.cpu() - before
            check(spent <= 0.1, f"{spent:.2f} s of processor while nothing could be done")
            for stream in served:
                stream.sendall(b"go on")
                check(stream.recv(5, socket.MSG_WAITALL) == b"go on", "a wrong echo")
                stream.close()
            for stream in waiting:
                stream.settimeout(10)
                check(stream.recv(3, socket.MSG_WAITALL) == b"me!", "one who waited was forgotten")
                stream.close()
            return (f"{len(served)} served, {len(waiting)} waited and were served in their turn; "
                    f"{spent * 1000:.0f} ms of processor meanwhile")

    def other_families(self):
        """All octets return over IPv6 and over a Unix-domain socket."""
        said = []
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "echo")
            for where in ["[::1]:0"] + ([] if "--workers" in self.echo else [f"unix:{path}"]):
                with self.tcp("--listen", where) as server:
                    took = transfer(server, self.data, self.total // 4, lambda: 256 * 1024)
                    said.append(f"{where}: {speed(self.total // 4, took, server.cpu())}")
                    server.terminate()
            check(not os.path.exists(path), "the socket's file outlives its server")
        return "; ".join(said)

    def unread_log(self):
        """A log that nobody reads stops nobody."""
        with self.tcp("--verbose", stderr=subprocess.PIPE) as server:
            count = 200 if self.quick else 2000
            for _ in range(count):
                stream = server.connect()
                stream.sendall(b"x")
                stream.recv(1)
                reset(stream)
            with contextlib.closing(server.connect(timeout=5)) as stream:
                stream.sendall(b"and me?")
                check(stream.recv(7, socket.MSG_WAITALL) == b"and me?", "a wrong echo")
            took = server.terminate()
            return f"{count:,} connections reset, the next one served; ended in {took:.2f} s"

    def drain(self):
        """SIGTERM: what is in flight is served to its end, newcomers are refused, the exit is 0."""
        with self.tcp() as server:
            total = self.total // 8
            stream = server.connect(timeout=60)
            stream.sendall(self.data.at(0, 1000))
            server.process.send_signal(signal.SIGTERM)
            until = time.monotonic() + 10
            while True:
                check(time.monotonic() < until, "newcomers are still served after SIGTERM")
                try:
                    socket.create_connection(server.address, timeout=1).close()
                except ConnectionRefusedError:
                    break
                except OSError:
                    pass
            sender = threading.Thread(target=self.send_rest, args=(stream, total))
            sender.start()
            got = 0
            while chunk := stream.recv(MIB):
                self.data.compare(got, memoryview(chunk))
                got += len(chunk)
            sender.join(60)
            check(got == total, f"{got} of {total} octets came back")
            began = time.monotonic()
            code = server.process.wait(20)
            check(code == 0, f"exit code {code}")
            return (f"{total / MIB:,.0f} MiB finished after the signal; the server ended "
                    f"{(time.monotonic() - began) * 1e3:.0f} ms after its last client")

    def send_rest(self, stream, total):
        sent = 1000
        while sent < total:
            piece = self.data.at(sent, min(MIB, total - sent))
            stream.sendall(piece)
            sent += len(piece)
        stream.shutdown(socket.SHUT_WR)

    def datagrams(self):
        """Datagrams of every size return whole, to the one who sent them."""
        with Server([self.program, "udp-echo"]) as server:
            clients = []
            for _ in range(20):
                client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                client.settimeout(10)
                client.connect(server.address)
                clients.append(client)
            turns = 2_000 if self.quick else 50_000
            began = time.monotonic()
            for turn in range(turns):
                size = (0, 1, 100, 1472, 9000, 65_507)[turn % 6]
                client, want = clients[turn % 20], self.data.at(turn, size)
                client.send(want)
                got = client.recv(65_536)
                check(got == want, f"{len(got)} octets for {size}")
            took = time.monotonic() - began
            for client in clients:
                client.close()
            server.terminate()
            return f"{turns:,} datagrams of 0 to 65,507 octets in {took:.2f} s, {turns / took:,.0f} a second"


def compare(options):
    """The speed beside other servers, on the same transfer."""
    data, total = Data(options.seed), 1024 * MIB
    plain = os.path.join(os.path.dirname(options.program), "examples", "plain-echo")
    rivals = {"tcp-echo": [options.program, "tcp-echo"]}
    if os.path.exists(plain):
        rivals["a plain thread a connection"] = [plain]
    if shutil.which("socat"):
        port = socket.create_server(("127.0.0.1", 0))
        number = port.getsockname()[1]
        port.close()
        listen = f"TCP-LISTEN:{number},bind=127.0.0.1,reuseaddr,fork"
        say = f"echo listening on 127.0.0.1:{number}; exec socat"
        # Not its address PIPE: one process at both ends of a pipe can fill it and wait for itself.
        rivals["socat EXEC:cat"] = ["sh", "-c", f"{say} -b 65536 {listen} EXEC:cat"]
    for name, command in rivals.items():
        with Server(command) as server:
            time.sleep(0.3)  # socat has no line to wait for; ours needs none of this.
            runs = sorted(transfer(server, data, total, lambda: 256 * 1024, compare=False)
                          for _ in range(3))
            print(f"  {name:30} {1 / runs[1]:5.2f} GiB/s (median of 3), "
                  f"processor {server.cpu() / 3:.2f} s/GiB", flush=True)


def main():
    release = os.path.normpath(os.path.join(HERE, "..", "..", "target", "release"))
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--program", help="the binary, if not that of target/release")
    options.add_argument("--shell", metavar="MODEL",
                         help="`client-server echo --model MODEL` in place of `sockets tcp-echo`")
    options.add_argument("--quick", action="store_true", help="a hundredth of the data")
    options.add_argument("--compare", action="store_true", help="the speed of other servers too")
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = options.parse_args()
    package = "client-server" if options.shell else "sockets"
    options.program = options.program or os.path.join(release, package)
    if not os.path.exists(options.program):
        sys.exit(f"{options.program} is not there: cargo build --release -p {package}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    print(f"seed {options.seed}")
    steps, failures = Steps(options), 0
    both = [steps.python_client, steps.one_size, steps.netcat, steps.socat, steps.crowd_at_once,
            steps.bad_company, steps.no_descriptors]
    # How chapter 3's servers stop is measured by `bench -- client-server --only stop`.
    rest = [steps.other_families] if options.shell else [
        steps.unread_log, steps.drain, steps.datagrams]
    for step in both + rest:
        failures += not run(step, STEP_SECONDS)
    if options.compare:
        compare(options)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
