//! What waits to be sent on a connection: bytes, and ranges of files.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::session::Time;

/// Past so many queued bytes a shell stops reading from the peer.
pub const HIGH_WATER: u64 = 256 * 1024;
/// At so many, or fewer, it reads again, and tells the session ([`flushed`](crate::Session::flushed)).
pub const LOW_WATER: u64 = 64 * 1024;

/// A buffer that grew past this is given back to the system once it is empty.
const KEEP: usize = 64 * 1024;

/// The bytes that a session has queued and the socket has not taken, in order.
#[derive(Debug, Default)]
pub struct Output {
    /// Never two `Bytes` in a row, and none that is empty.
    parts: VecDeque<Part>,
    /// A spent buffer, kept for the next bytes.
    spare: Vec<u8>,
    /// The sum of what `parts` holds.
    pending: u64,
    /// When the peer must have taken more of it. The shell's, and of no meaning while nothing waits.
    pub(crate) deadline: Time,
}

#[derive(Debug)]
enum Part {
    /// Bytes from `sent` on.
    Bytes { bytes: Vec<u8>, sent: usize },
    /// `left` bytes of the file from `offset` on.
    File { file: Arc<File>, offset: u64, left: u64 },
}

/// The next thing to send.
#[derive(Debug)]
pub enum Chunk<'a> {
    /// These bytes. `more`: something follows them at once, so a packet need not go out for them alone.
    Bytes {
        /// What to send; not empty.
        bytes: &'a [u8],
        /// Whether more is queued behind it.
        more: bool,
    },
    /// This part of a file.
    File {
        /// Open for reading.
        file: &'a File,
        /// Where to begin.
        offset: u64,
        /// How many bytes; not 0.
        length: u64,
    },
}

impl Output {
    /// An empty queue. It allocates nothing until something is queued.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes wait.
    pub fn pending(&self) -> u64 {
        self.pending
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.pending == 0
    }

    /// Queues a copy of `bytes`.
    pub fn extend(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.pending += bytes.len() as u64;
            self.room(bytes.len()).extend_from_slice(bytes);
        }
    }

    /// Queues `length` bytes of `file` from `offset` on, to be sent without passing through this
    /// program's memory where the system can do that. The file must hold as many: a connection
    /// whose file turns out to be shorter is dropped, since what was promised cannot be sent.
    pub fn extend_from_file(&mut self, file: Arc<File>, offset: u64, length: u64) {
        if length > 0 {
            self.pending += length;
            self.parts.push_back(Part::File { file, offset, left: length });
        }
    }

    /// What to send next; `None`: nothing waits.
    pub fn front(&self) -> Option<Chunk<'_>> {
        let more = self.parts.len() > 1;
        Some(match self.parts.front()? {
            Part::Bytes { bytes, sent } => Chunk::Bytes { bytes: &bytes[*sent..], more },
            Part::File { file, offset, left } => {
                Chunk::File { file, offset: *offset, length: *left }
            }
        })
    }

    /// Forgets the next `count` bytes, of the front part: they are sent.
    ///
    /// # Panics
    ///
    /// If the front part holds fewer: no shell can have sent them.
    pub fn advance(&mut self, count: u64) {
        let done = match self.parts.front_mut() {
            Some(Part::Bytes { bytes, sent }) => {
                *sent += usize::try_from(count).expect("a count within a buffer");
                assert!(*sent <= bytes.len(), "sent more than was queued");
                *sent == bytes.len()
            }
            Some(Part::File { offset, left, .. }) => {
                assert!(count <= *left, "sent more than was queued");
                (*offset, *left) = (*offset + count, *left - count);
                *left == 0
            }
            None => {
                assert_eq!(count, 0, "sent more than was queued");
                false
            }
        };
        self.pending -= count;
        if done && let Some(Part::Bytes { mut bytes, .. }) = self.parts.pop_front() {
            bytes.clear();
            if bytes.capacity() <= KEEP {
                self.spare = bytes;
            }
        }
    }

    /// Empties the queue, and keeps a buffer for the next use of it.
    pub fn clear(&mut self) {
        self.parts.clear();
        self.pending = 0;
    }

    /// The buffer at the back of the queue, to append `more` bytes to.
    fn room(&mut self, more: usize) -> &mut Vec<u8> {
        if !matches!(self.parts.back(), Some(Part::Bytes { .. })) {
            let bytes = std::mem::take(&mut self.spare);
            self.parts.push_back(Part::Bytes { bytes, sent: 0 });
        }
        match self.parts.back_mut() {
            Some(Part::Bytes { bytes, sent }) => {
                // A peer that always leaves something must not make us keep all that it has taken.
                // Half of the buffer at least is given up for what is moved, and only where it
                // would have to grow: each byte is moved once or twice on its way.
                if bytes.len() + more > bytes.capacity() && *sent >= bytes.len() - *sent {
                    bytes.drain(..*sent);
                    *sent = 0;
                }
                bytes
            }
            _ => unreachable!("a buffer was just put there"),
        }
    }
}

/// For `write!`: it never fails, and never takes less than it is given.
impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes up to `most` bytes, as a socket might.
    fn take(output: &mut Output, most: usize) -> Vec<u8> {
        let taken = match output.front() {
            None => return Vec::new(),
            Some(Chunk::Bytes { bytes, .. }) => bytes[..most.min(bytes.len())].to_vec(),
            Some(Chunk::File { file, offset, length }) => {
                use std::os::unix::fs::FileExt;
                let mut bytes = vec![0; most.min(usize::try_from(length).expect("a small file"))];
                file.read_exact_at(&mut bytes, offset).expect("the file holds it");
                bytes
            }
        };
        output.advance(taken.len() as u64);
        taken
    }

    #[test]
    fn what_is_queued_is_sent_in_order_however_little_is_taken() {
        let path = std::env::temp_dir().join(format!("output-{}", std::process::id()));
        std::fs::write(&path, b"0123456789").expect("a temporary file");
        let file = Arc::new(File::open(&path).expect("the same file"));
        for most in 1..20 {
            let mut output = Output::new();
            output.extend(b"head ");
            output.extend(b"er ");
            output.extend_from_file(file.clone(), 2, 5);
            output.extend_from_file(file.clone(), 0, 0);
            output.extend(b" tail");
            assert_eq!(output.pending(), 18);
            let mut sent = Vec::new();
            while !output.is_empty() {
                sent.extend(take(&mut output, most));
            }
            assert_eq!(sent, b"head er 23456 tail");
            assert!(output.front().is_none());
        }
        std::fs::remove_file(&path).expect("our own file");
    }

    #[test]
    fn an_empty_queue_reuses_its_buffer_but_not_a_large_one() {
        let mut output = Output::new();
        output.extend(&[0; 100]);
        take(&mut output, 100);
        assert!((100..=KEEP).contains(&output.spare.capacity()));
        output.extend(&vec![0; KEEP + 1]);
        take(&mut output, KEEP + 1);
        assert!(output.spare.capacity() <= KEEP);
    }
    #[test]
    fn a_queue_that_is_never_empty_keeps_no_more_than_what_waits() {
        let mut output = Output::new();
        let mut expected = VecDeque::new();
        for round in 0..200_u32 {
            let bytes = round.to_le_bytes().repeat(2_500);
            output.extend(&bytes);
            expected.extend(bytes);
            for byte in take(&mut output, if round == 0 { 5_000 } else { 10_000 }) {
                assert_eq!(Some(byte), expected.pop_front(), "round {round}");
            }
        }
        assert_eq!(output.pending(), 5_000);
        let Some(Part::Bytes { bytes, .. }) = output.parts.front() else { panic!("bytes wait") };
        assert!(bytes.capacity() < 100_000, "{} bytes for 5,000 that wait", bytes.capacity());
    }
}
