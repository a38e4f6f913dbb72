#!/usr/bin/env python3
"""Chapter 4's FTP server and the clients that people use; its client and the servers that they run.

    cargo build --release -p protocols
    python3 tests/interop/ftp.py             # all of it, some 20 s
    python3 tests/interop/ftp.py --quick     # without the gigabyte

It uses Python's standard library, curl, wget, lftp and tnftp, and vsftpd and pyftpdlib for our client.
Everything is on loopback and in a temporary folder. Every step is bounded in time and says what it
measured; the exit code is 1 if one of them failed.
"""

import argparse
import contextlib
import ftplib
import hashlib
import io
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from steps import Failed, Skipped, check, run

STEP_SECONDS = 60
HERE = os.path.dirname(os.path.abspath(__file__))
GIB = 1 << 30
NAMES = ["plain.txt", "with spaces.txt", "ünïcödé 文件.txt", "empty", "quo\"te", "100%", "#hash", "-dash",
         "sub dir/inner file", "sub dir/ümlaut/deep"]


class Server:
    """Our server, or another: a process, and where it listens."""

    def __init__(self, command, port=None):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if port is None:
            ready, _, _ = select.select([self.process.stdout], [], [], 20)
            line = self.process.stdout.readline() if ready else ""
            check(line.startswith("listening on "), f"the server printed {line!r}")
            port = int(line.rsplit(":", 1)[1])
        self.port = port
        self.url = f"ftp://127.0.0.1:{port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def ours(root, *arguments):
    return Server([OPTIONS.program, "ftp", "--root", root, *OPTIONS.shell, *arguments])


def needs(command):
    path = shutil.which(command) or shutil.which(command, path="/usr/sbin:/usr/bin")
    if not path:
        raise Skipped(f"there is no {command}")
    return path


def do(*command, seconds=50, cwd=None, given=None, ok=(0,)):
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, cwd=cwd, input=given,
                          check=False)
    check(done.returncode in ok, f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="ftp-interop-") as path:
        yield path


def plant(root):
    """A tree with names and sizes that have made trouble; times in the past."""
    generator = random.Random(7)
    for number, name in enumerate(NAMES):
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(generator.randbytes(0 if name == "empty" else 1 << generator.randrange(20)))
        os.utime(path, (1_600_000_000 + number, 1_600_000_000 + number))


def digests(root):
    found = {}
    for base, _, names in os.walk(root):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def curl():
    """curl: listing, download, resume, upload, append, quotes; passive and active"""
    needs("curl")
    with folder() as root, folder() as local, ours(root, "--writable") as server:
        plant(root)
        for mode in (["--ftp-pasv"], ["--disable-epsv"], ["--ftp-port", "-"], ["--ftp-port", "-", "--disable-eprt"]):
            got = do("curl", "-sS", *mode, f"{server.url}/", "-l")
            check("with spaces.txt" in got.splitlines(), f"{mode}: {got!r}")
            out = os.path.join(local, "out")
            do("curl", "-sS", *mode, "-R", f"{server.url}/sub%20dir/%C3%BCmlaut/deep", "-o", out)
            check(open(out, "rb").read() == open(os.path.join(root, "sub dir/ümlaut/deep"), "rb").read(), f"{mode}")
            check(int(os.stat(out).st_mtime) == 1_600_000_009, "the time came with it (MDTM)")
        data = random.Random(1).randbytes(3_000_000)
        with open(os.path.join(local, "up"), "wb") as file:
            file.write(data)
        do("curl", "-sS", "-T", os.path.join(local, "up"), f"{server.url}/new/dir/up", "--ftp-create-dirs")
        do("curl", "-sS", "-a", "-T", os.path.join(local, "up"), f"{server.url}/new/dir/up")
        check(open(os.path.join(root, "new/dir/up"), "rb").read() == data * 2, "stored, and appended to")
        with open(os.path.join(local, "part"), "wb") as file:
            file.write(data[:1000])
        do("curl", "-sS", "-C", "-", f"{server.url}/new/dir/up", "-o", os.path.join(local, "part"))
        check(open(os.path.join(local, "part"), "rb").read() == data * 2, "gone on with")
        do("curl", "-sS", "-I", f"{server.url}/plain.txt")
        do("curl", "-sS", f"{server.url}/", "-Q", "RNFR plain.txt", "-Q", "RNTO moved.txt", "-Q", "DELE moved.txt")
        check(not os.path.exists(os.path.join(root, "moved.txt")), "renamed and deleted")
        done = subprocess.run(["curl", "-sS", f"{server.url}/nothing"], capture_output=True, timeout=20, check=False)
        check(done.returncode in (9, 78), f"nothing: exit {done.returncode}")
    return "4 modes, 6 MB up, appended and resumed"


def wget():
    """wget: a tree"""
    needs("wget")
    with folder() as root, folder() as local, ours(root) as server:
        plant(root)
        do("wget", "-q", "-r", "-nH", "--no-parent", f"{server.url}/", "-P", local)
        shutil.rmtree(os.path.join(local, ".listing"), ignore_errors=True)
        check(digests(local) == digests(root), f"{sorted(digests(local))} is not {sorted(digests(root))}")
    return f"{len(NAMES)} files"


def lftp():
    """lftp: mirrors a tree down, up, and finds nothing more to do"""
    needs("lftp")
    settings = "set net:timeout 10; set net:max-retries 1; set ftp:charset UTF-8; set file:charset UTF-8;"
    for sync in ("on", "off"):
        with folder() as root, folder() as local, folder() as upload, ours(upload, "--writable") as up, ours(root) as down:
            plant(root)
            options = f"{settings} set ftp:sync-mode {sync};"
            do("lftp", "-c", f"{options} open {down.url}; mirror . {local}/down; bye")
            check(digests(f"{local}/down") == digests(root), f"down: {sorted(digests(local))}")
            times = {os.stat(os.path.join(local, "down", name)).st_mtime for name in NAMES}
            check(min(times) >= 1_600_000_000 and max(times) < 1_600_000_100, "the times came too")
            do("lftp", "-c", f"{options} open {up.url}; mirror -R {root} up; bye")
            check(digests(os.path.join(upload, "up")) == digests(root), f"up: {sorted(digests(upload))}")
            again = do("lftp", "-c", f"{options} open {down.url}; mirror --verbose . {local}/down; bye")
            check("Transferring" not in again, f"again: {again}")
            do("lftp", "-c", f"{options} open {up.url}; rm -r up; bye")
            check(os.listdir(upload) == [], f"removed: {os.listdir(upload)}")
    return f"{len(NAMES)} files both ways, commands one by one and all at once"


def tnftp():
    """tnftp: a session with mget, mput and both modes"""
    needs("tnftp")
    with folder() as root, folder() as local, ours(root, "--writable") as server:
        for number in range(3):
            with open(os.path.join(root, f"file{number}.bin"), "wb") as file:
                file.write(random.Random(number).randbytes(100_000))
        for mode in ("", "passive\n"):
            script = (f"open 127.0.0.1 {server.port}\nuser anonymous me@example.org\n{mode}binary\nls\n"
                      "mget *.bin\nmkdir new\ncd new\nmput *.bin\nrename file0.bin renamed.bin\nsize renamed.bin\n"
                      "modtime renamed.bin\ndelete renamed.bin\nmdelete *.bin\ncd ..\nrmdir new\nfeatures\nbye\n")
            said = do("tnftp", "-n", "-i", "-v", given=script, cwd=local)
            check(digests(local) == digests(root), f"{sorted(digests(local))}\n{said}")
            check("226" in said and not any(line.startswith("5") for line in said.splitlines()), said)
            for name in os.listdir(local):
                os.remove(os.path.join(local, name))
    return "3 files down and up, active and passive"


def python():
    """ftplib: what its manual shows, active and passive, text and binary"""
    with folder() as root, ours(root, "--writable") as server:
        plant(root)
        for passive in (True, False):
            with ftplib.FTP(encoding="utf-8") as ftp:
                ftp.connect("127.0.0.1", server.port, timeout=10)
                ftp.login()
                ftp.set_pasv(passive)
                check(set(ftp.nlst()) == {name.split("/")[0] for name in NAMES}, f"{ftp.nlst()}")
                facts = dict(ftp.mlsd(facts=["type", "size", "modify"]))
                check(facts["empty"]["size"] == "0" and facts["sub dir"]["type"] == "dir", f"{facts}")
                ftp.cwd("sub dir")
                check(ftp.pwd() == "/sub dir", ftp.pwd())
                ftp.storbinary("STOR stored", io.BytesIO(b"x" * 100_000))
                check(ftp.size("stored") == 100_000, "its size")
                back = io.BytesIO()
                ftp.retrbinary("RETR stored", back.write, rest=99_990)
                check(back.getvalue() == b"x" * 10, "from an offset")
                ftp.storlines("STOR text", io.BytesIO(b"one\ntwo\n"))
                lines = []
                ftp.retrlines("RETR text", lines.append)
                check(lines == ["one", "two"] and open(f"{root}/sub dir/text", "rb").read() == b"one\ntwo\n", "as text")
                data = ftp.transfercmd("STOR aborted")
                data.sendall(b"half")
                check(ftp.abort().startswith("426"), "abort() sends ABOR as urgent data")
                check(ftp.getresp().startswith("226"), "and that is acknowledged")
                data.close()
                ftp.rename("stored", "renamed")
                ftp.delete("renamed")
                ftp.delete("text")
                check(ftp.mkd("made") == "/sub dir/made", "its name")
                ftp.rmd("made")
                check(not os.path.exists(f"{root}/sub dir/aborted"), "nothing of what was aborted")
    return "20 calls, twice"


def gigabyte():
    """A GiB, mostly holes, both ways"""
    with folder() as root, ours(root, "--writable") as server:
        path = os.path.join(root, "large")
        with open(path, "wb") as file:
            file.truncate(GIB)
            file.seek(GIB - 5)
            file.write(b"tail!")
        began = time.monotonic()
        tail = do("curl", "-sS", "-r", f"{GIB - 5}-", f"{server.url}/large")
        check(tail == "tail!", f"from an offset: {tail!r}")
        do("curl", "-sS", f"{server.url}/large", "-o", "/dev/null", "-w", "%{size_download}")
        down = time.monotonic() - began
        began = time.monotonic()
        do("curl", "-sS", "-T", path, f"{server.url}/copy")
        check(os.stat(os.path.join(root, "copy")).st_size == GIB, "its size")
        return f"down in {down:.1f} s, up in {time.monotonic() - began:.1f} s"


def killed():
    """kill -9 in the middle of uploads: what was acknowledged is whole, and nothing is there in part"""
    size, acknowledged, killed_at = 400_000, 0, []
    contents = random.Random(5).randbytes(size)
    with folder() as root:
        for number in range(OPTIONS.kills):
            server = ours(root, "--writable")
            done = []

            def upload(thread, done=done, port=server.port, number=number):
                with contextlib.suppress(OSError, EOFError, ftplib.Error):
                    ftp = ftplib.FTP()
                    ftp.connect("127.0.0.1", port, timeout=5)
                    ftp.login()
                    for count in range(1000):
                        name = f"{number}-{thread}-{count}"
                        ftp.storbinary(f"STOR {name}", io.BytesIO(contents), 20_000)
                        done.append(name)

            threads = [threading.Thread(target=upload, args=(thread,)) for thread in range(4)]
            for thread in threads:
                thread.start()
            wait = 0.05 + random.Random(number).random() * 0.2
            time.sleep(wait)
            server.process.kill()
            server.process.wait()
            for thread in threads:
                thread.join()
            acknowledged += len(done)
            killed_at.append(wait)
            there = os.listdir(root)
            check(set(done) <= set(there), f"acknowledged and not there: {set(done) - set(there)}")
            for name in there:
                with open(os.path.join(root, name), "rb") as file:
                    check(file.read() == contents, f"{name} is there in part")
                os.remove(os.path.join(root, name))
    check(acknowledged > 0, "no upload was acknowledged before the kill")
    return f"{OPTIONS.kills} kills, {acknowledged} uploads acknowledged"


def get(url, *arguments, ok=(0,), cwd=None):
    return do(OPTIONS.program, "ftp-get", url, *arguments, ok=ok, cwd=cwd)


def against(server, root, user):
    url = f"ftp://{user}127.0.0.1:{server.port}"
    with folder() as local:
        for name in ("plain.txt", "with%20spaces.txt", "empty", "sub%20dir/inner%20file"):
            get(f"{url}/{name}", "-o", "out", cwd=local)
            plain = name.replace("%20", " ")
            check(open(f"{local}/out", "rb").read() == open(f"{root}/{plain}", "rb").read(), f"{name}")
        whole = open(f"{root}/plain.txt", "rb").read()
        with open(f"{local}/part.txt.part", "wb") as file:
            file.write(whole[:10])
        get(f"{url}/plain.txt", "-c", "-o", "part.txt", cwd=local)
        check(open(f"{local}/part.txt", "rb").read() == whole, "gone on with")
        check("inner file" in get(f"{url}/sub%20dir/"), "the listing")
        get(f"{url}/nothing", ok=(1,), cwd=local)
        check(not os.path.exists(f"{local}/nothing"), "nothing came of nothing")


def our_client_pyftpdlib():
    """ftp-get and pyftpdlib"""
    python = next((p for p in ("/usr/bin/python3", sys.executable) if subprocess.run(
        [p, "-c", "import pyftpdlib"], capture_output=True, check=False).returncode == 0), None)
    if not python:
        raise Skipped("there is no pyftpdlib")
    program = ("import sys; from pyftpdlib.authorizers import DummyAuthorizer as A; "
               "from pyftpdlib.handlers import FTPHandler as H; from pyftpdlib.servers import FTPServer as S; "
               "a = A(); a.add_user('ada', 'p@ss', sys.argv[1]); H.authorizer = a; s = S(('127.0.0.1', 0), H); "
               "print('listening on', ':%d' % s.address[1], flush=True); s.serve_forever()")
    with folder() as root:
        plant(root)
        with Server([python, "-c", program, root]) as server:
            against(server, root, "ada:p%40ss@")
    return "4 files, one resumed, a listing, and one that is not there"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def our_client_vsftpd():
    """ftp-get and vsftpd"""
    program = needs("vsftpd")
    if os.geteuid() != 0:
        raise Skipped("vsftpd wants to be started by root")
    with folder() as root, folder() as local:
        plant(root)
        os.chmod(root, 0o755)
        os.chmod(local, 0o755)
        os.makedirs(f"{local}/empty")
        port = free_port()
        with open(f"{local}/conf", "w", encoding="ascii") as file:
            file.write(f"listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nanonymous_enable=YES\n"
                       f"anon_root={root}\nsecure_chroot_dir={local}/empty\nseccomp_sandbox=NO\nno_anon_password=YES\n"
                       "pasv_enable=YES\nconnect_from_port_20=NO\nlocal_enable=NO\n")
        with Server([program, f"{local}/conf"], port) as server:
            until = time.monotonic() + 5
            while time.monotonic() < until:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                check(server.process.poll() is None, "vsftpd has ended")
                time.sleep(0.02)
            against(server, root, "")
    return "4 files, one resumed, a listing, and one that is not there"


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    steps = [curl, wget, lftp, tnftp, python, killed, our_client_pyftpdlib, our_client_vsftpd]
    if not OPTIONS.quick:
        steps.insert(5, gigabyte)
    if OPTIONS.only:
        steps = [step for step in steps if step.__name__ in OPTIONS.only]
    ended = [run(step, STEP_SECONDS) for step in steps]
    sys.exit(0 if all(ended) else 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=os.path.join(
        os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "..", "..", "target")), "release", "protocols"))
    parser.add_argument("--shell", default="event-loop", help="the server's --model, and further arguments")
    parser.add_argument("--quick", action="store_true", help="without the gigabyte")
    parser.add_argument("--kills", type=int, default=10, help="how often the server is killed")
    parser.add_argument("--only", action="append", help="only this step")
    OPTIONS = parser.parse_args()
    OPTIONS.program = os.path.abspath(OPTIONS.program)
    OPTIONS.shell = ["--model", *OPTIONS.shell.split()]
    main()
