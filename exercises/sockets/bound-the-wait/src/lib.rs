//! A question and its answer, over before a deadline.
//!
//! ```text
//! set_read_timeout(100 ms)   read ─10 ms─▶ "y"   read ─10 ms─▶ "e"   read ─10 ms─▶ "s" … and so on
//! a deadline, in 100 ms      read ─10 ms─▶ "y"   read ─10 ms─▶ "e"   …   TimedOut
//! ```

use std::io;
use std::net::TcpStream;
use std::time::Instant;

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
    todo!("send {}, fill {} by {deadline:?}: {stream:?}", request.len(), reply.len())
}
