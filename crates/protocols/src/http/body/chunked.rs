//! Taking the chunked coding off: RFC 9112 §7.1.
//!
//! ```text
//!   5 ; name = "value" CR LF   h e l l o   CR LF   …   0 CR LF   trailers   CR LF
//!   │ └─ Extension ────┘  │    └─ Data ─┘  │   │             │   └─ Trailers ───┘
//!   Size                  SizeLf         DataCr DataLf       and so on
//! ```

use super::{Error, Limits, take};
use crate::http::fields::{Fields, Scan, without_end};

/// Where in the coding the next octet is.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    state: State,
    /// The size that is being read, or what is left of the chunk.
    left: u64,
    /// Digits of the size that were read.
    digits: usize,
    /// Octets of chunk lines beyond what they need.
    extensions: usize,
    /// The trailer section, which may come in pieces.
    trailers: Vec<u8>,
    scan: Scan,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    /// White space behind a size: RFC 9112 §7.1.1 has it only before a `;`.
    Space,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailers,
    Complete,
}

/// Digits of a size: more are superfluous, or too many for 64 bits.
const DIGITS: usize = 16;

impl Chunks {
    /// The next part of the content; empty: there is none in `bytes`, which is used up then, or the
    /// last chunk and its trailers are.
    pub(super) fn next<'a>(
        &mut self,
        bytes: &mut &'a [u8],
        limits: &Limits,
    ) -> Result<&'a [u8], Error> {
        loop {
            match self.state {
                State::Complete => return Ok(&[]),
                State::Data => {
                    let part = take(bytes, self.left);
                    self.left -= part.len() as u64;
                    if self.left == 0 {
                        self.state = State::DataCr;
                    }
                    return Ok(part);
                }
                State::Trailers => {
                    self.trailer(bytes, limits)?;
                    return Ok(&[]);
                }
                _ => {
                    let Some((octet, rest)) = bytes.split_first() else { return Ok(&[]) };
                    *bytes = rest;
                    self.octet(*octet, limits)?;
                }
            }
        }
    }

    /// One octet of the framing.
    fn octet(&mut self, octet: u8, limits: &Limits) -> Result<(), Error> {
        let lenient = limits.trailers.lenient;
        match (self.state, octet) {
            (State::Size, digit) if digit.is_ascii_hexdigit() => return self.digit(digit, limits),
            (State::Size, _) if self.digits == 0 => return Err(Error::BadChunkSize),
            (State::Size | State::Space | State::Extension, b'\r') => {
                // `5 CRLF` with a space in it is sent by some old servers, and is nothing to us.
                if self.state == State::Space && !lenient {
                    return Err(Error::BadExtension(octet));
                }
                self.state = State::SizeLf;
            }
            (State::Size | State::Space, b';') => {
                self.state = State::Extension;
                self.spend(1, limits)?;
            }
            (State::Size | State::Space, b' ' | b'\t') => {
                self.state = State::Space;
                self.spend(1, limits)?;
            }
            (State::Size, _) => return Err(Error::BadChunkSize),
            // A lone LF in an extension is where others have seen the line's end: refused, as all
            // that is not text.
            (State::Extension, b'\t' | b' '..=b'~' | 0x80..) => self.spend(1, limits)?,
            (State::Space | State::Extension, octet) => return Err(Error::BadExtension(octet)),
            (State::SizeLf, b'\n') => self.sized(limits)?,
            (State::SizeLf, octet) => return Err(Error::BadExtension(octet)),
            (State::DataCr, b'\r') => self.state = State::DataLf,
            (State::DataLf, b'\n') => self.state = State::Size,
            (State::DataCr | State::DataLf, _) => return Err(Error::ChunkNotEnded),
            (State::Data | State::Trailers | State::Complete, _) => {
                unreachable!("they are not read octet by octet")
            }
        }
        Ok(())
    }

    // ANCHOR: size
    fn digit(&mut self, digit: u8, limits: &Limits) -> Result<(), Error> {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            _ => (digit | 0x20) - b'a' + 10,
        };
        // RFC 9112 §7.1: recipients must prevent errors from an overflow.
        if self.left >> 60 != 0 {
            return Err(Error::BadChunkSize);
        }
        self.left = self.left << 4 | u64::from(value);
        self.digits += 1;
        if self.digits > DIGITS { self.spend(1, limits) } else { Ok(()) }
    }
    // ANCHOR_END: size

    /// A chunk's size is known.
    fn sized(&mut self, limits: &Limits) -> Result<(), Error> {
        self.state = if self.left == 0 { State::Trailers } else { State::Data };
        self.digits = 0;
        if self.left > limits.content { Err(Error::TooLarge) } else { Ok(()) }
    }

    fn spend(&mut self, octets: usize, limits: &Limits) -> Result<(), Error> {
        self.extensions += octets;
        if self.extensions > limits.extensions { Err(Error::TooManyExtensions) } else { Ok(()) }
    }

    /// Keeps what has come of the trailer section, up to its end. Nearly always that is an empty line.
    fn trailer(&mut self, bytes: &mut &[u8], limits: &Limits) -> Result<(), Error> {
        if self.trailers.is_empty() && bytes.starts_with(b"\r\n") {
            *bytes = &bytes[2..];
            self.state = State::Complete;
            return Ok(());
        }
        // A line at a time, so that no more than the section is kept.
        while !bytes.is_empty() && self.state == State::Trailers {
            let line = crate::http::fields::find(b'\n', bytes).map_or(bytes.len(), |lf| lf + 1);
            self.trailers.extend_from_slice(take(bytes, line as u64));
            let end = self.scan.end(&self.trailers, &limits.trailers).map_err(Error::Trailers)?;
            if end.is_some() {
                self.state = State::Complete;
            }
        }
        Ok(())
    }

    pub(super) fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    pub(super) fn trailers(&self) -> Fields<'_> {
        let whole = if self.is_complete() { &self.trailers[..] } else { &[] };
        debug_assert!(
            whole.is_empty() || without_end(whole, &crate::http::fields::Rules::LENIENT).is_ok()
        );
        Fields::new(whole)
    }
}
