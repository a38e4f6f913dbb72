//! What a head says of the body behind it: RFC 9112 §6.3, in its order.

use super::Error;
use crate::http::fields::{is, list};

/// How a body's end is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body, not even an empty one.
    None,
    /// So many octets.
    Length(u64),
    /// Chunks, up to one of size 0.
    Chunked,
    /// It ends with the connection. Only a response's may.
    UntilClose,
}

/// The fields of a head that say how long its body is, as they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lengths {
    length: Option<u64>,
    /// Transfer codings, in the order in which they were applied.
    codings: u8,
    /// Whether the last of them is `chunked`.
    chunked: bool,
    /// Whether there is one that is not, or that comes behind it.
    other: bool,
}

impl Lengths {
    /// A `Content-Length` field. More than one is right only if all say the same (§6.3, item 5).
    ///
    /// # Errors
    ///
    /// [`Error::BadLength`], [`Error::TwoLengths`].
    pub fn content_length(&mut self, value: &[u8]) -> Result<(), Error> {
        let mut none = true;
        // RFC 9110 §5.6.1.1: a sender does not generate empty members, and here we take none.
        for member in value.split(|octet| *octet == b',').map(super::fields::trim) {
            let length = number(member).ok_or(Error::BadLength)?;
            if self.length.is_some_and(|other| other != length) {
                return Err(Error::TwoLengths);
            }
            (self.length, none) = (Some(length), false);
        }
        if none { Err(Error::BadLength) } else { Ok(()) }
    }

    /// A `Transfer-Encoding` field.
    pub fn transfer_encoding(&mut self, value: &[u8]) {
        let before = self.codings;
        for coding in list(value) {
            self.codings = self.codings.saturating_add(1);
            // Twice is once too often, and nothing may come behind it (§6.1).
            self.other |= self.chunked || !is(coding, "chunked");
            self.chunked = is(coding, "chunked");
        }
        if self.codings == before {
            (self.codings, self.other) = (self.codings.saturating_add(1), true); // A field that is empty.
        }
    }

    /// Whether a `Content-Length` was there.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// How the body of a request ends. `old`: it is of HTTP/1.0.
    ///
    /// # Errors
    ///
    /// What makes that uncertain. The connection is of no use any more, but for an answer.
    #[inline]
    pub fn of_request(&self, old: bool) -> Result<Framing, Error> {
        match (self.codings, self.length) {
            (0, None) => Ok(Framing::None),
            (0, Some(length)) => Ok(Framing::Length(length)),
            // §6.1: HTTP/1.0 has no transfer codings; whoever sends one has not understood it.
            (1.., _) if old => Err(Error::CodingInOldVersion),
            // §6.1: a server may also read on by the coding alone; what it must not is to let the
            // connection live. An honest client sends neither.
            (1.., Some(_)) => Err(Error::LengthAndCoding),
            (1, None) if self.chunked => Ok(Framing::Chunked),
            (1.., None) if self.chunked && !self.other => Ok(Framing::Chunked),
            (1, None) => Err(Error::UnknownCoding),
            (2.., None) => {
                Err(if self.chunked { Error::UnknownCoding } else { Error::NotChunkedLast })
            }
        }
    }

    /// How the body of a response to a request of another method than CONNECT ends. `head`: that was HEAD.
    ///
    /// A response with both fields is read by its coding (§6.3, item 3); whoever reads it has to
    /// close the connection after it: [`is_ambiguous`](Self::is_ambiguous).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCoding`] for codings under `chunked` that were never asked for.
    pub fn of_response(&self, status: u16, head: bool, old: bool) -> Result<Framing, Error> {
        if head || matches!(status, 100..200 | 204 | 304) {
            return Ok(Framing::None);
        }
        match (self.codings, self.length) {
            (0, None) => Ok(Framing::UntilClose),
            (0, Some(length)) => Ok(Framing::Length(length)),
            (1.., _) if old => Err(Error::CodingInOldVersion),
            (1.., _) if self.other => Err(Error::UnknownCoding),
            (1.., _) => Ok(Framing::Chunked),
        }
    }

    /// Whether two programs may disagree about the body's end.
    pub fn is_ambiguous(&self) -> bool {
        self.codings > 0 && self.length.is_some()
    }
}

/// `1*DIGIT`, and nothing else: no sign, no space, no hex (RFC 9110 §8.6).
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, octet| {
        let digit = octet.is_ascii_digit().then(|| u64::from(octet - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
