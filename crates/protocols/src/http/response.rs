//! The head of a response: its status line and its fields (RFC 9112 §4, §5).
//!
//! ```text
//!   HTTP/1.1 200 OK CRLF          status-line = HTTP-version SP status-code SP [ reason-phrase ]
//!   Content-Length: 5 CRLF        fields: see `fields`
//!   CRLF
//! ```
//!
//! A client reads more kindly than a server does. What old servers are known for is understood: line
//! ends without CR (§2.2), folded fields (§5.2), no space where the reason is missing. What could be
//! read as two different messages, or is no HTTP/1 at all, is refused.

use std::fmt::{self, Display};

use super::fields::{self, Fields, Rules, Scan, is_value, trim, unfold};

/// Octets of a status line.
pub const LONGEST_STATUS_LINE: usize = 8 * 1024;

/// The head of one response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// HTTP/1.`minor`: 0 for 1.0.
    pub minor: u8,
    /// From 100 to 999.
    pub status: u16,
    /// For people to read, and for nobody else (RFC 9112 §4).
    pub reason: String,
    section: Vec<u8>,
}

/// Why the octets are no head of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadError {
    /// It does not begin with `HTTP/`; what it begins with. Before 1.0 there was no status line (RFC 9112
    /// does not know such servers any more): so this is no HTTP server.
    NotHttp(Vec<u8>),
    /// A version of which the major number is not 1, in which a client of HTTP/1 cannot read on.
    Version(String),
    /// The status line is not of its form; the line.
    StatusLine(Vec<u8>),
    /// The status line is longer than [`LONGEST_STATUS_LINE`].
    TooLong,
    /// The fields are not.
    Fields(fields::Error),
}

impl Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHttp(octets) => {
                write!(f, "the server does not speak HTTP/1: it said `{}`", octets.escape_ascii())
            }
            Self::Version(version) => write!(f, "an answer in {version}, and not in HTTP/1"),
            Self::StatusLine(line) => write!(f, "no status line: `{}`", line.escape_ascii()),
            Self::TooLong => write!(f, "a status line of more than {LONGEST_STATUS_LINE} octets"),
            Self::Fields(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for HeadError {}

impl ResponseHead {
    /// Its fields.
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(&self.section)
    }

    /// The value of the first field of this name, as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.fields().first(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The values of all fields of this name as one list (RFC 9110 §5.3).
    pub fn combined(&self, name: &str) -> String {
        let values = self.fields().all(name);
        values.map(String::from_utf8_lossy).collect::<Vec<_>>().join(", ")
    }

    /// Whether it is an interim response, after which the real one comes (RFC 9110 §15.2).
    pub fn is_interim(&self) -> bool {
        self.status < 200
    }

    /// Whether the server keeps the connection open after this response (RFC 9112 §9.3).
    pub fn persists(&self) -> bool {
        let option = |name| self.fields().has("connection", name);
        !option("close") && (self.minor >= 1 || option("keep-alive"))
    }
}

impl Display for ResponseHead {
    /// As it came, but with folds undone and LF as the line's end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "HTTP/1.{} {} {}", self.minor, self.status, self.reason)?;
        for (name, value) in self.fields().iter() {
            let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
            writeln!(f, "{name}: {value}")?;
        }
        Ok(())
    }
}

/// Collects a head from octets that arrive in pieces.
#[derive(Debug, Default)]
pub struct HeadReader {
    buffer: Vec<u8>,
    /// Where the fields begin, once the status line is there and right.
    fields: Option<usize>,
    scan: Scan,
}

impl HeadReader {
    /// Whether anything of a head has come.
    pub fn has_begun(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Takes octets off the front of `input`, and leaves what comes after the head. `None`: all of it
    /// was taken, and there must come more.
    ///
    /// # Errors
    ///
    /// [`HeadError`], as soon as it is certain.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<ResponseHead>, HeadError> {
        if input.is_empty() {
            return Ok(None);
        }
        let (before, given) = (self.buffer.len(), *input);
        self.buffer.extend_from_slice(given);
        *input = &[];
        if self.fields.is_none() {
            self.look_at_status_line()?;
        }
        let Some(begin) = self.fields else { return Ok(None) };
        let end = self.scan.end(&self.buffer[begin..], &Rules::LENIENT);
        let Some(end) = end.map_err(HeadError::Fields)? else { return Ok(None) };
        // The end was not there before, so it lies in what was given now.
        *input = &given[begin + end - before..];
        let HeadReader { mut buffer, .. } = std::mem::take(self);
        let (minor, status, reason) = status_line(&buffer[..begin])?;
        let mut section = buffer.drain(begin..begin + end).collect::<Vec<_>>();
        unfold(&mut section);
        Ok(Some(ResponseHead { minor, status, reason, section }))
    }

    /// Says at once if this is not HTTP: a server that speaks something else may wait for us for ever.
    fn look_at_status_line(&mut self) -> Result<(), HeadError> {
        let known = b"HTTP/".len().min(self.buffer.len());
        if self.buffer[..known] != b"HTTP/"[..known] {
            let shown = self.buffer.len().min(40);
            return Err(HeadError::NotHttp(self.buffer[..shown].to_vec()));
        }
        let end = fields::find(b'\n', &self.buffer);
        if end.unwrap_or(self.buffer.len()) > LONGEST_STATUS_LINE {
            return Err(HeadError::TooLong);
        }
        if let Some(end) = end {
            status_line(&self.buffer[..end])?;
            self.fields = Some(end + 1);
        }
        Ok(())
    }
}

/// Reads a status line, with or without its line end: the version's minor number, the status, the reason.
fn status_line(line: &[u8]) -> Result<(u8, u16, String), HeadError> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let wrong = || HeadError::StatusLine(line[..line.len().min(80)].to_vec());
    let version = line.get(..8).ok_or_else(wrong)?;
    let minor = match version {
        // RFC 9112 §2.3: the name is case-sensitive, the numbers are one digit each.
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'0'..=b'9'] => minor - b'0',
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
            return Err(HeadError::Version(String::from_utf8_lossy(version).into_owned()));
        }
        _ => return Err(wrong()),
    };
    let (digits, reason) = match &line[8..] {
        [b' ', a, b, c, b' ', reason @ ..] => ([a, b, c], reason),
        // A server MUST send the second space (RFC 9112 §4), and some do not.
        [b' ', a, b, c] => ([a, b, c], &[][..]),
        _ => return Err(wrong()),
    };
    if !digits.iter().all(|digit| digit.is_ascii_digit()) || !is_value(reason) {
        return Err(wrong());
    }
    let status = digits.iter().fold(0, |status, digit| status * 10 + u16::from(**digit - b'0'));
    if status < 100 {
        return Err(wrong());
    }
    Ok((minor, status, String::from_utf8_lossy(trim(reason)).into_owned()))
}

#[cfg(test)]
mod tests;
