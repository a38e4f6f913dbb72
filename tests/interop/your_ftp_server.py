#!/usr/bin/env python3
"""An answer to transfer-files against curl and Python's ftplib.

    cargo build --release -p your-ftp-server --features solution
    python3 tests/interop/your_ftp_server.py

What a learner does with an answer of their own, here with the course's. Every step is bounded in
time, says what it measured, and the exit code is 1 if one of them failed.
"""

import argparse
import ftplib
import os
import random
import select
import socket
import struct
import subprocess
import sys
import tempfile

from steps import Failed, check, run

STEP_SECONDS = 30
HERE = os.path.dirname(os.path.abspath(__file__))


class Server:
    """A running your-ftp-server."""

    def __init__(self, program, root):
        self.process = subprocess.Popen([program, "--root", root, "--listen", "127.0.0.1:0"], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        line = self.process.stdout.readline() if ready else ""
        if not line.startswith("listening on 127.0.0.1:"):
            self.process.kill()
            raise Failed(f"your-ftp-server printed {line!r}")
        self.port = int(line.rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        lives = self.process.poll() is None
        self.process.kill()
        self.process.communicate(timeout=20)
        check(lives, f"it ended by itself: exit {self.process.returncode}")


class Steps:
    def __init__(self, options, folder):
        self.options, self.random = options, random.Random(options.seed)
        self.root, self.here = os.path.join(folder, "root"), os.path.join(folder, "here")
        os.mkdir(self.root)
        self.data = self.random.randbytes(5_000_000)
        with open(self.here, "wb") as file:
            file.write(self.data)

    def server(self):
        return Server(self.options.program, self.root)

    def curl(self, *arguments):
        command = ["curl", "--silent", "--show-error", "--max-time", "20", *arguments]
        done = subprocess.run(command, capture_output=True, timeout=25, check=False)
        check(done.returncode == 0, f"curl: exit {done.returncode}: {done.stderr.decode().strip()}")
        return done.stdout

    def client(self, server):
        client = ftplib.FTP(timeout=10)
        client.connect("127.0.0.1", server.port)
        client.login()
        return client

    def stored(self, name):
        with open(os.path.join(self.root, name), "rb") as file:
            return file.read()

    def there_and_back(self):
        """curl stores five megabytes and fetches them, octet for octet"""
        with self.server() as server:
            url = f"ftp://127.0.0.1:{server.port}/a"
            self.curl("--upload-file", self.here, url)
            check(self.stored("a") == self.data, "the file that was stored differs")
            check(self.curl(url) == self.data, "what was fetched differs")
        return f"{len(self.data)} octets each way"

    def goes_on(self):
        """curl goes on where a download was cut, and ftplib where an upload was"""
        cut = self.random.randrange(1, len(self.data))
        with self.server() as server:
            part = self.here + ".part"
            with open(part, "wb") as file:
                file.write(self.data[:cut])
            self.curl("--continue-at", "-", "--output", part, f"ftp://127.0.0.1:{server.port}/a")
            with open(part, "rb") as file:
                check(file.read() == self.data, "what was fetched in two parts differs")
            with open(os.path.join(self.root, "b"), "wb") as file:
                file.write(self.data[:cut])
            with self.client(server) as client, open(self.here, "rb") as file:
                file.seek(cut)
                client.storbinary("STOR b", file, rest=cut)
            check(self.stored("b") == self.data, "what was stored in two parts differs")
        return f"cut after {cut} octets"

    def text(self):
        """in TYPE A lines end in CRLF on the wire, and in LF on the disk"""
        with self.server() as server, self.client(server) as client:
            client.voidcmd("TYPE A")
            with client.transfercmd("STOR text") as data:
                data.sendall(b"one\r\ntwo\r\n")
            client.voidresp()
            check(self.stored("text") == b"one\ntwo\n", f"stored: {self.stored('text')!r}")
            with client.transfercmd("RETR text") as data:
                wire = data.makefile("rb").read()
            client.voidresp()
            check(wire == b"one\r\ntwo\r\n", f"on the wire: {wire!r}")
        return "two lines each way"

    def lost(self):
        """an upload that is reset leaves nothing, and the session goes on"""
        with self.server() as server, self.client(server) as client:
            client.voidcmd("TYPE I")
            before = sorted(os.listdir(self.root))
            with client.transfercmd("STOR lost") as data:
                data.sendall(self.data[:100_000])
                data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            reply = client.getmultiline()
            check(reply.startswith("426"), f"the reply is {reply!r}")
            check(sorted(os.listdir(self.root)) == before, f"left: {os.listdir(self.root)}")
            client.voidcmd("NOOP")
        return reply

    def aborted(self):
        """ABOR ends a download at once, with two replies, and the session goes on"""
        with self.server() as server, self.client(server) as client:
            client.voidcmd("TYPE I")
            with client.transfercmd("RETR a") as data:
                data.recv(1)
                replies = [client.abort(), client.getmultiline()]
            codes = [reply[:3] for reply in replies]
            check(codes == ["426", "226"], f"the replies are {replies}")
            client.voidcmd("NOOP")
        return " and ".join(codes)


def main():
    release = os.path.normpath(os.path.join(HERE, "..", "..", "target", "release", "your-ftp-server"))
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--program", default=release, help="the binary, if not that of target/release")
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = options.parse_args()
    if not os.path.exists(options.program):
        sys.exit(f"{options.program} is not there: cargo build --release -p your-ftp-server --features solution")
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="your-ftp-server-") as folder:
        steps = Steps(options, folder)
        names = ["there_and_back", "goes_on", "text", "lost", "aborted"]
        results = [run(getattr(steps, name), STEP_SECONDS) for name in names]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
