//! Closing a connection so that the last reply arrives.
//!
//! ```text
//! server              client
//!   │ ◀── "request…" ── │   read in part, then refused
//!   │ ─── reply, FIN ─▶ │   our half ends
//!   │ ◀── "…the rest" ─ │   read and thrown away
//!   │ ◀── FIN ───────── │   the client's half ends
//!   close
//! ```

use std::io;
use std::net::TcpStream;
use std::time::Duration;
// answer:
use std::io::{ErrorKind, Read};
use std::net::Shutdown;
use std::time::Instant;
// end answer

/// How a connection came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The peer ended its half as well.
    ByBoth,
    /// The peer went on sending past the limit. The connection was closed all the same.
    PeerKeptSending,
    /// The peer had not ended its half when patience did. The connection was closed all the same.
    PeerStayed,
}

/// Closes `stream` so that everything that was written to it before can still arrive, though the
/// peer may have sent more than was read, and may be sending still.
///
/// Our half ends at once. Then the peer's bytes are read and thrown away until its half ends too,
/// but no more than `limit` bytes, and for no longer than `patience` in all.
///
/// # Errors
///
/// The system's, such as [`io::ErrorKind::ConnectionReset`] where the peer tore the connection
/// down: nobody knows then what it has read. The connection is closed in this case, too.
pub fn close_cleanly(stream: TcpStream, limit: usize, patience: Duration) -> io::Result<Closed> {
    // answer: todo!("close {stream:?} after at most {limit} bytes and {patience:?}")
    stream.shutdown(Shutdown::Write)?;
    let began = Instant::now();
    let mut thrown_away = 0;
    let mut buffer = [0; 4096];
    while thrown_away <= limit {
        let left = patience.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Ok(Closed::PeerStayed);
        }
        stream.set_read_timeout(Some(left))?;
        match (&stream).read(&mut buffer) {
            Ok(0) => return Ok(Closed::ByBoth),
            Ok(count) => thrown_away += count,
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                // The timeout ran out: the first on Unix, the second on Windows.
                ErrorKind::WouldBlock | ErrorKind::TimedOut => return Ok(Closed::PeerStayed),
                _ => return Err(error),
            },
        }
    }
    Ok(Closed::PeerKeptSending)
    // end answer
}
