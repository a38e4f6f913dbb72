#!/usr/bin/env python3
"""Chapter 4's `fetch` against servers that the world uses, and against the chapter's own.

    cargo build --release -p protocols
    python3 tests/interop/fetch.py

nginx (ranges, gzip, chunks, keep-alive, passwords, redirects), Python's http.server, and `protocols
http` and `http-echo`. Every step is bounded in time, says what it measured, and the exit code is 1
if one of them failed.
"""

import argparse
import contextlib
import functools
import hashlib
import http.server
import os
import pathlib
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from steps import Failed, Skipped, check, run

STEP_SECONDS = 30
MB = 1_000_000
ROOT = pathlib.Path(__file__).resolve().parents[2]

NGINX = """
worker_processes 1; daemon off; pid {work}/pid; error_log {work}/error.log;
events {{ worker_connections 256; }}
http {{
  client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/fastcgi;
  uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
  log_format steps '$status $connection $connection_requests $sent_http_content_encoding '
                   '$sent_http_transfer_encoding $bytes_sent $request';
  access_log {work}/access.log steps;
  types {{ text/html html; text/plain txt; }} default_type application/octet-stream;
  server {{
    listen 127.0.0.1:{port}; root {root}; absolute_redirect off; keepalive_requests 50;
    gzip on; gzip_types text/plain; gzip_min_length 100;
    location /ssi/ {{ ssi on; }}
    location /slow/ {{ alias {root}/; limit_rate 2m; gzip off; }}
    location /secret/ {{ alias {root}/; auth_basic x; auth_basic_user_file {work}/users; }}
    location /moved {{ return 302 /text.txt; }}
    location /circle {{ return 302 /circle; }}
    location /away {{ return 302 http://localhost:{port}/secret/text.txt; }}
    location /three/ {{ alias {root}/; keepalive_requests 3; }}
  }}
}}
"""


class Files:
    """A folder with what is fetched."""

    def __init__(self, seed):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="fetch-"))
        self.root = self.path / "root"
        (self.root / "ssi").mkdir(parents=True)
        (self.root / "folder").mkdir()
        self.octets = random.Random(seed).randbytes(4 * MB)
        self.text = b"".join(b"line %d of some text\n" % n for n in range(20_000))
        for name, octets in {
            "octets.bin": self.octets, "text.txt": self.text, "empty.bin": b"", "one.bin": b"1",
            "folder/index.html": b"<p>index</p>", "with space.txt": b"space",
            "ssi/part.html": b"included", "ssi/page.html": b'(<!--# include file="part.html" -->)',
        }.items():
            (self.root / name).write_bytes(octets)
        self.out = self.path / "out"

    def clear(self):
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def nginx(files):
    """nginx on a port of its own; gives its URL and a function that reads its log."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        raise Skipped("nginx is missing (Debian: nginx-light)")
    work, port = files.path / "nginx", free_port()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    # The workers of a server that root started are another user's, and read our files.
    for folder in (files.path, files.root, work):
        folder.chmod(0o755)
    (work / "users").write_text("user:{PLAIN}pass\n")
    (work / "conf").write_text(NGINX.format(work=work, port=port, root=files.root))
    process = subprocess.Popen([program, "-p", work, "-e", work / "error.log", "-c", work / "conf"],
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(port, process)

        def log():
            # A line is written when its response has been sent, which the client may know first.
            time.sleep(0.05)
            lines = (work / "access.log").read_text().splitlines()
            return [line.split(" ", 6) for line in lines]

        yield f"http://127.0.0.1:{port}", log
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port, process):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.02)
    raise Failed(f"nginx does not listen: {process.stderr.read() if process.poll() else ''}")


@contextlib.contextmanager
def course(options, *arguments):
    """One of the chapter's own servers; gives its URL."""
    process = subprocess.Popen([options.program, *arguments], stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        ready, _, _ = select.select([process.stdout], [], [], 10)
        line = process.stdout.readline() if ready else ""
        check(line.startswith("listening on "), f"{arguments}: printed {line!r}")
        yield f"http://{line.split()[-1]}"
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def python(handler):
    """Python's http.server; gives its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def fetch(options, *arguments, code=0):
    done = subprocess.run([options.program, "fetch", "--quiet", *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=25)
    check(done.returncode == code,
          f"exit code {done.returncode}, not {code}: {arguments}: {done.stderr.decode()}")
    return done.stdout


def same(path, octets):
    found = path.read_bytes()
    check(found == octets, f"{path.name}: {len(found)} octets, sha256 "
          f"{hashlib.sha256(found).hexdigest()[:12]}, and not the {len(octets)} that were served")


def nginx_files(options, files):
    """nginx: files, whole, empty, packed, in chunks"""
    with nginx(files) as (url, log):
        check(fetch(options, f"{url}/octets.bin") == files.octets, "octets.bin differs")
        check(fetch(options, f"{url}/empty.bin") == b"", "empty.bin is not empty")
        check(fetch(options, f"{url}/with space.txt") == b"space", "a space in the path")
        check(fetch(options, f"{url}/text.txt") == files.text, "text.txt differs")
        check(fetch(options, "--raw", f"{url}/text.txt") == files.text, "--raw differs")
        check(fetch(options, f"{url}/ssi/page.html") == b"(included)", "the page with an include")
        packed, raw = log()[3:5]
        check(packed[3] == "gzip" and int(packed[5]) < len(files.text) / 2, f"not packed: {packed}")
        check(raw[3] == "-", f"--raw was packed: {raw}")
        check(log()[5][4] == "chunked", f"not in chunks: {log()[5]}")
        return f"text of {len(files.text)} octets came as {packed[5]}; a page came in chunks"


def nginx_connections(options, files):
    """nginx: one connection for many URLs, and a new one when the server closes it"""
    with nginx(files) as (url, log):
        fetch(options, *[f"{url}/one.bin" for _ in range(30)])
        connections = {line[1] for line in log()}
        check(len(log()) == 30 and len(connections) == 1, f"{len(connections)} connections for 30")
        out = fetch(options, *[f"{url}/three/one.bin" for _ in range(9)])
        more = {line[1] for line in log()[30:]}
        check(out == b"1" * 9 and len(more) == 3, f"{out}, {len(more)} connections for 9 by threes")
        return f"30 URLs on {len(connections)} connection; 9 on {len(more)} that end after three"


def nginx_redirects(options, files):
    """nginx: redirects, passwords, and none for another origin"""
    with nginx(files) as (url, log):
        check(fetch(options, f"{url}/moved") == files.text, "a redirect")
        check(fetch(options, f"{url}/folder") == b"<p>index</p>", "a folder without its slash")
        fetch(options, f"{url}/circle", code=1)
        check(sum(line[6].startswith("GET /circle") for line in log()) == 21, "20 hops and no more")
        with_password = url.replace("//", "//user:pass@")
        check(fetch(options, f"{with_password}/secret/text.txt") == files.text, "a password")
        fetch(options, "--fail", f"{url}/secret/text.txt", code=1)
        # localhost is another origin than 127.0.0.1: the password does not go there.
        fetch(options, "--fail", f"{with_password}/away", code=1)
        check(log()[-1][0] == "401", f"the password went along: {log()[-1]}")
        fetch(options, "--fail", f"{url}/nothing", code=1)
        check(b"404" in fetch(options, f"{url}/nothing"), "404 is an answer without --fail")
        check(b"Content-Length: 4000000" in fetch(options, "--head", f"{url}/octets.bin"), "HEAD")
        return "301, 302, 401, 404, HEAD; 20 hops round a circle"


def nginx_resume(options, files):
    """nginx: a download that is cut is no file, and goes on where it broke off"""
    with nginx(files) as (url, log):
        files.clear()
        target, part = files.out / "octets.bin", files.out / "octets.bin.part"
        fetch(options, "-o", target, "--max-time", "700ms", f"{url}/slow/octets.bin", code=1)
        had = part.stat().st_size
        check(0 < had < len(files.octets) and not target.exists(), f"{had} octets, cut")
        fetch(options, "-o", target, "--resume", f"{url}/octets.bin")
        same(target, files.octets)
        check(os.listdir(files.out) == ["octets.bin"], f"left: {os.listdir(files.out)}")
        line = log()[-1]
        check(line[0] == "206" and int(line[5]) < len(files.octets) - had + 1000, f"{line}")
        fetch(options, "-o", target, "--resume", f"{url}/octets.bin")
        check(log()[-1][0] == "416", f"complete, and asked again: {log()[-1]}")
        same(target, files.octets)

        # The file changes between the two: its beginning is worth nothing.
        fetch(options, "-o", target, "--max-time", "700ms", f"{url}/slow/octets.bin", code=1)
        changed = bytes(reversed(files.octets))
        (files.root / "octets.bin").write_bytes(changed)
        os.utime(files.root / "octets.bin", (1e9, 1e9))
        fetch(options, "-o", target, "--resume", f"{url}/octets.bin")
        (files.root / "octets.bin").write_bytes(files.octets)
        check(log()[-1][0] == "200", f"changed, and resumed: {log()[-1]}")
        same(target, changed)
        return f"cut after {had} octets, and then 206; complete: 416; changed: 200"


def python_server(options, files):
    """Python's http.server, HTTP/1.0 and 1.1"""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    class Newer(Quiet):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for begin in range(0, len(content), 50_000):
                piece = content[begin:begin + 50_000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\nX-Sum: none\r\n\r\n")

    count = 0
    for handler in (Quiet, Newer):
        with python(functools.partial(handler, directory=files.root)) as url:
            check(fetch(options, f"{url}/octets.bin") == files.octets, "octets.bin differs")
            check(fetch(options, f"{url}/folder") == b"<p>index</p>", "a folder without its slash")
            two = fetch(options, f"{url}/one.bin", f"{url}/with space.txt")
            check(two == b"1space", f"two URLs: {two}")
            fetch(options, "--fail", f"{url}/nothing", code=1)
            if handler is Newer:
                data = f"@{files.root / 'octets.bin'}"
                check(fetch(options, "--data", data, url) == files.octets, "what was posted")
            count += 4
    return f"{count} fetches; 4 MB posted and back in chunks with trailers"


def own_server(options, files):
    """the chapter's own http and http-echo"""
    files.clear()
    target = files.out / "octets.bin"
    with course(options, "http", "--root", str(files.root), "--writable") as url:
        check(fetch(options, f"{url}/octets.bin") == files.octets, "octets.bin differs")
        check(fetch(options, f"{url}/text.txt") == files.text, "text.txt differs")
        target.write_bytes(files.octets[:1_234_567])
        fetch(options, "-o", target, "--resume", f"{url}/octets.bin")
        same(target, files.octets)
        fetch(options, "-o", target, "--resume", f"{url}/octets.bin")
        same(target, files.octets)
        fetch(options, "--fail", "--upload", files.root / "octets.bin", f"{url}/new.bin")
        same(files.root / "new.bin", files.octets)
        fetch(options, "--fail", "--method", "DELETE", f"{url}/new.bin")
        fetch(options, "--fail", f"{url}/new.bin", code=1)
        many = fetch(options, *[f"{url}/one.bin" for _ in range(50)])
        check(many == b"1" * 50, "fifty URLs")
    with course(options, "http-echo") as url:
        large = files.out / "large"
        large.write_bytes(files.octets * 5)
        check(fetch(options, "--data", f"@{large}", url) == files.octets * 5, "20 MB echoed")
    return "whole, resumed, complete, PUT, DELETE, 50 on a connection; 20 MB echoed"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--program", default=ROOT / "target/release/protocols")
    arguments.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = arguments.parse_args()
    if not pathlib.Path(options.program).exists():
        sys.exit(f"{options.program} is missing: cargo build --release -p protocols")
    print(f"seed {options.seed}")
    files = Files(options.seed)
    steps = [nginx_files, nginx_connections, nginx_redirects, nginx_resume, python_server, own_server]
    held = []
    try:
        for step in steps:
            one = functools.wraps(step)(functools.partial(step, options, files))
            held.append(run(one, STEP_SECONDS))
    finally:
        shutil.rmtree(files.path, ignore_errors=True)
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
