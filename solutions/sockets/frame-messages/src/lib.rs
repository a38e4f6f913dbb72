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
    // answer: let _ = (payload, limit, out); // Yours to use; then this line can go.
    // answer: todo!("append the length of the payload, and the payload")
    let length = payload.len();
    let header = u32::try_from(length).ok().filter(|_| length <= limit);
    let header = header.ok_or(Error::TooLong { length, limit })?;
    out.extend_from_slice(&header.to_be_bytes());
    out.extend_from_slice(payload);
    Ok(())
    // end answer
}

/// Finds frames in bytes that arrive in pieces of any size.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    // answer: // Here is room for what has arrived, and belongs to no finished frame yet.
    /// What has arrived. The frames before `start` have been taken.
    buffer: Vec<u8>,
    start: usize,
    // end answer
}

impl Decoder {
    /// A decoder of frames whose payloads have at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        // answer: Self { limit }
        Self { limit, buffer: Vec::new(), start: 0 }
        // end answer
    }

    /// Adds bytes that have arrived. Memory grows with these, never with what a length announces.
    pub fn push(&mut self, arrived: &[u8]) {
        // answer: let _ = arrived; // Yours to use; then this line can go.
        // answer: todo!("keep what has arrived")
        // What was taken is removed once it is the larger part: however small the frames are, a
        // byte is moved once on average, and not once for each frame before it.
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(arrived);
        // end answer
    }

    /// Returns the payload of the next frame; `None` while part of it has yet to arrive. One push
    /// may complete many frames.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] as soon as a length over the limit is there. It is final: nobody can say
    /// where the next frame begins, so every later call returns it again.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, Error> {
        // answer: let _ = self.limit; // Yours to use; then this line can go.
        // answer: todo!("return the next frame's payload, if all of it is there")
        let waiting = &self.buffer[self.start..];
        let Some((header, rest)) = waiting.split_first_chunk::<HEADER>() else { return Ok(None) };
        let length = u32::from_be_bytes(*header) as usize;
        if length > self.limit {
            // The header stays where it is, so the next call ends here as well.
            return Err(Error::TooLong { length, limit: self.limit });
        }
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        self.start += HEADER + length;
        Ok(Some(payload.to_vec()))
        // end answer
    }

    /// Says whether the stream may end here, once it has ended and there is no next frame.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] if part of a frame has arrived.
    pub fn finish(&self) -> Result<(), Error> {
        // answer: todo!("tell the end of a conversation from a cut one")
        match self.buffer.len() - self.start {
            0 => Ok(()),
            arrived => Err(Error::Truncated { arrived }),
        }
        // end answer
    }
}
