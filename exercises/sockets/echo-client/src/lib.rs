//! The client's side of an echo: it sends, says that it has finished, and hears the server out.

use std::io;
use std::net::TcpStream;

/// Sends `bytes` on `stream`, and returns what comes back until the server ends its half.
///
/// After the last byte this side is ended with `shutdown(Write)`: the server reads end of stream,
/// and can still reply. It may reply while the bytes are being sent, or only after their end; both
/// are read as they come. What the server sent before its end of stream is returned, be it less
/// than was sent or even nothing.
///
/// Timeouts that the caller has set on `stream` hold, each for one call.
///
/// # Errors
///
/// Any error of sending or receiving: a reset is not an end of stream. An echo is never longer
/// than what was sent, so a server that sends more is answered with
/// [`io::ErrorKind::InvalidData`], and not listened to any further.
pub fn echo(stream: TcpStream, bytes: &[u8]) -> io::Result<Vec<u8>> {
    todo!("send {} bytes on {stream:?} and read to the end", bytes.len())
}
