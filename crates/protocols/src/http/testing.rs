//! For tests: a client without a socket, that talks to a session in one process and in virtual time.

use std::os::unix::fs::FileExt;
use std::time::Duration;

use client_server::output::{Chunk, LOW_WATER, Output};
use client_server::{Context, Next, Session};

/// A session, and what stands for its connection.
pub(super) struct Conversation<S> {
    pub(super) session: S,
    pub(super) output: Output,
    pub(super) now: Duration,
    /// The session has closed.
    pub(super) over: bool,
    /// More than the low-water mark was queued, and the session was not told that it is gone.
    above: bool,
}

impl<S: Session> Conversation<S> {
    pub(super) fn new(session: S) -> Self {
        let (output, now) = (Output::new(), Duration::ZERO);
        let mut new = Self { session, output, now, over: false, above: false };
        new.call(S::opened);
        new
    }

    pub(super) fn call(&mut self, f: impl FnOnce(&mut S, &mut Context<'_>) -> Next) {
        assert!(!self.over, "a session that has closed is not called");
        let next = f(&mut self.session, &mut Context::new(self.now, &mut self.output));
        self.over = next != Next::Continue;
        self.above |= self.output.pending() > LOW_WATER;
    }

    /// Sends bytes, as far as the session takes them.
    pub(super) fn send(&mut self, bytes: &[u8]) -> &mut Self {
        if !self.over {
            assert!(self.session.takes(), "a shell asks before it reads");
            self.call(|session, cx| session.received(bytes, cx));
        }
        self
    }

    /// Ends the client's half.
    pub(super) fn end(&mut self) -> &mut Self {
        if !self.over {
            self.call(S::ended);
        }
        self
    }

    /// Lets time pass up to a second, and the session expire where its moment comes.
    pub(super) fn at(&mut self, second: u64) -> &mut Self {
        self.now = Duration::from_secs(second);
        while !self.over && self.session.deadline().is_some_and(|deadline| deadline <= self.now) {
            self.call(S::expired);
        }
        self
    }

    /// Takes all that is sent, as a client that reads it, to the end of what there is to say.
    pub(super) fn read(&mut self) -> Vec<u8> {
        let mut taken = Vec::new();
        loop {
            taken.extend(self.take());
            if self.over {
                return taken;
            }
            if std::mem::take(&mut self.above) {
                self.call(S::flushed);
            } else if self.session.deadline() == Some(self.now) {
                self.call(S::expired);
            } else if self.output.is_empty() {
                return taken;
            }
        }
    }

    fn take(&mut self) -> Vec<u8> {
        let mut taken = Vec::new();
        while let Some(chunk) = self.output.front() {
            let length = match chunk {
                Chunk::Bytes { bytes, .. } => {
                    taken.extend_from_slice(bytes);
                    bytes.len() as u64
                }
                Chunk::File { file, offset, length } => {
                    let start = taken.len();
                    taken.resize(start + usize::try_from(length).expect("a test's file"), 0);
                    file.read_exact_at(&mut taken[start..], offset).expect("the file holds it");
                    length
                }
            };
            self.output.advance(length);
        }
        taken
    }
}

/// An answer, taken apart as a client would: without the server's parsers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) content: Vec<u8>,
}

impl Answer {
    /// The value of a field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().filter_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        });
        let value = values.next();
        assert_eq!(values.next(), None, "one field {name}");
        value
    }
}

/// Takes answers apart. `heads`: those that are to HEAD, by their place.
pub(super) fn answers(mut bytes: &[u8], heads: &[usize]) -> Vec<Answer> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head") + 4;
        let head = String::from_utf8(bytes[..end - 2].to_vec()).expect("ASCII");
        bytes = &bytes[end..];
        let status = head[9..12].parse().expect("a status");
        assert!(head.starts_with("HTTP/1.1 "), "{head}");
        let mut answer = Answer { status, head, content: Vec::new() };
        let none = heads.contains(&all.len()) || matches!(status, 100..200 | 204 | 304);
        if !none && answer.field("Transfer-Encoding") == Some("chunked") {
            assert_eq!(answer.field("Content-Length"), None);
            loop {
                let line = bytes.iter().position(|octet| *octet == b'\n').expect("a chunk's line");
                let size = str::from_utf8(&bytes[..line - 1]).expect("ASCII");
                let size = usize::from_str_radix(size, 16).expect("a size");
                bytes = &bytes[line + 1..];
                if size == 0 {
                    let end = bytes.windows(2).position(|two| two == b"\r\n").expect("the end");
                    assert_eq!(end, 0, "trailers are not expected here");
                    bytes = &bytes[2..];
                    break;
                }
                answer.content.extend_from_slice(&bytes[..size]);
                assert_eq!(&bytes[size..size + 2], b"\r\n");
                bytes = &bytes[size + 2..];
            }
        } else if !none {
            let length = answer.field("Content-Length").map_or(bytes.len(), |l| l.parse().unwrap());
            answer.content = bytes[..length].to_vec();
            bytes = &bytes[length..];
        }
        if status != 100 {
            assert!(answer.field("Date").is_some_and(|date| date.len() == 29), "{}", answer.head);
        }
        all.push(answer);
    }
    all
}
