//! Lines from a stream that comes in pieces of any size.
//!
//! ```text
//!  "GET /\r" | "\nHost: a\n\r" | "\nleft"        three reads
//!   GET /       Host: a   (empty)   left         four lines
//! ```

use std::io::{self, Read};
// answer:
use std::io::{BufRead, BufReader, ErrorKind};
use std::mem;
// end answer

/// Reads lines from a source of bytes, however the bytes arrive.
#[derive(Debug)]
pub struct LineReader<R> {
    // answer: source: R,
    /// Keeps what arrived behind the end of a line, for the lines to come.
    source: BufReader<R>,
    // end answer
    limit: usize,
    // answer: // Here is room for what has to survive from one call to the next.
    /// The beginning of the line whose end has not arrived yet.
    line: Vec<u8>,
    // end answer
}

impl<R: Read> LineReader<R> {
    /// Lines of at most `limit` bytes, their ends not counted.
    pub fn new(source: R, limit: usize) -> Self {
        // answer: Self { source, limit }
        Self { source: BufReader::new(source), limit, line: Vec::new() }
        // end answer
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
        // answer: let _ = (&mut self.source, self.limit); // Yours to use; then this line can go.
        // answer: todo!("return the next line")
        // A line and CR LF: when so much is here without LF, the line is too long.
        let most = self.limit.saturating_add(2);
        while !self.line.ends_with(b"\n") && self.line.len() < most {
            let arrived = match self.source.fill_buf() {
                Ok([]) => break,
                Ok(arrived) => arrived,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let newline = arrived.iter().position(|byte| *byte == b'\n');
            let taken = newline.map_or(arrived.len(), |at| at + 1);
            self.line.extend_from_slice(&arrived[..taken]);
            self.source.consume(taken);
        }

        let length = self.line.len() - length_of_end(&self.line);
        if length > self.limit {
            // The line stays where it is, so the next call ends here as well.
            return Err(ErrorKind::InvalidData.into());
        }
        if self.line.is_empty() {
            return Ok(None);
        }
        let mut line = mem::take(&mut self.line);
        line.truncate(length);
        Ok(Some(line))
        // end answer
    }
}
// answer:

/// How many of the last bytes of `line` are its end: CR LF, LF, or none.
fn length_of_end(line: &[u8]) -> usize {
    match line {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    }
}
// end answer
