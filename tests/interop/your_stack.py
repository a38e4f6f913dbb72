#!/usr/bin/env python3
"""An answer to two-stacks-talk against curl, over a TUN device in a network namespace of its own.

    cargo build --release -p your-stack --features solution
    python3 tests/interop/your_stack.py

What a learner does with an answer of their own, here with the course's: the kernel's TCP is its peer.
It runs itself again in a new namespace (`unshare -n`, or `unshare -rn` without root). Every step is
bounded in time, says what it measured, and the exit code is 1 if one of them failed.
"""

import argparse
import os
import random
import select
import subprocess
import sys
import tempfile
import time

from steps import Failed, check, run

STEP_SECONDS = 60
HERE = os.path.dirname(os.path.abspath(__file__))
OURS = "10.77.0.2"


class Stack:
    """A running your-stack, which answers with one file."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        line = self.process.stdout.readline() if ready else ""
        if line != f"listening on {OURS}:80\n":
            self.process.kill()
            raise Failed(f"your-stack printed {line!r}, {self.process.stderr.read()!r}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        lives = self.process.poll() is None
        self.process.kill()
        _, said = self.process.communicate(timeout=20)
        check(lives, f"it ended by itself: exit {self.process.returncode}: {said}")


class Steps:
    def __init__(self, options, folder):
        self.program, self.folder = options.program, folder
        self.random = random.Random(options.seed)

    def file(self, octets):
        path, data = os.path.join(self.folder, "file"), self.random.randbytes(octets)
        with open(path, "wb") as file:
            file.write(data)
        return path, data

    def curl(self, port=80):
        command = ["curl", "--silent", "--show-error", "--max-time", str(STEP_SECONDS - 10),
                   f"http://{OURS}:{port}/"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def fetch(self, curls, data):
        for curl in curls:
            got, said = curl.communicate(timeout=STEP_SECONDS - 5)
            check(curl.returncode == 0, f"curl: exit {curl.returncode}: {said.decode().strip()}")
            check(got == data, f"{len(got)} of {len(data)} octets, or not the same")

    def down(self, octets, *arguments, at_once=1):
        path, data = self.file(octets)
        with Stack(self.program, *arguments, path):
            began = time.monotonic()
            self.fetch([self.curl() for _ in range(at_once)], data)
            took = time.monotonic() - began
        return f"{at_once} × {octets / 1e6:.1f} MB in {took:.2f} s"

    def good_cable(self):
        """curl fetches ten megabytes, octet for octet"""
        return self.down(10_000_000)

    def little(self):
        """and nothing at all, which is a FIN behind the head"""
        return self.down(0)

    def bad_cable(self):
        """with 5 % lost each way and 5 % of the kernel's packets damaged, still octet for octet"""
        return self.down(200_000, "--loss", "5", "--damage", "5")

    def many(self):
        """thirty curls at once, a Stack for each"""
        return self.down(300_000, at_once=30)

    def again(self):
        """a hundred, one after the other"""
        path, data = self.file(3_000)
        with Stack(self.program, path):
            for _ in range(100):
                self.fetch([self.curl()], data)
        return "100 connections"

    def refused(self):
        """nobody listens at port 81, and curl learns it at once"""
        path, _ = self.file(1)
        with Stack(self.program, path):
            began = time.monotonic()
            curl = self.curl(port=81)
            curl.communicate(timeout=20)
            took = time.monotonic() - began
        check(curl.returncode == 7 and took < 5, f"curl: exit {curl.returncode} after {took:.1f} s")
        return f"{took * 1000:.0f} ms"


def main():
    release = os.path.normpath(os.path.join(HERE, "..", "..", "target", "release", "your-stack"))
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--program", default=release, help="the binary, if not that of target/release")
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = options.parse_args()
    if not os.path.exists(options.program):
        sys.exit(f"{options.program} is not there: cargo build --release -p your-stack --features solution")
    if not options.inside:
        unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
        os.execvp("unshare", [*unshare, sys.executable, __file__, "--inside", *sys.argv[1:]])
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="your-stack-") as folder:
        steps = Steps(options, folder)
        names = ["good_cable", "little", "bad_cable", "many", "again", "refused"]
        results = [run(getattr(steps, name), STEP_SECONDS) for name in names]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
