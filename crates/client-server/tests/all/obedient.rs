//! A session that asks for more than its own connection: a small FTP. Lines say what to do, and lines
//! say what happened.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use client_server::{Beside, Context, Next, Service, Session, Time, Wake};

use crate::shell::{PATIENCE, Server};

/// Does what it is told, and tells what happens.
#[derive(Default)]
pub(crate) struct Obedient {
    line: Vec<u8>,
    /// Bytes that are still to be sent beside, in pieces.
    left: usize,
    received: usize,
    holds: bool,
    busy: bool,
    deadline: Option<Time>,
    /// Gives its wake to whoever tests.
    wakes: Option<Sender<Wake>>,
    closes: bool,
}

impl Obedient {
    /// One that gives its wake to `wakes` when it is told to.
    pub(crate) fn waking(wakes: Sender<Wake>) -> Self {
        Self { wakes: Some(wakes), ..Self::default() }
    }

    fn obey(&mut self, line: &str, cx: &mut Context<'_>) -> Next {
        let peer = cx.peer().expect("a TCP peer");
        let (word, number) = line.split_once(' ').unwrap_or((line, "0"));
        let number: usize = number.parse().expect("a number");
        match word {
            "listen" => match cx.listen_beside(peer.ip()) {
                Ok(address) => {
                    assert_eq!(Some(address.ip()), cx.local().map(|local| local.ip()));
                    say(cx, format_args!("{}", address.port()));
                }
                Err(error) => say(cx, format_args!("{error}")),
            },
            "connect" => {
                let port = u16::try_from(number).expect("a port");
                let from = cx.local().map(|local| local.ip());
                cx.connect_beside(from, SocketAddr::new(peer.ip(), port)).expect("begun");
            }
            "send" => {
                self.left = number;
                self.send_more(cx);
            }
            "file" => {
                let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/obedient.rs");
                let file = Arc::new(File::open(path).expect("this file"));
                let length = file.metadata().expect("its length").len();
                let output = cx.beside().expect("open");
                output.extend_from_file(file, 0, length);
                cx.finish_beside();
            }
            "finish" => cx.finish_beside(),
            "drop" => cx.drop_beside(),
            "busy" => {
                say(cx, format_args!("busy"));
                self.busy = true;
                self.deadline = Some(cx.now + Duration::from_millis(number as u64));
            }
            "hold" => self.holds = true,
            "go" => self.holds = false,
            "limit" => {
                self.deadline = Some(cx.now + Duration::from_millis(number as u64));
            }
            "wake" => {
                let wake = cx.wake();
                self.wakes.as_ref().expect("a receiver").send(wake).expect("it waits");
            }
            "ping" => say(cx, format_args!("pong")),
            "bye" => return Next::Close,
            "panic" => panic!("a session that panics"),
            _ => panic!("{line:?} is no command"),
        }
        Next::Continue
    }

    /// A piece at a time, which is more than the low-water mark.
    fn send_more(&mut self, cx: &mut Context<'_>) {
        let count = self.left.min(100_000);
        self.left -= count;
        cx.beside().expect("open").extend(&vec![b'x'; count]);
        if self.left == 0 {
            cx.finish_beside();
        }
    }
}

fn say(cx: &mut Context<'_>, words: std::fmt::Arguments<'_>) {
    writeln!(cx.output, "{words}").expect("a queue takes all");
}

impl Session for Obedient {
    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        assert!(self.takes(), "it takes nothing, and was given something");
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let line = String::from_utf8(std::mem::take(&mut self.line)).expect("text");
            if self.obey(&line, cx) == Next::Close {
                return Next::Close;
            }
        }
        Next::Continue
    }

    fn beside(&mut self, event: Beside<'_>, cx: &mut Context<'_>) -> Next {
        match event {
            Beside::Opened(peer) => {
                self.received = 0;
                say(cx, format_args!("opened {peer}"));
            }
            Beside::Refused(_) => say(cx, format_args!("refused")),
            Beside::Received(bytes) => {
                assert!(!bytes.is_empty());
                assert!(self.takes_beside(), "it takes nothing, and was given something");
                self.received += bytes.len();
            }
            Beside::Ended => say(cx, format_args!("ended after {}", self.received)),
            Beside::Flushed => self.send_more(cx),
            Beside::Closed(how) => {
                say(cx, format_args!("closed {how:?}"));
                if self.closes {
                    return Next::Close;
                }
            }
        }
        Next::Continue
    }

    fn woken(&mut self, cx: &mut Context<'_>) -> Next {
        say(cx, format_args!("woken"));
        Next::Continue
    }

    fn takes(&self) -> bool {
        !self.busy
    }

    fn takes_beside(&self) -> bool {
        !self.holds
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Next {
        self.deadline = None;
        self.busy = false;
        cx.drop_beside();
        say(cx, format_args!("expired"));
        Next::Continue
    }

    fn draining(&mut self, cx: &mut Context<'_>) -> Next {
        say(cx, format_args!("draining"));
        self.closes = true;
        if cx.beside().is_some() { Next::Continue } else { Next::Close }
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }
}

pub(crate) fn obedient() -> impl Service<Session = Obedient> + Clone + Send + Sync {
    |_: Option<IpAddr>| Obedient::default()
}

/// The client's end of a session's own connection.
pub(crate) struct Control(pub(crate) BufReader<TcpStream>);

impl Control {
    pub(crate) fn new(server: &Server) -> Self {
        Self(BufReader::new(server.connect()))
    }

    pub(crate) fn say(&mut self, line: &str) {
        self.0.get_mut().write_all(format!("{line}\n").as_bytes()).expect("the server reads");
    }

    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// Lets the session listen, and connects.
    pub(crate) fn passive(&mut self) -> TcpStream {
        self.say("listen");
        let port = self.hear().parse().expect("a port");
        let ip = self.0.get_ref().peer_addr().expect("connected").ip();
        let data = TcpStream::connect((ip, port)).expect("the session listens");
        data.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        data.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        let local = data.local_addr().expect("its own address");
        assert_eq!(self.hear(), format!("opened {local}"));
        data
    }

    /// Nothing else was said: the answer to this is the next line.
    pub(crate) fn is_quiet(&mut self) {
        self.say("ping");
        assert_eq!(self.hear(), "pong");
    }
}

pub(crate) fn all(mut stream: &TcpStream) -> usize {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("to the end");
    bytes.len()
}
