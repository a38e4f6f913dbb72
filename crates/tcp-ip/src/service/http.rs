//! Files over HTTP/1.0 (RFC 1945), as little of it as curl needs: one GET or HEAD a connection.
//!
//! The real thing is chapter 4's. Here it is what TCP carries, and it is kept small: no ranges, no
//! types, no dates, no connection that stays open.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::{Next, Service};
use crate::tcp::Connection;

/// The longest request that is read, in octets.
const LONGEST_REQUEST: usize = 8 * 1024;
/// How much of a file is read at once; and how much room there must be for it to be worth it.
const CHUNK: usize = 64 * 1024;

/// Serves the files of a folder to one connection.
#[derive(Debug)]
pub struct Files {
    /// The folder, without symbolic links in its path.
    root: PathBuf,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The request so far.
    Asked(Vec<u8>),
    /// What is left of the answer: octets, and then a file.
    Answering { head: Vec<u8>, file: Option<Body> },
    /// All is queued. What the peer still sends is thrown away, so that it does not lose the answer
    /// to a reset.
    Answered,
}

/// A file of which so much is still promised.
#[derive(Debug)]
struct Body {
    file: File,
    left: u64,
    /// What was read and goes on to the connection; kept for its memory.
    buffer: Vec<u8>,
}

impl Files {
    /// Serves what is below `root`.
    ///
    /// # Errors
    ///
    /// If it is no folder.
    pub fn below(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        if !root.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "not a folder"));
        }
        Ok(Self { root, state: State::Asked(Vec::new()) })
    }

    /// The same folder, for another connection.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { root: self.root.clone(), state: State::Asked(Vec::new()) }
    }

    /// Reads the request; whether it is all there.
    fn ask(request: &mut Vec<u8>, connection: &mut Connection) -> bool {
        let mut buffer = [0; 1024];
        loop {
            let room = (LONGEST_REQUEST - request.len()).min(buffer.len());
            let received = connection.receive(&mut buffer[..room]);
            request.extend_from_slice(&buffer[..received]);
            let whole = request.windows(4).any(|end| end == b"\r\n\r\n")
                || request.windows(2).any(|end| end == b"\n\n");
            if whole || connection.is_finished() || request.len() == LONGEST_REQUEST {
                return true;
            }
            if received == 0 {
                return false;
            }
        }
    }

    fn answer(&self, request: &[u8]) -> State {
        let line = request.split(|octet| *octet == b'\n').next().unwrap_or_default();
        let line = str::from_utf8(line).unwrap_or_default().trim_end_matches('\r');
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next());
        let found = match (method, target) {
            ("GET" | "HEAD", Some(target)) => self.open(target).ok_or("404 Not Found"),
            (_, None) => Err("400 Bad Request"),
            _ => Err("501 Not Implemented"),
        };
        let (status, length, file) = match found {
            Ok((file, length)) => ("200 OK", length, (method == "GET").then_some(file)),
            Err(status) => (status, 0, None),
        };
        let head =
            format!("HTTP/1.0 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        let file = file.map(|file| Body { file, left: length, buffer: vec![0; CHUNK] });
        State::Answering { head: head.into_bytes(), file }
    }

    /// The file of a target, and its length: nothing that is outside of the folder, wherever
    /// dots and symbolic links lead.
    fn open(&self, target: &str) -> Option<(File, u64)> {
        let path = decoded(target.split(['?', '#']).next()?)?;
        let path = Path::new(path.strip_prefix('/')?);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let whole = self.root.join(path).canonicalize().ok()?;
        if !plain || !whole.starts_with(&self.root) {
            return None;
        }
        let whole = if whole.is_dir() { whole.join("index.html") } else { whole };
        // A pipe would keep us waiting: only ordinary files.
        let length = whole.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
        Some((File::open(whole).ok()?, length))
    }
}

/// A target without percent encoding (RFC 3986 §2.1); none if that is broken, or hides a zero.
fn decoded(target: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(target.len());
    let mut left = target.as_bytes();
    while let [octet, rest @ ..] = left {
        left = rest;
        if *octet != b'%' {
            octets.push(*octet);
            continue;
        }
        let (digits, rest) = rest.split_at_checked(2)?;
        left = rest;
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let value = digit(digits[0])? * 16 + digit(digits[1])?;
        octets.push(u8::try_from(value).ok().filter(|value| *value != 0)?);
    }
    String::from_utf8(octets).ok()
}

impl Service for Files {
    fn serve(&mut self, connection: &mut Connection) -> Next {
        if let State::Asked(request) = &mut self.state {
            if !Self::ask(request, connection) {
                return Next::Continue;
            }
            let request = std::mem::take(request);
            self.state = self.answer(&request);
        }
        if let State::Answering { head, file } = &mut self.state {
            match send(head, file.as_mut(), connection) {
                Ok(true) => {
                    connection.shutdown();
                    self.state = State::Answered;
                }
                Ok(false) => return Next::Continue,
                // The file is shorter than it was, or cannot be read: the length is promised.
                Err(_) => return Next::Abort,
            }
        }
        connection.consume(connection.readable());
        if connection.is_finished() { Next::Done } else { Next::Continue }
    }

    fn wants(&self, connection: &Connection) -> bool {
        match &self.state {
            State::Answering { .. } => connection.room() >= CHUNK,
            _ => connection.readable() > 0 || connection.is_finished(),
        }
    }
}

/// Sends as much of an answer as there is room for; whether that was all.
fn send(
    head: &mut Vec<u8>,
    file: Option<&mut Body>,
    connection: &mut Connection,
) -> io::Result<bool> {
    let sent = connection.send(head);
    head.drain(..sent);
    let Some(Body { file, left, buffer }) = file.filter(|_| head.is_empty()) else {
        return Ok(head.is_empty());
    };
    while *left > 0 {
        let most = usize::try_from(*left).unwrap_or(CHUNK);
        let count = connection.room().min(CHUNK).min(most);
        if count == 0 {
            return Ok(false);
        }
        file.read_exact(&mut buffer[..count])?;
        connection.send(&buffer[..count]);
        *left -= count as u64;
    }
    Ok(true)
}
