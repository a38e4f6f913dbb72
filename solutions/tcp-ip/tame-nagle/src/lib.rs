//! The client of a service that answers questions and takes notes, as fast as the path allows.
//!
//! ```text
//!    0      1              5
//!   ┌──────┬──────────────┬──────────┐    kind    0 a note, 1 a question, 2 an answer
//!   │ kind │ length       │ body …   │    length  of the body, the highest byte first
//!   └──────┴──────────────┴──────────┘
//! ```
//!
//! Two writes, one read: that is a header, a body, and the answer; or a note, a question, and the
//! answer. TCP holds the second write back while the first is not acknowledged (Nagle's algorithm,
//! RFC 9293 §3.7.4), and the peer delays its acknowledgment (§3.8.6.3) while it waits for the second.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
// answer:
use std::io::IoSlice;
// end answer

/// A message to which no answer comes.
pub const NOTE: u8 = 0;
/// A message that is answered.
pub const QUESTION: u8 = 1;
/// What the service sends.
pub const ANSWER: u8 = 2;
/// The longest body, in bytes, in either direction.
pub const LONGEST: usize = 1 << 20;

/// Makes a new connection ready for short messages: what is written goes out at once.
pub fn prepare(stream: &TcpStream) -> io::Result<()> {
    // answer: let _ = stream; // Yours to use; then this line can go.
    // answer: todo!("tell the system not to hold back short segments")
    stream.set_nodelay(true)
    // end answer
}

/// Sends one message, in one segment if it is short: its header and its body leave together.
///
/// The stream may take a part of what it is offered, and may be interrupted (`Interrupted`: again).
/// If it takes nothing at all (`Ok(0)`), the error is `WriteZero`.
pub fn send(stream: &mut impl Write, kind: u8, body: &[u8]) -> io::Result<()> {
    let header = header(kind, body)?;
    // answer: let _ = (stream, header); // Yours to use; then this line can go.
    // answer: todo!("write the header and the body with one call, and go on where it stopped")
    let mut slices = [IoSlice::new(&header), IoSlice::new(body)];
    let mut rest = &mut slices[..];
    while !rest.is_empty() {
        match stream.write_vectored(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(taken) => IoSlice::advance_slices(&mut rest, taken),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
    // end answer
}

/// Tells the service something, and does not wait.
pub fn note(stream: &mut impl Write, body: &[u8]) -> io::Result<()> {
    send(stream, NOTE, body)
}

/// Asks the service something, and waits for its answer. The stream's own timeout bounds the wait.
pub fn ask(stream: &mut (impl Read + Write), body: &[u8]) -> io::Result<Vec<u8>> {
    send(stream, QUESTION, body)?;
    let mut header = [0; 5];
    stream.read_exact(&mut header)?;
    let [kind, length @ ..] = header;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if kind != ANSWER || length > LONGEST {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// The five bytes before a body; `InvalidInput` if it is longer than [`LONGEST`].
fn header(kind: u8, body: &[u8]) -> io::Result<[u8; 5]> {
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= LONGEST);
    let [a, b, c, d] = length.ok_or(ErrorKind::InvalidInput)?.to_be_bytes();
    Ok([kind, a, b, c, d])
}
