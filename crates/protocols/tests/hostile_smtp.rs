//! Every case of `hostile/smtp.json` that concerns a server or client in the clear, over sockets, whole and
//! one byte at a time; and deliveries into a Maildir, under each shell. (STARTTLS and AUTH are chapter 6's: here
//! they are answered with 502.)

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use client_server::{Address, Blocking, EventLoop, Handle, Limits, Listener, Model};
use protocols::smtp::maildir::Maildir;
use protocols::smtp::server::{Config, Server};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server with a Maildir of its own.
struct Running {
    address: std::net::SocketAddr,
    root: PathBuf,
    handle: Handle,
    thread: thread::JoinHandle<()>,
}

impl Running {
    fn start(name: &str, threads: bool) -> Self {
        let root = std::env::temp_dir().join(format!("hostile-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        let maildir = Maildir::open(&root, "localhost").expect("a Maildir");
        let service = Server::new(Config { size: 1_000_000, ..Config::default() }, maildir);
        let listener =
            Listener::bind(&"127.0.0.1:0".parse::<Address>().expect("an address")).expect("a port");
        let Ok(Address::Tcp(address)) = listener.address() else { panic!("no TCP address") };
        let (listeners, limits) = (vec![listener], Limits::default());
        let (handle, thread) = if threads {
            let server =
                Blocking::new(listeners, service, limits, Model::Threads).expect("a server");
            (server.handle(), thread::spawn(move || assert!(server.run().is_ok())))
        } else {
            let server = EventLoop::new(listeners, service, limits).expect("a loop");
            (server.handle(), thread::spawn(move || assert!(server.run().is_ok())))
        };
        Self { address, root, handle, thread }
    }

    /// Sends `prelude` and `input`, ends, and gives the replies to `input`; and what was stored.
    fn ask(&self, prelude: &str, input: &[u8], single: bool) -> (String, Vec<String>) {
        let before = self.stored();
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("an option");
        stream.write_all(prelude.as_bytes()).expect("it reads");
        // It may close before it has all.
        for piece in input.chunks(if single { 1 } else { input.len().max(1) }) {
            if stream.write_all(piece).is_err() {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Write);
        let mut replies = Vec::new();
        let _ = stream.read_to_end(&mut replies);
        let replies = String::from_utf8(replies).expect("text");
        let skip = if prelude.is_empty() { 1 } else { 1 + prelude.lines().count() };
        let last = replies.lines().filter(|line| line.as_bytes().get(3) == Some(&b' '));
        let codes: Vec<&str> = last.skip(skip).map(|line| &line[..3]).collect();
        let mut stored = self.stored();
        stored.retain(|message| !before.contains(message));
        (codes.join(" "), stored)
    }

    fn stored(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.root.join("new")).expect("a folder");
        let read = |file: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(file.expect("a file").path()).expect("text")
        };
        files.map(read).collect()
    }

    fn stop(self) {
        self.handle.stop();
        self.thread.join().expect("no panic");
        std::fs::remove_dir_all(self.root).expect("our own folder");
    }
}

/// The input of a case, with what is to be repeated.
fn input(case: &Value) -> Vec<u8> {
    let text = case["input"].as_str().expect("an input");
    let mut text = text.to_owned();
    for part in case["expand"].as_array().into_iter().flatten() {
        let (marker, unit) =
            (part["marker"].as_str().expect("a marker"), part["unit"].as_str().expect("a unit"));
        let count = usize::try_from(part["count"].as_u64().expect("a count")).expect("a usize");
        text = text.replace(marker, &unit.repeat(count));
    }
    text.replace("\\r", "\r").replace("\\n", "\n").into_bytes()
}

const EHLO: &str = "EHLO x\r\n";
const MAIL: &str = "EHLO x\r\nMAIL FROM:<a@x>\r\n";
const DATA: &str = "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n";

#[test]
fn every_case_of_the_hostile_file() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("hostile/smtp.json")).expect("JSON");
    for threads in [false, true] {
        let server = Running::start(if threads { "threads" } else { "loop" }, threads);
        let mut seen = 0;
        for case in &cases {
            let id = case["id"].as_str().expect("an id");
            // What must come: the prelude, the replies' codes, how many messages, and what is in them.
            let (prelude, codes, messages, within): (_, &[&str], _, &str) = match id {
                "smtp-smuggle-lf-dot-crlf" | "smtp-smuggle-lf-dot-lf" => (
                    DATA,
                    &["250"],
                    1,
                    "first\n.\nMAIL FROM:<evil@x>\nRCPT TO:<b@y>\nDATA\nFrom: ceo@x\n\nhi\n",
                ),
                // The dot that begins a line behind CR LF was added, since the line does not end behind it.
                "smtp-smuggle-crlf-dot-lf" => (DATA, &["250"], 1, "first\n\nMAIL FROM:<evil@x>\n"),
                "smtp-dot-unstuff" => (DATA, &["250"], 1, "\n\n.dot\n..\nx\n"),
                "smtp-command-long" => (EHLO, &["500"], 0, ""),
                "smtp-rcpt-before-mail" => (EHLO, &["503"], 0, ""),
                "smtp-data-no-rcpt" => (MAIL, &["503"], 0, ""),
                "smtp-size-lie" => (DATA, &["552"], 0, ""),
                "smtp-data-cut" => (DATA, &[""], 0, ""),
                "smtp-http-cross" => ("", &["421"], 0, ""),
                // No TLS here, so the line behind STARTTLS is an ordinary command.
                "smtp-starttls-inject" => (EHLO, &["502 250"], 0, ""),
                "smtp-auth-bad-base64" => (EHLO, &["502"], 0, ""),
                // The client's: tests/smtp_servers.rs and the tests of `data`.
                "smtp-dot-stuff-client" | "smtp-client-crlf-address" => continue,
                // Inside TLS: chapter 6.
                "smtp-starttls-state-kept"
                | "smtp-starttls-response-inject"
                | "smtp-starttls-stripped" => continue,
                other => panic!("the case {other} is not tested"),
            };
            let input = input(case);
            // A byte at a time a megabyte takes longer than it teaches.
            for single in
                [false, true].into_iter().take(if input.len() > 1_000_000 { 1 } else { 2 })
            {
                let (got, stored) = server.ask(prelude, &input, single);
                assert!(
                    codes.contains(&got.as_str()),
                    "{id}: {got:?} (a byte at a time: {single})"
                );
                assert_eq!(stored.len(), messages, "{id}: {stored:?}");
                assert!(stored.iter().all(|text| text.contains(within)), "{id}: {stored:?}");
            }
            seen += 1;
        }
        assert_eq!(seen, 12);
        server.stop();
    }
}

#[test]
fn many_at_once_are_all_there() {
    const CLIENTS: usize = 8;
    const EACH: usize = 25;
    for threads in [false, true] {
        let server = Running::start(if threads { "many-threads" } else { "many-loop" }, threads);
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                let server = &server;
                scope.spawn(move || {
                    let mut commands = String::from("EHLO x\r\n");
                    for number in 0..EACH {
                        // RFC 2920 §3.1: the next MAIL may follow the dot in the same group.
                        commands += "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n";
                        commands += &format!("Subject: c{client} n{number} end\r\n\r\nx\r\n.\r\n");
                    }
                    commands += "QUIT\r\n";
                    let mut stream = TcpStream::connect(server.address).expect("it listens");
                    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
                    stream.write_all(commands.as_bytes()).expect("it reads");
                    let mut replies = String::new();
                    stream.read_to_string(&mut replies).expect("replies");
                    assert_eq!(replies.matches("250 2.0.0 Stored as ").count(), EACH, "{replies}");
                    assert!(replies.ends_with("closes\r\n"));
                });
            }
        });
        let stored = server.stored();
        assert_eq!(stored.len(), CLIENTS * EACH);
        for client in 0..CLIENTS {
            for number in 0..EACH {
                let subject = format!("\nSubject: c{client} n{number} end\n\nx\n");
                assert!(stored.iter().any(|text| text.ends_with(&subject)), "{subject}");
            }
        }
        server.stop();
    }
}
