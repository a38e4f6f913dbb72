//! Writing a response: RFC 9112 §4, RFC 9110 §6.4 and §6.6.1.
//!
//! ```text
//!   HTTP/1.1 200 OK CRLF                      status line
//!   Date: Sun, 06 Nov 1994 08:49:37 GMT CRLF
//!   Content-Length: 5 CRLF                    or Transfer-Encoding: chunked, or neither
//!   CRLF
//!   hello
//! ```
//!
//! A [`Reply`] knows of the request what decides how it may be answered: HEAD has no content,
//! HTTP/1.0 no chunks, and who asked for `close` gets it. So a handler cannot get that wrong.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use client_server::Output;

use super::body;
use super::dates::imf_fixdate;
use super::fields::{Fields, is_token, is_value};
use super::status::{reason, status_line};

/// A file up to this size is copied behind the head, and leaves with it in one call; one that is larger
/// is sent by the system from its own memory.
pub const SMALL_FILE: u64 = SMALL as u64;
const SMALL: usize = 16 * 1024;

/// What there is to know about one request and its answer, between its parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Exchange {
    /// Whether another request may follow on this connection.
    pub(super) persistent: bool,
    /// It was HEAD: the answer ends with its head.
    pub(super) head_only: bool,
    /// It was of HTTP/1.0.
    pub(super) old: bool,
    /// What is still to be read of its body, if it is answered now.
    pub(super) unread: Unread,
    /// The client waits for `100 Continue`.
    pub(super) waits: bool,
    /// The body is read before the answer is thought of.
    pub(super) first: bool,
    /// 0: not answered yet.
    pub(super) status: u16,
    /// Octets of content that were queued.
    pub(super) sent: u64,
    /// The answer is in chunks.
    pub(super) chunked: bool,
    /// For the log: the request line. Empty where nobody keeps one.
    pub(super) line: Vec<u8>,
}

/// How much of a request's body is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Unread {
    /// Nothing.
    #[default]
    None,
    /// So little that it is read, and thrown away if need be, for the connection's sake.
    Little,
    /// So much, or nobody knows: the connection is closed instead.
    Much,
}

/// An answer that is being written.
#[derive(Debug)]
pub struct Reply<'a> {
    output: &'a mut Output,
    exchange: &'a mut Exchange,
    /// The second that it is, for Date.
    second: u64,
}

impl<'a> Reply<'a> {
    pub(super) fn new(output: &'a mut Output, exchange: &'a mut Exchange, second: u64) -> Self {
        Self { output, exchange, second }
    }

    /// The second that it is: see [`dates`](super::dates).
    pub fn second(&self) -> u64 {
        self.second
    }

    /// Asks for the request's body: a client that waits is told to go on (RFC 9110 §10.1.1).
    pub fn receive(&mut self) {
        self.exchange.unread = Unread::None;
        if std::mem::take(&mut self.exchange.waits) {
            self.output.extend(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
    }

    /// Begins the answer.
    pub fn head(&mut self, status: u16) -> Head<'_> {
        debug_assert!(self.exchange.status == 0, "a request has one answer");
        self.exchange.status = status;
        if self.exchange.unread != Unread::None || self.exchange.waits {
            self.exchange.persistent = false;
        }
        match status_line(status) {
            Some(line) => self.output.extend(line),
            None => put(self.output, format_args!("HTTP/1.1 {status} {}\r\n", reason(status))),
        }
        let mut date = *b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        date[6..35].copy_from_slice(&imf_fixdate(self.second));
        self.output.extend(&date);
        Head { output: self.output, exchange: self.exchange }
    }

    /// A whole answer with a line of text.
    pub fn text(&mut self, status: u16, text: &str) {
        self.head(status).field("Content-Type", TEXT).length(text.len() as u64);
        self.content(text.as_bytes());
    }

    /// A whole answer that says no more than its status.
    pub fn status(&mut self, status: u16) {
        self.status_with(status, |head| head);
    }

    /// The same, with more fields.
    pub fn status_with(&mut self, status: u16, fields: impl FnOnce(Head<'_>) -> Head<'_>) {
        let words = reason(status);
        let length = words.len() as u64 + 5;
        fields(self.head(status)).field("Content-Type", TEXT).length(length);
        if !self.exchange.head_only {
            put(self.output, format_args!("{status} {words}\n"));
            self.exchange.sent += length;
        }
    }

    /// Queues content, as a chunk where the head has said so.
    pub fn content(&mut self, content: &[u8]) {
        if self.exchange.head_only || content.is_empty() {
            return;
        }
        self.exchange.sent += content.len() as u64;
        if self.exchange.chunked {
            body::chunk(self.output, content).expect("an output takes all");
        } else {
            self.output.extend(content);
        }
    }

    /// Queues a part of a file as content. A small one is read here and now.
    ///
    /// # Errors
    ///
    /// If a small file cannot be read, or is shorter than it was: nothing is queued then.
    pub fn file(&mut self, file: &Arc<File>, offset: u64, length: u64) -> io::Result<()> {
        if self.exchange.head_only {
            return Ok(());
        }
        if length > SMALL_FILE {
            self.output.extend_from_file(file.clone(), offset, length);
        } else {
            let count = usize::try_from(length).expect("a small file");
            PIECE.with_borrow_mut(|piece| {
                piece.resize(SMALL, 0);
                read_exact_at(file, &mut piece[..count], offset)?;
                self.output.extend(&piece[..count]);
                io::Result::Ok(())
            })?;
        }
        self.exchange.sent += length;
        Ok(())
    }

    /// Ends an answer in chunks, with trailers; any other ends by itself.
    pub fn finish(&mut self, trailers: Fields<'_>) {
        if self.exchange.chunked && !self.exchange.head_only {
            let trailers: Vec<_> = trailers.iter().collect();
            body::last_chunk(self.output, trailers).expect("fields that were read are fields");
        }
        self.exchange.chunked = false;
    }

    /// How many bytes wait to be sent on this connection.
    pub fn pending(&self) -> u64 {
        self.output.pending()
    }

    /// Whether the answer has begun.
    pub fn has_begun(&self) -> bool {
        self.exchange.status != 0
    }

    /// Whether it ends with its head.
    pub fn is_head_only(&self) -> bool {
        self.exchange.head_only
    }

    /// Whether the client understands chunks.
    pub fn may_chunk(&self) -> bool {
        !self.exchange.old
    }

    /// The connection ends with this answer: what remains of the request is not wanted. Or the answer
    /// cannot be completed as it was begun, and so the client notices that something is missing (RFC 9112 §8).
    pub fn give_up(&mut self) {
        self.exchange.persistent = false;
        self.exchange.chunked = false;
    }
}

thread_local! {
    /// Where small files are read to, on their way.
    static PIECE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

const TEXT: &str = "text/plain; charset=utf-8";

/// The head of an answer, field by field. It is over with [`length`](Self::length),
/// [`chunked`](Self::chunked) or [`no_content`](Self::no_content): each says how the content ends.
#[derive(Debug)]
#[must_use = "a head that is not ended leaves the client waiting"]
pub struct Head<'a> {
    output: &'a mut Output,
    exchange: &'a mut Exchange,
}

impl Head<'_> {
    /// Adds a field. A value that may not be sent is left out: it could end the line, and begin
    /// another that we have not written (RFC 9110 §5.5).
    pub fn field(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        debug_assert!(is_token(name.as_bytes()));
        if is_value(value) {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                self.output.extend(part);
            }
        }
        self
    }

    /// Adds a field where there is a value for it.
    pub fn field_if(self, name: &str, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// Adds lines that are known to be right, each with its CRLF.
    pub(super) fn lines(self, lines: &[u8]) -> Self {
        self.output.extend(lines);
        self
    }

    /// So many octets of content follow.
    pub fn length(self, length: u64) {
        self.output.extend(b"Content-Length: ");
        self.output.extend(Decimal::new(length).as_bytes());
        self.output.extend(b"\r\n");
        self.end();
    }

    /// Content follows whose length nobody knows yet; to an HTTP/1.0 client, up to the connection's end.
    pub fn chunked(self) {
        if self.exchange.old {
            self.exchange.persistent = false;
        } else {
            self.exchange.chunked = true;
            self.output.extend(b"Transfer-Encoding: chunked\r\n");
        }
        self.end();
    }

    /// An answer whose status has no content, as 204 and 304; or one to HEAD whose length would have
    /// to be worked out (RFC 9110 §8.6).
    pub fn no_content(self) {
        debug_assert!(matches!(self.exchange.status, 204 | 304) || self.exchange.head_only);
        self.end();
    }

    fn end(self) {
        self.output.extend(match (self.exchange.persistent, self.exchange.old) {
            (true, false) => b"\r\n",
            // RFC 9112 §9.3: HTTP/1.0 does not persist unless both sides say so.
            (true, true) => b"Connection: keep-alive\r\n\r\n",
            (false, _) => b"Connection: close\r\n\r\n",
        });
    }
}

/// Writes what needs formatting. An output takes all that it is given.
fn put(output: &mut Output, words: std::fmt::Arguments<'_>) {
    output.write_fmt(words).expect("an output takes all");
}

/// A number's digits, without going through `fmt`: most answers have one, at least.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    pub(super) fn new(mut number: u64) -> Self {
        let (mut digits, mut start) = ([b'0'; 20], 20);
        loop {
            start -= 1;
            digits[start] = b"0123456789"[usize::try_from(number % 10).expect("a digit")];
            number /= 10;
            if number == 0 {
                return Self { digits, start };
            }
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

#[cfg(unix)]
pub(super) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(not(unix))]
pub(super) fn read_exact_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_digits() {
        for number in [0, 1, 9, 10, 12_345, u64::MAX] {
            assert_eq!(Decimal::new(number).as_bytes(), number.to_string().as_bytes());
        }
    }
}
