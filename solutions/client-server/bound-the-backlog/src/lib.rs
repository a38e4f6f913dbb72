//! What a connection has yet to send, between two marks.
//!
//! ```text
//!  bytes that wait
//!
//!  high ─ ─ ─ ─ ─ ╱╲─ ─ ─ ─ ─ ─ ─   above: paused, and `push` takes no frame
//!               ╱   ╲
//!             ╱      ╲
//!  low ─ ─ ─╱─ ─ ─ ─ ─╲─ ─ ─ ─ ─ ─  here again: resumed
//!         ╱
//! ```
//!
//! Nothing here has a socket. The loop pushes frames, flushes when the socket can take bytes, and
//! stops reading from whoever causes the frames for as long as the backlog is paused.

// answer: use std::io::{self, Write};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
// end answer
use std::{error, fmt};

/// The backlog is paused, and took nothing of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the backlog is full: its reader is slow")
    }
}

impl error::Error for Full {}

/// The bytes that one connection has yet to send.
#[derive(Debug)]
pub struct Backlog {
    low: usize,
    high: usize,
    // answer: // Here is room for what waits.
    /// What was pushed and not yet written. A frame that was partly written is here in part.
    queue: VecDeque<u8>,
    /// Since the high mark was passed; until the low one is reached.
    paused: bool,
    // end answer
}

impl Backlog {
    /// An empty backlog. `low` is at most `high`, and may be 0.
    pub fn new(low: usize, high: usize) -> Self {
        // answer: Self { low, high }
        Self { low, high, queue: VecDeque::new(), paused: false }
        // end answer
    }

    /// Queues a whole frame, or nothing of it. A frame may pass the high mark; then the backlog is
    /// paused. So there are never more than `high` bytes and one frame.
    ///
    /// # Errors
    ///
    /// [`Full`] while the backlog is paused. Then it is as it was.
    pub fn push(&mut self, frame: &[u8]) -> Result<(), Full> {
        // answer: let _ = (frame, self.high); // Yours to use; then this line can go.
        // answer: todo!("queue the whole frame, unless the backlog is paused")
        if self.paused {
            return Err(Full);
        }
        self.queue.extend(frame);
        self.paused = self.queue.len() > self.high;
        Ok(())
        // end answer
    }

    /// Writes what waits, until nothing does or the writer can take no more for now
    /// ([`io::ErrorKind::WouldBlock`]). Both are a success: other connections
    /// have their turn, and what is left goes out at a later call. A writer that was interrupted is
    /// asked again.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WriteZero`] if the writer takes nothing (`Ok(0)`).
    /// Any other error of the writer, as it is.
    pub fn flush(&mut self, writer: &mut impl Write) -> io::Result<()> {
        // answer: let _ = (writer, self.low); // Yours to use; then this line can go.
        // answer: todo!("write until nothing waits, or the writer would block")
        while !self.queue.is_empty() {
            // The front half of a ring: not empty while the ring is not.
            match writer.write(self.queue.as_slices().0) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => drop(self.queue.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            if self.queue.len() <= self.low {
                self.paused = false;
            }
        }
        Ok(())
        // end answer
    }

    /// Whether to stop reading from whoever causes the frames: from when more than `high` bytes
    /// wait, until `low` or fewer do.
    pub fn is_paused(&self) -> bool {
        // answer: todo!("say whether the high mark was passed, and the low one not reached since")
        self.paused
        // end answer
    }

    /// How many bytes wait.
    pub fn pending(&self) -> usize {
        // answer: todo!("count the bytes that wait")
        self.queue.len()
        // end answer
    }
}
