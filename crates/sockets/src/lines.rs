//! Lines from a stream, however it was cut.
//!
//! A stream has no lines, only octets in order; a `read` returns some of them. Lines end with LF
//! (0x0A), and in most protocols of the Internet with CR LF (0x0D 0x0A), which may arrive in two
//! reads:
//!
//! ```text
//!  P  I  N  G  CR │ LF P  O  N          read 1 │ read 2: one line, and the start of another
//! 50 49 4e 47 0d  │ 0a 50 4f 4e
//! ```
//!
//! [`Lines`] takes octets and gives lines, and does no I/O: a test can cut its input anywhere.
//! [`LineReader`] puts it on a stream. A line has a limit, stated by whoever makes the decoder,
//! since a peer may send octets without LF for as long as it likes (CWE-770).
//!
//! A CR that is not followed by LF is an octet of the line. What stands after the last LF is a line
//! too once the stream has ended, as POSIX text files have it; a protocol that forbids that looks at
//! [`Line::ended`].

use std::io::{self, ErrorKind, Read};
use std::{error, fmt};

use crate::inbox::Inbox;

const CR: u8 = 0x0d;
const LF: u8 = 0x0a;

/// A line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The octets before LF or CR LF. Whether they are text is for the protocol to say.
    pub octets: Vec<u8>,
    /// Whether LF ended it, or only the end of the stream.
    pub ended: bool,
}

/// Why there is no line.
#[derive(Debug)]
pub enum Error {
    /// The peer sent more than `limit` octets without ending the line.
    TooLong {
        /// The limit, in octets, the line's end not counted.
        limit: usize,
    },
    /// The stream failed.
    Stream(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { limit } => write!(f, "a line of more than {limit} octets"),
            Self::Stream(error) => write!(f, "reading a line: {error}"),
        }
    }
}

impl error::Error for Error {}

/// Octets in, lines out.
///
/// ```
/// use sockets::lines::Lines;
///
/// let mut lines = Lines::new(80);
/// lines.push(b"PING\r");
/// assert!(lines.next_line()?.is_none(), "half of a line is no line");
/// lines.push(b"\nPO");
/// assert_eq!(lines.next_line()?.unwrap().octets, b"PING");
/// assert!(lines.next_line()?.is_none());
/// # Ok::<(), sockets::lines::Error>(())
/// ```
#[derive(Debug)]
pub struct Lines {
    inbox: Inbox,
    /// How many of the waiting octets are known to hold no LF: each octet is looked at once.
    searched: usize,
    limit: usize,
}

impl Lines {
    /// A decoder for lines of at most `limit` octets, their ends not counted.
    pub fn new(limit: usize) -> Self {
        Self { inbox: Inbox::default(), searched: 0, limit }
    }

    /// Adds what has arrived. To hold memory down, take the lines before you push more.
    pub fn push(&mut self, arrived: &[u8]) {
        self.inbox.push(arrived);
    }

    /// How many octets wait that are no whole line yet, once [`next_line`](Self::next_line) gave `None`.
    pub fn held(&self) -> usize {
        self.inbox.waiting().len()
    }

    /// The next line; `None` while its end has not arrived.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`]; and again at every later call, since nobody knows where the next line of
    /// such a stream begins.
    // ANCHOR: next_line
    pub fn next_line(&mut self) -> Result<Option<Line>, Error> {
        let waiting = self.inbox.waiting();
        let Some(found) = waiting[self.searched..].iter().position(|&octet| octet == LF) else {
            self.searched = waiting.len();
            // CR may be the first half of an end that counts for nothing.
            let held = waiting.len() - usize::from(waiting.ends_with(&[CR]));
            return if held > self.limit { Err(self.too_long()) } else { Ok(None) };
        };
        let end = self.searched + found;
        let octets = waiting[..end].strip_suffix(&[CR]).unwrap_or(&waiting[..end]);
        if octets.len() > self.limit {
            return Err(self.too_long());
        }
        let line = Line { octets: octets.to_vec(), ended: true };
        self.inbox.take(end + 1);
        self.searched = 0;
        Ok(Some(line))
    }
    // ANCHOR_END: next_line

    /// What is left once the stream has ended and [`next_line`](Self::next_line) gives nothing
    /// more: the last line, if LF did not end it.
    pub fn finish(&mut self) -> Option<Line> {
        let count = self.inbox.waiting().len();
        self.searched = 0;
        (count > 0).then(|| Line { octets: self.inbox.take(count).to_vec(), ended: false })
    }

    fn too_long(&self) -> Error {
        Error::TooLong { limit: self.limit }
    }
}

/// Reads lines from a stream. It holds one line and one read of 4 KiB at most.
#[derive(Debug)]
pub struct LineReader<R> {
    stream: R,
    lines: Lines,
}

impl<R: Read> LineReader<R> {
    /// Lines of at most `limit` octets from `stream`.
    pub fn new(stream: R, limit: usize) -> Self {
        Self { stream, lines: Lines::new(limit) }
    }

    /// The next line; `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] and [`Error::Stream`]. After a timeout of the stream you may call again:
    /// nothing that had arrived is lost.
    pub fn read_line(&mut self) -> Result<Option<Line>, Error> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(line) = self.lines.next_line()? {
                return Ok(Some(line));
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(self.lines.finish()),
                Ok(count) => self.lines.push(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::Stream(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 8;

    fn line(octets: &[u8]) -> Line {
        Line { octets: octets.to_vec(), ended: true }
    }

    /// All lines of pieces that arrive one after another.
    fn lines_of(pieces: &[&[u8]]) -> Result<Vec<Line>, Error> {
        let mut decoder = Lines::new(LIMIT);
        let mut lines = Vec::new();
        for piece in pieces {
            decoder.push(piece);
            while let Some(line) = decoder.next_line()? {
                lines.push(line);
            }
        }
        lines.extend(decoder.finish());
        Ok(lines)
    }

    #[test]
    fn every_cut_gives_the_same_lines() {
        let input = b"one\r\n\ntwo\n\r\nfour\rfi\r\n\xe2\x82\xac\r\nlast";
        let want = [
            line(b"one"),
            line(b""),
            line(b"two"),
            line(b""),
            line(b"four\rfi"),
            line("€".as_bytes()),
            Line { octets: b"last".to_vec(), ended: false },
        ];
        for first in 0..=input.len() {
            for second in first..=input.len() {
                let pieces = [&input[..first], &input[first..second], &input[second..]];
                assert_eq!(lines_of(&pieces).unwrap(), want, "cut at {first} and {second}");
            }
        }
        let octets: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(lines_of(&octets).unwrap(), want);
    }

    #[test]
    fn the_limit_is_the_same_however_the_line_is_cut() {
        for (input, fits) in [
            (&b"12345678\n"[..], true),
            (b"12345678\r\n", true),
            (b"12345678", true),
            (b"123456789\n", false),
            (b"12345678\rx\n", false),
            (b"123456789\r\n", false),
        ] {
            for cut in 0..=input.len() {
                let (first, second) = input.split_at(cut);
                let lines = lines_of(&[first, second]);
                assert_eq!(lines.is_ok(), fits, "{} cut at {cut}", input.escape_ascii());
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_stays_too_long() {
        let mut lines = Lines::new(LIMIT);
        lines.push(b"123456789");
        for more in [&b""[..], b"\n", b"short\n"] {
            lines.push(more);
            assert!(matches!(lines.next_line(), Err(Error::TooLong { limit: LIMIT })));
        }
    }

    #[test]
    fn a_reader_gives_the_last_line_once() {
        let mut reader = LineReader::new(&b"a\nb"[..], LIMIT);
        assert_eq!(reader.read_line().unwrap(), Some(line(b"a")));
        let last = Line { octets: b"b".to_vec(), ended: false };
        assert_eq!(reader.read_line().unwrap(), Some(last));
        assert_eq!(reader.read_line().unwrap(), None);
        assert_eq!(reader.read_line().unwrap(), None);
    }

    #[test]
    fn sockets_byte_by_byte() {
        let octets: Vec<&[u8]> = b"PING\r\n".chunks(1).collect();
        assert_eq!(lines_of(&octets).unwrap(), [line(b"PING")]);
    }

    #[test]
    fn sockets_two_in_one() {
        assert_eq!(lines_of(&[b"PING\r\nPING\r\n"]).unwrap(), [line(b"PING"), line(b"PING")]);
    }

    #[test]
    fn sockets_split_utf8() {
        let lines = lines_of(&[b"\xe2", b"\x82\xac\r\n"]).unwrap();
        assert_eq!(String::from_utf8(lines[0].octets.clone()).unwrap(), "€");
    }

    #[test]
    fn sockets_no_newline() {
        let flood = io::repeat(b'x').take(10_000_000);
        let mut reader = LineReader::new(flood, 8192);
        assert!(matches!(reader.read_line(), Err(Error::TooLong { limit: 8192 })));
        assert!(reader.lines.inbox.waiting().len() <= 8192 + 4096);
    }
}
