#!/usr/bin/env python3
"""Answers to converse-in-smtp and end-the-message against swaks, over TCP.

    cargo build --release -p your-mail-server --features solution
    python3 tests/interop/your_mail_server.py

What a learner does with answers of their own, here with the course's: the commands of the exercise's
README. Every step is bounded in time, says what it measured, and the exit code is 1 if one of them failed.
"""

import argparse
import os
import select
import shutil
import smtplib
import subprocess
import sys
import tempfile

from steps import Failed, Skipped, check, run

STEP_SECONDS = 60
HERE = os.path.dirname(os.path.abspath(__file__))
ADA, BOB = "ada@client.example", "bob@mail.example"
# What stands between two messages in one: a likeness of the end, and commands.
SMUGGLED = (b"MAIL FROM:<boss@mail.example>\r\nRCPT TO:<bob@mail.example>\r\nDATA\r\n"
            b"Subject: raise\r\n\r\nYou get one.\r\n.")


class Server:
    """A running your-mail-server, and what it has printed."""

    def __init__(self, program):
        self.output = tempfile.TemporaryFile(mode="w+", encoding="utf-8")
        self.process = subprocess.Popen([program, "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL,
                                        text=True, stdout=subprocess.PIPE, stderr=self.output)
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        line = self.process.stdout.readline() if ready else ""
        if not line.startswith("listening on "):
            self.process.kill()
            raise Failed(f"your-mail-server printed {line!r}")
        self.address = line.split()[-1]

    def printed(self):
        """Ends the server: the messages that it has taken."""
        lives = self.process.poll() is None
        self.process.terminate()
        text, _ = self.process.communicate(timeout=20)
        self.output.seek(0)
        check(lives, f"it ended by itself: {self.output.read()}")
        return text.split("\nfrom ")[1:]


class Steps:
    def __init__(self, options, folder):
        self.program, self.folder = options.program, folder

    def file(self, data):
        path = os.path.join(self.folder, "file")
        with open(path, "wb") as file:
            file.write(data)
        return "@" + path

    def swaks(self, *arguments, sender=ADA, to=BOB, code=0):
        program = shutil.which("swaks")
        if not program:
            raise Skipped("there is no swaks")
        server = Server(self.program)
        try:
            command = [program, "--server", server.address, "--from", sender, "--to", to, *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=STEP_SECONDS - 20)
        finally:
            messages = server.printed()
        check(done.returncode == code, f"swaks: exit {done.returncode}: {done.stdout[-800:]}")
        return done.stdout, messages

    def dots(self):
        """swaks sends a line that begins with a dot, and a dot alone"""
        said, messages = self.swaks("--body", ".dot\n.\nend")
        check(" -> ..dot" in said, "swaks has added no dot")
        check(len(messages) == 1 and "\n.dot\n.\nend\n" in messages[0], repr(messages))
        return "one message, its dots as they were"

    def refused(self):
        """one recipient of another domain is refused, and the other one gets the message"""
        said, messages = self.swaks(to=f"{BOB},eve@other.example")
        check("<** 550" in said, said)
        check(len(messages) == 1 and messages[0].startswith(f"<{ADA}> to {BOB}\n"), repr(messages))
        return "550 for one, one message for the other"

    def bounce(self):
        """a report without a sender, to the postmaster"""
        _, messages = self.swaks(sender="<>", to="postmaster@mail.example")
        check(len(messages) == 1 and messages[0].startswith("<> to postmaster@"), repr(messages))
        return "taken"

    def large(self):
        """1.1 MB are read to their end, and refused with 552"""
        body = self.file((b"x" * 70 + b"\n") * 15_500)
        said, messages = self.swaks("--body", body, "--silent", "2", code=26)
        check("<** 552" in said and not messages, f"{said} {messages}")
        return "552, and nothing printed"

    def smuggled(self):
        """a message in a message, behind eight likenesses of its end, is text"""
        likenesses = [b"\n.\r\n", b"\n.\n", b"\r\n.\n", b"\r.\r\n", b"\r.\r", b"\r\n.\r\r\n",
                      b"\r\r\n.\r\r\n", b"\n\n.\r\n"]
        for likeness in likenesses:
            data = self.file(b"Subject: t\r\n\r\nfirst" + likeness + SMUGGLED)
            said, messages = self.swaks("--no-data-fixup", "--data", data)
            check(len(messages) == 1 and "MAIL FROM:<boss@mail.example>" in messages[0], f"{likeness}: {messages}")
            check(said.count("<-  250 Printed") == 1 and "<-  221" in said, f"{likeness}: {said}")
        return f"{len(likenesses)} likenesses"

    def python(self):
        """Python's smtplib, which says its commands in small letters, sends two on one connection"""
        server = Server(self.program)
        try:
            host, port = server.address.rsplit(":", 1)
            with smtplib.SMTP(host, int(port), timeout=20) as client:
                for number in range(2):
                    client.sendmail(ADA, [BOB], f"Subject: {number}\r\n\r\n.\r\n")
        finally:
            messages = server.printed()
        check([message.count(f"to {BOB}\n") for message in messages] == [1, 1], repr(messages))
        return "two messages, each to one"


def main():
    release = os.path.normpath(os.path.join(HERE, "..", "..", "target", "release", "your-mail-server"))
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--program", default=release, help="the binary, if not that of target/release")
    options = options.parse_args()
    if not os.path.exists(options.program):
        sys.exit(f"{options.program} is not there: cargo build --release -p your-mail-server --features solution")
    with tempfile.TemporaryDirectory(prefix="your-mail-server-") as folder:
        steps = Steps(options, folder)
        names = ["dots", "refused", "bounce", "large", "smuggled", "python"]
        results = [run(getattr(steps, name), STEP_SECONDS) for name in names]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
