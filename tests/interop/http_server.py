#!/usr/bin/env python3
"""Chapter 4's `http` and `http-echo` with the clients that people use.

    cargo build --release -p protocols
    python3 tests/interop/http_server.py

curl, wget, Python's http.client, and Chromium with a page of images. Every step is bounded in time,
says what it measured, and the exit code is 1 if one of them failed.
"""

import argparse
import email.utils
import hashlib
import http.client
import os
import pathlib
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib

from steps import Failed, Skipped, check, run

STEP_SECONDS = 30
MB = 1_000_000
ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = """<!doctype html><meta charset="utf-8"><title>images</title>
<link rel="stylesheet" href="style.css">
{images}
<script type="module" src="count.js"></script>
"""
COUNT = """
await Promise.all([...document.images].map((image) => image.decode()));
const wide = [...document.images].filter((image) => image.naturalWidth > 0).length;
const color = getComputedStyle(document.body).color;
const { answer } = await (await fetch('data.json')).json();
document.title = `${wide} images, ${color}, ${answer}`;
"""


def png(red):
    """An image of two by one points."""
    def chunk(kind, data):
        return (len(data).to_bytes(4, "big") + kind + data +
                zlib.crc32(kind + data).to_bytes(4, "big"))
    rows = b"\0" + bytes([red, 0, 0]) * 2
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0\0\0\2\0\0\0\1\x08\2\0\0\0") +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Server:
    """A running server of the course, and its folder."""

    def __init__(self, options, *arguments):
        command = [options.program, *arguments, "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        line = self.process.stdout.readline() if ready else ""
        if not line.startswith("listening on "):
            self.process.kill()
            raise Failed(f"{arguments[0]} printed {line!r}, {self.process.stderr.read()!r}")
        self.address = line.split()[-1]
        self.url = f"http://{self.address}"
        self.port = int(self.address.rpartition(":")[2])

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def stop(self):
        """SIGTERM; gives what it has written to standard error."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=15)
        check(self.process.returncode == 0, f"exit code {self.process.returncode}: {said[-300:]}")
        return said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()


class Steps:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="http-"))
        self.root = self.path / "root"
        (self.root / "sub dir").mkdir(parents=True)
        (self.root / "site").mkdir()
        self.octets = self.random.randbytes(8 * MB)
        self.text = b"".join(b"line %d of some text\n" % n for n in range(50_000))
        images = "".join(f'<img src="images/{n}.png" alt="{n}">' for n in range(24))
        for name, octets in {
            "octets.bin": self.octets, "text.txt": self.text, "empty": b"", "one": b"1",
            "sub dir/naïve & <b>.txt": b"odd", "site/index.html": PAGE.format(images=images).encode(),
            "site/count.js": COUNT.encode(), "site/style.css": b"body { color: rgb(1, 2, 3) }",
            "site/data.json": b'{"answer": 42}',
        }.items():
            (self.root / name).write_bytes(octets)
        (self.root / "site/images").mkdir()
        for n in range(24):
            (self.root / f"site/images/{n}.png").write_bytes(png(n * 10))

    def files(self, *arguments):
        return Server(self.options, "http", "--root", str(self.root), *arguments)

    def echo(self, *arguments):
        return Server(self.options, "http-echo", *arguments)

    def curl(self, *arguments, data=None, code=0):
        if not shutil.which("curl"):
            raise Skipped("curl is missing (Debian: curl)")
        command = ["curl", "--silent", "--show-error", "--globoff", "--max-time", "20", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, input=data, timeout=25)
        check(done.returncode == code, f"curl {arguments}: {done.returncode}, {done.stderr!r}")
        return done.stdout

    def curl_reads(self):
        """curl: whole, parts, resumed, compressed, conditional, HEAD, redirects"""
        with self.files() as server:
            url, out = server.url, self.path / "out"
            check(self.curl(f"{url}/octets.bin") == self.octets, "octets.bin differs")
            check(self.curl("-r", "100-199", f"{url}/octets.bin") == self.octets[100:200], "a part")
            check(self.curl("-r", "-7", f"{url}/octets.bin") == self.octets[-7:], "the end")
            several = self.curl("-r", "0-3,10-13", f"{url}/octets.bin")
            check(self.octets[:4] in several and self.octets[10:14] in several, "two parts")
            out.write_bytes(self.octets[:3_333_333])
            self.curl("-C", "-", "-o", out, f"{url}/octets.bin")
            check(out.read_bytes() == self.octets, "resumed")
            plain = self.curl("--compressed", f"{url}/text.txt")
            check(plain == self.text, "compressed")
            small = len(self.curl("-H", "Accept-Encoding: gzip", f"{url}/text.txt"))
            check(small < len(self.text) / 4, f"{small} octets of {len(self.text)}")
            tags = self.path / "tags"
            self.curl("--etag-save", tags, f"{url}/text.txt")
            again = self.curl("--etag-compare", tags, "-w", "%{http_code}", f"{url}/text.txt")
            check(again == b"304", f"the same: {again[-20:]!r}")
            later = self.curl("-z", email.utils.formatdate(time.time(), usegmt=True), "-w", "%{http_code}", f"{url}/one")
            check(later == b"304", f"not newer: {later!r}")
            head = self.curl("-I", f"{url}/octets.bin").decode()
            check(f"Content-Length: {len(self.octets)}" in head, head)
            date = re.search(r"Date: (.*)\r", head)[1]
            off = abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time())
            check(off < 3, f"Date is off by {off} s")
            check(b"images" in self.curl("-L", f"{url}/site"), "a folder without its slash")
            check(b"na%C3%AFve" in self.curl(f"{url}/sub%20dir/"), "a list")
            check(self.curl(f"{url}/sub%20dir/na%C3%AFve%20%26%20%3Cb%3E.txt") == b"odd", "a name")
            self.curl("--fail", "--path-as-is", f"{url}/../secret", code=22)
            many = self.curl(*[f"{url}/one"] * 100, "-w", "%{num_connects}")
            check(many.count(b"1") >= 101 and many.endswith(b"0"), "a hundred on one connection")
            lines = [line for line in server.stop().splitlines() if '"GET' in line or '"HEAD' in line]
        check(len(lines) >= 113, f"{len(lines)} lines in the log")
        return f"8 MB whole and resumed; text to {100 * small // len(self.text)} %; {len(lines)} lines logged"

    def curl_writes(self):
        """curl: PUT, DELETE, 100-continue, chunks, conditions"""
        with self.files("--writable", "--largest", "9000000") as server:
            new, big = f"{server.url}/new.bin", self.root / "octets.bin"
            shown = ("-o", "/dev/null", "-w", "%{http_code}")
            check(self.curl("-T", big, *shown, new) == b"201", "created")
            check((self.root / "new.bin").read_bytes() == self.octets, "what was put")
            check(self.curl("-T", big, "-H", "Expect: 100-continue", *shown, new) == b"204", "replaced")
            check(self.curl("-T", "-", *shown, new, data=self.text) == b"204", "in chunks")
            check((self.root / "new.bin").read_bytes() == self.text, "what was put in chunks")
            one = self.root / "one"
            check(self.curl("-T", one, "-H", "If-None-Match: *", *shown, new) == b"412", "it is there")
            check(self.curl("-T", self.root / "text.txt", "-C", "5", *shown, new) == b"400", "no part is put")
            large = self.path / "large"
            large.write_bytes(bytes(10 * MB))
            check(self.curl("-T", large, *shown, new) == b"413", "too large")
            check(self.curl("-X", "DELETE", *shown, new) == b"204", "deleted")
            check(self.curl("-X", "DELETE", *shown, new) == b"404", "twice")
            check(self.curl("-X", "OPTIONS", "-i", server.url).count(b"PUT") == 1, "Allow")
        with self.files() as server:
            check(self.curl("-T", one, *shown, f"{server.url}/x") == b"405", "not writable")
        check(sorted(os.listdir(self.root)) == ["empty", "octets.bin", "one", "site", "sub dir", "text.txt"],
              f"what is left: {os.listdir(self.root)}")
        return "8 MB created, replaced, refused, deleted; nothing else is left"

    def curl_echo(self):
        """curl: what is posted to http-echo comes back, with a length and in chunks"""
        with self.echo() as server:
            big = f"@{self.root / 'octets.bin'}"
            check(self.curl("--data-binary", big, server.url) == self.octets, "with a length")
            chunks = ("-H", "Transfer-Encoding: chunked", "--data-binary", big)
            check(self.curl(*chunks, server.url) == self.octets, "in chunks")
            check(self.curl("-0", "--data-binary", big, server.url) == self.octets, "HTTP/1.0")
            check(self.curl("-X", "DELETE", server.url) == b"", "nothing")
            form = self.curl("-F", f"file={big}", server.url)
            check(self.octets in form, "a form")
        return "8 MB four times"

    def wget_mirrors(self):
        """wget: a whole folder through its lists, and resumed"""
        if not shutil.which("wget"):
            raise Skipped("wget is missing (Debian: wget)")
        out = self.path / "mirror"
        with self.files() as server:
            command = ["wget", "-q", "-r", "-nH", "--restrict-file-names=nocontrol", "-R", "index.html?*",
                       "-P", str(out), f"{server.url}/"]
            done = subprocess.run(command, capture_output=True, timeout=25)
            check(done.returncode == 0, f"wget: {done.returncode} {done.stderr!r}")
            same = 0
            for name in ["octets.bin", "text.txt", "empty", "one", "sub dir/naïve & <b>.txt",
                         "site/index.html", "site/images/7.png"]:
                check((out / name).read_bytes() == (self.root / name).read_bytes(), name)
                same += 1
            part = out / "octets.bin"
            part.write_bytes(self.octets[:1_000_000])
            subprocess.run(["wget", "-q", "-c", "-O", str(part), f"{server.url}/octets.bin"], check=True,
                           timeout=25)
            check(part.read_bytes() == self.octets, "resumed")
        return f"{same} files the same, one resumed"

    def python_client(self):
        """Python's http.client: a connection that persists, chunks both ways, a slow reader"""
        with self.files() as server, self.echo() as echo:
            client = server.connect()
            for n in range(200):
                client.request("GET", "/one" if n % 2 else "/text.txt")
                answer = client.getresponse()
                check(answer.read() == (b"1" if n % 2 else self.text), f"request {n}")
            client.request("HEAD", "/octets.bin")
            answer = client.getresponse()
            check((answer.read(), int(answer.headers["Content-Length"])) == (b"", 8 * MB), "HEAD")
            client.request("GET", "/nothing")
            check(client.getresponse().read() == b"404 Not Found\n", "404")
            client.request("GET", "/octets.bin")
            answer, got = client.getresponse(), b""
            while piece := answer.read(100_000):
                got += piece
                time.sleep(0.005)
            check(got == self.octets, "read slowly")
            back = echo.connect()
            for size in (0, 1, 100_000, 300_000):
                pieces = [self.octets[at:at + 7_000] for at in range(0, size, 7_000)]
                back.request("POST", "/", body=iter(pieces), encode_chunked=True,
                             headers={"Transfer-Encoding": "chunked"})
                check(back.getresponse().read() == b"".join(pieces), f"{size} octets in chunks")
        return "202 requests on one connection, 8 MB slowly, chunks up to 300 kB"

    def many_at_once(self):
        """two hundred clients at once, of files and of echoes, under each shell"""
        count = 0
        for shell in (["--model", "event-loop", "--workers", "2"], ["--model", "threads"],
                      ["--model", "pool", "--workers", "16", "--queue", "400"]):
            with self.files(*shell, "--log", "off") as server, self.echo(*shell, "--log", "off") as echo:
                wrong = []

                def client(number):
                    try:
                        body = self.octets[number * 1000:number * 1000 + 50_000]
                        one, other = server.connect(), echo.connect()
                        for _ in range(5):
                            one.request("GET", "/octets.bin", headers={
                                "Range": f"bytes={number * 1000}-{number * 1000 + 49_999}"})
                            other.request("POST", "/", body=body)
                            if one.getresponse().read() != body or other.getresponse().read() != body:
                                wrong.append(number)
                        one.close()
                        other.close()
                    except Exception as error:  # noqa: BLE001: said below
                        wrong.append(error)

                clients = [threading.Thread(target=client, args=(n,)) for n in range(200)]
                for one in clients:
                    one.start()
                for one in clients:
                    one.join()
                check(not wrong, f"{shell}: {wrong[:3]}")
                count += 2_000
        return f"{count} answers, all right"

    def killed(self):
        """kill -9 in the middle of uploads: what was acknowledged is there whole, nothing in part"""
        folder = self.path / "uploads"
        folder.mkdir()
        whole, rounds = 0, 4
        for _ in range(rounds):
            acknowledged, stop = {}, threading.Event()
            with Server(self.options, "http", "--root", str(folder), "--writable", "--log", "off") as server:
                def upload(number):
                    chance = random.Random(self.options.seed + number)
                    try:
                        client = server.connect()
                        while not stop.is_set():
                            name, body = f"{chance.getrandbits(64):x}", chance.randbytes(200_000)
                            client.request("PUT", f"/{name}", body=body)
                            answer = client.getresponse()
                            answer.read()
                            if answer.status in (201, 204):
                                acknowledged[name] = hashlib.sha256(body).digest()
                    except OSError:
                        pass
                    except http.client.HTTPException:
                        pass

                clients = [threading.Thread(target=upload, args=(n,)) for n in range(8)]
                for one in clients:
                    one.start()
                until = time.monotonic() + 0.4
                while time.monotonic() < until or not acknowledged:
                    time.sleep(0.01)
                server.process.kill()
                stop.set()
                for one in clients:
                    one.join()
            there = {path.name: path.read_bytes() for path in folder.iterdir()}
            for name, digest in acknowledged.items():
                check(name in there and hashlib.sha256(there[name]).digest() == digest, f"{name} is gone")
            check(all(len(body) == 200_000 for body in there.values()), "a part was left")
            whole += len(acknowledged)
            for path in folder.iterdir():
                path.unlink()
        return f"{whole} uploads acknowledged, {rounds} kills"

    def chromium(self):
        """Chromium loads a page with 24 images, a style, a module and a fetch"""
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not program:
            raise Skipped("chromium is missing (Debian: chromium)")
        with self.files() as server:
            command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                       "--disable-background-networking", "--disable-component-update", "--disable-sync",
                       f"--user-data-dir={self.path / 'profile'}", "--virtual-time-budget=10000",
                       "--dump-dom", f"{server.url}/site/"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=28)
            title = re.search("<title>(.*)</title>", done.stdout)
            expected = "24 images, rgb(1, 2, 3), 42"
            check(title and title[1] == expected, f"{title and title[1]}: {done.stderr[-500:]}")
            log = server.stop()
        requests = [line for line in log.splitlines() if '"GET /site/' in line]
        check(len(requests) >= 28 and not any(" 404 " in line for line in requests), "\n".join(requests))
        return f"{title[1]}; {len(requests)} requests"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--program", default=ROOT / "target/release/protocols")
    arguments.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = arguments.parse_args()
    if not pathlib.Path(options.program).exists():
        sys.exit(f"{options.program} is missing: cargo build --release -p protocols")
    print(f"seed {options.seed}")
    steps = Steps(options)
    try:
        held = [run(step, STEP_SECONDS) for step in (
            steps.curl_reads, steps.curl_writes, steps.curl_echo, steps.wget_mirrors,
            steps.python_client, steps.many_at_once, steps.killed, steps.chromium)]
    finally:
        shutil.rmtree(steps.path, ignore_errors=True)
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
