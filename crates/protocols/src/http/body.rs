//! Where a message's body ends: RFC 9112 §6 and §7.
//!
//! ```text
//!   Content-Length: 5 CRLF CRLF           five octets, and then the next message
//!   hello
//!
//!   Transfer-Encoding: chunked CRLF CRLF  chunks, each with its size in hex before it …
//!   5 CRLF hello CRLF
//!   0 CRLF                                … up to one of size 0,
//!   Digest: … CRLF                        fields that could not be known before (trailers),
//!   CRLF                                  and an empty line
//! ```
//!
//! [`Lengths`] weighs what a head says of it, and [`Body`] takes the framing off: it is given what
//! arrived and gives back the parts of it that are content, where they lie.
//!
//! If two programs on a message's way disagree about its end, what one takes for content is to the
//! other the next request, with whatever rights the connection has: request smuggling, RFC 9112
//! §11.2. So nothing here is guessed.

mod chunked;
mod lengths;
mod write;

pub use lengths::{Framing, Lengths};
pub use write::{chunk, last_chunk};

use std::fmt;

use super::fields::{self, Fields};
use chunked::Chunks;

/// How much of a body is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of content.
    pub content: u64,
    /// Octets that chunk extensions and superfluous digits may take, over the whole body: RFC 9112 §7.1.1.
    pub extensions: usize,
    /// The trailer section's, and how strictly chunks are read.
    pub trailers: fields::Rules,
}

impl Limits {
    /// A server's, for content up to a size.
    pub const fn strict(content: u64) -> Self {
        let trailers = fields::Rules { octets: 16 * 1024, ..fields::Rules::STRICT };
        Self { content, extensions: 16 * 1024, trailers }
    }

    /// A client's.
    pub const fn lenient(content: u64) -> Self {
        let trailers = fields::Rules { octets: 16 * 1024, ..fields::Rules::LENIENT };
        Self { content, extensions: 1 << 20, trailers }
    }
}

/// Why a body cannot be read, or not to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// A `Content-Length` that is no number, or one that does not fit 64 bits: RFC 9110 §8.6.
    BadLength,
    /// Two lengths that differ: RFC 9112 §6.3, item 5.
    TwoLengths,
    /// A length, and a transfer coding that makes it meaningless: RFC 9112 §6.1.
    LengthAndCoding,
    /// A transfer coding that is not `chunked`: nothing else is understood here.
    UnknownCoding,
    /// A request whose last transfer coding is not `chunked`, or that has it twice: RFC 9112 §6.3.
    NotChunkedLast,
    /// A transfer coding in HTTP/1.0, which knows none: RFC 9112 §6.1.
    CodingInOldVersion,
    /// A chunk's size is no hexadecimal number, or one that does not fit 64 bits.
    BadChunkSize,
    /// This octet cannot stand behind a chunk's size.
    BadExtension(u8),
    /// The data of a chunk is not followed by CRLF.
    ChunkNotEnded,
    /// Chunk extensions are longer than the limit.
    TooManyExtensions,
    /// The trailer section is wrong.
    Trailers(fields::Error),
    /// There is more content than the limit.
    TooLarge,
    /// The connection ended first: RFC 9112 §8.
    Incomplete,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadLength => "a Content-Length that is no number",
            Self::TwoLengths => "two Content-Lengths that differ",
            Self::LengthAndCoding => "both Content-Length and Transfer-Encoding",
            Self::UnknownCoding => "a transfer coding other than chunked",
            Self::NotChunkedLast => "a last transfer coding other than chunked",
            Self::CodingInOldVersion => "Transfer-Encoding in HTTP/1.0",
            Self::BadChunkSize => "a chunk size that is no number",
            Self::BadExtension(octet) => return write!(f, "{octet:#04x} behind a chunk's size"),
            Self::ChunkNotEnded => "a chunk longer than its size says",
            Self::TooManyExtensions => "too long chunk extensions",
            Self::Trailers(error) => return write!(f, "trailers: {error}"),
            Self::TooLarge => "the body is too large",
            Self::Incomplete => "the body ended too early",
        })
    }
}

impl std::error::Error for Error {}

/// A body that arrives.
#[derive(Debug)]
pub struct Body {
    state: State,
    /// Octets of content that came.
    came: u64,
    limits: Limits,
}

#[derive(Debug)]
enum State {
    /// So many octets are still to come; 0: the end.
    Left(u64),
    Chunks(Box<Chunks>),
    UntilClose,
}

impl Body {
    /// The body of a message whose head is over.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if its length is known and over the limit.
    pub fn new(framing: Framing, limits: Limits) -> Result<Self, Error> {
        let state = match framing {
            Framing::None => State::Left(0),
            Framing::Length(length) if length > limits.content => return Err(Error::TooLarge),
            Framing::Length(length) => State::Left(length),
            Framing::Chunked => State::Chunks(Box::default()),
            Framing::UntilClose => State::UntilClose,
        };
        Ok(Self { state, came: 0, limits })
    }

    /// Takes the next part of the content off the front of `bytes`, with the framing around it.
    /// `None`: there is none in what is left of `bytes`; that is either empty, or it begins behind
    /// the body ([`is_complete`](Self::is_complete)).
    ///
    /// ```
    /// use protocols::http::body::{Body, Framing, Limits};
    ///
    /// let mut bytes = &b"5;x=y\r\nhello\r\n3\r\n, w\r\n0\r\n\r\nGET /next"[..];
    /// let mut body = Body::new(Framing::Chunked, Limits::strict(100))?;
    /// let mut content = Vec::new();
    /// while let Some(part) = body.next(&mut bytes)? {
    ///     content.extend(part);
    /// }
    /// assert!(body.is_complete());
    /// assert_eq!((&content[..], bytes), (&b"hello, w"[..], &b"GET /next"[..]));
    /// # Ok::<(), protocols::http::body::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong with it. There is no way on then: nobody knows where the next message begins.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Error> {
        let part = match &mut self.state {
            State::Left(left) => {
                let part = take(bytes, *left);
                *left -= part.len() as u64;
                part
            }
            State::Chunks(chunks) => chunks.next(bytes, &self.limits)?,
            State::UntilClose => take(bytes, u64::MAX),
        };
        self.came += part.len() as u64;
        if self.came > self.limits.content {
            return Err(Error::TooLarge);
        }
        Ok((!part.is_empty()).then_some(part))
    }

    /// Whether all of it has come. Of one that ends with the connection, that is never known here.
    pub fn is_complete(&self) -> bool {
        match &self.state {
            State::Left(left) => *left == 0,
            State::Chunks(chunks) => chunks.is_complete(),
            State::UntilClose => false,
        }
    }

    /// The connection has ended.
    ///
    /// # Errors
    ///
    /// [`Error::Incomplete`]: what came is not the whole, and must not be taken for it.
    pub fn ended(&self) -> Result<(), Error> {
        if self.is_complete() || matches!(self.state, State::UntilClose) {
            Ok(())
        } else {
            Err(Error::Incomplete)
        }
    }

    /// Octets of content that have come.
    pub fn came(&self) -> u64 {
        self.came
    }

    /// Octets that are still to come, where that is known.
    pub fn left(&self) -> Option<u64> {
        if let State::Left(left) = self.state { Some(left) } else { None }
    }

    /// The fields behind the content, once it is complete.
    pub fn trailers(&self) -> Fields<'_> {
        if let State::Chunks(chunks) = &self.state { chunks.trailers() } else { Fields::default() }
    }
}

/// Takes up to `most` octets off the front.
fn take<'a>(bytes: &mut &'a [u8], most: u64) -> &'a [u8] {
    let count = usize::try_from(most).map_or(bytes.len(), |most| most.min(bytes.len()));
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

#[cfg(test)]
mod tests;
