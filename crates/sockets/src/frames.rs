//! Messages with their length before them.
//!
//! The other way to find a message in a stream: say how long it is before it begins.
//!
//! ```text
//!  0           3 4
//! ┌─────────────┬───────────────┐
//! │ 00 00 00 05 │ h  e  l  l  o │    length: 4 octets, big-endian, of the payload alone
//! └─────────────┴───────────────┘
//! ```
//!
//! The length is the peer's claim. It is compared with a limit before a single octet is set aside
//! for it (CWE-789): four octets `ff ff ff ff` would otherwise cost four gibibytes. And a stream
//! that ends within a message is an error, never a shorter message.

use std::io::{self, ErrorKind, Read, Write};
use std::{error, fmt};

use crate::inbox::Inbox;

/// Octets of the length.
pub const HEADER: usize = 4;

/// Why there is no message.
#[derive(Debug)]
pub enum Error {
    /// The peer announced a message of more than the limit.
    TooLong {
        /// What it announced, in octets.
        announced: u32,
        /// What we take.
        limit: u32,
    },
    /// The stream ended within a message.
    Truncated {
        /// Octets of it that had arrived, header included.
        arrived: usize,
    },
    /// The stream failed.
    Stream(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { announced, limit } => {
                write!(f, "a message of {announced} octets was announced, the limit is {limit}")
            }
            Self::Truncated { arrived } => {
                write!(f, "the stream ended {arrived} octets into a message")
            }
            Self::Stream(error) => write!(f, "reading a message: {error}"),
        }
    }
}

impl error::Error for Error {}

/// Octets in, messages out.
///
/// ```
/// use sockets::frames::Frames;
///
/// let mut frames = Frames::new(1024);
/// frames.push(&[0, 0, 0, 2, b'h', b'i', 0, 0]);
/// assert_eq!(frames.next_frame()?.as_deref(), Some(&b"hi"[..]));
/// assert_eq!(frames.next_frame()?, None, "half of a header is no message");
/// # Ok::<(), sockets::frames::Error>(())
/// ```
#[derive(Debug)]
pub struct Frames {
    inbox: Inbox,
    limit: u32,
}

impl Frames {
    /// A decoder for messages of at most `limit` octets, their headers not counted.
    pub fn new(limit: u32) -> Self {
        Self { inbox: Inbox::default(), limit }
    }

    /// Adds what has arrived. To hold memory down, take the messages before you push more.
    pub fn push(&mut self, arrived: &[u8]) {
        self.inbox.push(arrived);
    }

    /// The next message; `None` while it has not arrived whole.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] as soon as the header is there; and again at every later call.
    // ANCHOR: next_frame
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some((header, rest)) = self.inbox.waiting().split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let announced = u32::from_be_bytes(*header);
        if announced > self.limit {
            return Err(Error::TooLong { announced, limit: self.limit });
        }
        let length = announced as usize;
        if rest.len() < length {
            return Ok(None);
        }
        let frame = self.inbox.take(HEADER + length)[HEADER..].to_vec();
        Ok(Some(frame))
    }
    // ANCHOR_END: next_frame

    /// Says whether the stream may end here.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] where it ended within a message.
    pub fn finish(&self) -> Result<(), Error> {
        match self.inbox.waiting().len() {
            0 => Ok(()),
            arrived => Err(Error::Truncated { arrived }),
        }
    }
}

/// Reads the next message from a stream; `None` where the stream ends between two.
///
/// # Errors
///
/// As [`Frames`], and [`Error::Stream`].
pub fn read<R: Read>(stream: &mut R, frames: &mut Frames) -> Result<Option<Vec<u8>>, Error> {
    let mut buffer = [0; 4096];
    loop {
        if let Some(frame) = frames.next_frame()? {
            return Ok(Some(frame));
        }
        match stream.read(&mut buffer) {
            Ok(0) => return frames.finish().map(|()| None),
            Ok(count) => frames.push(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::Stream(error)),
        }
    }
}

/// Writes one message, header and payload in one buffer: two small writes would be two segments,
/// and the second would wait for the first one's acknowledgement (RFC 896, Nagle's algorithm).
///
/// # Errors
///
/// `InvalidInput` for a payload of 4 GiB or more; else the stream's.
pub fn write<W: Write>(stream: &mut W, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len())
        .map_err(|_| io::Error::new(ErrorKind::InvalidInput, "a payload of 4 GiB or more"))?;
    let mut frame = Vec::with_capacity(HEADER + payload.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(payload);
    stream.write_all(&frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u32 = 300;

    fn frames_of(pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, Error> {
        let mut decoder = Frames::new(LIMIT);
        let mut frames = Vec::new();
        for piece in pieces {
            decoder.push(piece);
            while let Some(frame) = decoder.next_frame()? {
                frames.push(frame);
            }
        }
        decoder.finish().map(|()| frames)
    }

    #[test]
    fn every_cut_gives_the_same_messages() {
        let want = [b"hello".to_vec(), Vec::new(), vec![0xff; 300], b"\0\0\0\x05he".to_vec()];
        let mut input = Vec::new();
        for payload in &want {
            write(&mut input, payload).unwrap();
        }
        for cut in 0..=input.len() {
            let (first, second) = input.split_at(cut);
            assert_eq!(frames_of(&[first, second]).unwrap(), want, "cut at {cut}");
        }
        let octets: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(frames_of(&octets).unwrap(), want);
    }

    #[test]
    fn sockets_length_prefix_huge() {
        let mut frames = Frames::new(LIMIT);
        frames.push(b"\xff\xff\xff\xffabc");
        for _ in 0..2 {
            let error = frames.next_frame().unwrap_err();
            assert!(matches!(error, Error::TooLong { announced: u32::MAX, limit: LIMIT }));
        }
    }

    #[test]
    fn sockets_length_prefix_cut() {
        let mut stream = &b"\0\0\0\x05he"[..];
        let error = read(&mut stream, &mut Frames::new(LIMIT)).unwrap_err();
        assert!(matches!(error, Error::Truncated { arrived: 6 }));
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let mut input = LIMIT.to_be_bytes().to_vec();
        input.resize(HEADER + LIMIT as usize, 7);
        assert_eq!(frames_of(&[&input]).unwrap().len(), 1);
        assert!(matches!(
            frames_of(&[&(LIMIT + 1).to_be_bytes()]),
            Err(Error::TooLong { announced: 301, .. })
        ));
    }

    #[test]
    fn a_stream_may_end_between_messages_and_nowhere_else() {
        let input = b"\0\0\0\x02hi\0\0\0\x01!";
        for end in 0..=input.len() {
            let whole = [0, 6, 11].contains(&end);
            assert_eq!(frames_of(&[&input[..end]]).is_ok(), whole, "ended after {end}");
        }
    }
}
