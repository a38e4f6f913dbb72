//! The head of a request: RFC 9112 §2 and §3.
//!
//! ```text
//!   GET /index.html HTTP/1.1 CRLF     method SP request-target SP HTTP-version
//!   Host: example.org CRLF            field lines
//!   CRLF                              the end of the head
//! ```
//!
//! [`Scan`] finds the end of a head that may come in pieces, and [`Request::parse`] reads it where it
//! lies. Both refuse what is wrong; see [`fields`] for why nothing is repaired.

use super::body::{self, Framing, Lengths};
use super::fields::{self, Fields, Rules, find, is, is_token, list};
use super::target::{Target, is_authority};

/// The longest request line. RFC 9112 §3 recommends that 8,000 octets are taken at least.
pub const LONGEST_LINE: usize = 16 * 1024;

/// Why a request is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The request line is longer than [`LONGEST_LINE`].
    LineTooLong,
    /// The request line is not three words with one space between them, or has no method, or its target has
    /// no form that the method allows.
    BadLine,
    /// A version of HTTP/1 that is written wrong, or something else altogether.
    BadVersion,
    /// A version that is not 1.x. The HTTP/2 preface is one: `PRI * HTTP/2.0`.
    OtherVersion,
    /// Its fields.
    Fields(fields::Error),
    /// No Host, two of them, or one that is no host: RFC 9112 §3.2.
    Host,
    /// What it says about its body.
    Framing(body::Error),
}

impl Error {
    /// The status to answer with, before the connection is closed.
    pub fn status(self) -> u16 {
        match self {
            Self::LineTooLong => 414,
            Self::Fields(fields::Error::TooLong | fields::Error::TooMany) => 431,
            Self::OtherVersion => 505,
            Self::Framing(error) => framing_status(error),
            Self::BadLine | Self::BadVersion | Self::Fields(_) | Self::Host => 400,
        }
    }
}

/// The status for a body that cannot be read.
pub fn framing_status(error: body::Error) -> u16 {
    match error {
        body::Error::UnknownCoding => 501,
        body::Error::TooLarge | body::Error::TooManyExtensions => 413,
        body::Error::Trailers(fields::Error::TooLong | fields::Error::TooMany) => 431,
        _ => 400,
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LineTooLong => f.write_str("the request line is too long"),
            Self::BadLine => f.write_str("not a request line"),
            Self::BadVersion => f.write_str("not a version of HTTP"),
            Self::OtherVersion => f.write_str("a version that is not 1.x"),
            Self::Fields(error) => error.fmt(f),
            Self::Host => f.write_str("not one Host field with a host"),
            Self::Framing(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// Looks for the end of a head that arrives in pieces. A mistake is found when its line is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scan {
    /// Where the field section begins; 0: the request line has not ended.
    fields: u16,
    /// Octets of the request line in which there is no LF.
    looked: u16,
    scan: fields::Scan,
}

impl Scan {
    /// Goes on, in `head`: what it was given before, and more. `Some(end)`: the head is whole.
    ///
    /// # Errors
    ///
    /// What is wrong with it, so far as that can be seen.
    pub fn end(&mut self, head: &[u8]) -> Result<Option<usize>, Error> {
        if self.fields == 0 {
            let looked = usize::from(self.looked);
            let line = &head[..head.len().min(LONGEST_LINE)];
            let Some(lf) = find(b'\n', &line[looked..]) else {
                self.looked = small(line.len());
                return if head.len() > LONGEST_LINE { Err(Error::LineTooLong) } else { Ok(None) };
            };
            let end = looked + lf + 1;
            Line::parse(&head[..end])?;
            self.fields = small(end);
        }
        let start = usize::from(self.fields);
        let end = self.scan.end(&head[start..], &Rules::STRICT).map_err(Error::Fields)?;
        Ok(end.map(|end| start + end))
    }
}

/// At most [`LONGEST_LINE`].
fn small(length: usize) -> u16 {
    u16::try_from(length).expect("within the longest line")
}

/// A request line.
struct Line<'a> {
    method: &'a [u8],
    target: Target<'a>,
    minor: u8,
}

impl<'a> Line<'a> {
    fn parse(line: &'a [u8]) -> Result<Self, Error> {
        // RFC 9112 §2.2 would allow a lone LF; see `fields`.
        let line = line.strip_suffix(b"\r\n").ok_or(Error::BadLine)?;
        let mut words = line.split(|octet| *octet == b' ');
        let three = (words.next(), words.next(), words.next(), words.next());
        let (Some(method), Some(target), Some(version), None) = three else {
            return Err(Error::BadLine);
        };
        if !is_token(method) {
            return Err(Error::BadLine);
        }
        let minor = match version {
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'0'..=b'9'] => minor - b'0',
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                return Err(Error::OtherVersion);
            }
            _ => return Err(Error::BadVersion),
        };
        let target = Target::parse(method, target).ok_or(Error::BadLine)?;
        Ok(Self { method, target, minor })
    }
}

/// What a request's head says, where it lies.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Its first line, without CRLF.
    pub line: &'a [u8],
    /// As it was sent: methods are compared with regard to case (RFC 9110 §9.1).
    pub method: &'a [u8],
    /// What it is about.
    pub target: Target<'a>,
    /// It is of HTTP/1.0: without chunks, `100 Continue`, or connections that persist unasked.
    pub old: bool,
    /// All its fields.
    pub fields: Fields<'a>,
    /// How its body ends.
    pub framing: Framing,
    /// Whether the client wants the connection to persist: RFC 9112 §9.3.
    pub persistent: bool,
    /// Whether it waits for `100 Continue` before it sends the body: RFC 9110 §10.1.1.
    pub expects_continue: bool,
    /// Whether it expects something else, which nobody here can fulfil.
    pub expects_other: bool,
    /// Whether it has a field that makes the answer conditional, partial or negotiated: one whose name
    /// begins with `If-`, Range or Accept-Encoding. Most of a program's requests have none.
    pub selective: bool,
}

impl<'a> Request<'a> {
    /// Reads the head at the front of `bytes`, and says where it ends; `None`: it is not whole yet. Of
    /// one that comes in one piece each octet is looked at once.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn read(scan: &mut Scan, bytes: &'a [u8]) -> Result<Option<(Self, usize)>, Error> {
        if *scan != Scan::default() {
            let Some(end) = scan.end(bytes)? else { return Ok(None) };
            return Ok(Some((Self::parse(&bytes[..end])?, end)));
        }
        let Some(lf) = find(b'\n', &bytes[..bytes.len().min(LONGEST_LINE)]) else {
            scan.end(bytes)?;
            return Ok(None);
        };
        let line = Line::parse(&bytes[..=lf])?;
        scan.fields = small(lf + 1);
        let (section, mut seen) = (&bytes[lf + 1..], Seen::default());
        let see = |name: &[u8], value: &[u8]| seen.field(name, value);
        let end = scan.scan.visit(section, &Rules::STRICT, see).map_err(Error::Fields)?;
        let Some(end) = end else { return Ok(None) };
        Ok(Some((Self::new(&bytes[..lf - 1], line, &section[..end], &seen)?, lf + 1 + end)))
    }

    /// Reads a head that [`Scan`] has found whole.
    ///
    /// # Errors
    ///
    /// What is wrong with it as a whole.
    pub fn parse(head: &'a [u8]) -> Result<Self, Error> {
        let end = find(b'\n', head).ok_or(Error::BadLine)? + 1;
        let line = Line::parse(&head[..end])?;
        let mut seen = Seen::default();
        for (name, value) in Fields::new(&head[end..]).iter() {
            seen.field(name, value);
        }
        Self::new(&head[..end - 2], line, &head[end..], &seen)
    }

    fn new(words: &'a [u8], line: Line<'a>, section: &'a [u8], seen: &Seen) -> Result<Self, Error> {
        let old = line.minor == 0;
        if let Some(error) = seen.error {
            return Err(error);
        }
        // RFC 9112 §3.2: HTTP/1.0 knew of no hosts, but two are two.
        if seen.hosts > 1 || seen.hosts == 0 && !old {
            return Err(Error::Host);
        }
        Ok(Self {
            line: words,
            method: line.method,
            target: line.target,
            old,
            fields: Fields::new(section),
            framing: seen.lengths.of_request(old).map_err(Error::Framing)?,
            persistent: !seen.close && (!old || seen.keep_alive),
            // §10.1.1: of an HTTP/1.0 client it is ignored.
            expects_continue: seen.expects_continue && !old,
            expects_other: seen.expects_other && !old,
            selective: seen.selective,
        })
    }

    /// The path, where its target has one.
    pub fn path(&self) -> Option<&'a [u8]> {
        if let Target::Path { path, .. } = self.target { Some(path) } else { None }
    }
}

/// What matters to the connection, gathered field by field.
#[derive(Debug, Default)]
struct Seen {
    hosts: usize,
    lengths: Lengths,
    close: bool,
    keep_alive: bool,
    expects_continue: bool,
    expects_other: bool,
    selective: bool,
    /// The first thing that is wrong, to be said when the head is whole.
    error: Option<Error>,
}

impl Seen {
    fn field(&mut self, name: &[u8], value: &[u8]) {
        // The length first: of the usual fields it tells most apart.
        match name.len() {
            4 if is(name, "Host") => {
                self.hosts += 1;
                if !is_authority(value) {
                    self.error.get_or_insert(Error::Host);
                }
            }
            5 => self.selective |= is(name, "Range"),
            6 if is(name, "Expect") => {
                for member in list(value) {
                    let is_continue = is(member, "100-continue");
                    self.expects_continue |= is_continue;
                    self.expects_other |= !is_continue;
                }
            }
            10 if is(name, "Connection") => {
                for option in list(value) {
                    self.close |= is(option, "close");
                    self.keep_alive |= is(option, "keep-alive");
                }
            }
            14 if is(name, "Content-Length") => {
                if let Err(error) = self.lengths.content_length(value) {
                    self.error.get_or_insert(Error::Framing(error));
                }
            }
            15 => self.selective |= is(name, "Accept-Encoding"),
            17 if is(name, "Transfer-Encoding") => self.lengths.transfer_encoding(value),
            _ => {}
        }
        self.selective |= matches!(name, [b'I' | b'i', b'f' | b'F', b'-', ..]);
    }
}

#[cfg(test)]
mod tests;
