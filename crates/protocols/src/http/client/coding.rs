//! Content codings undone while the body arrives: `gzip` and `deflate` (RFC 9110 §8.4.1).
//!
//! ```text
//!   Content-Encoding: deflate, gzip     applied in this order, so undone from the right:
//!   octets ──► gzip ──► deflate ──► the representation
//! ```
//!
//! A hundred octets of gzip may become a hundred thousand, and those, gzip again, a hundred million.
//! So what comes out is counted as it comes, and the work ends at the limit: see [`Limit`].
//!
//! A coding that is unknown here is left on the body: the octets are then as the server sent them, and
//! [`Decoder::left`] names it.

use std::fmt::{self, Display};
use std::io::{self, Write};

use flate2::write::{DeflateDecoder, GzDecoder, ZlibDecoder};

/// Codings that may be applied one over the other. Nobody needs more than one.
const LAYERS: usize = 4;
/// Decoded octets that are nobody's attack, however few they came from.
const HARMLESS: u64 = 64 << 20;
/// Above that, so many decoded octets for each one received are refused. Deflate's most is 1,032; text has 3 to 20.
const RATIO: u64 = 200;

/// Members of gzip in one body, and one more for each 1,000 octets that came of them.
const MEMBERS: u64 = 1_000;

/// How much may come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// So many octets.
    Octets(u64),
    /// As many as come, but not more than 200 for each octet received once they are over 64 MiB.
    Ratio,
}

/// Why a body cannot be decoded.
#[derive(Debug)]
pub enum CodingError {
    /// The body is not what its coding says: a wrong check sum, an impossible code.
    Corrupt(&'static str, io::Error),
    /// It ended in the middle.
    Truncated(&'static str),
    /// More came out than [`Limit`] allows: so many octets.
    TooLarge(u64),
    /// More codings than four, one over the other.
    TooManyLayers(usize),
    /// What took the decoded octets could not.
    Output(io::Error),
}

impl Display for CodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt(coding, why) => write!(f, "the body is no {coding}: {why}"),
            Self::Truncated(coding) => write!(f, "the body's {coding} ends in the middle"),
            Self::TooLarge(octets) => write!(f, "the body is larger than allowed: {octets} octets"),
            Self::TooManyLayers(count) => write!(f, "{count} content codings over each other"),
            Self::Output(error) => write!(f, "writing what was received: {error}"),
        }
    }
}

impl std::error::Error for CodingError {}

/// Takes a body as it arrives, and writes it decoded to `W`.
pub struct Decoder<W> {
    /// From the outermost coding to the innermost.
    layers: Vec<Layer>,
    left: Vec<String>,
    received: u64,
    output: Counted<W>,
}

impl<W> fmt::Debug for Decoder<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codings: Vec<_> = self.layers.iter().map(|layer| layer.coding.name()).collect();
        f.debug_struct("Decoder").field("codings", &codings).finish_non_exhaustive()
    }
}

impl<W: Write> Decoder<W> {
    /// A decoder for the value of `Content-Encoding`, which is empty where there is none.
    ///
    /// ```
    /// use protocols::http::client::coding::{Decoder, Limit};
    ///
    /// let mut decoder = Decoder::new("identity", Limit::Ratio, Vec::new())?;
    /// decoder.write(b"as it is")?;
    /// assert_eq!(decoder.finish()?, b"as it is");
    /// # Ok::<(), protocols::http::client::coding::CodingError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CodingError::TooManyLayers`].
    pub fn new(content_encoding: &str, limit: Limit, output: W) -> Result<Self, CodingError> {
        let names = content_encoding.split(',').map(str::trim);
        let mut left: Vec<String> =
            names.filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect();
        if left.len() > LAYERS {
            return Err(CodingError::TooManyLayers(left.len()));
        }
        let mut layers = Vec::new();
        while let Some(name) = left.last() {
            match name.as_str() {
                // RFC 9110 §8.4.1.3: x-gzip is the same.
                "gzip" | "x-gzip" => layers.push(Layer::new(Coding::Gzip)),
                "deflate" => layers.push(Layer::new(Coding::Deflate)),
                "identity" => {} // Not to be sent (§8.4.1), and harmless.
                _ => break,
            }
            left.pop();
        }
        let output = Counted { output, count: 0, limit, received: 0 };
        Ok(Self { layers, left, received: 0, output })
    }

    /// The codings that are unknown here, and stay on the body.
    pub fn left(&self) -> &[String] {
        &self.left
    }

    /// Whether what comes out is not what was received.
    pub fn changes(&self) -> bool {
        !self.layers.is_empty()
    }

    /// Decodes the next octets of the body.
    ///
    /// # Errors
    ///
    /// [`CodingError`]; nothing can be decoded after it.
    pub fn write(&mut self, octets: &[u8]) -> Result<(), CodingError> {
        self.received += octets.len() as u64;
        self.output.received = self.received;
        feed(&mut self.layers, octets, &mut self.output)
    }

    /// The body is complete: checks that its codings are, and gives the output back.
    ///
    /// # Errors
    ///
    /// [`CodingError`].
    pub fn finish(mut self) -> Result<W, CodingError> {
        let (layers, output) = (&mut self.layers, &mut self.output);
        for at in 0..layers.len() {
            let decoded = layers[at].finish()?;
            feed(&mut layers[at + 1..], &decoded, output)?;
        }
        Ok(self.output.output)
    }
}

/// Passes octets through `layers` to the end. What a layer makes of one piece is small: see [`PIECE`].
fn feed<W: Write>(
    layers: &mut [Layer],
    octets: &[u8],
    output: &mut Counted<W>,
) -> Result<(), CodingError> {
    let Some((outermost, inner)) = layers.split_first_mut() else {
        return output.write(octets);
    };
    for piece in octets.chunks(PIECE) {
        let decoded = outermost.write(piece)?;
        outermost.made += decoded.len() as u64;
        // Layers that make much of little, and in the end nothing, cost as much.
        if outermost.made > output.most().saturating_mul(2).saturating_add(HARMLESS) {
            return Err(CodingError::TooLarge(outermost.made));
        }
        feed(inner, &decoded, output)?;
    }
    Ok(())
}

/// Octets that a layer is given at once: it makes at most a thousand times as many of them.
const PIECE: usize = 1024;

/// One coding being undone.
struct Layer {
    coding: Coding,
    state: State,
    /// Octets that came out of it.
    made: u64,
    /// Members of gzip that there were.
    members: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
}

enum State {
    /// Nothing has come yet. An empty body is an empty representation, whatever its coding: a server
    /// that answers HEAD, or has nothing to say, sends none.
    Empty,
    Gzip(GzDecoder<Vec<u8>>),
    /// "deflate" is the zlib format (RFC 9110 §8.4.1.2) …
    Zlib(ZlibDecoder<Vec<u8>>),
    /// … and some servers send it without, as the same section notes.
    Raw(DeflateDecoder<Vec<u8>>),
    /// The format's own end has come. Padding after it is ignored, as gzip(1) does.
    Over,
}

impl Coding {
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// What takes a body that begins with `first`.
    fn begin(self, first: u8) -> State {
        match self {
            Self::Gzip => State::Gzip(GzDecoder::new(Vec::new())),
            // RFC 1950 §2.2: the low four bits of zlib's first octet are 8, and its window is at most 7.
            // Deflate's own first octet never has that form: its block type would be 0, with padding that no
            // compressor writes.
            Self::Deflate if first & 0x0f == 8 && first >> 4 <= 7 => {
                State::Zlib(ZlibDecoder::new(Vec::new()))
            }
            Self::Deflate => State::Raw(DeflateDecoder::new(Vec::new())),
        }
    }
}

impl Layer {
    fn new(coding: Coding) -> Self {
        Self { coding, state: State::Empty, made: 0, members: 0 }
    }

    /// What `octets` decode to.
    fn write(&mut self, mut octets: &[u8]) -> Result<Vec<u8>, CodingError> {
        let name = self.coding.name();
        let corrupt = |error| CodingError::Corrupt(name, error);
        let mut decoded = Vec::new();
        while let Some(first) = octets.first() {
            if matches!(self.state, State::Empty) {
                self.state = self.coding.begin(*first);
            }
            let (taken, output) = match &mut self.state {
                State::Gzip(gzip) => (gzip.write(octets).map_err(corrupt)?, gzip.get_mut()),
                State::Zlib(zlib) => (zlib.write(octets).map_err(corrupt)?, zlib.get_mut()),
                State::Raw(raw) => (raw.write(octets).map_err(corrupt)?, raw.get_mut()),
                State::Empty | State::Over => return Ok(decoded),
            };
            decoded.append(output);
            octets = &octets[taken..];
            if taken == 0 {
                decoded.append(&mut self.finish()?);
                // RFC 1952 §2.2: a file is a series of members.
                if self.coding == Coding::Gzip && octets.starts_with(&[0x1f]) {
                    self.state = State::Empty;
                    self.members += 1;
                    // Each costs a decoder, and an attacker 20 octets.
                    if self.members > MEMBERS + (self.made + decoded.len() as u64) / 1_000 {
                        return Err(corrupt(io::Error::other("too many small members")));
                    }
                }
            }
        }
        // What a decoder still holds back comes with `flush`.
        let (flushed, output) = match &mut self.state {
            State::Gzip(gzip) => (gzip.flush(), gzip.get_mut()),
            State::Zlib(zlib) => (zlib.flush(), zlib.get_mut()),
            State::Raw(raw) => (raw.flush(), raw.get_mut()),
            State::Empty | State::Over => return Ok(decoded),
        };
        flushed.map_err(corrupt)?;
        decoded.append(output);
        Ok(decoded)
    }

    /// Checks the end of the format (gzip's CRC and length), and gives what was held back.
    fn finish(&mut self) -> Result<Vec<u8>, CodingError> {
        let name = self.coding.name();
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => CodingError::Truncated(name),
            _ => CodingError::Corrupt(name, error),
        };
        match std::mem::replace(&mut self.state, State::Over) {
            State::Empty | State::Over => Ok(Vec::new()),
            State::Gzip(gzip) => gzip.finish().map_err(failed),
            State::Zlib(zlib) => zlib.finish().map_err(failed),
            State::Raw(raw) => raw.finish().map_err(failed),
        }
    }
}

/// Counts what comes out.
struct Counted<W> {
    output: W,
    count: u64,
    limit: Limit,
    received: u64,
}

impl<W: Write> Counted<W> {
    fn write(&mut self, octets: &[u8]) -> Result<(), CodingError> {
        self.count += octets.len() as u64;
        if self.count > self.most() {
            return Err(CodingError::TooLarge(self.count));
        }
        self.output.write_all(octets).map_err(CodingError::Output)
    }

    /// Octets that may come out by now.
    fn most(&self) -> u64 {
        match self.limit {
            Limit::Octets(most) => most,
            Limit::Ratio => HARMLESS.max(self.received.saturating_mul(RATIO)),
        }
    }
}

#[cfg(test)]
mod tests;
