//! Replies: three digits, and words for whoever reads them (RFC 959 §4.2).
//!
//! ```text
//!   226 Transfer complete.          a reply of one line: the code, a space
//!
//!   211-Features:                   of several: the code, a hyphen …
//!    MDTM
//!    SIZE
//!   211 End                         … to the line with the same code and a space
//! ```

use std::fmt::Display;
use std::io::Write;

use client_server::Output;

use super::lines::{IAC, Lines, TooLong, without_telnet};

/// Octets of a reply of several lines that a client takes.
const LONGEST: usize = 64 * 1024;

/// Queues a reply of one line.
pub fn say(output: &mut Output, code: u16, words: impl Display) {
    let _ = write!(output, "{code} {words}\r\n"); // A queue takes all.
}

/// The same with words that may be no UTF-8: names are octets.
pub fn say_octets(output: &mut Output, code: u16, words: &[u8]) {
    let _ = write!(output, "{code} ");
    output.extend(words);
    output.extend(b"\r\n");
}

/// Queues a reply of several lines. Those between begin with a space, so that none can be taken for the last.
pub fn say_lines<L: AsRef<[u8]>>(
    output: &mut Output,
    code: u16,
    first: &str,
    between: impl IntoIterator<Item = L>,
    last: &str,
) {
    let _ = write!(output, "{code}-{first}\r\n");
    for line in between {
        output.extend(b" ");
        output.extend(line.as_ref());
        output.extend(b"\r\n");
    }
    say(output, code, last);
}

/// A server's reply, as a client reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 100 to 599.
    pub code: u16,
    /// What follows the code on the first and the last line; of those between, all.
    pub lines: Vec<Vec<u8>>,
}

impl Reply {
    /// The words of its last line, to be shown: what is no UTF-8, or a control character, replaced.
    pub fn words(&self) -> String {
        let last = self.lines.last().map_or(&[][..], Vec::as_slice);
        String::from_utf8_lossy(last)
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect()
    }

    /// The first digit, which says how the command fares: RFC 959 §4.2.
    pub fn kind(&self) -> Kind {
        match self.code / 100 {
            1 => Kind::Preliminary,
            2 => Kind::Completion,
            3 => Kind::Intermediate,
            4 => Kind::TransientFailure,
            _ => Kind::Failure,
        }
    }
}

/// How a command fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 1yz: begun; another reply follows.
    Preliminary,
    /// 2yz: done.
    Completion,
    /// 3yz: well so far; another command is needed.
    Intermediate,
    /// 4yz: not now.
    TransientFailure,
    /// 5yz: not like that.
    Failure,
}

/// Why what a server says is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A line does not begin with three digits and a space or a hyphen.
    Malformed(Vec<u8>),
    /// A line, or the reply, is longer than a client takes.
    TooLong,
}

/// Collects replies, whatever pieces they come in.
#[derive(Debug, Default)]
pub struct Replies {
    lines: Lines,
    /// A reply of several lines whose last has not come.
    begun: Option<Reply>,
    octets: usize,
}

impl Replies {
    /// Adds what has arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.lines.push(bytes);
    }

    /// The next reply, if a whole one is there.
    ///
    /// # Errors
    ///
    /// After one, the connection is of no use any more.
    pub fn take(&mut self) -> Option<Result<Reply, Error>> {
        while let Some(line) = self.lines.take() {
            let line = match line {
                // Hardly any server does it, but this is a Telnet connection (RFC 959 §2.3).
                Ok(line) if line.contains(&IAC) => without_telnet(&line).0,
                Ok(line) => line,
                Err(TooLong) => return Some(Err(Error::TooLong)),
            };
            self.octets += line.len() + 1;
            if self.octets > LONGEST {
                return Some(Err(Error::TooLong));
            }
            let head = head(&line);
            match (&mut self.begun, head) {
                (None, None) => return Some(Err(Error::Malformed(line))),
                (None, Some((code, more))) => {
                    let reply =
                        Reply { code, lines: vec![line.get(4..).unwrap_or_default().to_vec()] };
                    if !more {
                        self.octets = 0;
                        return Some(Ok(reply));
                    }
                    self.begun = Some(reply);
                }
                (Some(reply), Some((code, false))) if code == reply.code => {
                    reply.lines.push(line.get(4..).unwrap_or_default().to_vec());
                    self.octets = 0;
                    return self.begun.take().map(Ok);
                }
                (Some(reply), _) => reply.lines.push(line),
            }
        }
        None
    }
}

/// The code that a line begins with, and whether more lines follow.
fn head(line: &[u8]) -> Option<(u16, bool)> {
    let [a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else { return None };
    let code = [a, b, c].iter().fold(0, |code, digit| code * 10 + u16::from(**digit - b'0'));
    match rest.first() {
        Some(b'-') => Some((code, true)),
        // Three digits alone are said by some servers.
        Some(b' ') | None => Some((code, false)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(stream: &[u8], cut: usize) -> Vec<Result<Reply, Error>> {
        let mut replies = Replies::default();
        let mut all = Vec::new();
        for piece in stream.chunks(cut) {
            replies.push(piece);
            while let Some(reply) = replies.take() {
                all.push(reply);
            }
        }
        all
    }

    #[test]
    fn replies_come_whole_however_they_are_cut() {
        let stream = b"220 ready\r\n211-Features:\r\n MDTM\r\n226 of another code\r\n211-\r\n211 End\r\n331\r\n";
        for cut in 1..stream.len() {
            let replies: Vec<_> =
                all(stream, cut).into_iter().map(|reply| reply.expect("one")).collect();
            let codes: Vec<_> =
                replies.iter().map(|reply| (reply.code, reply.lines.len())).collect();
            assert_eq!(codes, [(220, 1), (211, 5), (331, 1)], "cut after {cut}");
            assert_eq!(replies[1].lines[2], b"226 of another code");
            assert_eq!(replies[1].words(), "End");
        }
    }

    #[test]
    fn telnet_is_no_part_of_a_reply() {
        let stream = b"2\xff\xf120-a\xff\xfd\x01b\r\n\xff\xfb\x03220 \xff\xff\r\n";
        for cut in 1..stream.len() {
            let reply = Reply { code: 220, lines: vec![b"ab".to_vec(), b"\xff".to_vec()] };
            assert_eq!(all(stream, cut), [Ok(reply)], "cut after {cut}");
        }
    }

    #[test]
    fn what_is_no_reply_is_an_error_and_none_grows_for_ever() {
        for line in ["hello\r\n", "22 x\r\n", "999 x\r\n", "220x\r\n", "\r\n", " 220 x\r\n"] {
            assert!(matches!(all(line.as_bytes(), 100)[..], [Err(Error::Malformed(_))]), "{line}");
        }
        let stream = [&b"220-begin\r\n"[..], &b"line\r\n".repeat(20_000)].concat();
        assert_eq!(all(&stream, 1_000)[0], Err(Error::TooLong));
        assert_eq!(all(&[b'2'; 10_000], 1_000)[0], Err(Error::TooLong));
    }

    #[test]
    fn a_line_between_cannot_be_taken_for_the_last() {
        let mut output = Output::new();
        say_lines(&mut output, 211, "one", ["211 two", ""], "three");
        let Some(client_server::output::Chunk::Bytes { bytes, .. }) = output.front() else {
            panic!("bytes")
        };
        assert_eq!(bytes, b"211-one\r\n 211 two\r\n \r\n211 three\r\n");
        assert_eq!(all(bytes, 5).len(), 1);
    }
}
