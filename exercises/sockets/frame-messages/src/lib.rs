//! Messages on a stream of bytes: each with its length in front.
//!
//! ```text
//!  0           3 4
//! ┌─────────────┬────────────────┐
//! │ 00 00 00 05 │ 68 65 6c 6c 6f │    the length, big-endian, then the payload: "hello"
//! └─────────────┴────────────────┘
//! ```
//!
//! Nothing here reads or writes. Bytes go in, frames come out; whoever has the socket calls this.

use std::{error, fmt};

/// Bytes of the length. It counts the payload, and not itself.
pub const HEADER: usize = 4;

/// Why there is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The payload is too long.
    TooLong {
        /// Its bytes: those that the peer announced, or those that were to be sent.
        length: usize,
        /// The bytes that are allowed.
        limit: usize,
    },
    /// The stream ended within a frame.
    Truncated {
        /// The bytes of it that had arrived, its length included.
        arrived: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length, limit } => write!(f, "{length} bytes, where {limit} may be"),
            Self::Truncated { arrived } => write!(f, "the end, {arrived} bytes into a frame"),
        }
    }
}

impl error::Error for Error {}

/// Appends the frame of `payload` to `out`.
///
/// # Errors
///
/// [`Error::TooLong`] if `payload` has more than `limit` bytes, or more than a length of four bytes
/// can say. Then `out` is as it was.
pub fn encode(payload: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let _ = (payload, limit, out); // Yours to use; then this line can go.
    todo!("append the length of the payload, and the payload")
}

/// Finds frames in bytes that arrive in pieces of any size.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    // Here is room for what has arrived, and belongs to no finished frame yet.
}

impl Decoder {
    /// A decoder of frames whose payloads have at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit }
    }

    /// Adds bytes that have arrived. Memory grows with these, never with what a length announces.
    pub fn push(&mut self, arrived: &[u8]) {
        let _ = arrived; // Yours to use; then this line can go.
        todo!("keep what has arrived")
    }

    /// Returns the payload of the next frame; `None` while part of it has yet to arrive. One push
    /// may complete many frames.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] as soon as a length over the limit is there. It is final: nobody can say
    /// where the next frame begins, so every later call returns it again.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let _ = self.limit; // Yours to use; then this line can go.
        todo!("return the next frame's payload, if all of it is there")
    }

    /// Says whether the stream may end here, once it has ended and there is no next frame.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] if part of a frame has arrived.
    pub fn finish(&self) -> Result<(), Error> {
        todo!("tell the end of a conversation from a cut one")
    }
}
