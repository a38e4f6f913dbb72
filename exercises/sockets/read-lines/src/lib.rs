//! Lines from a stream that comes in pieces of any size.
//!
//! ```text
//!  "GET /\r" | "\nHost: a\n\r" | "\nleft"        three reads
//!   GET /       Host: a   (empty)   left         four lines
//! ```

use std::io::{self, Read};

/// Reads lines from a source of bytes, however the bytes arrive.
#[derive(Debug)]
pub struct LineReader<R> {
    source: R,
    limit: usize,
    // Here is room for what has to survive from one call to the next.
}

impl<R: Read> LineReader<R> {
    /// Lines of at most `limit` bytes, their ends not counted.
    pub fn new(source: R, limit: usize) -> Self {
        Self { source, limit }
    }

    /// Returns the next line, without its end; `None` when there are no more.
    ///
    /// A line ends with LF or with CR LF. A CR that no LF follows is a byte of the line. What
    /// stands after the last LF is a line too, once the source is at its end.
    ///
    /// A line is bytes: whether they are text is not asked.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] for a line of more than `limit` bytes, however it arrives. It
    /// comes as soon as the limit is passed: the end of such a line may never come. It is final:
    /// every later call returns it again.
    ///
    /// Errors of the source are returned as they are, but for [`io::ErrorKind::Interrupted`], after
    /// which the read is made again. Nothing that had arrived is lost: the caller may call again,
    /// as after [`io::ErrorKind::WouldBlock`].
    pub fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let _ = (&mut self.source, self.limit); // Yours to use; then this line can go.
        todo!("return the next line")
    }
}
