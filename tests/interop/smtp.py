#!/usr/bin/env python3
"""Chapter 4's SMTP server and the clients that people use; its client and the servers that they run.

    cargo build --release -p protocols
    /usr/bin/python3 tests/interop/smtp.py            # all of it, some 15 s

It uses Python's standard library, curl, swaks and msmtp; and aiosmtpd and postfix's smtp-sink for our client.
Everything is on loopback and in a temporary folder. Every step is bounded in time and says what it
measured; the exit code is 1 if one of them failed.
"""

import argparse
import email.message
import email.policy
import mailbox
import os
import pathlib
import random
import re
import select
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time

from steps import Failed, Skipped, check, run

STEP_SECONDS = 60
HERE = os.path.dirname(os.path.abspath(__file__))


def needs(command):
    path = shutil.which(command) or shutil.which(command, path="/usr/sbin:/usr/bin")
    if not path:
        raise Skipped(f"there is no {command}")
    return path


class Server:
    """Our server, with a Maildir of its own."""

    def __init__(self, *arguments):
        self.folder = tempfile.mkdtemp(prefix="smtp-")
        command = [OPTIONS.program, "smtp", "--maildir", self.folder, *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        line = self.process.stdout.readline() if ready else ""
        check(line.startswith("listening on "), f"the server printed {line!r}")
        self.port = int(line.rsplit(":", 1)[1])
        self.address = f"127.0.0.1:{self.port}"

    def files(self, part="new"):
        return list(pathlib.Path(self.folder, part).iterdir())

    def messages(self):
        """As Python's mailbox reads them."""
        return list(mailbox.Maildir(self.folder, create=False))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def client(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, **more)
    check(done.returncode == 0, f"{command[0]}: exit {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def one(server, text):
    """The only message there is, which holds this text."""
    messages = server.messages()
    check(len(messages) == 1, f"{len(messages)} messages")
    body = messages[0].get_payload(decode=True).decode()
    check(text in body, f"{text!r} is not in {body!r}")
    return messages[0]


def swaks():
    """swaks sends a mail to two, with a pipelined group"""
    program = needs("swaks")
    with Server() as server:
        client([program, "--server", server.address, "--from", "a@x.example", "--to", "b@y.example,c@y.example",
                "--pipeline", "--body", ".dot\n..\nend", "--h-Subject", "swaks"])
        message = one(server, ".dot\n..\nend")
        check(message["Delivered-To"] == "b@y.example", str(message.items()))
    return "two recipients, PIPELINING, dots"


def msmtp():
    """msmtp sends a mail"""
    program = needs("msmtp")
    with Server() as server:
        client([program, "--host=127.0.0.1", f"--port={server.port}", "--from=a@x.example", "--tls=off",
                "--auth=off", "b@y.example"], input="Subject: msmtp\n\n.a line\nschön\n")
        one(server, ".a line\nschön")
    return "a mail with UTF-8"


def curl():
    """curl uploads a mail, also one with LF alone"""
    program = needs("curl")
    with Server() as server:
        for extra in ([], ["--crlf"]):
            client([program, "-sS", f"smtp://{server.address}/client.example", "--mail-from", "a@x.example",
                    "--mail-rcpt", "b@y.example", "--upload-file", "-", *extra],
                   input="Subject: curl\n\n.\nMAIL FROM:<evil@x>\n.\nend\n")
        messages = server.messages()
        check(len(messages) == 2, f"{len(messages)} messages")
        for message in messages:
            body = message.get_payload()
            check(body.rstrip("\n") == ".\nMAIL FROM:<evil@x>\n.\nend", repr(body))
    return "line ends LF and CR LF: the same two messages"


def python():
    """smtplib: extensions, errors, UTF-8 addresses, 1 MiB, 300 recipients"""
    with Server() as server, smtplib.SMTP("127.0.0.1", server.port, timeout=20) as smtp:
        smtp.ehlo("client.example")
        offered = {"size", "8bitmime", "pipelining", "smtputf8", "enhancedstatuscodes"}
        check(offered <= set(smtp.esmtp_features), str(smtp.esmtp_features))
        message = email.message.EmailMessage(policy=email.policy.SMTPUTF8)
        message["From"], message["To"], message["Subject"] = "pelé@x.example", "b@y.example", "grüße"
        message.set_content("schön\n")
        data = random.Random(7).randbytes(1 << 20)
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename="ä")
        smtp.send_message(message, mail_options=["SMTPUTF8"])
        got = email.message_from_bytes(server.files()[0].read_bytes(), policy=email.policy.default)
        check(next(got.iter_attachments()).get_content() == data, "the attachment is another")
        refused = smtp.sendmail("a@x", [f"r{n}@y.example" for n in range(300)] + ["no address"], "x\r\n")
        check(list(refused) == ["no address"], str(refused))
        check(smtp.verify("b@y.example")[0] == 252 and smtp.help()[:1] != b"5", "VRFY and HELP")
    return "1 MiB there and the same; 300 of 301 recipients"


def conversation(port, messages, stored, began):
    """Sends messages until it is cut off; notes which were acknowledged."""
    with socket.create_connection(("127.0.0.1", port), 20) as plain, plain.makefile("rb") as replies:
        replies.readline()

        def ask(line):
            plain.sendall(line)
            while True:
                reply = replies.readline()
                if len(reply) < 4:
                    raise ConnectionError
                if reply[3:4] == b" ":
                    return reply

        ask(b"EHLO x\r\n")
        for number in messages:
            ask(b"MAIL FROM:<a@x>\r\n")
            ask(b"RCPT TO:<b@y>\r\n")
            ask(b"DATA\r\n")
            lines = b"".join(b"%d line %d\r\n" % (number, line) for line in range(100))
            began.set()
            if ask(b"Subject: n%d\r\n\r\n" % number + lines + b"end\r\n.\r\n").startswith(b"250"):
                stored.append(number)


def killed():
    """kill -9 in the middle of 1,000 deliveries: what was acknowledged is there whole, nothing in part"""
    counts = []
    for round_ in range(5):
        with Server() as server:
            stored, began = [], threading.Event()

            def deliver(messages):
                try:
                    conversation(server.port, messages, stored, began)
                except OSError:
                    pass

            threads = [threading.Thread(target=deliver, args=(range(n, 1000, 10),)) for n in range(10)]
            for thread in threads:
                thread.start()
            began.wait(20)
            deadline = time.monotonic() + 20
            while len(stored) < 100 + 150 * round_ and time.monotonic() < deadline:
                time.sleep(0.001)
            server.process.kill()
            for thread in threads:
                thread.join(20)
            found = set()
            for file in server.files():
                text = file.read_text()
                number = int(re.search(r"^Subject: n(\d+)$", text, re.M)[1])
                lines = "".join(f"{number} line {line}\n" for line in range(100))
                check(text.endswith(f"\n\n{lines}end\n"), f"{file} is not whole")
                check(number not in found, f"{number} is there twice")
                found.add(number)
            missing = set(stored) - found
            check(not missing, f"acknowledged and not there: {missing}")
            check(len(stored) < 1000, "it was killed too late")
            counts.append(f"{len(stored)}/{len(found)}")
    return "acknowledged/there: " + ", ".join(counts)


def send_mail(address, *arguments, text="Subject?\n.\nend\n", exits=0):
    command = [OPTIONS.program, "send-mail", "--server", address, *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30)
    check(done.returncode == exits, f"send-mail: exit {done.returncode}: {done.stderr}")
    return done.stderr


def to_ourselves():
    """send-mail to our server: text and a file; a queue that keeps what is not taken, and sends it once"""
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "ä b.bin")
        data = random.Random(8).randbytes(100_000)
        pathlib.Path(path).write_bytes(data)
        who = ["--from", "a@x.example", "--to", "b@y.example", "--subject", "grüße"]
        send_mail(server.address, *who, "--attach", path, text="schön\n.\n")
        got = email.message_from_bytes(server.files()[0].read_bytes(), policy=email.policy.default)
        attached = next(got.iter_attachments())
        check(got["Subject"] == "grüße" and got.get_body().get_content() == "schön\n.\n", str(got))
        check((attached.get_filename(), attached.get_content()) == ("ä b.bin", data), "another file")
        queue = ["--queue", os.path.join(folder, "queue"), "--pause", "1ms"]
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            closed = f"127.0.0.1:{nobody.getsockname()[1]}"
        send_mail(closed, *who, *queue, exits=75)
        time.sleep(1.1)  # The queue counts whole seconds.
        send_mail(server.address, *queue)
        send_mail(server.address, *queue)
        check(len(server.files()) == 2, f"{len(server.files())} messages")
        send_mail(server.address, "--from", "a@x", "--to", "b@y>\r\nRCPT TO:<evil@z", exits=1)
    return "text, attachment, one retry"


def to_aiosmtpd():
    """send-mail to aiosmtpd"""
    try:
        from aiosmtpd.controller import Controller
    except ImportError:
        raise Skipped("there is no aiosmtpd") from None
    got = []

    class Handler:
        async def handle_DATA(self, server, session, envelope):
            got.append(envelope)
            return "250 kept"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port, enable_SMTPUTF8=True)
    controller.start()
    try:
        send_mail(f"127.0.0.1:{port}", "--from", "a@x.example", "--to", "é@y.example", "c@y.example",
                  "--subject", "t", text=".\nschön\n")
    finally:
        controller.stop()
    check(len(got) == 1 and got[0].rcpt_tos == ["é@y.example", "c@y.example"], str(got))
    return "a UTF-8 recipient, SMTPUTF8"


def to_smtp_sink():
    """send-mail to postfix's smtp-sink, as it is, and refusing at each step"""
    program = needs("smtp-sink")
    for option, exits in ([], 0), (["-e"], 0), (["-f", "rcpt"], 1), (["-f", "."], 1), (["-r", "mail"], 75), (["-q", "."], 76):
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        sink = subprocess.Popen([program, *user, *option, address, "10"], stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                try:
                    socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])), 1).close()
                    break
                except OSError:
                    time.sleep(0.01)
            done = subprocess.run([OPTIONS.program, "send-mail", "--server", address, "--from", "a@x.example",
                                   "--to", "b@y.example"], input="x\n", capture_output=True, text=True, timeout=30)
            check(done.returncode == exits, f"{option}: {done.returncode}: {done.stderr}")
        finally:
            sink.kill()
            sink.wait()
    return "with EHLO and with HELO; refused, not now, and uncertain where it hangs up"


STEPS = [swaks, msmtp, curl, python, killed, to_ourselves, to_aiosmtpd, to_smtp_sink]


def main():
    global OPTIONS
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=os.path.join(HERE, "../../target/release/protocols"))
    parser.add_argument("--only", help="steps by name, with commas")
    OPTIONS = parser.parse_args()
    chosen = [step for step in STEPS if not OPTIONS.only or step.__name__ in OPTIONS.only.split(",")]
    results = [run(step, STEP_SECONDS) for step in chosen]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
