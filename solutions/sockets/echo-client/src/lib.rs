//! The client's side of an echo: it sends, says that it has finished, and hears the server out.

use std::io;
use std::net::TcpStream;
// answer:
use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;
// end answer

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
    // answer: todo!("send {} bytes on {stream:?} and read to the end", bytes.len())
    thread::scope(|scope| {
        // Not `scope.spawn`: it panics where the system has no thread left.
        let sending = thread::Builder::new().spawn_scoped(scope, || send(&stream, bytes))?;
        let reply = receive(&stream, bytes.len());
        if reply.is_err() {
            // Nobody listens any more. A `send` that waits for the server returns now.
            let _ = stream.shutdown(Shutdown::Both);
        }
        let sent = sending.join().expect("`send` does not panic");
        reply.and_then(|reply| sent.map(|()| reply))
    })
    // end answer
}
// answer:

/// Sends all of `bytes`, then end of stream.
fn send(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.shutdown(Shutdown::Write)
}

/// Reads to the end of the stream, but no more than `limit` bytes.
fn receive(stream: &TcpStream, limit: usize) -> io::Result<Vec<u8>> {
    let mut reply = Vec::new();
    // One byte past the limit is enough to know that there are more.
    stream.take(limit as u64 + 1).read_to_end(&mut reply)?;
    if reply.len() > limit {
        let why = format!("the server sent back more than the {limit} bytes that it was sent");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(reply)
}
// end answer
