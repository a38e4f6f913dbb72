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

/// What a session has queued and the socket has not taken, in order: `bytes`, then each of `ranges`
/// with what follows it.
///
/// Most messages are bytes alone, and go through one buffer that stays: queueing copies them to its
/// end, sending moves `sent`, and when that has come to the end both begin anew.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    /// How many of `bytes` are gone. Less than all of them, unless there are none.
    sent: usize,
    ranges: VecDeque<Range>,
    /// The sum of what is left of all.
    pending: u64,
    /// When the peer must have taken more of it. The shell's, and of no meaning while nothing waits.
    pub(crate) deadline: Time,
}

/// A part of a file: `left` bytes from `offset` on.
#[derive(Debug)]
struct Range {
    file: Arc<File>,
    offset: u64,
    left: u64,
    /// The bytes behind it.
    then: Vec<u8>,
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
        self.pending += bytes.len() as u64;
        if let Some(range) = self.ranges.back_mut() {
            range.then.extend_from_slice(bytes);
            return;
        }
        // A peer that always leaves something must not make us keep all that it has taken. Half of
        // the buffer at least is given up for what is moved, and only where it would have to grow:
        // each byte is moved once or twice on its way.
        let full = self.bytes.len() + bytes.len() > self.bytes.capacity();
        if full && self.sent >= self.bytes.len() - self.sent {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Queues `length` bytes of `file` from `offset` on, to be sent without passing through this
    /// program's memory where the system can do that. The file must hold as many: a connection
    /// whose file turns out to be shorter is dropped, since what was promised cannot be sent.
    pub fn extend_from_file(&mut self, file: Arc<File>, offset: u64, length: u64) {
        if length > 0 {
            self.pending += length;
            self.ranges.push_back(Range { file, offset, left: length, then: Vec::new() });
        }
    }

    /// What to send next; `None`: nothing waits.
    pub fn front(&self) -> Option<Chunk<'_>> {
        if self.sent < self.bytes.len() {
            let more = !self.ranges.is_empty();
            return Some(Chunk::Bytes { bytes: &self.bytes[self.sent..], more });
        }
        let Range { file, offset, left, .. } = self.ranges.front()?;
        Some(Chunk::File { file, offset: *offset, length: *left })
    }

    /// Forgets the next `count` bytes, of the front chunk: they are sent.
    ///
    /// # Panics
    ///
    /// If the front chunk holds fewer: no shell can have sent them.
    pub fn advance(&mut self, count: u64) {
        let of_bytes = (self.bytes.len() - self.sent) as u64;
        let front = match self.ranges.front() {
            Some(range) if of_bytes == 0 => range.left,
            _ => of_bytes,
        };
        assert!(count <= front, "sent more than was queued");
        self.pending -= count;
        if of_bytes == 0 {
            self.advance_range(count);
        } else if count < of_bytes {
            self.sent += usize::try_from(count).expect("a count within a buffer");
        } else {
            self.clear_bytes();
        }
    }

    /// The same, where a range is in front.
    fn advance_range(&mut self, count: u64) {
        let Some(range) = self.ranges.front_mut() else { return };
        (range.offset, range.left) = (range.offset + count, range.left - count);
        if range.left == 0
            && let Some(Range { then, .. }) = self.ranges.pop_front()
            && !then.is_empty()
        {
            self.bytes = then;
        }
    }

    /// Empties the queue, and keeps a buffer for the next use of it, unless that has grown large.
    pub fn clear(&mut self) {
        self.pending = 0;
        self.clear_bytes();
        self.ranges.clear();
    }

    /// Forgets the bytes in front. The buffer stays, unless it has grown large.
    fn clear_bytes(&mut self) {
        self.sent = 0;
        self.bytes.clear();
        if self.bytes.capacity() > KEEP {
            self.bytes = Vec::new();
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
        assert!((100..=KEEP).contains(&output.bytes.capacity()));
        output.extend(&vec![0; KEEP + 1]);
        take(&mut output, KEEP + 1);
        assert!(output.bytes.capacity() <= KEEP);
        output.extend(&vec![0; KEEP + 1]);
        output.clear();
        assert!(output.is_empty() && output.bytes.capacity() <= KEEP);
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
        let kept = output.bytes.capacity();
        assert!(kept < 100_000, "{kept} bytes for 5,000 that wait");
    }
}
