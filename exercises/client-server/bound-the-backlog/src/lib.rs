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

use std::io::{self, Write};
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
    // Here is room for what waits.
}

impl Backlog {
    /// An empty backlog. `low` is at most `high`, and may be 0.
    pub fn new(low: usize, high: usize) -> Self {
        Self { low, high }
    }

    /// Queues a whole frame, or nothing of it. A frame may pass the high mark; then the backlog is
    /// paused. So there are never more than `high` bytes and one frame.
    ///
    /// # Errors
    ///
    /// [`Full`] while the backlog is paused. Then it is as it was.
    pub fn push(&mut self, frame: &[u8]) -> Result<(), Full> {
        let _ = (frame, self.high); // Yours to use; then this line can go.
        todo!("queue the whole frame, unless the backlog is paused")
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
        let _ = (writer, self.low); // Yours to use; then this line can go.
        todo!("write until nothing waits, or the writer would block")
    }

    /// Whether to stop reading from whoever causes the frames: from when more than `high` bytes
    /// wait, until `low` or fewer do.
    pub fn is_paused(&self) -> bool {
        todo!("say whether the high mark was passed, and the low one not reached since")
    }

    /// How many bytes wait.
    pub fn pending(&self) -> usize {
        todo!("count the bytes that wait")
    }
}
