//! What a server answers (RFC 5321 §4.2).
//!
//! ```text
//! 250-mail.example CRLF        a hyphen: more lines follow
//! 250-SIZE 10485760 CRLF
//! 250 SMTPUTF8 CRLF            a space, or nothing: the last one
//! ```
//!
//! The first digit says what a client must know: 2 done, 3 go on, 4 not now, 5 not ever. Behind
//! the code may stand an enhanced one, `5.1.1`, that says more (RFC 3463, RFC 2034).

use std::fmt;

use sockets::lines::{self, Lines};

/// Octets of the longest line that is read. RFC 5321 §4.5.3.1.5 allows 512 with CRLF; some servers write more.
pub const LONGEST_LINE: usize = 2048;
/// The most lines of one reply. EHLO's is the longest: one line an extension.
pub const MOST_LINES: usize = 128;

/// A reply: its code, and its lines without code and line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// At least one; each may be empty.
    pub lines: Vec<String>,
}

/// What the first digit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// 2: done.
    Completion,
    /// 3: go on, and send what belongs to it.
    Intermediate,
    /// 4: not now. The same may succeed later.
    Transient,
    /// 5: not like this. To repeat it is of no use.
    Permanent,
}

/// Why what arrived is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A line that does not begin with three digits, of 2 to 5 the first and 0 to 5 the second.
    Code(String),
    /// A line with another code than the one before it, of the same reply.
    Changed(u16, u16),
    /// A line of more than [`LONGEST_LINE`] octets.
    LongLine,
    /// A reply of more than [`MOST_LINES`] lines.
    ManyLines,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(line) => write!(f, "`{line}` is no line of an SMTP reply"),
            Self::Changed(one, other) => {
                write!(f, "a reply that begins with {one} and goes on with {other}")
            }
            Self::LongLine => write!(f, "a line of a reply of over {LONGEST_LINE} octets"),
            Self::ManyLines => write!(f, "a reply of over {MOST_LINES} lines"),
        }
    }
}

impl std::error::Error for Error {}

impl Reply {
    /// What the first digit says.
    pub fn class(&self) -> Class {
        match self.code / 100 {
            2 => Class::Completion,
            3 => Class::Intermediate,
            4 => Class::Transient,
            _ => Class::Permanent,
        }
    }
}

/// In one line, as for a person.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        self.lines.iter().filter(|line| !line.is_empty()).try_for_each(|line| write!(f, " {line}"))
    }
}

/// Octets in, replies out.
///
/// ```
/// use protocols::smtp::reply::Replies;
///
/// let mut replies = Replies::default();
/// replies.push(b"250-one\r\n25");
/// assert_eq!(replies.next_reply()?, None);
/// replies.push(b"0 two\r\n");
/// assert_eq!(replies.next_reply()?.map(|reply| reply.lines), Some(vec!["one".into(), "two".into()]));
/// # Ok::<(), protocols::smtp::reply::Error>(())
/// ```
#[derive(Debug)]
pub struct Replies {
    lines: Lines,
    /// The lines that have come of a reply that is not whole.
    partial: Option<Reply>,
}

impl Default for Replies {
    fn default() -> Self {
        Self { lines: Lines::new(LONGEST_LINE), partial: None }
    }
}

impl Replies {
    /// Adds what has arrived. Take the replies before you push more.
    pub fn push(&mut self, arrived: &[u8]) {
        self.lines.push(arrived);
    }

    /// Whether something has come that is not a whole reply, once [`next_reply`](Self::next_reply) gave `None`.
    pub fn is_within(&self) -> bool {
        self.partial.is_some() || self.lines.held() > 0
    }

    /// The next whole reply; `None` while there is none.
    ///
    /// # Errors
    ///
    /// Why it is none. Nobody knows what such a server will say next: hang up.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, Error> {
        loop {
            let line = match self.lines.next_line() {
                Ok(Some(line)) => line.octets,
                Ok(None) => return Ok(None),
                Err(lines::Error::TooLong { .. } | lines::Error::Stream(_)) => {
                    return Err(Error::LongLine);
                }
            };
            let (code, last, text) = parse_line(&line)?;
            let reply = self.partial.get_or_insert(Reply { code, lines: Vec::new() });
            // RFC 5321 §4.2.1: every line has the same code.
            if reply.code != code {
                return Err(Error::Changed(reply.code, code));
            }
            if reply.lines.len() == MOST_LINES {
                return Err(Error::ManyLines);
            }
            reply.lines.push(text);
            if last {
                return Ok(self.partial.take());
            }
        }
    }
}

/// Code, whether it is the last line, text.
fn parse_line(line: &[u8]) -> Result<(u16, bool, String), Error> {
    let wrong = || Error::Code(line[..line.len().min(60)].escape_ascii().to_string());
    // RFC 5321 §4.2: the text may be missing, and the space too.
    let (code, last, text) = match line {
        [a @ b'2'..=b'5', b @ b'0'..=b'5', c @ b'0'..=b'9', rest @ ..] => {
            let code =
                [a, b, c].iter().fold(0, |code, digit| code * 10 + u16::from(**digit - b'0'));
            match rest {
                [] => (code, true, &[][..]),
                [b' ', text @ ..] => (code, true, text),
                [b'-', text @ ..] => (code, false, text),
                _ => return Err(wrong()),
            }
        }
        _ => return Err(wrong()),
    };
    // It will be shown to a person: no octet of it may be a terminal's command.
    let text = String::from_utf8_lossy(text);
    Ok((code, last, text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replies(stream: &[u8], most: usize) -> Result<Vec<String>, Error> {
        let (mut replies, mut found) = (Replies::default(), Vec::new());
        for piece in stream.chunks(most) {
            replies.push(piece);
            while let Some(reply) = replies.next_reply()? {
                found.push(reply.to_string());
            }
        }
        Ok(found)
    }

    #[test]
    fn replies_however_they_are_cut() {
        let stream =
            b"220 ready\r\n250-a\r\n250-\r\n250 c\r\n354\r\n221 \r\n550 5.1.1 no\n421 \x1b[31m\r\n";
        let want = ["220 ready", "250 a c", "354", "221", "550 5.1.1 no", "421 ?[31m"];
        for most in 1..=stream.len() {
            assert_eq!(replies(stream, most).expect("replies"), want, "{most} at once");
        }
    }

    #[test]
    fn what_is_no_reply() {
        assert_eq!(replies(b"250-a\r\n550 b\r\n", 99), Err(Error::Changed(250, 550)));
        for wrong in ["", "25 ok", "2500 ok", "hello", "650 x", "190 x", "260 x", "250_x", "250\tx"]
        {
            let error = replies(format!("{wrong}\r\n").as_bytes(), 99);
            assert!(matches!(error, Err(Error::Code(_))), "{wrong}");
        }
        assert_eq!(replies(&b"250-x\r\n".repeat(1_000), 99), Err(Error::ManyLines));
        assert_eq!(replies(&[b'2'; 100_000], 999), Err(Error::LongLine));
    }
}
