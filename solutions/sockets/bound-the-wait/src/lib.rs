//! A question and its answer, over before a deadline.
//!
//! ```text
//! set_read_timeout(100 ms)   read ─10 ms─▶ "y"   read ─10 ms─▶ "e"   read ─10 ms─▶ "s" … and so on
//! a deadline, in 100 ms      read ─10 ms─▶ "y"   read ─10 ms─▶ "e"   …   TimedOut
//! ```

use std::io;
use std::net::TcpStream;
use std::time::Instant;
// answer:
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;
// end answer

/// Sends all of `request` on `stream`, and then reads as many bytes as `reply` has room for: all of
/// it before `deadline`, however slowly the peer reads or writes.
///
/// Bytes that the peer sends behind the reply are left in the stream. The stream's timeouts are
/// changed.
///
/// # Errors
///
/// - [`io::ErrorKind::TimedOut`] if the deadline came first, or had passed already;
/// - [`io::ErrorKind::UnexpectedEof`] if the peer's stream ended within the reply;
/// - any other error as the system reports it.
///
/// After an error, nobody knows how much was sent and how much received: close the stream.
pub fn ask(
    stream: &mut TcpStream,
    request: &[u8],
    reply: &mut [u8],
    deadline: Instant,
) -> io::Result<()> {
    // answer: todo!("send {}, fill {} by {deadline:?}: {stream:?}", request.len(), reply.len())
    let mut timed = Timed { stream, deadline };
    timed.write_all(request)?;
    timed.read_exact(reply)
    // end answer
}
// answer:

/// A stream on which every call ends by the deadline.
struct Timed<'a> {
    stream: &'a mut TcpStream,
    deadline: Instant,
}

impl Timed<'_> {
    /// What is left until the deadline; never zero, which the system would take for "for ever".
    fn left(&self) -> io::Result<Duration> {
        match self.deadline.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer).map_err(timed_out)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A timeout that ran out is `WouldBlock` on Unix and `TimedOut` on Windows. Here it is `TimedOut`.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        _ => error,
    }
}
// end answer
