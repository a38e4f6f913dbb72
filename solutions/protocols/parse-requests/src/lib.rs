//! The head of an HTTP request, from octets that come in pieces of any size: RFC 9112 §2, §3, §5.
//!
//! ```text
//!  GET /index.html HTTP/1.1 CR LF     method SP request-target SP HTTP-version
//!  Host: example.org CR LF            field-name ":" OWS field-value OWS
//!  Accept: text/html CR LF
//!  CR LF                              the empty line that ends the head
//!  …                                  the body, or the next request
//! ```
// answer:

use std::mem;
// end answer

/// Octets of a head at most: all that comes before its end, and the empty line with its CR LF.
pub const LONGEST_HEAD: usize = 16 * 1024;
/// Fields of a head at most.
pub const MOST_FIELDS: usize = 100;

/// What the head of a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What is to be done. Its case matters: `get` is not `GET`.
    pub method: Vec<u8>,
    /// With what, as it was sent.
    pub target: Vec<u8>,
    /// The 1 of `HTTP/1.1`, the 0 of `HTTP/1.0`.
    pub minor: u8,
    /// All the fields, in the order in which they came.
    pub fields: Vec<Field>,
}

/// A line of the head that is not its first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As it was sent. Its case does not matter.
    pub name: Vec<u8>,
    /// Without the spaces and tabs around it.
    pub value: Vec<u8>,
}

/// Why a request is refused, and with which status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// 400: the first line is not a method, a target and a version, with one space between them.
    RequestLine,
    /// 505: the version is not 1.x.
    Version,
    /// 400: a line is not a name, a colon and a value, or holds what neither of them may hold.
    Field,
    /// 400: there are two Host fields, or none in a request that is not of HTTP/1.0.
    Host,
    /// 414: the first line alone is longer than [`LONGEST_HEAD`].
    LineTooLong,
    /// 431: the head is longer than [`LONGEST_HEAD`], or has more than [`MOST_FIELDS`] fields.
    HeadTooLarge,
}

/// Makes heads of requests out of the octets of a connection.
#[derive(Debug, Default)]
pub struct HeadParser {
    // answer: // Here is room for what has to survive from one call to the next.
    /// The beginning of the line whose end has not come yet.
    line: Vec<u8>,
    /// What the lines before that say. `None`: the request line is still to come.
    head: Option<Head>,
    /// Octets of this head until now.
    length: usize,
    /// What every call returns, once it was returned.
    refused: Option<Error>,
    // end answer
}

impl HeadParser {
    /// At the beginning of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what came next on the connection: any number of octets, cut anywhere.
    ///
    /// `None`: there must come more. All of `octets` were taken.
    ///
    /// `Some((head, taken))`: the head is whole, and the first `taken` of `octets` were the rest of
    /// it. What stands behind them is the caller's: the body, or the next request, for whose head the
    /// parser is ready.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, as soon as the line is whole in which it is, or the limit is passed.
    /// From then on every call returns it again: nobody knows where the next request would begin.
    pub fn feed(&mut self, octets: &[u8]) -> Result<Option<(Head, usize)>, Error> {
        // answer: let _ = octets; // Yours to use; then this line can go.
        // answer: todo!("take the lines that are whole, and keep the one that is not")
        if let Some(error) = self.refused {
            return Err(error);
        }
        let fed = self.take_lines(octets);
        self.refused = fed.as_ref().err().copied();
        fed
        // end answer
    }
    // answer:

    fn take_lines(&mut self, octets: &[u8]) -> Result<Option<(Head, usize)>, Error> {
        let mut taken = 0;
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            taken += piece.len();
            self.length += piece.len();
            // Before anything is kept: a line that never ends must not fill the memory.
            if self.length > LONGEST_HEAD {
                return Err(match self.head {
                    None => Error::LineTooLong,
                    Some(_) => Error::HeadTooLarge,
                });
            }
            self.line.extend_from_slice(piece);
            if self.line.ends_with(b"\n") {
                let line = mem::take(&mut self.line);
                if let Some(head) = self.take_line(&line)? {
                    self.length = 0;
                    return Ok(Some((head, taken)));
                }
            }
        }
        Ok(None)
    }

    /// Returns the head if this line, which ends with LF, was its last.
    fn take_line(&mut self, line: &[u8]) -> Result<Option<Head>, Error> {
        // RFC 9112 §2.2 would allow a lone LF. Whoever is in front of us may not have seen it as an end.
        let text = line.strip_suffix(b"\r\n");
        match (&mut self.head, text) {
            // §2.2: at least one empty line before the request line is to be ignored.
            (None, Some([])) => {}
            (None, text) => self.head = Some(request_line(text.ok_or(Error::RequestLine)?)?),
            (Some(head), Some([])) => {
                check_host(head)?;
                return Ok(self.head.take());
            }
            (Some(head), _) if head.fields.len() == MOST_FIELDS => return Err(Error::HeadTooLarge),
            (Some(head), text) => head.fields.push(field(text.ok_or(Error::Field)?)?),
        }
        Ok(None)
    }
    // end answer
}
// answer:

fn request_line(line: &[u8]) -> Result<Head, Error> {
    let words: Vec<&[u8]> = line.split(|octet| *octet == b' ').collect();
    let [method, target, version] = words[..] else { return Err(Error::RequestLine) };
    if !is_token(method) || target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
        return Err(Error::RequestLine);
    }
    match version {
        [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] => {
            if *major != b'1' {
                return Err(Error::Version);
            }
            let (method, target, minor) = (method.to_vec(), target.to_vec(), minor - b'0');
            Ok(Head { method, target, minor, fields: Vec::new() })
        }
        _ => Err(Error::RequestLine),
    }
}

fn field(line: &[u8]) -> Result<Field, Error> {
    let colon = line.iter().position(|octet| *octet == b':').ok_or(Error::Field)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    // A space before the colon, or at the beginning of the line, is part of no token (§5.1, §5.2).
    if !is_token(name) || !value.iter().all(|octet| may_be_in_value(*octet)) {
        return Err(Error::Field);
    }
    // Only now: `trim_ascii` takes CR away as well, and nobody would see that it was there.
    Ok(Field { name: name.to_vec(), value: value.trim_ascii().to_vec() })
}

/// RFC 9112 §3.2.
fn check_host(head: &Head) -> Result<(), Error> {
    let hosts = head.fields.iter().filter(|field| field.name.eq_ignore_ascii_case(b"Host"));
    match (hosts.count(), head.minor) {
        (1, _) | (0, 0) => Ok(()),
        _ => Err(Error::Host),
    }
}

/// RFC 9110 §5.6.2.
fn is_token(octets: &[u8]) -> bool {
    let is_tchar = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    !octets.is_empty() && octets.iter().all(is_tchar)
}

/// RFC 9110 §5.5: visible characters, spaces and tabs, and what is beyond ASCII.
fn may_be_in_value(octet: u8) -> bool {
    octet == b'\t' || octet >= b' ' && octet != 0x7f
}
// end answer
